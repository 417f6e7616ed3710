"""A meeting: a room of the same kind as a lesson's, with a table instead of a classroom. What is different is here.

Everybody who is let in speaks, is seen and may share a screen, one at a time. The meeting begins with whoever comes
first, and nothing of it is recorded until whoever has the chair asks for it. The chair (`Snapshot.lead`) is a
convener's: who called the meeting, or leads the group. While none is in, or the chair is away for `CHAIR_AWAY_S`, it
passes to another convener, else to whoever has been in for longest. Pure; `now` is monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection

from signaling import messages as m
from signaling.errors import Refused
from signaling.replica import find, source_of
from signaling.roles import Role

CHAIR_AWAY_S = 30.0  # a page that is loaded anew or a network that changes is back by then
OVERTIME_S = 3 * 3600.0  # of a meeting that people sit in: longer ones are tabs that were left open
TABLE = frozenset({Role.CONVENER, Role.MEMBER})


def is_meeting(state: m.Snapshot) -> bool:
    """Return whether the room is a meeting's."""
    return state.lesson.kind == "meeting"


def is_attended(state: m.Snapshot) -> bool:
    """Return whether anybody is in."""
    return any(one.role in TABLE and one.online for one in state.participants)


def sit_down(state: m.Snapshot, peer: m.PeerId, role: Role) -> list[m.EventBody]:
    """Return what follows when `peer`, who was just seated, comes in: the meeting begins, the chair is taken."""
    if role not in TABLE:
        return []
    bodies: list[m.EventBody] = []
    chair = find(state, state.lead)
    if chair is None or (role is Role.CONVENER and chair.role is not Role.CONVENER):
        bodies.append(m.LeadChanged(peer))
    if state.lesson.state == "scheduled":
        bodies += [m.LessonStarted(), m.RecordingPaused(True, peer)]
    return bodies


def heir(state: m.Snapshot, leaving: Collection[m.PeerId]) -> m.PeerId | None:
    """Return who takes the chair when `leaving` go: a convener, else who has been in for longest."""
    here = [one for one in state.participants if one.online and one.role in TABLE and one.peer not in leaving]
    here.sort(key=lambda one: one.role is not Role.CONVENER)  # stable: else in order of entry
    return here[0].peer if here else None


def require_free_screen(state: m.Snapshot, actor: m.Participant) -> None:
    """Pass when `actor` may begin to share a screen.

    Raises:
        Refused: `screen_taken`: somebody shares already.
    """
    for one in state.participants:
        if one.peer != actor.peer and one.online and source_of(one, "screen") is not None:
            raise Refused("screen_taken", f"{one.name}正在共享屏幕。请等对方停止以后再共享。")


class Chair:
    """Watches over the chair of a meeting."""

    def __init__(self) -> None:
        self._away_since: float | None = None

    def on_time(self, state: m.Snapshot, now: float) -> tuple[m.LeadChanged, ...]:
        """Return the change of chair that is due at `now`."""
        chair = find(state, state.lead)
        if state.lesson.state != "live" or (chair is not None and chair.online):
            self._away_since = None
            return ()
        self._away_since = now if self._away_since is None else self._away_since
        if now - self._away_since < CHAIR_AWAY_S:
            return ()
        next_one = heir(state, ())
        if next_one is None or next_one == state.lead:
            return ()
        self._away_since = None
        return (m.LeadChanged(next_one),)
