"""Tables of the accounts domain, and every query on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, delete, func, insert, select, update

from server.accounts.model import Classroom, Device, Person, School, SchoolRef
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling.data_caps import DataCap

schools = Table(
    "schools",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("region", String(80), nullable=False),
    Column("cap_kbps", Integer, nullable=False, default=0),  # the data cap; 0: no ceiling
    Column("cap_video", Boolean, nullable=False, default=True),
)
people = Table(
    "people",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("username", String(40), nullable=False, unique=True),
    Column("name", String(40), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("school_id", String(16), ForeignKey("schools.id"), index=True),
    Column("is_manager", Boolean, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("person_id", String(16), ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_ms", EpochMs, nullable=False, index=True),
)
classrooms = Table(
    "classrooms",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("school_id", String(16), ForeignKey("schools.id"), nullable=False, index=True),
    Column("name", String(40), nullable=False),
)
devices = Table(
    "devices",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("code", String(6), unique=True),
    Column("code_expires_ms", EpochMs, index=True),
    Column("classroom_id", String(16), ForeignKey("classrooms.id"), unique=True),  # one screen a classroom
)

# --- schools ------------------------------------------------------------------------------------------------------


async def add_school(tx: Transaction, school: School) -> None:
    """Store a school, without its classrooms."""
    await tx.execute(insert(schools).values(id=school.id, name=school.name, kind=school.kind, region=school.region))


async def has_school_named(tx: Transaction, name: str) -> bool:
    """Return whether a school has this name."""
    return (await tx.execute(select(schools.c.id).where(schools.c.name == name))).first() is not None


async def all_schools(tx: Transaction) -> tuple[School, ...]:
    """Return every school with its classrooms, urban ones first, then by name."""
    rooms: dict[str, list[Classroom]] = {}
    for room in (await tx.execute(_classroom_select().order_by(classrooms.c.name))).all():
        rooms.setdefault(room.school_id, []).append(_classroom(room))
    query = select(schools).order_by(schools.c.kind.desc(), schools.c.name)
    return tuple(
        School(row.id, row.name, row.kind, row.region, tuple(rooms.get(row.id, ())), _cap(row))
        for row in (await tx.execute(query)).all()
    )


async def find_school(tx: Transaction, school_id: str) -> School | None:
    """Return the school without its classrooms."""
    row = (await tx.execute(select(schools).where(schools.c.id == school_id))).first()
    return None if row is None else School(row.id, row.name, row.kind, row.region, (), _cap(row))


async def set_cap(tx: Transaction, school_id: str, cap: DataCap) -> None:
    """Store the school's data cap."""
    values = {"cap_kbps": cap.ceiling_bps // 1000, "cap_video": cap.video_allowed}
    await tx.execute(update(schools).where(schools.c.id == school_id).values(values))


async def caps(tx: Transaction) -> dict[str, DataCap]:
    """Return the data caps of those schools that have one, by school id."""
    found = {row.id: _cap(row) for row in (await tx.execute(select(schools))).all()}
    return {school_id: cap for school_id, cap in found.items() if not cap.is_open}


def _cap(row: Any) -> DataCap:
    return DataCap(row.cap_kbps * 1000, row.cap_video)


# --- classrooms ---------------------------------------------------------------------------------------------------


def _classroom_select() -> Any:  # the type of a joined select has no short name
    return (
        select(
            classrooms.c.id,
            classrooms.c.name,
            classrooms.c.school_id,
            schools.c.name.label("school_name"),
            devices.c.id.label("device_id"),
        )
        .join(schools, schools.c.id == classrooms.c.school_id)
        .outerjoin(devices, devices.c.classroom_id == classrooms.c.id)
    )


def _classroom(row: Any) -> Classroom:
    return Classroom(row.id, row.name, SchoolRef(row.school_id, row.school_name), row.device_id is not None)


async def add_classroom(tx: Transaction, classroom_id: str, school_id: str, name: str) -> None:
    """Store a classroom."""
    await tx.execute(insert(classrooms).values(id=classroom_id, school_id=school_id, name=name))


async def find_classrooms(tx: Transaction, ids: tuple[str, ...]) -> dict[str, Classroom]:
    """Return those of `ids` that exist, by id."""
    rows = (await tx.execute(_classroom_select().where(classrooms.c.id.in_(ids)))).all()
    return {row.id: _classroom(row) for row in rows}


async def has_classroom_named(tx: Transaction, school_id: str, name: str) -> bool:
    """Return whether the school has a classroom of this name."""
    query = select(classrooms.c.id).where(classrooms.c.school_id == school_id, classrooms.c.name == name)
    return (await tx.execute(query)).first() is not None


# --- people -------------------------------------------------------------------------------------------------------

_person_columns = (
    people.c.id,
    people.c.username,
    people.c.name,
    people.c.is_manager,
    people.c.password_hash,
    people.c.school_id,
    schools.c.name.label("school_name"),
    schools.c.kind.label("school_kind"),
    schools.c.region.label("school_region"),
)


def _person(row: Any) -> Person:
    school = None
    if row.school_id is not None:
        school = School(row.school_id, row.school_name, row.school_kind, row.school_region)
    return Person(row.id, row.username, row.name, school, row.is_manager)


async def add_person(tx: Transaction, person: Person, password_hash: str) -> None:
    """Store a person."""
    await tx.execute(
        insert(people).values(
            id=person.id,
            username=person.username,
            name=person.name,
            password_hash=password_hash,
            school_id=person.school_id,
            is_manager=person.is_manager,
        )
    )


async def find_login(tx: Transaction, username: str) -> tuple[Person, str] | None:
    """Return the person of this user name and the password's hash."""
    query = select(*_person_columns).outerjoin_from(people, schools).where(people.c.username == username)
    row = (await tx.execute(query)).first()
    return None if row is None else (_person(row), row.password_hash)


async def set_password_hash(tx: Transaction, person_id: str, password_hash: str) -> None:
    """Replace the password's hash."""
    await tx.execute(update(people).where(people.c.id == person_id).values(password_hash=password_hash))


async def find_people(tx: Transaction, usernames: tuple[str, ...]) -> dict[str, Person]:
    """Return those of `usernames` that exist, by user name."""
    query = select(*_person_columns).outerjoin_from(people, schools).where(people.c.username.in_(usernames))
    return {row.username: _person(row) for row in (await tx.execute(query)).all()}


async def people_by_id(tx: Transaction, ids: Sequence[str]) -> dict[str, Person]:
    """Return those of `ids` that exist, by id."""
    query = select(*_person_columns).outerjoin_from(people, schools).where(people.c.id.in_(ids))
    return {row.id: _person(row) for row in (await tx.execute(query)).all()}


# --- sessions -----------------------------------------------------------------------------------------------------


async def add_session(tx: Transaction, token_sha256: str, person_id: str, expires_ms: int) -> None:
    """Store a session by the hash of its token."""
    await tx.execute(insert(sessions).values(token_sha256=token_sha256, person_id=person_id, expires_ms=expires_ms))


async def find_session(tx: Transaction, token_sha256: str, now_ms: int) -> Person | None:
    """Return whose session this is, unless it is over."""
    query = (
        select(*_person_columns)
        .select_from(sessions.join(people, people.c.id == sessions.c.person_id).outerjoin(schools))
        .where(sessions.c.token_sha256 == token_sha256, sessions.c.expires_ms > now_ms)
    )
    row = (await tx.execute(query)).first()
    return None if row is None else _person(row)


async def remove_session(tx: Transaction, token_sha256: str) -> None:
    """Forget a session."""
    await tx.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


async def remove_sessions_of(tx: Transaction, person_id: str) -> None:
    """Forget all sessions of a person."""
    await tx.execute(delete(sessions).where(sessions.c.person_id == person_id))


async def remove_old_sessions(tx: Transaction, now_ms: int) -> None:
    """Forget the sessions that are over."""
    await tx.execute(delete(sessions).where(sessions.c.expires_ms <= now_ms))


# --- devices ------------------------------------------------------------------------------------------------------


async def _device(tx: Transaction, row: Any | None) -> Device | None:
    if row is None:
        return None
    classroom = None
    if row.classroom_id is not None:
        classroom = (await find_classrooms(tx, (row.classroom_id,)))[row.classroom_id]
    return Device(row.id, row.code, classroom)


async def add_device(tx: Transaction, device_id: str, secret_sha256: str, code: str, expires_ms: int) -> None:
    """Store an unpaired screen."""
    await tx.execute(
        insert(devices).values(id=device_id, secret_sha256=secret_sha256, code=code, code_expires_ms=expires_ms)
    )


async def find_device(tx: Transaction, secret_sha256: str) -> Device | None:
    """Return the screen with this secret."""
    row = (await tx.execute(select(devices).where(devices.c.secret_sha256 == secret_sha256))).first()
    return await _device(tx, row)


async def find_device_by_code(tx: Transaction, code: str, now_ms: int) -> Device | None:
    """Return the unpaired screen that shows this code, unless the code is over."""
    query = select(devices).where(devices.c.code == code, devices.c.code_expires_ms > now_ms)
    return await _device(tx, (await tx.execute(query)).first())


async def is_code_expired(tx: Transaction, device_id: str, now_ms: int) -> bool:
    """Return whether the screen's code is over."""
    query = select(devices.c.code_expires_ms).where(devices.c.id == device_id)
    expires_ms = (await tx.execute(query)).scalar()
    return expires_ms is not None and expires_ms <= now_ms


async def codes_in_use(tx: Transaction) -> int:
    """Return how many screens show a code."""
    return int((await tx.execute(select(func.count()).where(devices.c.code.is_not(None)))).scalar_one())


async def has_code(tx: Transaction, code: str) -> bool:
    """Return whether a screen has this code, over or not."""
    return (await tx.execute(select(devices.c.id).where(devices.c.code == code))).first() is not None


async def set_code(tx: Transaction, device_id: str, code: str, expires_ms: int) -> None:
    """Give the screen a new code."""
    values = {"code": code, "code_expires_ms": expires_ms}
    await tx.execute(update(devices).where(devices.c.id == device_id).values(values))


async def pair_device(tx: Transaction, device_id: str, classroom_id: str) -> None:
    """Register the screen for the classroom; an older screen of the classroom is forgotten."""
    await tx.execute(delete(devices).where(devices.c.classroom_id == classroom_id))
    values = {"classroom_id": classroom_id, "code": None, "code_expires_ms": None}
    await tx.execute(update(devices).where(devices.c.id == device_id).values(values))


async def remove_device(tx: Transaction, device_id: str) -> None:
    """Forget the screen."""
    await tx.execute(delete(devices).where(devices.c.id == device_id))


async def remove_old_devices(tx: Transaction, before_ms: int) -> None:
    """Forget unpaired screens whose code was over before `before_ms`."""
    await tx.execute(delete(devices).where(devices.c.classroom_id.is_(None), devices.c.code_expires_ms < before_ms))
