"""The index: entries and what they are found by, written in the transaction of what they stand for.

SQLite: an FTS5 table that keeps no text of its own; to delete an entry the terms that it was stored with are said
again, so every change reads the entry first. PostgreSQL: sets of terms under a GIN index; a phrase is the set of its
terms and then the folded text itself, since a tsvector forgets places beyond 16,383 and the 257th of a term.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import TextClause, delete, func, insert, select, text, update

from server.planning.search.tables import entries, state
from server.planning.search.terms import VERSION, Term, fold, shown, tokens
from server.storage.database import Transaction

Kind = Literal["plan", "resource"]
FIELDS = ("title", "body", "final")
# A word in the title says what the whole is about; a final text repeats the living one and must not count twice.
WEIGHTS = (10.0, 1.0, 0.1)


# A word that so many entries have says nothing of any (its weight in bm25 is near 0), and to rank them all takes long.
COMMON = 3_000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be found."""

    kind: Kind
    object_id: str
    title: str
    body: str = ""
    final: str = ""
    changed_ms: int = 0
    is_whole: bool = True


class Match(NamedTuple):
    """A query in the words of the database, with the values of its parameters."""

    ranked: str  # select: ids of all entries with all words, the best first; limited by :limit and :offset
    # The same for a query that `COMMON` entries have: of the words in the title, and then of all, the newest first.
    in_titles: str
    newest: str
    # Condition: each word is found in the title or in what is final; asked of entries from :lowest to :highest.
    in_final: str
    values: dict[str, str]


# --- writing --------------------------------------------------------------------------------------------------------


async def find_entry(tx: Transaction, kind: Kind, object_id: str) -> Entry | None:
    """Return what is kept of an object."""
    row = await _row(tx, kind, object_id)
    return None if row is None else _entry(row)


async def put(tx: Transaction, entry: Entry) -> None:
    """Keep this of the object, in place of what was kept before."""
    values: dict[str, Any] = {name: shown(getattr(entry, name)) for name in FIELDS}
    values |= {"changed_ms": entry.changed_ms, "is_whole": entry.is_whole}
    before = await _row(tx, entry.kind, entry.object_id)
    if before is None:
        own = {"kind": entry.kind, "object_id": entry.object_id}
        made = await tx.execute(insert(entries).values(own | values).returning(entries.c.id))
        row_id = int(made.scalar_one())
    else:
        row_id = before.id
        await tx.execute(update(entries).where(entries.c.id == row_id).values(values))
        if all(getattr(before, name) == values[name] for name in FIELDS):
            return
        await _forget_terms(tx, before)
    await _keep_terms(tx, row_id, *(values[name] for name in FIELDS))


async def put_new(tx: Transaction, found: Sequence[Entry]) -> None:
    """Keep entries of which nothing is kept yet: many at once, in a fifth of the time. Not for PostgreSQL."""
    last = (await tx.execute(select(func.max(entries.c.id)))).scalar_one() or 0
    rows = [{"id": last + 1 + number, **msgspec.structs.asdict(one)} for number, one in enumerate(found)]
    for row in rows:
        row.update({name: shown(row[name]) for name in FIELDS})
    await tx.execute(insert(entries), rows)
    terms = [[" ".join(tokens(fold(row[name]))) for name in FIELDS] for row in rows]
    said = [{"id": row["id"], "a": a, "b": b, "c": c} for row, (a, b, c) in zip(rows, terms, strict=True)]
    await tx.execute(_KEEP, said)


async def remove(tx: Transaction, kind: Kind, object_id: str) -> None:
    """Keep nothing of the object."""
    row = await _row(tx, kind, object_id)
    if row is not None:
        await _forget_terms(tx, row)
        await tx.execute(delete(entries).where(entries.c.id == row.id))


async def clear(tx: Transaction) -> None:
    """Forget everything, before it is made anew."""
    if tx.dialect.name == "sqlite":
        await tx.execute(text("INSERT INTO search_terms(search_terms) VALUES ('delete-all')"))
    await tx.execute(delete(entries))
    await tx.execute(delete(state))


async def version(tx: Transaction) -> int:
    """Return the version that the whole index was made with; 0: none yet."""
    return (await tx.execute(select(state.c.version))).scalar_one_or_none() or 0


async def set_made(tx: Transaction) -> None:
    """Note that the whole index is there."""
    await tx.execute(insert(state).values(id=1, version=VERSION))


async def _row(tx: Transaction, kind: Kind, object_id: str) -> Any:
    own = (entries.c.kind == kind) & (entries.c.object_id == object_id)
    return (await tx.execute(select(entries).where(own))).first()


def _entry(row: Any) -> Entry:
    return Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__})


_FORGET = text("INSERT INTO search_terms(search_terms, rowid, title, body, final) VALUES ('delete', :id, :a, :b, :c)")
_KEEP = text("INSERT INTO search_terms(rowid, title, body, final) VALUES (:id, :a, :b, :c)")
_KEEP_SETS = text(
    "UPDATE search_entries SET title_folded = :a, body_folded = :b, final_folded = :c, "
    + ", ".join(f"{name}_terms = array_to_tsvector(CAST(:{name} AS text[]))" for name in FIELDS)
    + " WHERE id = :id"
)


async def _forget_terms(tx: Transaction, row: Any) -> None:
    if tx.dialect.name == "sqlite":
        await _say(tx, _FORGET, row.id, row.title, row.body, row.final)


async def _keep_terms(tx: Transaction, row_id: int, title: str, body: str, final: str) -> None:
    if tx.dialect.name == "sqlite":
        await _say(tx, _KEEP, row_id, title, body, final)
        return
    folded = [fold(one) for one in (title, body, final)]
    sets = {name: sorted(set(tokens(one))) for name, one in zip(FIELDS, folded, strict=True)}
    await tx.execute(_KEEP_SETS, {"id": row_id, **dict(zip(("a", "b", "c"), folded, strict=True)), **sets})


async def _say(tx: Transaction, statement: TextClause, row_id: int, *texts: str) -> None:
    terms = await asyncio.to_thread(lambda: [" ".join(tokens(fold(one))) for one in texts])
    await tx.execute(statement, {"id": row_id, **dict(zip(("a", "b", "c"), terms, strict=True))})


# --- finding --------------------------------------------------------------------------------------------------------


def match(dialect: str, terms: Sequence[Term]) -> Match:
    """Return how to look for all of these words."""
    return _match_fts5(terms) if dialect == "sqlite" else _match_sets(terms)


def phrases(terms: Sequence[Term]) -> str:
    """Return the words as a query of FTS5. Tokens hold letters, digits and marks only: nothing needs escaping."""
    said = ('"' + " ".join(term.tokens) + '"' + ("*" if term.is_begun else "") for term in terms)
    return " AND ".join(said)


def _match_fts5(terms: Sequence[Term]) -> Match:
    said = phrases(terms)
    # The entries themselves are not read for this: of a common word 17,000 are ranked in 13 ms, and read in 20 more.
    weights, limits = ", ".join(map(str, WEIGHTS)), "LIMIT :limit OFFSET :offset"
    best = f"ORDER BY bm25(search_terms, {weights}), rowid DESC {limits}"
    return Match(
        f"SELECT rowid FROM search_terms WHERE search_terms MATCH :said {best}",
        f"SELECT rowid FROM search_terms WHERE search_terms MATCH :titles {best}",
        f"SELECT rowid FROM search_terms WHERE search_terms MATCH :said ORDER BY rowid DESC {limits}",
        # A batch of the newest lies close together: without its bounds all that have a common word were gone through.
        "search_entries.id IN"
        " (SELECT rowid FROM search_terms WHERE search_terms MATCH :open AND rowid BETWEEN :lowest AND :highest)",
        {"said": said, "titles": f"{{title}} : ({said})", "open": f"{{title final}} : ({said})"},
    )


def _match_sets(terms: Sequence[Term]) -> Match:
    everywhere, final, titles, values = [], [], [], dict[str, str]()
    for number, term in enumerate(terms):
        lexemes = [f"'{one}'" for one in term.tokens]
        values[f"q{number}"] = " & ".join(lexemes) + (":*" if term.is_begun else "")
        values[f"s{number}"] = term.text
        in_field = {
            name: f"({name}_terms @@ CAST(:q{number} AS tsquery) AND strpos({name}_folded, :s{number}) > 0)"
            for name in FIELDS
        }
        everywhere.append("(" + " OR ".join(in_field.values()) + ")")
        final.append(f"({in_field['title']} OR {in_field['final']})")
        titles.append(f"CASE WHEN strpos(title_folded, :s{number}) > 0 THEN 0 ELSE 1 END")
    found, limits = f"SELECT id FROM search_entries WHERE {' AND '.join(everywhere)}", "LIMIT :limit OFFSET :offset"
    ranked = f"{found} ORDER BY {' + '.join(titles)}, changed_ms DESC, id DESC {limits}"
    titled = f"{found} AND {' + '.join(titles)} = 0 ORDER BY changed_ms DESC, id DESC {limits}"
    newest = f"{found} ORDER BY id DESC {limits}"
    return Match(ranked, titled, newest, " AND ".join(final), values)
