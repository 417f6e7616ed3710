"""Tables of decks, and every query on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from server.accounts.model import SchoolRef
from server.accounts.tables import people, schools
from server.lessons.decks.model import DeckInfo, Heading, Original, Remark
from server.lessons.model import Page, PersonRef
from server.lessons.tables import lesson_page_files, page_file_rows, page_rows, read_pages
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

decks = Table(
    "decks",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("owner_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("school_id", String(16), ForeignKey("schools.id"), index=True),
    Column("title", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("problem_page", Integer),
    Column("remarks", Text, nullable=False),  # JSON
    Column("outline", Text, nullable=False),  # JSON
    Column("created_ms", EpochMs, nullable=False),
)
deck_originals = Table(
    "deck_originals",
    metadata,
    Column("deck_id", String(16), ForeignKey("decks.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("upload_id", String(16), nullable=False),
)
deck_pages = Table(
    "deck_pages",
    metadata,
    Column("deck_id", String(16), ForeignKey("decks.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("title", String(80), nullable=False),
    Column("ratio", Float, nullable=False),
    Column("text", Text, nullable=False),
)
deck_page_files = Table(
    "deck_page_files",
    metadata,
    Column("deck_id", String(16), ForeignKey("decks.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("width", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("mime", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
)
# Lessons that get a deck as soon as it is converted.
deck_wishes = Table(
    "deck_wishes",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("deck_id", String(16), ForeignKey("decks.id", ondelete="CASCADE"), nullable=False, index=True),
)

_remarks = msgspec.json.Decoder(tuple[Remark, ...]).decode
_outline = msgspec.json.Decoder(tuple[Heading, ...]).decode


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def add_deck(tx: Transaction, deck: DeckInfo) -> None:
    """Store a new deck and what it is made of."""
    values = {
        "id": deck.id,
        "owner_id": deck.owner.id,
        "school_id": deck.school.id if deck.school else None,
        "title": deck.title,
        "state": deck.state,
        "pages": 0,
        "done": 0,
        "problem": "",
        "remarks": "[]",
        "outline": "[]",
        "created_ms": deck.created_ms,
    }
    await tx.execute(insert(decks).values(values))
    rows = [
        {"deck_id": deck.id, "position": position, **msgspec.structs.asdict(original)}
        for position, original in enumerate(deck.originals, 1)
    ]
    await tx.execute(insert(deck_originals), rows)


async def find_deck(tx: Transaction, deck_id: str) -> DeckInfo | None:
    """Return the deck."""
    found = await _decks(tx, decks.c.id == deck_id, 1)
    return found[0] if found else None


async def decks_of(tx: Transaction, person_id: str, school_id: str | None, limit: int) -> list[DeckInfo]:
    """Return the decks of the person and of the school, the newest first."""
    return await _decks(tx, _near(person_id, school_id), limit)


async def count_decks(tx: Transaction, person_id: str) -> int:
    """Return how many decks the person has."""
    query = select(func.count()).where(decks.c.owner_id == person_id, decks.c.state != "removed")
    return int((await tx.execute(query)).scalar_one())


def _near(person_id: str, school_id: str | None) -> ColumnElement[bool]:
    own = decks.c.owner_id == person_id
    near = own if school_id is None else or_(own, decks.c.school_id == school_id)
    return near & (decks.c.state != "removed")


async def _decks(tx: Transaction, where: ColumnElement[bool], limit: int) -> list[DeckInfo]:
    columns = (decks, people.c.name.label("owner_name"), schools.c.name.label("school_name"))
    query = (
        select(*columns)
        .join(people, people.c.id == decks.c.owner_id)
        .outerjoin(schools, schools.c.id == decks.c.school_id)
        .where(where)
        .order_by(decks.c.created_ms.desc(), decks.c.id)
        .limit(limit)
    )
    rows = (await tx.execute(query)).all()
    ids = [row.id for row in rows]
    of = select(deck_originals).where(deck_originals.c.deck_id.in_(ids)).order_by(deck_originals.c.position)
    originals: dict[str, list[Original]] = {}
    for row in (await tx.execute(of)).all():
        originals.setdefault(row.deck_id, []).append(Original(row.name, row.bytes, row.upload_id))
    return [_deck(row, tuple(originals.get(row.id, ()))) for row in rows]


def _deck(row: Any, originals: tuple[Original, ...]) -> DeckInfo:
    return DeckInfo(
        id=row.id,
        owner=PersonRef(row.owner_id, row.owner_name),
        school=SchoolRef(row.school_id, row.school_name) if row.school_id else None,
        title=row.title,
        state=row.state,
        pages=row.pages,
        done=row.done,
        created_ms=row.created_ms,
        problem=row.problem,
        problem_page=row.problem_page,
        remarks=_remarks(row.remarks),
        outline=_outline(row.outline),
        originals=originals,
    )


async def found_in(
    tx: Transaction, person_id: str, school_id: str | None, words: str, limit: int
) -> list[tuple[str, int, str]]:
    """Return `(deck, page, title)` of the pages that have all the words of `words` in title or text."""
    query = (
        select(deck_pages.c.deck_id, deck_pages.c.page, deck_pages.c.title)
        .join(decks, decks.c.id == deck_pages.c.deck_id)
        .where(_near(person_id, school_id), decks.c.state == "ready")
    )
    for word in words.split():
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (deck_pages.c.title, deck_pages.c.text, decks.c.title)
        query = query.where(or_(*(column.like(like, escape="\\") for column in columns)))
    rows = (await tx.execute(query.order_by(deck_pages.c.deck_id, deck_pages.c.page).limit(limit))).all()
    return [(row.deck_id, row.page, row.title) for row in rows]


async def set_state(tx: Transaction, deck_id: str, state: str, problem: str = "", page: int | None = None) -> None:
    """Set the deck's state and what went wrong."""
    values = {"state": state, "problem": problem, "problem_page": page}
    await tx.execute(update(decks).where(decks.c.id == deck_id).values(values))


async def set_plan(
    tx: Transaction, deck_id: str, pages: int, outline: Sequence[Heading], remarks: Sequence[Remark]
) -> None:
    """Note what the file turned out to be."""
    values = {"pages": pages, "outline": _json(outline), "remarks": _json(remarks)}
    await tx.execute(update(decks).where(decks.c.id == deck_id).values(values))


async def clear_pages(tx: Transaction, deck_id: str) -> None:
    """Forget the pages, so that the deck can be converted anew."""
    for table in (deck_page_files, deck_pages):
        await tx.execute(delete(table).where(table.c.deck_id == deck_id))
    await tx.execute(update(decks).where(decks.c.id == deck_id).values(pages=0, done=0, remarks="[]", outline="[]"))


async def add_page(tx: Transaction, deck_id: str, number: int, page: Page) -> bool:
    """Store a converted page, the next one; False when the deck is not wanted any more."""
    own = {"deck_id": deck_id}
    wanted = (decks.c.id == deck_id) & (decks.c.state == "converting")
    if not (await tx.execute(update(decks).where(wanted).values(done=number))).rowcount:
        return False
    await tx.execute(insert(deck_pages), [own | row for row in page_rows([page], number)])
    await tx.execute(insert(deck_page_files), [own | row for row in page_file_rows([page], number)])
    return True


async def pages_of(tx: Transaction, deck_id: str) -> tuple[Page, ...]:
    """Return the pages of the deck in order."""
    return await read_pages(tx, deck_pages, deck_page_files, deck_pages.c.deck_id == deck_id)


async def page_of(tx: Transaction, deck_id: str, number: int) -> Page | None:
    """Return one page of the deck, from 1."""
    where = (deck_pages.c.deck_id == deck_id) & (deck_pages.c.page == number)
    found = await read_pages(tx, deck_pages, deck_page_files, where)
    return found[0] if found else None


async def forget_uploads(tx: Transaction, deck_id: str) -> None:
    """Note that the originals lie in the deck's own folder."""
    await tx.execute(update(deck_originals).where(deck_originals.c.deck_id == deck_id).values(upload_id=""))


async def remove_deck(tx: Transaction, deck_id: str) -> list[str]:
    """Forget the deck; return the names of its page files that no other deck and no lesson has."""
    query = select(deck_page_files.c.sha256).where(deck_page_files.c.deck_id == deck_id).distinct()
    own = {row.sha256 for row in (await tx.execute(query)).all()}
    await tx.execute(delete(decks).where(decks.c.id == deck_id))
    for table in (deck_page_files, lesson_page_files):
        kept = select(table.c.sha256).where(table.c.sha256.in_(sorted(own))).distinct()
        own -= {row.sha256 for row in (await tx.execute(kept)).all()}
    return sorted(own)


# --- lessons that wait for a deck ---------------------------------------------------------------------------------


async def set_wish(tx: Transaction, lesson_id: str, deck_id: str | None) -> None:
    """Note which deck the lesson waits for, if any."""
    await tx.execute(delete(deck_wishes).where(deck_wishes.c.lesson_id == lesson_id))
    if deck_id is not None:
        await tx.execute(insert(deck_wishes).values(lesson_id=lesson_id, deck_id=deck_id))


async def wish_of(tx: Transaction, lesson_id: str) -> str | None:
    """Return the deck that the lesson waits for."""
    query = select(deck_wishes.c.deck_id).where(deck_wishes.c.lesson_id == lesson_id)
    row = (await tx.execute(query)).first()
    return None if row is None else str(row.deck_id)


async def wishes_for(tx: Transaction, deck_id: str) -> list[str]:
    """Return the lessons that wait for the deck."""
    query = select(deck_wishes.c.lesson_id).where(deck_wishes.c.deck_id == deck_id)
    return [row.lesson_id for row in (await tx.execute(query)).all()]
