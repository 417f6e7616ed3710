"""Keeping the index in step: called inside the transaction of what changed, so that neither is ever without the other.

A plan is kept by its title, the words of its living document, and those of its last final version. A resource is kept
as it was published; what stands on a recording's pages and in its subtitles lies in files and is read afterwards
(`words.py`), until when the entry is marked as not whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from server.library.resources import desk, tables as resource_tables
from server.library.resources.model import Resource
from server.library.resources.tables import resources
from server.planning.authorship import origins
from server.planning.document import plain_text, read_tree
from server.planning.plans import storage, tables as plan_tables
from server.planning.plans.cutting import document_of
from server.planning.plans.tables import plan_versions, plans
from server.planning.search import index
from server.planning.search.index import Entry
from server.storage.database import Transaction

MAX_BODY = 400_000  # characters: two hours of speech are 30,000, a textbook 200,000


async def plan_changed(tx: Transaction, plan_id: str, text: str | None = None, final: str | None = None) -> None:
    """Keep what a plan says now.

    Args:
        tx: the transaction of the change.
        plan_id: the plan; its title is read from its cover.
        text: the plain text of the living document; None: as it was.
        final: the plain text of the version that everybody may read; None: as it was.
    """
    plan = await plan_tables.find(tx, plan_id)
    before = await index.find_entry(tx, "plan", plan_id)
    body = text if text is not None else "" if before is None else before.body
    last = final if final is not None else "" if before is None else before.final
    if text is not None and text != ("" if before is None else before.body):
        await origins.note(tx, "plan", plan_id, text)
    await index.put(
        tx,
        Entry(
            kind="plan",
            object_id=plan_id,
            title=plan.title,
            body=body[:MAX_BODY],
            final=last[:MAX_BODY],
            changed_ms=plan.changed_ms,
        ),
    )


async def resource_changed(tx: Transaction, resource_id: str, *, is_afresh: bool = False) -> None:
    """Keep what is published of a resource; nothing when nothing is.

    `is_afresh`: other words of its recording may be shown now, so that they are read again.
    """
    found = await desk.published(tx, resource_id)
    if found is None:
        await index.remove(tx, "resource", resource_id)
        return
    before = await index.find_entry(tx, "resource", resource_id)
    is_same = before is not None and before.is_whole and before.changed_ms == found.published_ms
    if is_afresh or not is_same:
        await index.put(tx, entry_of(found))
        await origins.note(tx, "resource", resource_id, found.description)


def entry_of(resource: Resource, words: str | None = None) -> Entry:
    """Return the entry of what is published; `words` are those of its files, None: not read yet."""
    told = [resource.description, resource.edition, *(one.name for one in resource.contributors), resource.school.name]
    body = "\n".join(one for one in (*told, words or "") if one)
    return Entry(
        kind="resource",
        object_id=resource.id,
        title=resource.title,
        body=body[:MAX_BODY],
        changed_ms=resource.published_ms,
        is_whole=words is not None,
    )


async def words_changed(tx: Transaction, recording_id: str) -> None:
    """Note that the subtitles or pages of a recording are others now: they are read anew."""
    resource = await resource_tables.of_recording(tx, recording_id)
    before = None if resource is None else await index.find_entry(tx, "resource", resource.id)
    if before is not None:
        await index.put(tx, msgspec.structs.replace(before, is_whole=False))


# --- making all of it anew ------------------------------------------------------------------------------------------


async def all_plans(tx: Transaction) -> Sequence[str]:
    """Return the ids of all plans."""
    return (await tx.execute(select(plans.c.id).order_by(plans.c.id))).scalars().all()


async def all_published(tx: Transaction) -> Sequence[str]:
    """Return the ids of all resources of which something is published."""
    return (await tx.execute(select(resources.c.id).where(resources.c.published > 0))).scalars().all()


async def stored_plan(tx: Transaction, plan_id: str) -> tuple[list[bytes], bytes | None]:
    """Return the updates of a plan's document, and the document of its last final version."""
    stored = await storage.load(tx, plan_id)
    is_final = (plan_versions.c.plan_id == plan_id) & plan_versions.c.is_final
    last = select(plan_versions.c.blob).where(is_final).order_by(plan_versions.c.number.desc()).limit(1)
    return [stored.blob, *(row.blob for row in stored.rows)], (await tx.execute(last)).scalar_one_or_none()


def words_of_updates(updates: Sequence[bytes]) -> str:
    """Return the plain text that the updates make. Takes 30 ms for a large plan."""
    return plain_text(read_tree(document_of(updates)))
