"""The rules of templates: made of a plan, shared, versioned, retired; and what a new plan begins with."""

from __future__ import annotations

import asyncio

import msgspec

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.document import Node, plain_text, read_tree, steps
from server.planning.groups import desk
from server.planning.groups.tables import groups_of
from server.planning.log import ActivityLog
from server.planning.plans import desk as plan_desk, storage
from server.planning.plans.cutting import document_of
from server.planning.rights import RIGHTS, Right
from server.planning.templates import tables
from server.planning.templates.model import (
    Scope,
    Template,
    TemplateVersion,
    decode,
    encode,
    layout,
    with_step_ids,
)
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_TEMPLATES = 50  # in use, of one owner: a list that is still looked through
MAX_TREE = 200_000  # bytes of JSON: a plan of 25,000 characters has about 120,000


class Listed(msgspec.Struct, frozen=True):
    """A template in the list of one person."""

    template: Template
    may_change: bool


class Sheet(msgspec.Struct, frozen=True):
    """A template as its page shows it."""

    template: Template
    may_change: bool
    text: str  # what it begins with, to look at
    steps: int
    versions: tuple[TemplateVersion, ...]


class TemplateService:
    """Templates of plans."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    async def listed(self, person: Person) -> list[Listed]:
        """Return the templates of the person's groups, school and region."""
        async with self._database.read() as tx:
            ids = [group.id for group, _ in await groups_of(tx, person.id)]
            found = await tables.of_owners(tx, ids, person.school_id)
            return [Listed(one, await self._may_change(tx, person, one.scope, one.owner_id)) for one in found]

    async def see(self, person: Person, template_id: str) -> Sheet:
        """Return a template.

        Raises:
            Refused: `template_unknown`.
        """
        async with self._database.read() as tx:
            template = await self._seen(tx, person, template_id)
            tree = await _tree(tx, template)
            return Sheet(
                template,
                await self._may_change(tx, person, template.scope, template.owner_id),
                plain_text(tree),
                len(steps(tree)),
                await tables.versions_of(tx, template_id),
            )

    async def make(
        self, person: Person, plan_id: str, name: str, scope: Scope, group_id: str, *, with_text: bool
    ) -> Template:
        """Make a template of a plan.

        Args:
            person: who makes it.
            plan_id: the plan.
            name: what it is called.
            scope: who may use it.
            group_id: the group that it is for; of no matter for a school or the region.
            with_text: whether what is written in the plan goes into it, or only its layout.

        Raises:
            Refused: `field_invalid`, `plan_unknown`, `not_allowed`, `group_closed` or `templates_full`.
        """
        if not name.strip():
            raise field_invalid("name", "请给模板起个名字。")
        now = epoch_ms(self._clock())
        owner_id = {"group": group_id, "school": person.school_id or "", "region": ""}[scope]
        async with self._database.write() as tx:
            await self._require(tx, person, scope, owner_id)
            access = await plan_desk.require_in(tx, person, plan_id, Right.EXPORT)
            if await tables.count_of(tx, scope, owner_id) >= MAX_TEMPLATES:
                raise Refused("templates_full", f"这里已有 {MAX_TEMPLATES} 个模板。请先停用不再使用的。")
            template = Template(
                id=new_id(), scope=scope, owner_id=owner_id, name=name.strip(), subject=access.plan.subject, version=1,
                by=PersonRef(person.id, person.name), changed_ms=now,
            )  # fmt: skip
            await tables.add(tx, template)
            await self._store(tx, person, template, plan_id, with_text=with_text)
            data = {"name": template.name, "scope": scope}
            about = access.group.id if scope != "group" else group_id
            await self._activity.note(
                tx, "template.made", person.id, group_id=about, plan_id=plan_id, object_id=template.id, data=data
            )
        return template

    async def renew(self, person: Person, template_id: str, plan_id: str, *, with_text: bool) -> Template:
        """Make the next version of a template of another plan, or of the same as it is now.

        Raises:
            Refused: `template_unknown`, `plan_unknown`, `not_allowed` or `group_closed`.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            old = await self._seen(tx, person, template_id)
            await self._require(tx, person, old.scope, old.owner_id)
            access = await plan_desk.require_in(tx, person, plan_id, Right.EXPORT)
            new = msgspec.structs.replace(old, version=old.version + 1, changed_ms=now)
            await self._store(tx, person, new, plan_id, with_text=with_text)
            await tables.change(tx, template_id, version=new.version, changed_ms=now)
            data = {"name": new.name, "version": new.version}
            about = new.owner_id if new.scope == "group" else access.group.id
            await self._activity.note(
                tx, "template.version", person.id, group_id=about, plan_id=plan_id, object_id=new.id, data=data
            )
        return new

    async def retire(self, person: Person, template_id: str) -> None:
        """Offer a template no more; plans that were made of it stay as they are.

        Raises:
            Refused: `template_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            template = await self._seen(tx, person, template_id)
            await self._require(tx, person, template.scope, template.owner_id)
            await tables.change(tx, template_id, retired_ms=epoch_ms(self._clock()))
            about = template.owner_id if template.scope == "group" else ""
            data = {"name": template.name}
            await self._activity.note(
                tx, "template.retired", person.id, group_id=about, object_id=template_id, data=data
            )

    async def beginning(self, person: Person, template_id: str | None, previous_plan_id: str | None) -> Node | None:
        """Return what a new plan begins with: another plan's words, a template's, or None: the fields, empty.

        Raises:
            Refused: `template_unknown`, `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            if previous_plan_id is not None:
                await plan_desk.require_seen_in(tx, person, previous_plan_id)
                tree = await tree_of_plan(tx, previous_plan_id)
            elif template_id is not None:
                tree = await _tree(tx, await self._seen(tx, person, template_id))
            else:
                return None
        return with_step_ids(tree, [new_id() for _ in steps(tree)])

    async def _store(
        self, tx: Transaction, person: Person, template: Template, plan_id: str, *, with_text: bool
    ) -> None:
        tree = await tree_of_plan(tx, plan_id)
        packed = encode(tree if with_text else layout(tree))
        if len(packed) > MAX_TREE:
            raise field_invalid("plan_id", "这份教案太长，不适合做模板。可以只保留结构，不带内容。")
        await tables.add_version(tx, template.id, template.version, packed, person.id, epoch_ms(self._clock()))

    async def _seen(self, tx: Transaction, person: Person, template_id: str) -> Template:
        template = await tables.find(tx, template_id)
        if template is None or template.retired_ms is not None or not await self._sees(tx, person, template):
            raise Refused("template_unknown", "没有找到这个模板，它可能已经停用。")
        return template

    async def _sees(self, tx: Transaction, person: Person, template: Template) -> bool:
        if template.scope == "group":
            return Right.READ_PLAN in RIGHTS[await desk.role_in(tx, person, template.owner_id)]
        is_region = person.is_manager and person.school is None
        return template.scope == "region" or is_region or person.school_id == template.owner_id

    async def _may_change(self, tx: Transaction, person: Person, scope: Scope, owner_id: str) -> bool:
        if scope == "group":
            return Right.SHARE_TEMPLATE in RIGHTS[await desk.role_in(tx, person, owner_id)]
        if scope == "school":
            return bool(owner_id) and person.manages(owner_id)
        return person.is_manager and person.school is None

    async def _require(self, tx: Transaction, person: Person, scope: Scope, owner_id: str) -> None:
        """Pass when the person may share templates there."""
        if scope == "group":
            await desk.require_in(tx, person, owner_id, Right.SHARE_TEMPLATE)
        elif not await self._may_change(tx, person, scope, owner_id):
            whose = "学校的模板由学校管理员发布。" if scope == "school" else "全区的模板由区域管理员发布。"
            raise Refused("not_allowed", f"{whose}可以先共享给教研组。")


async def tree_of_plan(tx: Transaction, plan_id: str) -> Node:
    """Return a plan as it stands: what was acknowledged to its writers is stored."""
    stored = await storage.load(tx, plan_id)
    updates = [stored.blob, *(row.blob for row in stored.rows)]
    return read_tree(await asyncio.to_thread(document_of, updates))


async def _tree(tx: Transaction, template: Template) -> Node:
    packed = await tables.tree_of(tx, template.id, template.version)
    assert packed is not None, "a template is stored with its version"
    return decode(packed)
