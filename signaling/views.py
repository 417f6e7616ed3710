"""Who sees what of a lesson's state and events.

Most of a lesson is for everybody in it. What concerns single pupils is for their own classroom and for lecturers, and
what teachers say to each other is for the two of them. The law, checked by hypothesis:

    view(apply(state, event), viewer) == apply(view(state, viewer), view(event, viewer))

An event that a viewer may not see becomes `Withheld` under the same number, so that every client's log has no gap. The
database keeps the whole log; the recording gets the public view.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec.structs import replace

from signaling import messages as m
from signaling.roles import Role


class Sight(enum.IntEnum):
    """How much one sees, of one's own classroom."""

    PUBLIC = 0  # observers, the recording
    ROOM = 1  # the classroom's wall
    TEACHER = 2  # its local teachers
    ALL = 3  # lecturers, of every classroom


class Viewer(msgspec.Struct, frozen=True):
    """A way to see a lesson. All participants with the same viewer get the same bytes."""

    sight: Sight
    classroom: str | None = None


PUBLIC = Viewer(Sight.PUBLIC)
EVERYTHING = Viewer(Sight.ALL)
_SIGHTS = {Role.CLASSROOM: Sight.ROOM, Role.LOCAL_TEACHER: Sight.TEACHER}

# The least sight that an event of a classroom needs; an event that is not here is for everybody.
PRIVATE: dict[type[msgspec.Struct], Sight] = {
    m.RosterSet: Sight.ROOM,
    m.AttendanceSet: Sight.ROOM,
    m.PrivateSaid: Sight.TEACHER,
    m.AnswersGiven: Sight.ROOM,
}


def viewer_of(role: Role, classroom: str | None) -> Viewer:
    """Return how a participant of this role sees the lesson."""
    if role is Role.LECTURER:
        return EVERYTHING
    sight = _SIGHTS.get(role, Sight.PUBLIC)
    return PUBLIC if classroom is None or sight is Sight.PUBLIC else Viewer(sight, classroom)


def is_private(event: m.Event) -> bool:
    """Return whether some may not see `event`."""
    return type(event.body) in PRIVATE


def view_event(event: m.Event, viewer: Viewer) -> m.Event:
    """Return `event` as `viewer` may see it."""
    least = PRIVATE.get(type(event.body))
    if least is None or _sees(viewer, getattr(event.body, "classroom", None), least):
        return event
    return replace(event, body=m.Withheld())


def view_snapshot(state: m.Snapshot, viewer: Viewer) -> m.Snapshot:
    """Return `state` as `viewer` may see it."""
    if viewer == EVERYTHING:
        return state
    return replace(
        state,
        rosters=tuple(one for one in state.rosters if _sees(viewer, one.classroom, PRIVATE[m.RosterSet])),
        absences=tuple(one for one in state.absences if _sees(viewer, one.classroom, PRIVATE[m.AttendanceSet])),
        private_lines=tuple(one for one in state.private_lines if _sees(viewer, one.classroom, PRIVATE[m.PrivateSaid])),
        quiz=_view_quiz(state.quiz, viewer),
    )


def _view_quiz(quiz: m.Quiz, viewer: Viewer) -> m.Quiz:
    least = PRIVATE[m.AnswersGiven]
    sheets = tuple(one for one in quiz.sheets if _sees(viewer, one.classroom, least))
    sources = tuple(one for one in quiz.sources if _sees(viewer, one.classroom, least))
    return replace(quiz, sheets=sheets, sources=sources)


def _sees(viewer: Viewer, classroom: str | None, least: Sight) -> bool:
    if viewer.sight is Sight.ALL:
        return True
    return viewer.classroom is not None and viewer.classroom == classroom and viewer.sight >= least
