"""Tables of templates, and every query on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, and_, func, insert, or_, select, update

from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.planning.groups.tables import groups
from server.planning.templates.model import Template, TemplateVersion
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

plan_templates = Table(
    "plan_templates",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("scope", String(8), nullable=False),
    Column("owner_id", String(16), nullable=False, index=True),  # of a group or a school; empty: the region
    Column("name", String(40), nullable=False),
    Column("subject", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("retired_ms", EpochMs),
    Column("changed_ms", EpochMs, nullable=False),
)
plan_template_versions = Table(
    "plan_template_versions",
    metadata,
    Column(
        "template_id", String(16), ForeignKey("plan_templates.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tree", Text, nullable=False),  # JSON, see `model.encode`
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
)


def _select() -> Any:  # the type of a joined select has no short name
    return (
        select(
            plan_templates,
            people.c.name.label("by_name"),
            func.coalesce(groups.c.name, schools.c.name, "").label("owner"),
        )
        .join(people, people.c.id == plan_templates.c.by_id)
        .outerjoin(groups, and_(groups.c.id == plan_templates.c.owner_id, plan_templates.c.scope == "group"))
        .outerjoin(schools, and_(schools.c.id == plan_templates.c.owner_id, plan_templates.c.scope == "school"))
    )


def _template(row: Any) -> Template:
    told = ("id", "scope", "owner_id", "owner", "name", "subject", "version", "retired_ms", "changed_ms")
    return Template(**{name: getattr(row, name) for name in told}, by=PersonRef(row.by_id, row.by_name))


async def add(tx: Transaction, template: Template) -> None:
    """Store a new template, without its version."""
    told = ("id", "scope", "owner_id", "name", "subject", "version", "retired_ms", "changed_ms")
    values = {name: getattr(template, name) for name in told} | {"by_id": template.by.id}
    await tx.execute(insert(plan_templates).values(values))


async def change(tx: Transaction, template_id: str, **values: Any) -> None:
    """Store the newest version's number, or that nothing new is made of the template."""
    await tx.execute(update(plan_templates).where(plan_templates.c.id == template_id).values(values))


async def add_version(tx: Transaction, template_id: str, version: int, tree: bytes, by_id: str, now_ms: int) -> None:
    """Store one version."""
    row = {"template_id": template_id, "version": version, "tree": tree.decode(), "by_id": by_id, "made_ms": now_ms}
    await tx.execute(insert(plan_template_versions).values(row))


async def find(tx: Transaction, template_id: str) -> Template | None:
    """Return the template."""
    row = (await tx.execute(_select().where(plan_templates.c.id == template_id))).first()
    return None if row is None else _template(row)


async def of_owners(tx: Transaction, group_ids: Collection[str], school_id: str | None) -> tuple[Template, ...]:
    """Return those of these groups, of the school and of the region that are in use, by name."""
    where = [
        and_(plan_templates.c.scope == "group", plan_templates.c.owner_id.in_(tuple(group_ids))),
        plan_templates.c.scope == "region",
    ]
    if school_id is not None:
        where.append(and_(plan_templates.c.scope == "school", plan_templates.c.owner_id == school_id))
    query = _select().where(plan_templates.c.retired_ms.is_(None), or_(*where)).order_by(plan_templates.c.name)
    return tuple(_template(row) for row in (await tx.execute(query)).all())


async def count_of(tx: Transaction, scope: str, owner_id: str) -> int:
    """Return how many templates an owner has in use."""
    query = select(func.count()).where(
        plan_templates.c.scope == scope,
        plan_templates.c.owner_id == owner_id,
        plan_templates.c.retired_ms.is_(None),
    )
    return int((await tx.execute(query)).scalar_one())


async def tree_of(tx: Transaction, template_id: str, version: int) -> str | None:
    """Return what stands in a version."""
    query = select(plan_template_versions.c.tree).where(
        plan_template_versions.c.template_id == template_id, plan_template_versions.c.version == version
    )
    return (await tx.execute(query)).scalar()


async def versions_of(tx: Transaction, template_id: str) -> tuple[TemplateVersion, ...]:
    """Return every version, the newest first."""
    query = (
        select(plan_template_versions, people.c.name)
        .join(people, people.c.id == plan_template_versions.c.by_id)
        .where(plan_template_versions.c.template_id == template_id)
        .order_by(plan_template_versions.c.version.desc())
    )
    rows = (await tx.execute(query)).all()
    return tuple(TemplateVersion(row.version, PersonRef(row.by_id, row.name), row.made_ms) for row in rows)
