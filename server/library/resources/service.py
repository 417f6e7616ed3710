"""The rules of resources: making, editing, publishing, withdrawing and finding them.

`reviewing.py` has the reviewers' side, `consenting.py` that of whoever is seen and heard, `material.py` the files.
"""

from __future__ import annotations

from typing import Any

import msgspec

from server.accounts.model import Asker, Person, SchoolRef
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import Lesson, PersonRef
from server.library.resources import desk, life, papers, tables
from server.library.resources.finding import View, Wanted, find
from server.library.resources.leaving import Missing, leaving_names, missing
from server.library.resources.life import Part, Step
from server.library.resources.model import (
    WHOLE_BP,
    Audience,
    Consents,
    Contributor,
    FileEntry,
    Kind,
    Metadata,
    Resource,
    Version,
)
from server.library.resources.tables import resources
from server.planning.search.keeping import resource_changed
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_OPEN_DRAFTS = 100  # of uploaded material, of one person


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a resource that its page shows to one person."""

    resource: Resource
    published: Resource | None
    files: tuple[FileEntry, ...]
    consents: Consents
    stays: tuple[Missing, ...]  # why which files would not go to the audience of the work
    notes: tuple[papers.Note, ...]
    reviews: tuple[papers.Review, ...]
    versions: tuple[Version, ...]
    lesson: Lesson | None
    parts: frozenset[Part]
    is_work: bool  # whether the person sees the working version, or only what is published


class HandOut(msgspec.Struct, frozen=True):
    """What of a resource may be handed out to an audience now."""

    resource: Resource  # as it was published
    files: tuple[FileEntry, ...]


class ResourceService:
    """Resources."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    # --- for whoever hands out ------------------------------------------------------------------------------------

    async def published(self, resource_id: str) -> Resource | None:
        """Return what is handed out of the resource, as it was published; None: nothing."""
        async with self._database.read() as tx:
            return await desk.published(tx, resource_id)

    async def of_recording(self, recording_id: str) -> Resource | None:
        """Return the working version of the recording's resource."""
        async with self._database.read() as tx:
            return await tables.of_recording(tx, recording_id)

    async def consents(self, resource_id: str) -> Consents:
        """Return who is in the resource, and the consents that there are."""
        async with self._database.read() as tx:
            resource = await tables.find(tx, resource_id)
            return Consents() if resource is None else await desk.consents_of(tx, resource)

    async def hand_out(self, resource_id: str, to: Audience) -> HandOut | None:
        """Return what may go to an audience now: files that were published, and whose consents still stand.

        A file that was left out when its version was published stays out until the next version, whatever was
        consented to since. None: nothing of it is handed out.
        """
        async with self._database.read() as tx:
            resource = await desk.published(tx, resource_id)
            if resource is None:
                return None
            files = await papers.files_of(tx, resource.id, resource.version)
            names = leaving_names(files, await desk.consents_of(tx, resource), to)
        return HandOut(resource, tuple(one for one in files if one.name in names))

    # --- people ---------------------------------------------------------------------------------------------------

    async def listed(
        self, asker: Asker, view: View, *, subject: str, grade: str, tier: str, words: str, start: int
    ) -> list[Resource]:
        """Return up to `PAGE` resources of a list, from the `start`th.

        Raises:
            Refused: `not_logged_in` for any but what is published.
        """
        wanted = Wanted(subject, grade, tier, words, start)
        async with self._database.read() as tx:
            return await find(tx, asker, view, wanted)

    async def see(self, asker: Asker, resource_id: str) -> Sheet:
        """Return the resource as far as it is the asker's business.

        Raises:
            Refused: `resource_unknown`.
        """
        async with self._database.read() as tx:
            work = await tables.find(tx, resource_id)
            if work is not None and asker.person is not None and await desk.may_see_work(tx, asker.person, work):
                return await self._sheet(tx, asker.person, work)
            shown = await desk.require_published(tx, asker, resource_id)
            files = await papers.files_of(tx, shown.id, shown.version)
            consents = await desk.consents_of(tx, shown)
            lesson = await desk.lesson_of(tx, shown)
        names = leaving_names(files, consents, shown.audience)
        return Sheet(
            resource=shown,
            published=shown,
            files=tuple(one for one in files if one.name in names),
            consents=Consents(),
            stays=(),
            notes=(),
            reviews=(),
            versions=(),
            lesson=lesson,
            parts=frozenset(),
            is_work=False,
        )

    async def _sheet(self, tx: Transaction, person: Person, work: Resource) -> Sheet:
        files, consents = await desk.files_now(tx, work), await desk.consents_of(tx, work)
        return Sheet(
            resource=work,
            published=await desk.published(tx, work.id),
            files=files,
            consents=consents,
            stays=tuple(why for one in files for why in missing(one, consents, work.audience)),
            notes=await papers.notes_of(tx, work.id),
            reviews=await papers.reviews_of(tx, work.id),
            versions=await papers.versions_of(tx, work.id),
            lesson=await desk.lesson_of(tx, work),
            parts=life.parts(person, work),
            is_work=True,
        )

    async def make(self, person: Person, kind: Kind, title: str) -> Resource:
        """Make an empty draft of material that will be uploaded.

        Raises:
            Refused: `field_invalid`, `not_allowed` or `resources_full`.
        """
        if kind == "lesson":
            raise field_invalid("kind", "课堂实录和会议实录由录像自动生成，不用新建。")
        if person.school is None:
            raise Refused("not_allowed", "资源属于学校，请用学校教师的账号上传。")
        now, school = epoch_ms(self._clock()), SchoolRef(person.school.id, person.school.name)
        whole = Contributor(person.name, "author", WHOLE_BP, school.name, person.id)
        resource = Resource(
            id=new_id(), kind=kind, school=school, owner=PersonRef(person.id, person.name), state="draft", version=1,
            title=title.strip() or "未命名", subject="其他", grade="不分年级", contributors=(whole,), created_ms=now,
            changed_ms=now,
        )  # fmt: skip
        async with self._database.write() as tx:
            own = (resources.c.owner_id == person.id) & (resources.c.kind != "lesson") & (resources.c.state == "draft")
            if len(await tables.where(tx, own, MAX_OPEN_DRAFTS)) >= MAX_OPEN_DRAFTS:
                raise Refused("resources_full", f"您有 {MAX_OPEN_DRAFTS} 份草稿还没有提交。请先提交或删除一些。")
            await tables.add_resource(tx, resource)
        return resource

    async def edit(self, person: Person, resource_id: str, revision: int, meta: Metadata) -> Resource:
        """Replace the metadata of the work.

        Raises:
            Refused: `field_invalid`, or what `desk.take` raises.
        """
        check(meta)
        async with self._database.write() as tx:
            resource, _ = await desk.take(tx, person, resource_id, Step.EDIT, revision)
            if person.id != resource.owner.id and person.id not in {one.person_id for one in meta.contributors}:
                held = life.parts(person, resource)
                if Part.MANAGER not in held:
                    raise field_invalid("contributors", "不能把自己从参与者里去掉。请让作者来改。")
            told = {name: getattr(meta, name) for name in Metadata.__struct_fields__}
            return await self._store(tx, resource, **told)

    async def submit(self, person: Person, resource_id: str, revision: int) -> Resource:
        """Hand the work in for review.

        Raises:
            Refused: `field_invalid`, `notes_open`, or what `desk.take` raises.
        """
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, Step.SUBMIT, revision)
            check(resource)
            if not await desk.files_now(tx, resource):
                raise field_invalid("files", "还没有文件。请先上传，再提交。")
            notes = await papers.notes_of(tx, resource_id)
            if left := sum(1 for note in notes if note.resolved_ms is None):
                raise Refused("notes_open", f"还有 {left} 条审核意见没有处理。请逐条处理后再提交。")
            return await self._store(tx, resource, state=state)

    async def step(self, person: Person, resource_id: str, revision: int, step: Step) -> Resource:
        """Take back what was handed in (`RECALL`), or begin the next version (`REVISE`).

        Raises:
            Refused: what `desk.take` raises.
        """
        assert step in (Step.RECALL, Step.REVISE), "the others have methods of their own"
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, step, revision)
            version = await papers.last_version(tx, resource_id) + 1
            return await self._store(tx, resource, state=state, version=version, reason="")

    async def publish(self, person: Person, resource_id: str, revision: int) -> Resource:
        """Publish the version that was approved, without the files whose consents are missing.

        Raises:
            Refused: `nothing_leaves`, or what `desk.take` raises.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, Step.PUBLISH, revision)
            files = await desk.files_now(tx, resource)
            names = leaving_names(files, await desk.consents_of(tx, resource), resource.audience)
            if not names:
                raise Refused("nothing_leaves", "每个文件都缺少出镜人的同意，没有内容可以发布。请先补齐同意书。")
            kept = tuple(one for one in files if one.name in names)
            await papers.add_version(tx, resource, person.id, kept, now)
            saved = await self._store(tx, resource, state=state, published=resource.version)
            await resource_changed(tx, saved.id)
            return msgspec.structs.replace(saved, published_ms=now)

    async def withdraw(self, person: Person, resource_id: str, reason: str) -> Resource:
        """Take the resource from everybody at once; what is being edited stays.

        Raises:
            Refused: what `desk.take` raises.
        """
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, Step.WITHDRAW, None)
            left = await self._store(tx, resource, state=state, published=0, reason=reason.strip(), reviewer=None)
            await resource_changed(tx, left.id)
            return left

    async def discard(self, person: Person, resource_id: str, revision: int) -> None:
        """Forget a draft that was never published; its files are cleared away by and by.

        Raises:
            Refused: what `desk.take` raises.
        """
        async with self._database.write() as tx:
            await desk.take(tx, person, resource_id, Step.DISCARD, revision)
            await papers.remove_resource(tx, resource_id)

    async def _store(self, tx: Transaction, resource: Resource, **changes: Any) -> Resource:
        return await store(tx, resource, epoch_ms(self._clock()), **changes)


async def store(tx: Transaction, resource: Resource, now_ms: int, **changes: Any) -> Resource:
    """Store the resource with these changes.

    Raises:
        Refused: `resource_changed`.
    """
    state = changes.get("state", resource.state)
    if state != "in_review":
        changes["reviewer"] = None
    return await tables.save(tx, msgspec.structs.replace(resource, changed_ms=now_ms, **changes))


def check(meta: Metadata) -> None:
    """Pass when the metadata agrees with itself.

    Raises:
        FieldInvalid: shares do not add up, somebody stands there twice, or licence and flow contradict each other.
    """
    if not meta.title.strip():
        raise field_invalid("title", "请写上标题。")
    if not meta.contributors:
        raise field_invalid("contributors", "至少要有一位参与者。")
    total = sum(one.share_bp for one in meta.contributors)
    if total != WHOLE_BP:
        raise field_invalid("contributors", f"份额加起来是 {total / 100:g}%，应为 100%。")
    if len({(one.name, one.school, one.role) for one in meta.contributors}) < len(meta.contributors):
        raise field_invalid("contributors", "同一个人以同样的角色写了两次。")
    if meta.flow == "paid" and meta.licence != "all-rights-reserved":
        raise field_invalid("licence", "“有偿使用”要选“保留所有权利”：其他许可都允许别人免费使用。")
    if meta.flow != "paid" and meta.licence == "all-rights-reserved" and meta.audience == "public":
        raise field_invalid("licence", "向所有人公开的资源，要选一种允许别人使用的许可。")
