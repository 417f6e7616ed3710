"""Text that stood elsewhere first: in another plan, or in a published resource.

Theory of operation. Of every text that is indexed some marks are kept: hashes of runs of 12 characters, chosen so that
any 20 characters in common have at least one mark in common (winnowing: Schleimer, Wilkerson, Aiken, SIGMOD 2003, with
k = 12 and w = 9). A mark belongs to whoever had it first. A plan's copies are found by the marks that belong to others,
and are compared with the very text of these before anybody loses a character: a mark alone proves nothing.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import BigInteger, Column, String, Table, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from server.planning.authorship.attribution import MIN_COPIED, Attribution, Span, counted
from server.planning.authorship.matching import common, places
from server.planning.search.tables import entries
from server.storage.database import Transaction
from server.storage.schema import metadata

_RUN = 12  # characters of a mark
_WINDOW = MIN_COPIED - _RUN + 1  # of each so many neighbouring runs one is a mark
_CHUNK = 500  # marks of one question
MAX_ORIGINS = 20  # texts that a plan is compared with: those with the most marks in common
MAX_MARKED = 100_000  # characters of one text

origins = Table(
    "text_origins",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("object_id", String(16), nullable=False),
)


def marks(text: str) -> dict[int, int]:
    """Return the marks of a text of counted characters, with a place of each."""
    text = text[:MAX_MARKED]
    hashes = [zlib.crc32(text[at : at + _RUN].encode()) for at in range(len(text) - _RUN + 1)]
    found: dict[int, int] = {}
    for begin in range(len(hashes) - _WINDOW + 1):
        least = min(hashes[begin : begin + _WINDOW])
        if least not in found:
            found[least] = hashes.index(least, begin, begin + _WINDOW)
    return found


def copies(text: str, marked: Mapping[int, int], shared: Collection[int], original: str) -> list[Span]:
    """Return the parts of `text`, 20 characters and more, that stand in `original` too, by the marks both have."""
    found: list[Span] = []
    for at in sorted(marked[mark] for mark in shared):
        if found and at < found[-1].end:
            continue
        for place in places(original, text[at : at + _RUN], len(original)):
            left = common(text[:at], original[:place], from_end=True)
            right = common(text[at + _RUN :], original[place + _RUN :])
            if left + _RUN + right >= MIN_COPIED:
                found.append(Span(at - left, at + _RUN + right))
                break
    return found


async def note(tx: Transaction, kind: str, object_id: str, text: str) -> None:
    """Note what stands in a text; what stood elsewhere before stays noted there."""
    found = await asyncio.to_thread(marks, counted(text))
    if not found:
        return
    rows = [{"mark": mark, "kind": kind, "object_id": object_id} for mark in found]
    make = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    await tx.execute(make(origins).on_conflict_do_nothing(), rows)


async def copied(tx: Transaction, kind: str, object_id: str, text: str) -> list[Span]:
    """Return the parts of a text of counted characters that stood in another plan or a resource first."""
    marked = await asyncio.to_thread(marks, text)
    shared: dict[tuple[str, str], list[int]] = {}
    wanted = sorted(marked)
    for begin in range(0, len(wanted), _CHUNK):
        query = select(origins).where(origins.c.mark.in_(wanted[begin : begin + _CHUNK]))
        for row in await tx.execute(query):
            if (row.kind, row.object_id) != (kind, object_id):
                shared.setdefault((row.kind, row.object_id), []).append(row.mark)
    nearest = [key for key, _ in Counter({key: len(found) for key, found in shared.items()}).most_common(MAX_ORIGINS)]
    query = select(entries).where(tuple_(entries.c.kind, entries.c.object_id).in_(nearest))
    found: list[Span] = []
    for row in (await tx.execute(query)).all() if nearest else ():
        both = shared[row.kind, row.object_id]
        for original in {counted(row.body), counted(row.final)}:
            found += await asyncio.to_thread(copies, text, marked, both, original)
    return sorted(found)


async def without_copies(tx: Transaction, plan_id: str, runs: bytes, text: str) -> bytes:
    """Return the encoded authors of a plan's text without credit for what stood elsewhere first: for its versions."""
    attribution = Attribution.decode(runs, text)
    attribution.disown(await copied(tx, "plan", plan_id, attribution.text))
    return attribution.encode()
