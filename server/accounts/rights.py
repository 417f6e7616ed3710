"""Who may do what with a school: the one table that the portal's requests are checked against.

What people may do inside a lesson stands in `signaling/roles.py`, who may enter one in `server/lessons/access.py`.
"""

from __future__ import annotations

import enum

from server.accounts.model import Person
from signaling.errors import Refused


class Standing(enum.Enum):
    """What a person is to a school."""

    REGION_MANAGER = enum.auto()  # manages every school
    SCHOOL_MANAGER = enum.auto()
    TEACHER = enum.auto()
    STRANGER = enum.auto()


class Right(enum.StrEnum):
    """One thing that may be done with a school."""

    ADD_CLASSROOM = "add_classroom"
    PAIR_SCREEN = "pair_screen"
    SET_DATA_CAP = "set_data_cap"
    SEE_FIGURES = "see_figures"  # how lessons played at this school
    EXPORT_FIGURES = "export_figures"  # of all its lessons in a stretch of time
    SEE_ROSTER = "see_roster"  # names of minors: of the own school, else only through a lesson
    EDIT_ROSTER = "edit_roster"
    SET_BELLS = "set_bells"  # when its periods begin and end
    PLAN_OWN = "plan_own"  # repeating lessons that one gives oneself
    PLAN_ANY = "plan_any"  # also those of colleagues
    REVOKE_KEYS = "revoke_keys"  # that sign offline packs: all packs of the school are refused from then on
    USE_DECKS = "use_decks"  # see the decks of its teachers and give lessons with them
    REMOVE_DECKS = "remove_decks"  # also those of colleagues
    MANAGE_RESOURCES = "manage_resources"  # edit, publish and withdraw those of colleagues too
    REVIEW_RESOURCES = "review_resources"  # that stay within the school and its pair; wider ones the region reviews
    SEE_CREDITS = "see_credits"  # of its teachers, and the sample that its audit looks at
    MANAGE_CREDITS = "manage_credits"  # new rules, and taking credits back: the region's alone
    RECORD_CONSENTS = "record_consents"  # of the guardians of its classrooms, and that they are revoked


# A teacher may change the data cap: it is their school's bill, and class cannot wait for a manager in the county town.
RIGHTS: dict[Standing, frozenset[Right]] = {
    Standing.REGION_MANAGER: frozenset(Right),
    Standing.SCHOOL_MANAGER: frozenset(Right) - {Right.REVOKE_KEYS, Right.MANAGE_CREDITS},
    Standing.TEACHER: frozenset(
        {
            Right.ADD_CLASSROOM,
            Right.PAIR_SCREEN,
            Right.SET_DATA_CAP,
            Right.SEE_FIGURES,
            Right.SEE_ROSTER,
            Right.EDIT_ROSTER,
            Right.PLAN_OWN,
            Right.USE_DECKS,
            Right.RECORD_CONSENTS,
        }
    ),
    Standing.STRANGER: frozenset(),
}


def standing(person: Person, school_id: str) -> Standing:
    """Return what `person` is to the school."""
    if person.is_manager and person.school is None:
        return Standing.REGION_MANAGER
    if person.school_id != school_id:
        return Standing.STRANGER
    return Standing.SCHOOL_MANAGER if person.is_manager else Standing.TEACHER


def has_right(person: Person, right: Right, school_id: str) -> bool:
    """Return whether `person` may do this with the school."""
    return right in RIGHTS[standing(person, school_id)]


def require_right(person: Person, right: Right, school_id: str, detail: str) -> None:
    """Pass when `person` may do this with the school.

    Raises:
        Refused: `not_allowed`, with `detail`.
    """
    if not has_right(person, right, school_id):
        raise Refused("not_allowed", detail)
