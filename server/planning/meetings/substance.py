"""Who was in a meeting and for how long, and whether it was a substantive one: computed from logs. Pure.

Joint sessions are counted by regions as a figure of cooperation, so the figure must not grow by meetings in which one
school talks and the others are logged in. A meeting is substantive when people of at least two schools acted and
something came of it. A school acts by somebody who was there for a third of the meeting and was heard or wrote; what
comes of it are minutes, resolutions, or a version of the plan.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from signaling.messages import (
    Event,
    LessonEnded,
    MuteChanged,
    OnlineChanged,
    ParticipantJoined,
    ParticipantLeft,
    PeerId,
    SourcePublished,
    SourceUnpublished,
)

SCHOOLS = 2  # that must have acted
SHARE = 1 / 3  # of the meeting that somebody must have been there: who looks in for a greeting does not count
OPEN_MS = 5_000  # a microphone that was open for less said no sentence
MINUTES_CHARACTERS = 30  # "已开会" are not minutes


class Presence(msgspec.Struct):
    """How somebody was in a meeting; `t_ms` are of the room's clock."""

    first_t_ms: int
    last_t_ms: int
    ms: int = 0
    open_ms: int = 0  # with an open microphone

    @property
    def was_heard(self) -> bool:
        """Return whether the microphone was open for a sentence."""
        return self.open_ms >= OPEN_MS


class Attendance:
    """Reads a meeting's log."""

    def __init__(self) -> None:
        self.present: dict[PeerId, Presence] = {}
        self._here: dict[PeerId, int] = {}  # since when
        self._open: dict[PeerId, int] = {}

    def on_event(self, event: Event) -> None:
        """Take in the next event of the log."""
        t_ms = event.t_ms
        match event.body:
            case ParticipantJoined(participant=one):
                self._come(one.peer, t_ms)
            case OnlineChanged(peer=peer, online=True):
                self._come(peer, t_ms)
            case OnlineChanged(peer=peer) | ParticipantLeft(peer=peer):
                self._go(peer, t_ms)
            case SourcePublished(peer=peer, source="mic") | MuteChanged(peer=peer, source="mic", muted=False):
                self._open.setdefault(peer, t_ms)
            case SourceUnpublished(peer=peer, source="mic") | MuteChanged(peer=peer, source="mic"):
                self._close(peer, t_ms)
            case LessonEnded():
                self.until(t_ms)

    def until(self, t_ms: int) -> None:
        """Count whoever is in as there until now."""
        for peer in tuple(self._here):
            self._go(peer, t_ms)

    def _come(self, peer: PeerId, t_ms: int) -> None:
        self.present.setdefault(peer, Presence(t_ms, t_ms))
        self._here.setdefault(peer, t_ms)

    def _go(self, peer: PeerId, t_ms: int) -> None:
        since = self._here.pop(peer, None)
        if since is not None:
            one = self.present[peer]
            one.ms += t_ms - since
            one.last_t_ms = t_ms
        self._close(peer, t_ms)

    def _close(self, peer: PeerId, t_ms: int) -> None:
        since = self._open.pop(peer, None)
        if since is not None and peer in self.present:
            self.present[peer].open_ms += t_ms - since


class Attendee(msgspec.Struct, frozen=True):
    """Somebody who was in, with what they did meanwhile."""

    person_id: str
    name: str
    school: str  # empty: of the region; counts for no school
    ms: int
    heard: bool
    acts: int = 0  # entries of theirs in the activity log: comments, minutes, resolutions, versions


class Substance(msgspec.Struct, frozen=True):
    """What a meeting amounts to."""

    schools: tuple[str, ...]  # that acted
    minutes: bool
    resolutions: int
    versions: int
    is_substantive: bool


def substance(
    length_ms: int, attendees: Iterable[Attendee], minutes: str, resolutions: int, versions: int
) -> Substance:
    """Return what a meeting of `length_ms` amounts to."""
    acting = {
        one.school
        for one in attendees
        if one.school and one.ms >= length_ms * SHARE and one.ms > 0 and (one.heard or one.acts)
    }
    has_minutes = len("".join(minutes.split())) >= MINUTES_CHARACTERS
    has_output = has_minutes or resolutions > 0 or versions > 0
    found = tuple(sorted(acting))
    return Substance(found, has_minutes, resolutions, versions, len(found) >= SCHOOLS and has_output)
