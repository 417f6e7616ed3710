"""When the lecturer is cut off, a local teacher goes on with what is prepared; afterwards it is given back.

Theory of operation. A lecturer is reachable while the socket is open and the media plane hears the page: its silence
is noticed within two reports, long before a socket's. When no lecturer has been reachable for `AWAY_S` of a live
lesson, a local teacher acts (`Snapshot.acting`): the first who came of the paired school, which holds the lesson with
the lecturer's (1+1+N), and when nobody of it is there the first who came of all. Pages, ink, questions and the timer
are in those hands at once. Nothing is taken back by itself: a link that breaks may break again, and two people who both
turn pages help nobody. The acting teacher gives back, or the lecturer takes the lead. Pure; `now` is monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from signaling import messages as m
from signaling.errors import Refused
from signaling.replica import find
from signaling.roles import Role

AWAY_S = 4.0  # a page that is loaded anew is back within three
LOOK_S = 0.5
HEIR_AWAY_S = 10.0  # an acting teacher whose phone sleeps for a moment keeps acting


HandoverCommand = m.TakeOver | m.GiveBack


class Handover:
    """Watches over who leads a room."""

    def __init__(self) -> None:
        self._away_since: float | None = None
        self._heir_away_since: float | None = None
        self._due = 0.0

    def next_timeout(self) -> float:
        """Return when `on_time` has something to do."""
        return self._due

    def on_time(
        self, state: m.Snapshot, is_reachable: Callable[[m.Participant], bool], now: float
    ) -> tuple[m.ActingChanged, ...]:
        """Return what follows from who is reachable at `now`."""
        self._due = now + LOOK_S
        if state.lesson.state != "live":
            self._away_since = self._heir_away_since = None
            return (m.ActingChanged(None),) if state.acting is not None else ()
        lecturers = [one for one in state.participants if one.role is Role.LECTURER]
        if any(is_reachable(one) for one in lecturers):
            self._away_since = None
        elif self._away_since is None:
            self._away_since = now
        acting = find(state, state.acting)
        if acting is not None and is_reachable(acting):
            self._heir_away_since = None
            return ()
        if acting is not None:
            self._heir_away_since = now if self._heir_away_since is None else self._heir_away_since
            if now - self._heir_away_since < HEIR_AWAY_S:
                return ()
        heir = self._heir(state, is_reachable, now)
        if heir == state.acting or (heir is None and acting is None):
            return ()
        self._heir_away_since = None
        return (m.ActingChanged(heir),)

    def is_away(self, now: float) -> bool:
        """Return whether no lecturer has been reachable for long enough that somebody else may lead."""
        return self._away_since is not None and now - self._away_since >= AWAY_S

    def _heir(self, state: m.Snapshot, is_reachable: Callable[[m.Participant], bool], now: float) -> m.PeerId | None:
        if not self.is_away(now):
            return None
        teachers = [one for one in state.participants if one.role is Role.LOCAL_TEACHER and one.classroom is not None]
        teachers.sort(key=lambda one: one.school != state.lesson.paired_school)  # stable: else in order of entry
        return next((one.peer for one in teachers if is_reachable(one)), None)

    def decide(
        self, state: m.Snapshot, actor: m.Participant, request: HandoverCommand, now: float
    ) -> tuple[m.ActingChanged, ...]:
        """Return the events that carry out `request`.

        Raises:
            Refused: `not_allowed`.
        """
        if isinstance(request, m.GiveBack):
            return (m.ActingChanged(None),) if state.acting == actor.peer else ()
        if actor.role is not Role.LOCAL_TEACHER or actor.classroom is None:
            raise Refused("not_allowed", "您在这节课里没有这项权限。")
        if not self.is_away(now):
            raise Refused("lecturer_present", "主讲老师在线，不用代课。")
        return () if state.acting == actor.peer else (m.ActingChanged(actor.peer),)
