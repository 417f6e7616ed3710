"""Attendance and calling on pupils: what a request changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from signaling import messages as m
from signaling.acting import require_may
from signaling.class_list import AttendanceSet, CalledPupil, CallPupil, Pupil, Roster, SetAttendance
from signaling.errors import Refused
from signaling.roles import Capability, Role, require

ClassListCommand = SetAttendance | CallPupil


def decide_attendance(state: m.Snapshot, actor: m.Participant, request: SetAttendance) -> tuple[AttendanceSet, ...]:
    """Return the events that carry out `request`.

    Raises:
        Refused: `not_allowed` or `pupil_unknown`.
    """
    require(actor.role, Capability.SET_ATTENDANCE)
    if actor.classroom != request.classroom:
        raise Refused("not_allowed", "只能登记自己教室的出勤。")
    roster = roster_of(state, request.classroom)
    known = {pupil.id for pupil in roster.pupils}
    absent = tuple(dict.fromkeys(request.absent))
    if not known.issuperset(absent):
        raise Refused("pupil_unknown", "名单里没有这位学生，请刷新名单。")
    before = next((one.absent for one in state.absences if one.classroom == request.classroom), ())
    return () if before == absent else (AttendanceSet(request.classroom, absent),)


def choose_pupil(state: m.Snapshot, actor: m.Participant, request: CallPupil, rng: random.Random) -> CalledPupil:
    """Return the pupil to call on, picked fairly when none is named.

    Raises:
        Refused: `not_allowed`, `pupil_unknown`, or `nobody_to_call`: nobody present has a name here.
    """
    require_may(state, actor, Capability.CALL_ON)
    if request.pupil:
        for pupil in roster_of(state, request.classroom).pupils:
            if pupil.id == request.pupil:
                return CalledPupil(request.classroom, pupil.id, pupil.name)
        raise Refused("pupil_unknown", "名单里没有这位学生，请刷新名单。")
    here = [(roster.classroom, pupil) for roster in _rosters(state, request) for pupil in _present(state, roster)]
    if not here:
        raise Refused("nobody_to_call", "在线的教室还没有名单，或者都标成了缺勤。请先导入名单，或直接请一间教室。")
    lately = Counter((one.classroom, one.pupil) for one in state.called)
    times = [pupil.called + lately[(classroom, pupil.id)] for classroom, pupil in here]
    fewest = min(times)
    classroom, pupil = rng.choice([one for one, count in zip(here, times, strict=True) if count == fewest])
    return CalledPupil(classroom, pupil.id, pupil.name)


def roster_of(state: m.Snapshot, classroom: str) -> Roster:
    """Return the roster of a classroom.

    Raises:
        Refused: `pupil_unknown`: it has none here.
    """
    for roster in state.rosters:
        if roster.classroom == classroom:
            return roster
    raise Refused("pupil_unknown", "这间教室还没有名单。请先在名单页导入。")


def _rosters(state: m.Snapshot, request: CallPupil) -> Iterator[Roster]:
    online = {one.classroom for one in state.participants if one.role is Role.CLASSROOM and one.online}
    for roster in state.rosters:
        if roster.classroom in online and request.classroom in ("", roster.classroom):
            yield roster


def _present(state: m.Snapshot, roster: Roster) -> list[Pupil]:
    absent = next((one.absent for one in state.absences if one.classroom == roster.classroom), ())
    return [pupil for pupil in roster.pupils if pupil.id not in absent]
