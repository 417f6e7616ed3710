"""Who may do what in a lesson: the one table that every request is checked against."""

from __future__ import annotations

import enum

from signaling.errors import Refused


class Role(enum.StrEnum):
    """What a participant is in a lesson (docs/architecture.md has the glossary)."""

    LECTURER = "lecturer"  # 主讲教师
    CLASSROOM = "classroom"  # 听课教室
    LOCAL_TEACHER = "local_teacher"  # 远端教师, 助教
    OBSERVER = "observer"  # 观摩
    CONVENER = "convener"  # 召集人: in a meeting; may take its chair
    MEMBER = "member"  # 参会人: in a meeting


class Capability(enum.StrEnum):
    """One thing a participant may do."""

    WATCH = "watch"
    PUBLISH_CAMERA = "publish_camera"
    PUBLISH_MIC = "publish_mic"
    PUBLISH_SCREEN = "publish_screen"
    RAISE_HAND = "raise_hand"
    CHAT = "chat"
    TURN_PAGE = "turn_page"
    CALL_ON = "call_on"
    MUTE_ANYONE = "mute_anyone"
    MUTE_OWN_CLASSROOM = "mute_own_classroom"
    TAKE_LEAD = "take_lead"
    START_LESSON = "start_lesson"
    END_LESSON = "end_lesson"
    SEE_LINKS = "see_links"
    CATCH_UP = "catch_up"
    SET_ATTENDANCE = "set_attendance"
    PRIVATE_LINE = "private_line"
    SET_PHASE = "set_phase"
    SET_TIMER = "set_timer"
    MARK = "mark"
    PAUSE_RECORDING = "pause_recording"
    CONTROL_WALL = "control_wall"
    ASK = "ask"
    ANSWER = "answer"
    COUNT_HANDS = "count_hands"
    DRAW = "draw"
    PLAY_CLIP = "play_clip"


# Everybody at a meeting's table is equal: heard, seen, and may show something.
_AT_TABLE = frozenset(
    {
        Capability.WATCH,
        Capability.PUBLISH_CAMERA,
        Capability.PUBLISH_MIC,
        Capability.PUBLISH_SCREEN,
        Capability.CHAT,
        Capability.SEE_LINKS,
        Capability.MARK,
    }
)

CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.LECTURER: frozenset(
        {
            Capability.WATCH,
            Capability.PUBLISH_CAMERA,
            Capability.PUBLISH_MIC,
            Capability.PUBLISH_SCREEN,
            Capability.CHAT,
            Capability.TURN_PAGE,
            Capability.CALL_ON,
            Capability.MUTE_ANYONE,
            Capability.TAKE_LEAD,
            Capability.START_LESSON,
            Capability.END_LESSON,
            Capability.SEE_LINKS,
            Capability.PRIVATE_LINE,
            Capability.SET_PHASE,
            Capability.SET_TIMER,
            Capability.MARK,
            Capability.PAUSE_RECORDING,
            Capability.ASK,
            Capability.ANSWER,
            Capability.COUNT_HANDS,
            Capability.DRAW,
            Capability.PLAY_CLIP,
        }
    ),
    Role.CLASSROOM: frozenset(
        {
            Capability.WATCH,
            Capability.PUBLISH_CAMERA,
            Capability.PUBLISH_MIC,
            Capability.RAISE_HAND,
            Capability.CATCH_UP,
            Capability.CONTROL_WALL,
            Capability.ANSWER,
        }
    ),
    Role.LOCAL_TEACHER: frozenset(
        {
            Capability.WATCH,
            Capability.RAISE_HAND,
            Capability.CHAT,
            Capability.MUTE_OWN_CLASSROOM,
            Capability.CATCH_UP,
            Capability.CONTROL_WALL,
            Capability.SET_ATTENDANCE,
            Capability.PRIVATE_LINE,
            Capability.MARK,
            Capability.ANSWER,
            Capability.COUNT_HANDS,
        }
    ),
    Role.OBSERVER: frozenset({Capability.WATCH}),
    Role.CONVENER: _AT_TABLE | {Capability.TAKE_LEAD},
    Role.MEMBER: _AT_TABLE,
}

# What a local teacher may do besides, while acting for a lecturer who is cut off: to go on with what is prepared.
ACTING_CAPABILITIES = frozenset(
    {
        Capability.TURN_PAGE,
        Capability.CALL_ON,
        Capability.SET_TIMER,
        Capability.ASK,
        Capability.DRAW,
        Capability.PLAY_CLIP,
    }
)
# What whoever has the chair of a meeting may do besides.
CHAIR_CAPABILITIES = frozenset({Capability.MUTE_ANYONE, Capability.END_LESSON, Capability.PAUSE_RECORDING})


def is_granted(role: Role, capability: Capability) -> bool:
    """Return whether `role` has `capability`."""
    return capability in CAPABILITIES[role]


def require(role: Role, capability: Capability) -> None:
    """Pass when `role` has `capability`.

    Raises:
        Refused: code `not_allowed`.
    """
    if not is_granted(role, capability):
        raise Refused("not_allowed", "您在这节课里没有这项权限。")
