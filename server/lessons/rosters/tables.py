"""Tables of rosters, and every query on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint, insert, select, update

from server.lessons.rosters.model import MAX_LEFT, FormerPupil, Pupil, RosterPage
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling.class_list import Roster
from signaling.ids import ClassroomId, PupilId

NO_CARD = -1

rosters = Table(
    "rosters",
    metadata,
    Column("classroom_id", String(16), ForeignKey("classrooms.id"), primary_key=True),
    Column("version", Integer, nullable=False),  # counts changes: whoever edits an older one is told so
    Column("printed_ms", EpochMs),  # when the answer cards were last printed
)
pupils = Table(
    "pupils",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("classroom_id", String(16), ForeignKey("classrooms.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("name", String(40), nullable=False),
    Column("seat_row", Integer, nullable=False),
    Column("seat_column", Integer, nullable=False),
    Column("card", Integer),
    Column("called", Integer, nullable=False, server_default="0"),  # in lessons that have ended
    Column("left_ms", EpochMs),  # when the pupil left the class; such a pupil has no card
    UniqueConstraint("classroom_id", "card"),
)


async def find_roster(tx: Transaction, classroom_id: str) -> RosterPage:
    """Return the classroom's roster; an empty one of version 0 when nobody made one yet."""
    query = select(rosters.c.version, rosters.c.printed_ms).where(rosters.c.classroom_id == classroom_id)
    row = (await tx.execute(query)).one_or_none()
    found = await pupils_of(tx, (classroom_id,))
    gone = (
        select(pupils)
        .where(pupils.c.classroom_id == classroom_id, pupils.c.left_ms.is_not(None))
        .order_by(pupils.c.left_ms.desc(), pupils.c.number)
        .limit(MAX_LEFT)
    )
    left = tuple(
        FormerPupil(PupilId(row.id), row.number, row.name, row.left_ms) for row in (await tx.execute(gone)).all()
    )
    version, printed_ms = (0, None) if row is None else (row.version, row.printed_ms)
    return RosterPage(ClassroomId(classroom_id), version, found[classroom_id], left, printed_ms is not None)


async def pupils_of(tx: Transaction, classroom_ids: Sequence[str]) -> dict[str, tuple[Pupil, ...]]:
    """Return the pupils of each classroom in order of their numbers, without those who left."""
    query = (
        select(pupils)
        .where(pupils.c.classroom_id.in_(classroom_ids), pupils.c.left_ms.is_(None))
        .order_by(pupils.c.number)
    )
    found: dict[str, list[Pupil]] = {classroom: [] for classroom in classroom_ids}
    for row in (await tx.execute(query)).all():
        card = NO_CARD if row.card is None else row.card
        pupil = Pupil(PupilId(row.id), row.number, row.name, row.seat_row, row.seat_column, card, row.called)
        found[row.classroom_id].append(pupil)
    return {classroom: tuple(here) for classroom, here in found.items()}


async def live_rosters(tx: Transaction, classroom_ids: Sequence[str]) -> tuple[Roster, ...]:
    """Return the rosters of classrooms as a lesson has them, in order of the classrooms' ids."""
    found = await pupils_of(tx, classroom_ids)
    query = select(rosters.c.classroom_id).where(
        rosters.c.classroom_id.in_(classroom_ids), rosters.c.printed_ms.is_not(None)
    )
    printed = {row.classroom_id for row in (await tx.execute(query)).all()}
    return tuple(Roster(ClassroomId(room), found[room], room in printed) for room in sorted(found))


async def note_printed(tx: Transaction, classroom_id: str, now_ms: int) -> None:
    """Note that the answer cards of a classroom were printed."""
    await tx.execute(update(rosters).where(rosters.c.classroom_id == classroom_id).values(printed_ms=now_ms))


async def bump_version(tx: Transaction, classroom_id: str, version: int) -> bool:
    """Count a change of version `version` of the roster; return whether it still was that version.

    Comes first in the transaction: two who change one roster at once meet here.
    """
    if version == 0:
        exists = (await tx.execute(select(rosters).where(rosters.c.classroom_id == classroom_id))).first()
        if exists is not None:
            return False
        await tx.execute(insert(rosters).values(classroom_id=classroom_id, version=1))
        return True
    done = await tx.execute(
        update(rosters)
        .where(rosters.c.classroom_id == classroom_id, rosters.c.version == version)
        .values(version=version + 1)
    )
    return done.rowcount == 1


async def write_pupils(tx: Transaction, classroom_id: str, new: Iterable[Pupil], changed: Iterable[Pupil]) -> None:
    """Store pupils who are new and pupils who are changed (or back), whoever else leaves being written already."""
    rewritten = tuple(changed)
    # Cards are unique at every moment: two who swap theirs first lay them down.
    await tx.execute(update(pupils).where(pupils.c.id.in_([one.id for one in rewritten])).values(card=None))
    for pupil in rewritten:
        await tx.execute(update(pupils).where(pupils.c.id == pupil.id).values(_values(pupil) | {"left_ms": None}))
    rows = [{"id": pupil.id, "classroom_id": classroom_id, **_values(pupil)} for pupil in new]
    if rows:
        await tx.execute(insert(pupils), rows)


def _values(pupil: Pupil) -> dict[str, object]:
    return {
        "number": pupil.number,
        "name": pupil.name,
        "seat_row": pupil.row,
        "seat_column": pupil.column,
        "card": None if pupil.card == NO_CARD else pupil.card,
    }


async def leave_class(tx: Transaction, pupil_ids: Sequence[str], now_ms: int) -> None:
    """Note that these pupils left the class; their cards are free."""
    await tx.execute(update(pupils).where(pupils.c.id.in_(pupil_ids)).values(left_ms=now_ms, card=None))


async def count_calls(tx: Transaction, times: Mapping[PupilId, int]) -> None:
    """Add to how often these pupils were called on."""
    for pupil_id, count in times.items():
        await tx.execute(update(pupils).where(pupils.c.id == pupil_id).values(called=pupils.c.called + count))
