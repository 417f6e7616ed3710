"""What hangs on a plan: queries on versions, comments, tasks and pictures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select, update

from server.accounts.tables import people
from server.lessons.model import PersonRef
from server.planning.plans.model import Anchor, Comment, Picture, PlanVersion, Reply, Task, Version
from server.planning.plans.tables import plan_comments, plan_pictures, plan_replies, plan_tasks, plan_versions
from server.storage.database import Transaction
from signaling.errors import Refused

_person = people.alias("other")


# --- versions -------------------------------------------------------------------------------------------------------


async def add_version(tx: Transaction, version: PlanVersion) -> None:
    """Store a version."""
    await tx.execute(
        insert(plan_versions).values(
            plan_id=version.plan_id,
            number=version.number,
            name=version.name,
            by_id=version.by.id,
            made_ms=version.made_ms,
            is_final=version.is_final,
            sha256=version.sha256,
            characters=version.characters,
            text=version.text,
            blob=version.update,
            runs=version.runs,
        )
    )


async def versions_of(tx: Transaction, plan_id: str, *, only_final: bool = False) -> tuple[Version, ...]:
    """Return a plan's versions, the newest first."""
    names = ("plan_id", "number", "name", "by_id", "made_ms", "is_final", "sha256", "characters")
    query = select(*(plan_versions.c[name] for name in names), people.c.name.label("by_name"))
    query = query.join_from(plan_versions, people, people.c.id == plan_versions.c.by_id)
    query = query.where(plan_versions.c.plan_id == plan_id).order_by(plan_versions.c.number.desc())
    if only_final:
        query = query.where(plan_versions.c.is_final)
    return tuple(Version(**_version(row)) for row in await tx.execute(query))


async def find_version(tx: Transaction, plan_id: str, number: int) -> PlanVersion:
    """Return a version with everything in it.

    Raises:
        Refused: `version_unknown`.
    """
    query = select(plan_versions, people.c.name.label("by_name"))
    query = query.join_from(plan_versions, people, people.c.id == plan_versions.c.by_id)
    query = query.where(plan_versions.c.plan_id == plan_id, plan_versions.c.number == number)
    row = (await tx.execute(query)).first()
    if row is None:
        raise Refused("version_unknown", "没有这个版本，请刷新页面。")
    return PlanVersion(**_version(row), text=row.text, update=row.blob, runs=row.runs)


async def last_number(tx: Transaction, plan_id: str) -> int:
    """Return the number of a plan's newest version; 0: it has none."""
    query = select(func.max(plan_versions.c.number)).where(plan_versions.c.plan_id == plan_id)
    return int((await tx.execute(query)).scalar_one() or 0)


def _version(row: Any) -> dict[str, Any]:
    return {
        "plan_id": row.plan_id,
        "number": row.number,
        "name": row.name,
        "by": PersonRef(row.by_id, row.by_name),
        "made_ms": row.made_ms,
        "is_final": row.is_final,
        "sha256": row.sha256,
        "characters": row.characters,
    }


# --- comments -------------------------------------------------------------------------------------------------------


async def add_comment(tx: Transaction, comment: Comment) -> None:
    """Store a comment."""
    anchor = comment.anchor
    await tx.execute(
        insert(plan_comments).values(
            id=comment.id,
            plan_id=comment.plan_id,
            kind=comment.kind,
            by_id=comment.by.id,
            text=comment.text,
            anchor_start=anchor.start if anchor else None,
            anchor_end=anchor.end if anchor else None,
            quote=anchor.quote if anchor else "",
            replacement=comment.replacement,
            made_ms=comment.made_ms,
            outcome=comment.outcome,
        )
    )


async def settle_comment(
    tx: Transaction, comment_id: str, by_id: str | None, now_ms: int | None, outcome: str = ""
) -> None:
    """Note that a comment is dealt with, or, without a moment, that it is not."""
    changed = update(plan_comments).where(plan_comments.c.id == comment_id)
    await tx.execute(changed.values(resolved_by_id=by_id, resolved_ms=now_ms, outcome=outcome))


async def remove_comment(tx: Transaction, comment_id: str) -> None:
    """Delete a comment with its answers."""
    await tx.execute(delete(plan_comments).where(plan_comments.c.id == comment_id))


async def count_comments(tx: Transaction, plan_id: str) -> int:
    """Return how many comments a plan has."""
    query = select(func.count()).select_from(plan_comments).where(plan_comments.c.plan_id == plan_id)
    return int((await tx.execute(query)).scalar_one())


async def comments_of(tx: Transaction, plan_id: str) -> tuple[Comment, ...]:
    """Return a plan's comments with their answers, the oldest first."""
    rows = (await tx.execute(_select_comments().where(plan_comments.c.plan_id == plan_id))).all()
    replies: dict[str, list[Reply]] = {}
    query = select(plan_replies, people.c.name.label("by_name"))
    query = query.join_from(plan_replies, people, people.c.id == plan_replies.c.by_id)
    of_plan = select(plan_comments.c.id).where(plan_comments.c.plan_id == plan_id)
    query = query.where(plan_replies.c.comment_id.in_(of_plan)).order_by(plan_replies.c.made_ms, plan_replies.c.id)
    for row in await tx.execute(query):
        reply = Reply(row.id, PersonRef(row.by_id, row.by_name), row.text, row.made_ms)
        replies.setdefault(row.comment_id, []).append(reply)
    return tuple(_comment(row, tuple(replies.get(row.id, ()))) for row in rows)


async def find_comment(tx: Transaction, plan_id: str, comment_id: str) -> Comment:
    """Return a comment.

    Raises:
        Refused: `comment_unknown`.
    """
    found = next((one for one in await comments_of(tx, plan_id) if one.id == comment_id), None)
    if found is None:
        raise Refused("comment_unknown", "这条评论已经删除，请刷新页面。")
    return found


async def add_reply(tx: Transaction, comment_id: str, reply: Reply) -> None:
    """Store an answer."""
    values = {"id": reply.id, "comment_id": comment_id, "by_id": reply.by.id}
    await tx.execute(insert(plan_replies).values(**values, text=reply.text, made_ms=reply.made_ms))


def _select_comments() -> Any:  # the type of a joined select has no short name
    return (
        select(plan_comments, people.c.name.label("by_name"), _person.c.name.label("resolver"))
        .join_from(plan_comments, people, people.c.id == plan_comments.c.by_id)
        .outerjoin(_person, _person.c.id == plan_comments.c.resolved_by_id)
        .order_by(plan_comments.c.made_ms, plan_comments.c.id)
    )


def _comment(row: Any, replies: tuple[Reply, ...]) -> Comment:
    anchor = Anchor(row.anchor_start, row.anchor_end, row.quote) if row.anchor_start is not None else None
    return Comment(
        id=row.id,
        plan_id=row.plan_id,
        kind=row.kind,
        by=PersonRef(row.by_id, row.by_name),
        text=row.text,
        anchor=anchor,
        replacement=row.replacement,
        made_ms=row.made_ms,
        resolved_ms=row.resolved_ms,
        resolved_by=PersonRef(row.resolved_by_id, row.resolver) if row.resolved_by_id else None,
        outcome=row.outcome,
        replies=replies,
    )


# --- tasks ----------------------------------------------------------------------------------------------------------


async def add_task(tx: Transaction, task: Task) -> None:
    """Store a task."""
    values = {"id": task.id, "plan_id": task.plan_id, "text": task.text, "owner_id": task.owner.id, "due": task.due}
    await tx.execute(insert(plan_tasks).values(**values, by_id=task.by.id, made_ms=task.made_ms))


async def change_task(tx: Transaction, task_id: str, **values: Any) -> None:
    """Change columns of a task."""
    await tx.execute(update(plan_tasks).where(plan_tasks.c.id == task_id).values(**values))


async def remove_task(tx: Transaction, task_id: str) -> None:
    """Delete a task."""
    await tx.execute(delete(plan_tasks).where(plan_tasks.c.id == task_id))


async def tasks_of(tx: Transaction, plan_id: str) -> tuple[Task, ...]:
    """Return a plan's tasks: open ones first, those that are due soon before the others."""
    owner, by, done_by = people.alias("owner"), people.alias("by"), people.alias("done_by")
    query = (
        select(plan_tasks, owner.c.name.label("owner_name"), by.c.name.label("by_name"), done_by.c.name.label("doer"))
        .join_from(plan_tasks, owner, owner.c.id == plan_tasks.c.owner_id)
        .join(by, by.c.id == plan_tasks.c.by_id)
        .outerjoin(done_by, done_by.c.id == plan_tasks.c.done_by_id)
        .where(plan_tasks.c.plan_id == plan_id)
    )
    tasks = [
        Task(
            id=row.id,
            plan_id=row.plan_id,
            text=row.text,
            owner=PersonRef(row.owner_id, row.owner_name),
            due=row.due,
            by=PersonRef(row.by_id, row.by_name),
            made_ms=row.made_ms,
            done_ms=row.done_ms,
            done_by=PersonRef(row.done_by_id, row.doer) if row.done_by_id else None,
        )
        for row in await tx.execute(query)
    ]
    return tuple(sorted(tasks, key=lambda one: (one.done_ms is not None, one.due or "9999", one.made_ms, one.id)))


async def find_task(tx: Transaction, plan_id: str, task_id: str) -> Task:
    """Return a task.

    Raises:
        Refused: `task_unknown`.
    """
    found = next((one for one in await tasks_of(tx, plan_id) if one.id == task_id), None)
    if found is None:
        raise Refused("task_unknown", "这项任务已经删除，请刷新页面。")
    return found


# --- pictures -------------------------------------------------------------------------------------------------------


async def add_picture(tx: Transaction, picture: Picture, by_id: str, now_ms: int) -> None:
    """Note that a plan has a picture; noting it again changes nothing."""
    if await find_picture(tx, picture.plan_id, picture.sha256) is None:
        values = {name: getattr(picture, name) for name in Picture.__struct_fields__}
        await tx.execute(insert(plan_pictures).values(**values, by_id=by_id, added_ms=now_ms))


async def find_picture(tx: Transaction, plan_id: str, sha256: str) -> Picture | None:
    """Return a picture of a plan."""
    of = (plan_pictures.c.plan_id == plan_id) & (plan_pictures.c.sha256 == sha256)
    row = (await tx.execute(select(plan_pictures).where(of))).first()
    return None if row is None else Picture(plan_id, sha256, row.mime, row.bytes, row.width, row.height)


async def pictures_total(tx: Transaction, plan_id: str) -> tuple[int, int]:
    """Return how many pictures a plan has, and their bytes."""
    counted = select(func.count(), func.sum(plan_pictures.c.bytes)).where(plan_pictures.c.plan_id == plan_id)
    count, total = (await tx.execute(counted)).one()
    return int(count), int(total or 0)
