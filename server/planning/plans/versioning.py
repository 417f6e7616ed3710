"""Versions of a plan: naming one, laying two side by side, bringing one back as a new edit, finalising.

A version is the whole document as one update, its words, and who wrote them; nothing of it is ever changed.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import msgspec
from pycrdt import Doc

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons.model import PersonRef
from server.planning.authorship.attribution import Attribution
from server.planning.authorship.origins import without_copies
from server.planning.document import Node, lines, plain_text, read_tree, write_tree
from server.planning.export.markdown import write_markdown
from server.planning.export.plan_paper import plan_paper
from server.planning.log import ActivityLog
from server.planning.plans import desk, papers, storage, tables
from server.planning.plans.batches import Batch
from server.planning.plans.compare import Change, compare
from server.planning.plans.core import PlanCore
from server.planning.plans.cutting import document_of
from server.planning.plans.model import PlanVersion, Version
from server.planning.plans.rewriting import rewrite
from server.planning.plans.rooms import PlanRooms
from server.planning.plans.wire import Close
from server.planning.rights import Right
from server.planning.search.keeping import plan_changed
from server.storage.database import Database, Transaction
from signaling.errors import Refused

MAX_VERSIONS = 500  # of one plan: each is some 100 kB


class _Taken(msgspec.Struct, frozen=True):
    """What is written at one moment."""

    tree: Node
    update: bytes
    runs: bytes

    @classmethod
    def of(cls, core: PlanCore) -> _Taken:
        return cls(read_tree(core.doc), core.doc.get_update(), core.attribution.encode())


class VersionService:
    """Versions of plans."""

    def __init__(self, database: Database, activity: ActivityLog, rooms: PlanRooms, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._rooms = rooms
        self._clock = clock

    # --- looking --------------------------------------------------------------------------------------------------

    async def listed(self, person: Person, plan_id: str) -> tuple[Version, ...]:
        """Return the versions that the person may see, the newest first.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            access = await desk.require_seen_in(tx, person, plan_id)
            return await papers.versions_of(tx, plan_id, only_final=not access.may(Right.READ_PLAN))

    async def see(self, person: Person, plan_id: str, number: int) -> PlanVersion:
        """Return a version with everything in it.

        Raises:
            Refused: `plan_unknown`, `version_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            access = await desk.require_seen_in(tx, person, plan_id)
            version = await papers.find_version(tx, plan_id, number)
        if not (version.is_final or access.may(Right.READ_PLAN)):
            raise Refused("not_allowed", "只有教研组的成员可以查看没有定稿的版本。")
        return version

    async def compared(self, person: Person, plan_id: str, number: int, other: int | None) -> list[Change]:
        """Return a version and another laid side by side, the older first; None: what is written now.

        Raises:
            Refused: `plan_unknown`, `version_unknown` or `not_allowed`.
        """
        before = await asyncio.to_thread(tree_of, (await self.see(person, plan_id, number)).update)
        if other is None:
            after = await self.tree_now(person, plan_id)
        else:
            after = await asyncio.to_thread(tree_of, (await self.see(person, plan_id, other)).update)
        if other is not None and other < number:
            before, after = after, before
        return await asyncio.to_thread(compare, lines(before), lines(after))

    async def tree_now(self, person: Person, plan_id: str) -> Node:
        """Return the plan as it is written now.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await desk.require_in(tx, person, plan_id, Right.READ_PLAN)
        async with self._rooms.using(plan_id) as room:
            return read_tree(room.core.doc)

    async def written(self, plan_id: str) -> dict[str, int]:
        """Return how many surviving characters each person wrote of what stands there now. Nothing is checked."""
        async with self._rooms.using(plan_id) as room:
            return {str(author): count for author, count in room.core.attribution.shares().items()}

    # --- making ---------------------------------------------------------------------------------------------------

    async def make(self, person: Person, plan_id: str, name: str, *, is_final: bool) -> Version:
        """Name what is written now; a final version closes the plan for writing until somebody begins a revision.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `group_closed`, `plan_state` or `versions_full`.
        """
        right = Right.FINALISE if is_final else Right.NAME_VERSION

        async def record(tx: Transaction, core: PlanCore) -> Version:
            access = await desk.require_open_in(tx, person, plan_id, right)
            version = await self._add(tx, person, access, _Taken.of(core), name, is_final=is_final)
            if is_final:
                plan, now = access.plan, epoch_ms(self._clock())
                final = msgspec.structs.replace(plan, state="finalised", revision=plan.revision + 1, changed_ms=now)
                await tables.save(tx, final, plan.revision)
            return version

        async with self._rooms.using(plan_id) as room:
            made = await room.command(record)
        if is_final:
            self._rooms.come_again(plan_id, "教案已定稿，正在切换为只读。")
        return made

    async def restore(self, person: Person, plan_id: str, number: int) -> Version:
        """Bring a version back as a new edit; what stood there until now becomes a version before. Return that.

        Raises:
            Refused: `plan_unknown`, `version_unknown`, `not_allowed`, `group_closed`, `plan_state` or `versions_full`.
        """
        async with self._database.read() as tx:
            await desk.require_open_in(tx, person, plan_id, Right.RESTORE)
            old = await papers.find_version(tx, plan_id, number)
        tree, lent = await asyncio.to_thread(_brought_back, old)

        taken: list[_Taken] = []

        def work(core: PlanCore) -> Batch | None:
            taken.append(_Taken.of(core))  # all that was written until this moment, and nothing of what comes
            return core.edit(person.id, lambda doc: rewrite(doc, tree), lent)

        async def record(tx: Transaction, core: PlanCore) -> Version:
            access = await desk.require_open_in(tx, person, plan_id, Right.RESTORE)
            before = await self._add(tx, person, access, taken[-1], f"恢复版本 {number} 之前", is_final=False)
            await plan_changed(tx, plan_id, plain_text(read_tree(core.doc)))
            data = {"title": access.plan.title, "number": number}
            group_id = access.group.id
            await self._activity.note(tx, "plan.restored", person.id, group_id=group_id, plan_id=plan_id, data=data)
            return before

        async with self._rooms.using(plan_id) as room:
            return await room.command(record, work, snapshot=True)

    async def renew(self, person: Person, plan_id: str) -> None:
        """Make the document anew with the same words and authors, without its history: for one that has its 5 MB.

        Copies of the old document do not fit it any more: the generation goes up, and their pages are told.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `group_closed`, `plan_state` or `versions_full`.
        """

        async def record(tx: Transaction, core: PlanCore) -> None:
            access = await desk.require_open_in(tx, person, plan_id, Right.MANAGE_PLAN)
            await self._add(tx, person, access, _Taken.of(core), "整理历史之前", is_final=False)
            anew = await asyncio.to_thread(update_of, read_tree(core.doc))
            await storage.compact(tx, plan_id, core.seq, anew, core.attribution.encode())
            plan = access.plan
            renewed = msgspec.structs.replace(plan, generation=plan.generation + 1, revision=plan.revision + 1)
            await tables.save(tx, renewed, plan.revision)

        async with self._rooms.using(plan_id) as room:
            await room.command(record, ends=(Close.GENERATION, "这份教案刚刚整理过历史，请刷新页面。"))

    async def _add(
        self, tx: Transaction, person: Person, access: desk.Access, taken: _Taken, name: str, *, is_final: bool
    ) -> Version:
        plan = access.plan
        number = await papers.last_number(tx, plan.id) + 1
        if number > MAX_VERSIONS:
            raise Refused("versions_full", f"一份教案最多 {MAX_VERSIONS} 个版本。")
        tree = taken.tree
        text, plain = await asyncio.to_thread(_words, tree, plan.title)
        version = PlanVersion(
            plan_id=plan.id,
            number=number,
            name=name.strip() or f"版本 {number}",
            by=PersonRef(person.id, person.name),
            made_ms=epoch_ms(self._clock()),
            is_final=is_final,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            characters=len("".join(plain.split())),
            text=text,
            update=taken.update,
            runs=await without_copies(tx, plan.id, taken.runs, plain),
        )
        await papers.add_version(tx, version)
        await plan_changed(tx, plan.id, plain, plain if is_final else None)
        kind = "plan.finalised" if is_final else "plan.version"
        data = {"title": plan.title, "number": number} | ({} if is_final else {"name": version.name})
        await self._activity.note(tx, kind, person.id, group_id=access.group.id, plan_id=plan.id, data=data)
        return version


def tree_of(update: bytes) -> Node:
    """Return the tree of a version."""
    return read_tree(document_of([update]))


def update_of(tree: Node) -> bytes:
    """Return a document that holds this tree, and no history, as an update."""
    doc: Doc[Any] = Doc()
    write_tree(doc, tree)
    return doc.get_update()


def _words(tree: Node, title: str) -> tuple[str, str]:
    """Return a version's words as Markdown and as plain text."""
    return write_markdown(plan_paper(tree, title, (), lambda _address: None)), plain_text(tree)


def _brought_back(version: PlanVersion) -> tuple[Node, Attribution]:
    tree = tree_of(version.update)
    return tree, Attribution.decode(version.runs, plain_text(tree))
