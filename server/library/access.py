"""Who may see, play and take away what of a recording or resource: the table behind every byte of one. Pure.

A recording whose resource is not published yet, and one without a resource, follows its lesson: who may see the lesson
may play it. Publishing widens that to the audience, and never narrows it for those who were in the lesson; withdrawing
takes it from everybody but its keepers. What shows pupils has a column of its own: beyond the lesson it goes only
where consents let it (`leaves`, from `resources/leaving.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from server.accounts.model import Asker, Person
from server.lessons.access import entries
from server.lessons.model import Lesson
from server.library.resources.model import Audience, State
from server.library.sharing.model import Scope
from signaling.roles import Role


class Standing(enum.Enum):
    """What somebody is to a resource, the nearest first."""

    KEEPER = enum.auto()  # made it, or manages its school
    PARTNER = enum.auto()  # was in the lesson: its lecturer school's teachers, its classrooms, their local teachers
    REVIEWER = enum.auto()  # of the region, while it waits for review or is being reviewed
    OBSERVER = enum.auto()  # may look on at the lesson, which is open to observers
    COLLEAGUE = enum.auto()  # of the school it belongs to
    PAIRED = enum.auto()  # of a school that this school gives lessons to, or gets them from
    NEIGHBOUR = enum.auto()  # of the same region
    ANYBODY = enum.auto()  # nobody we know, or of elsewhere


class Act(enum.Enum):
    """What may be done with it."""

    SEE = enum.auto()  # that it exists, its description and poster
    PLAY = enum.auto()  # its pages, and those voices and pictures that may leave the lesson
    WHOLE = enum.auto()  # everything, without asking for consents
    TAKE = enum.auto()  # download it, whatever the licence says


class Stage(enum.Enum):
    """Where in its life a resource is, as far as access goes."""

    BEFORE = enum.auto()  # draft to approved, or a recording without a resource
    SCHOOL = enum.auto()  # published, for this audience
    PAIRING = enum.auto()
    REGION = enum.auto()
    PUBLIC = enum.auto()
    WITHDRAWN = enum.auto()


_ALL = frozenset(Act)
_PLAY = frozenset({Act.SEE, Act.PLAY})
_NONE: frozenset[Act] = frozenset()

_OWN = _PLAY | {Act.TAKE}
_ALL_BUT_TAKE = _PLAY | {Act.WHOLE}

# Columns: keeper, partner, reviewer, observer, colleague, paired, neighbour, anybody (the order of `Standing`).
_ROWS: dict[Stage, tuple[frozenset[Act], ...]] = {
    Stage.BEFORE: (_ALL, _ALL, _ALL_BUT_TAKE, _PLAY, _NONE, _NONE, _NONE, _NONE),
    Stage.SCHOOL: (_ALL, _ALL, _ALL_BUT_TAKE, _PLAY, _OWN, _NONE, _NONE, _NONE),
    Stage.PAIRING: (_ALL, _ALL, _ALL_BUT_TAKE, _PLAY, _OWN, _PLAY, _NONE, _NONE),
    Stage.REGION: (_ALL, _ALL, _ALL_BUT_TAKE, _PLAY, _OWN, _PLAY, _PLAY, _NONE),
    Stage.PUBLIC: (_ALL, _ALL, _ALL_BUT_TAKE, _PLAY, _OWN, _PLAY, _PLAY, _PLAY),
    Stage.WITHDRAWN: (_ALL_BUT_TAKE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE),
}
TABLE: dict[Stage, dict[Standing, frozenset[Act]]] = {
    stage: dict(zip(Standing, row, strict=True)) for stage, row in _ROWS.items()
}


class Holding(msgspec.Struct, frozen=True):
    """What access depends on: whose it is, where it came from and how far its life has come."""

    school_id: str
    near_schools: frozenset[str] = frozenset()  # ids of the schools of its region
    lesson: Lesson | None = None  # that it is the recording of
    makers: frozenset[str] = frozenset()  # ids of the people who made or contributed to it
    paired_schools: frozenset[str] = frozenset()
    state: State | None = None  # of what is handed out, or else of the work; None: a recording without a resource
    is_reviewed: bool = False  # it waits for review, or is being reviewed
    audience: Audience = "school"
    is_free: bool = False  # its licence lets whoever sees it take it away


_R = TypeVar("_R")
# How far consents must reach for somebody of this standing. An observer was let into the lesson, as people of the
# region are.
REACH: dict[Standing, Audience] = {
    Standing.KEEPER: "school",
    Standing.PARTNER: "school",
    Standing.REVIEWER: "school",
    Standing.OBSERVER: "region",
    Standing.COLLEAGUE: "school",
    Standing.PAIRED: "pairing",
    Standing.NEIGHBOUR: "region",
    Standing.ANYBODY: "public",
}


def stage_of(holding: Holding) -> Stage:
    """Return where in its life it is."""
    if holding.state == "withdrawn":
        return Stage.WITHDRAWN
    return Stage[holding.audience.upper()] if holding.state == "published" else Stage.BEFORE


def standing(asker: Asker, holding: Holding) -> Standing:
    """Return what the asker is to it: the nearest of what applies."""
    person = asker.person
    if person is not None and (person.id in holding.makers or person.manages(holding.school_id)):
        return Standing.KEEPER
    found = None if holding.lesson is None else _in_lesson(asker, holding.lesson)
    if found is Standing.PARTNER:
        return found
    if holding.is_reviewed and person is not None and person.school is None:
        return Standing.REVIEWER
    if found is not None:
        return found
    schools = _schools(asker)
    if holding.school_id in schools:
        return Standing.COLLEAGUE
    if schools & holding.paired_schools:
        return Standing.PAIRED
    is_near = bool(schools & holding.near_schools) or (person is not None and person.school is None)
    return Standing.NEIGHBOUR if is_near else Standing.ANYBODY


def _in_lesson(asker: Asker, lesson: Lesson) -> Standing | None:
    is_class = lesson.kind == "lesson"
    if is_class and asker.person is not None and any(asker.person.manages(school) for school in schools_of(lesson)):
        return Standing.PARTNER
    roles = {entry.role for entry in entries(asker, lesson)}
    if roles - {Role.OBSERVER}:
        return Standing.PARTNER
    return Standing.OBSERVER if roles else None


def schools_of(lesson: Lesson) -> frozenset[str]:
    """Return the ids of the schools that took part in the lesson."""
    found = {lesson.lecturer_school.id, *(room.school.id for room in lesson.classrooms)}
    return frozenset(found if lesson.paired_school is None else found | {lesson.paired_school.id})


def _schools(asker: Asker) -> frozenset[str]:
    found = {asker.person.school_id} if asker.person is not None else set()
    if asker.device is not None and asker.device.classroom is not None:
        found.add(asker.device.classroom.school.id)
    return frozenset(school for school in found if school is not None)


def acts(asker: Asker, holding: Holding) -> frozenset[Act]:
    """Return what the asker may do with it."""
    return TABLE[stage_of(holding)][standing(asker, holding)]


def public_acts(holding: Holding) -> frozenset[Act]:
    """Return what anybody may do with it, without being known: what feeds and public pages are made by."""
    return TABLE[stage_of(holding)][Standing.ANYBODY]


def may_take(granted: frozenset[Act], holding: Holding) -> bool:
    """Return whether who was granted these acts may download what they may play."""
    return Act.PLAY in granted and (Act.TAKE in granted or holding.is_free)


def playable(granted: frozenset[Act], renditions: Iterable[_R], leaves: Callable[[_R], bool]) -> list[_R]:
    """Return the renditions that who was granted these acts may see and hear.

    Args:
        granted: what `acts` returned.
        renditions: all that there are.
        leaves: whether a rendition may go beyond the lesson: what its pupils' consents say.
    """
    if Act.PLAY not in granted:
        return []
    return [one for one in renditions if Act.WHOLE in granted or leaves(one)]


def may_share(person: Person, holding: Holding) -> bool:
    """Return whether the person may make and revoke links to it."""
    return standing(Asker(person), holding) is Standing.KEEPER


def link_reach(scope: Scope, holding: Holding, school_id: str | None) -> Audience:
    """Return how far consents must reach for what a link of this scope hands out."""
    if scope == "school":
        lesson = holding.lesson
        inside = {holding.school_id} if lesson is None else schools_of(lesson)
        return "school" if school_id in inside else "region"
    return "public" if scope == "anyone" else "region"


def may_link(scope: Scope, holding: Holding) -> bool:
    """Return whether links of this scope are good at this stage.

    A link is its keeper's word for more people than the audience, but nothing goes out before it passed review: until
    then a link is for the people of one school, as when colleagues are asked what they think.
    """
    stage = stage_of(holding)
    return stage is not Stage.WITHDRAWN and (scope == "school" or stage is not Stage.BEFORE)


def is_let_in(asker: Asker, scope: Scope, school_id: str | None) -> bool:
    """Return whether a link of this scope lets the asker in."""
    match scope:
        case "anyone":
            return True
        case "region":
            return asker.is_known
        case "school":
            return school_id is not None and school_id in _schools(asker)
