"""When a lesson or a meeting that nobody ends is over: its recording must not run forever."""

from __future__ import annotations

from signaling import meeting, messages as m
from signaling.roles import Role

OVERTIME_S = 3600.0  # a lesson that overran its plan by so much may be one that nobody ended
UNATTENDED_S = 600.0  # then it ends when no lecturer was there for so long: a restart of a laptop is shorter
LONGEST_OVERTIME_S = 12 * 3600.0  # and in any case after this: a laptop that was left open teaches nobody


class Attendance:
    """When somebody who leads was last there."""

    def __init__(self, now: float) -> None:
        self._last = now  # while somebody is, older than that

    def note(self, state: m.Snapshot, now: float) -> None:
        """Take in who is there before the state changes."""
        if is_attended(state):
            self._last = now

    def is_abandoned(self, state: m.Snapshot, t_ms: int, now: float) -> bool:
        """Return whether class should have ended long ago; `t_ms` is the room's clock at `now`."""
        lesson = state.lesson
        if lesson.state != "live" or lesson.started_t_ms is None:
            return False
        overtime_s = (t_ms - lesson.started_t_ms) / 1000 - lesson.planned_minutes * 60
        is_unattended = not is_attended(state) and now - self._last >= UNATTENDED_S
        if meeting.is_meeting(state):
            return overtime_s >= meeting.OVERTIME_S or (overtime_s >= 0 and is_unattended)
        return overtime_s >= LONGEST_OVERTIME_S or (overtime_s >= OVERTIME_S and is_unattended)


def is_attended(state: m.Snapshot) -> bool:
    """Return whether somebody who leads is there."""
    if meeting.is_meeting(state):
        return meeting.is_attended(state)
    return any(one.role is Role.LECTURER and one.online for one in state.participants)
