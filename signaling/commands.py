"""What a request changes: `decide(state, actor, request)` returns the events, or refuses.

Pure functions of the room's state. They do not change anything themselves: the room numbers the events they return and
applies them. Every request is checked against the table in `signaling.roles` here and nowhere else.
"""

from __future__ import annotations

from signaling import messages as m
from signaling.acting import require_may
from signaling.class_list import SetAttendance
from signaling.class_list_rules import decide_attendance
from signaling.clips_rules import decide_clip
from signaling.errors import Refused
from signaling.phases_rules import PhaseCommand, decide_phase
from signaling.private_line_rules import LineCommand, decide_line
from signaling.questions_rules import QuestionCommand, decide_question
from signaling.recording_pause_rules import decide_pause
from signaling.replica import find, source_of
from signaling.roles import Capability, Role, is_granted, require
from signaling.segments_rules import decide_segment
from signaling.text import clean_text

Command = (
    m.SetMute
    | m.SetHand
    | m.CallOn
    | m.TakeLead
    | m.Say
    | m.TurnPage
    | m.StartLesson
    | m.EndLesson
    | SetAttendance
    | PhaseCommand
    | m.PauseRecording
    | m.SetClip
    | m.MoveSegment
    | LineCommand
    | QuestionCommand
)
Bodies = tuple[m.EventBody, ...]

MAX_CHAT_CHARACTERS = 500
MAX_HAND_FOR_CHARACTERS = 40  # a pupil's name, or a group's
PUBLISH_CAPABILITY: dict[m.Source, Capability] = {
    "camera": Capability.PUBLISH_CAMERA,
    "mic": Capability.PUBLISH_MIC,
    "screen": Capability.PUBLISH_SCREEN,
    "line": Capability.PRIVATE_LINE,
}


def decide(state: m.Snapshot, actor: m.Participant, request: Command, t_ms: int) -> Bodies:
    """Return the events that carry out `request` of `actor` at `t_ms`, in order; none when it is so already.

    Raises:
        Refused: with one of the codes under 'In a lesson' in docs/errors.md.
    """
    match request:
        case m.SetMute():
            return _set_mute(state, actor, request)
        case m.SetHand():
            return _set_hand(state, actor, request)
        case m.CallOn():
            return call_on(state, actor, request.peer)
        case m.TakeLead():
            return _take_lead(state, actor)
        case m.Say():
            return _say(actor, request, t_ms)
        case m.TurnPage():
            return _turn_page(state, actor, request)
        case m.StartLesson():
            require(actor.role, Capability.START_LESSON)
            _require_state(state, "scheduled")
            return (m.LessonStarted(),)
        case m.EndLesson():
            require_may(state, actor, Capability.END_LESSON)
            _require_state(state, "live")
            return (m.LessonEnded(),)
        case m.SetAttendance():
            return decide_attendance(state, actor, request)
        case m.SayPrivately() | m.SetLine():
            return decide_line(state, actor, request, t_ms)
        case m.PauseRecording():
            return decide_pause(state, actor, request)
        case m.SetPhase() | m.SetTimer() | m.MarkMoment():
            return decide_phase(state, actor, request, t_ms)
        case m.SetClip():
            return decide_clip(state, actor, request, t_ms)
        case m.MoveSegment():
            return decide_segment(state, actor, request)
        case _:
            return decide_question(state, actor, request)


def check_publish(actor: m.Participant, sources: tuple[m.Source, ...]) -> None:
    """Pass when `actor` may publish all of `sources`, each at most once.

    Raises:
        Refused: `not_allowed` or `source_repeated`.
    """
    for source in sources:
        require(actor.role, PUBLISH_CAPABILITY[source])
    if len(set(sources)) != len(sources):
        raise Refused("source_repeated", "同一个来源只能发送一路。")


def mute_for_call(state: m.Snapshot, called: m.PeerId | None, by: m.PeerId) -> Bodies:
    """Return the mute changes of ending the present call and calling on `called`.

    A classroom's microphone is open while it is called on, and closed after: fifty children are loud.
    """
    changes: list[m.EventBody] = []
    for peer, muted in ((state.called_on, True), (called, False)):
        seat = find(state, peer)
        mic = source_of(seat, "mic") if seat is not None else None
        if seat is not None and mic is not None and mic.muted is not muted and state.called_on != called:
            changes.append(m.MuteChanged(seat.peer, "mic", muted, by))
    return tuple(changes)


def call_on(state: m.Snapshot, actor: m.Participant, peer: m.PeerId | None) -> Bodies:
    """Return the events of calling on a classroom, or (None) of ending its call.

    Raises:
        Refused: `not_allowed`, `peer_unknown`, `not_a_classroom` or `peer_offline`.
    """
    require_may(state, actor, Capability.CALL_ON)
    if peer is None:
        target = None
    else:
        target = _seat(state, peer)
        if target.role is not Role.CLASSROOM:
            raise Refused("not_a_classroom", "只能请教室发言。")
        if not target.online:
            raise Refused("peer_offline", "这间教室的网络断了，等它回来再请。")
    if state.called_on == peer:
        return ()
    bodies: list[m.EventBody] = [m.CalledOn(peer), *mute_for_call(state, peer, actor.peer)]
    if target is not None and target.hand:
        bodies.append(m.HandChanged(target.peer, False))
    return tuple(bodies)


def _take_lead(state: m.Snapshot, actor: m.Participant) -> Bodies:
    """Lead, and take back what a local teacher acted in meanwhile."""
    require(actor.role, Capability.TAKE_LEAD)
    back = () if state.acting is None else (m.ActingChanged(None),)
    return back if state.lead == actor.peer else (m.LeadChanged(actor.peer), *back)


def _set_mute(state: m.Snapshot, actor: m.Participant, request: m.SetMute) -> Bodies:
    target = _seat(state, request.peer)
    if target.peer != actor.peer and not (
        is_granted(actor.role, Capability.MUTE_OWN_CLASSROOM) and _is_own_classroom(actor, target)
    ):
        require_may(state, actor, Capability.MUTE_ANYONE)
        if state.lesson.kind == "meeting" and not request.muted:
            raise Refused("not_allowed", "只能替别人静音，不能替别人打开麦克风。")
    info = source_of(target, request.source)
    if info is None or info.muted is request.muted:
        return ()
    return (m.MuteChanged(target.peer, request.source, request.muted, actor.peer),)


def _set_hand(state: m.Snapshot, actor: m.Participant, request: m.SetHand) -> Bodies:
    hand_for = clean_text(request.hand_for) if request.hand else ""
    if len(hand_for) > MAX_HAND_FOR_CHARACTERS:
        raise Refused("text_too_long", f"名字太长，最多 {MAX_HAND_FOR_CHARACTERS} 个字。")
    target = _hand_of(state, actor, request)
    if (target.hand, target.hand_for) == (request.hand, hand_for):
        return ()
    return (m.HandChanged(target.peer, request.hand, hand_for),)


def _hand_of(state: m.Snapshot, actor: m.Participant, request: m.SetHand) -> m.Participant:
    """Return the classroom whose hand `actor` may move as asked."""
    if request.peer is not None and request.peer != actor.peer:
        target = _seat(state, request.peer)
        if is_granted(actor.role, Capability.RAISE_HAND) and _is_own_classroom(actor, target):
            return target
        require(actor.role, Capability.CALL_ON)
        if request.hand:
            raise Refused("not_allowed", "只能替别的教室放下手，不能替它举手。")
        return target
    require(actor.role, Capability.RAISE_HAND)
    if actor.role is Role.CLASSROOM:
        return actor
    for one in state.participants:
        if _is_own_classroom(actor, one):
            return one
    raise Refused("classroom_absent", "您的教室还没有进入课堂，请先打开教室的大屏。")


def _say(actor: m.Participant, request: m.Say, t_ms: int) -> Bodies:
    require(actor.role, Capability.CHAT)
    text = clean_text(request.text)
    if not text:
        raise Refused("text_empty", "请先输入文字。")
    if len(text) > MAX_CHAT_CHARACTERS:
        raise Refused("text_too_long", f"文字太长，最多 {MAX_CHAT_CHARACTERS} 个字。")
    return (m.ChatAdded(m.ChatLine(t_ms, actor.peer, actor.name, actor.school, text)),)


def _turn_page(state: m.Snapshot, actor: m.Participant, request: m.TurnPage) -> Bodies:
    require_may(state, actor, Capability.TURN_PAGE)
    deck = state.deck
    if deck is None or not 1 <= request.page <= deck.pages:
        raise Refused("page_unknown", "没有这一页。")
    if request.page == state.page:
        return ()
    title = deck.titles[request.page - 1] if request.page <= len(deck.titles) else ""
    return (m.PageTurned(request.page, title),)


def _seat(state: m.Snapshot, peer: m.PeerId) -> m.Participant:
    seat = find(state, peer)
    if seat is None:
        raise Refused("peer_unknown", "这位参与者已经离开。")
    return seat


def _is_own_classroom(actor: m.Participant, other: m.Participant) -> bool:
    """Return whether `other` is the classroom that `actor` sits in."""
    return other.role is Role.CLASSROOM and other.classroom is not None and other.classroom == actor.classroom


def _require_state(state: m.Snapshot, wanted: m.LessonState) -> None:
    if state.lesson.state != wanted:
        raise Refused("lesson_state", "这节课现在不能这样做。")
