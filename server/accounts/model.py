"""Who there is: schools, classrooms, people and the screens in classrooms. What the services return."""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.data_caps import OPEN, DataCap

SchoolKind = Literal["urban", "rural"]


class SchoolRef(msgspec.Struct, frozen=True):
    """A school as other things mention it."""

    id: str
    name: str


class Classroom(msgspec.Struct, frozen=True):
    """A room with one screen. `paired`: a screen is registered for it."""

    id: str
    name: str
    school: SchoolRef
    paired: bool = False


class School(msgspec.Struct, frozen=True):
    """A school with its classrooms."""

    id: str
    name: str
    kind: SchoolKind
    region: str
    classrooms: tuple[Classroom, ...] = ()
    cap: DataCap = OPEN


class Person(msgspec.Struct, frozen=True):
    """A teacher, or a manager: of a school, or of the whole region when without school."""

    id: str
    username: str
    name: str
    school: School | None  # its classrooms are not filled in
    is_manager: bool = False

    @property
    def school_id(self) -> str | None:
        """Return the school's id, or None for people of the region."""
        return None if self.school is None else self.school.id

    def manages(self, school_id: str) -> bool:
        """Return whether this person manages the school: its own managers do, and those of the region."""
        return self.is_manager and self.school_id in (None, school_id)


class Device(msgspec.Struct, frozen=True):
    """A classroom's screen: unpaired with a `code`, or paired with a classroom."""

    id: str
    code: str | None
    classroom: Classroom | None


class Asker(msgspec.Struct, frozen=True):
    """Who sends a request: a logged-in person, a classroom's screen, both in one browser, or nobody we know."""

    person: Person | None = None
    device: Device | None = None

    @property
    def is_known(self) -> bool:
        """Return whether it is anybody."""
        return self.person is not None or self.device is not None
