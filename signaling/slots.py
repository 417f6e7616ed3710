"""Which source fills which slot of a receiver: a pure function of the room's state.

Video: `lecturer` is the lead's camera, `screen` the lead's screen, `guest` the classroom that is called on, `tile0` and
on the other classrooms. Audio: `audio0` is the lead, `audio1` the classroom that is called on, `audio2`, for lecturers
only, another open microphone, in the order in which they were opened; for two teachers on the private line it is the
other's voice there, which goes to nobody else. In a meeting everybody is alike: each voice and each picture has any
of the places, and keeps it while fewer than there are places spoke after it. Nobody gets what comes from their own room
back: a phone beside the classroom's loudspeaker would howl.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from signaling import messages as m
from signaling.replica import find, source_of
from signaling.roles import Role

MAX_TILES = 11  # a meeting of twelve
_SOUND = ("audio0", "audio1", "audio2")


class Feed(msgspec.Struct, frozen=True):
    """One source of one participant."""

    peer: m.PeerId
    source: m.Source


Assignment = Mapping[m.Slot, Feed | None]


def layout(tiles: int, video: bool) -> tuple[m.Slot, ...]:
    """Return the slots of a receiver in the order of the media descriptions: sound first, it must not wait."""
    if not video:
        return _SOUND
    return (*_SOUND, "lecturer", "screen", "guest", *(f"tile{n}" for n in range(tiles)))


def assign(
    state: m.Snapshot,
    receiver: m.PeerId,
    slots: Sequence[m.Slot],
    opened: Sequence[m.PeerId],
    before: Assignment,
) -> dict[m.Slot, Feed | None]:
    """Return what feeds each of `slots` of `receiver`.

    Args:
        state: the room's state.
        receiver: who looks and listens.
        slots: the receiver's slots, of `layout`.
        opened: peers with an open microphone, the one opened first in front.
        before: the present assignment: a small picture keeps its place while it lasts.
    """
    you = find(state, receiver)
    if you is None:
        return dict.fromkeys(slots)
    if state.lesson.kind == "meeting":
        return _at_table(state, you, slots, opened, before)
    lead, called = find(state, state.lead), find(state, state.called_on)
    fixed: dict[m.Slot, Feed | None] = {
        "lecturer": _feed(you, lead, "camera"),
        "screen": _feed(you, lead, "screen"),
        "guest": _feed(you, called, "camera"),
        "audio0": _feed(you, lead, "mic"),
        "audio1": _feed(you, called, "mic"),
        "audio2": _line(state, you) or _another_voice(state, you, opened),
    }
    tiles = _tiles(_small_pictures(state, you), [slot for slot in slots if slot.startswith("tile")], before)
    return {slot: tiles[slot] if slot in tiles else fixed.get(slot) for slot in slots}


def is_same_room(one: m.Participant, other: m.Participant) -> bool:
    """Return whether two participants are the same, or sit in the same classroom."""
    return one.peer == other.peer or (one.classroom is not None and one.classroom == other.classroom)


def _feed(you: m.Participant, other: m.Participant | None, source: m.Source) -> Feed | None:
    if other is None or is_same_room(you, other) or source_of(other, source) is None:
        return None
    return Feed(other.peer, source)


def _another_voice(state: m.Snapshot, you: m.Participant, opened: Iterable[m.PeerId]) -> Feed | None:
    if you.role is not Role.LECTURER:
        return None
    for peer in opened:
        if peer in (state.lead, state.called_on):
            continue
        feed = _feed(you, find(state, peer), "mic")
        if feed is not None:
            return feed
    return None


def _line(state: m.Snapshot, you: m.Participant) -> Feed | None:
    """Return the voice of the other end of the private line."""
    line = state.voice_line
    if line is None or not line.is_open or you.peer not in (line.lecturer, line.teacher):
        return None
    other = find(state, line.teacher if you.peer == line.lecturer else line.lecturer)
    return None if other is None else _feed(you, other, "line")


def _small_pictures(state: m.Snapshot, you: m.Participant) -> list[Feed]:
    """Return the classrooms' cameras; the one called on is large already, but lecturers keep it in its place."""
    feeds: list[Feed] = []
    for one in state.participants:
        if one.role is not Role.CLASSROOM or (one.peer == state.called_on and you.role is not Role.LECTURER):
            continue
        feed = _feed(you, one, "camera")
        if feed is not None:
            feeds.append(feed)
    return feeds


def _at_table(
    state: m.Snapshot, you: m.Participant, slots: Sequence[m.Slot], voices: Sequence[m.PeerId], before: Assignment
) -> dict[m.Slot, Feed | None]:
    """Return the slots of a meeting: all alike, who spoke last (`voices`) in front where places are few."""
    others = [one for one in state.participants if one.peer != you.peer]
    others.sort(key=lambda one: voices.index(one.peer) if one.peer in voices else len(voices))  # stable: else as seated
    filled: dict[m.Slot, Feed | None] = dict.fromkeys(slots)
    kinds: tuple[tuple[str, m.Source], ...] = (("audio", "mic"), ("tile", "camera"), ("screen", "screen"))
    for kind, source in kinds:
        places = [slot for slot in slots if slot.startswith(kind)]
        feeds = [_feed(you, one, source) for one in others if source != "mic" or one.peer in voices]
        filled |= _tiles([feed for feed in feeds if feed is not None][: len(places)], places, before)
    return filled


def _tiles(feeds: list[Feed], slots: list[m.Slot], before: Assignment) -> dict[m.Slot, Feed | None]:
    tiles: dict[m.Slot, Feed | None] = {}
    for slot in slots:
        kept = before.get(slot)
        tiles[slot] = kept if kept in feeds else None
    waiting = [feed for feed in feeds if feed not in tiles.values()]
    for slot in slots:
        if tiles[slot] is None and waiting:
            tiles[slot] = waiting.pop(0)
    return tiles
