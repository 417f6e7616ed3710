"""Comments and suggestions on a plan: made, answered, settled; a suggestion that is accepted is an edit by its author.

A comment's anchor is a pair of Yjs positions with the words between them. Browsers find it in their own document; the
server finds it when it must change the words, or when somebody asks for comments without a document.
"""

from __future__ import annotations

import asyncio

import msgspec

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.log import ActivityLog
from server.planning.plans import desk, papers, places
from server.planning.plans.batches import Batch
from server.planning.plans.core import PlanCore
from server.planning.plans.cutting import LARGE_BYTES
from server.planning.plans.mentions import tell_in
from server.planning.plans.model import Anchor, Comment, CommentKind, Reply
from server.planning.plans.rooms import PlanRooms
from server.planning.rights import Right, require
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused, Unavailable

MAX_COMMENTS = 2_000
MAX_REPLIES = 100


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in a new comment."""

    kind: CommentKind
    text: str
    anchor: Anchor | None
    replacement: str | None
    mentions: tuple[str, ...] = ()  # ids of whom it names


class RemarkService:
    """Comments on plans."""

    def __init__(self, database: Database, activity: ActivityLog, rooms: PlanRooms, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._rooms = rooms
        self._clock = clock

    async def listed(self, person: Person, plan_id: str) -> tuple[Comment, ...]:
        """Return a plan's comments, the oldest first.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await desk.require_in(tx, person, plan_id, Right.READ_PLAN)
            return await papers.comments_of(tx, plan_id)

    async def placed(self, plan_id: str, comments: tuple[Comment, ...]) -> dict[str, places.Found]:
        """Return where comments stand now, by id. Nothing is checked."""
        anchored = [one for one in comments if one.anchor is not None]
        if not anchored:
            return {}
        async with self._rooms.using(plan_id) as room:
            update = room.core.doc.get_update()
        found = await asyncio.to_thread(places.find, update, [one.anchor for one in anchored if one.anchor])
        return {one.id: place for one, place in zip(anchored, found, strict=True)}

    async def add(self, person: Person, plan_id: str, remark: Remark) -> Comment:
        """Add a comment or a suggestion.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `group_closed`, `comments_full` or `field_invalid`.
        """
        if remark.kind == "suggestion" and (remark.replacement is None or remark.anchor is None):
            raise field_invalid("replacement", "建议需要选中一段文字，并写出改成什么。")
        if remark.kind == "comment" and not remark.text.strip():
            raise field_invalid("text", "不能为空。")
        now = epoch_ms(self._clock())
        comment = Comment(
            id=new_id(),
            plan_id=plan_id,
            kind=remark.kind,
            by=PersonRef(person.id, person.name),
            text=remark.text.strip(),
            anchor=remark.anchor,
            replacement=remark.replacement if remark.kind == "suggestion" else None,
            made_ms=now,
        )
        async with self._database.write() as tx:
            access = await desk.require_in(tx, person, plan_id, Right.COMMENT)
            if await papers.count_comments(tx, plan_id) >= MAX_COMMENTS:
                raise Refused("comments_full", f"一份教案最多 {MAX_COMMENTS} 条评论，请先删除旧的。")
            await papers.add_comment(tx, comment)
            quote = remark.anchor.quote if remark.anchor else ""
            data = {"title": access.plan.title, "kind": remark.kind, "quote": quote}
            await self._note(tx, "comment.made", person, access, comment.id, data)
            await tell_in(tx, self._activity, person, access, remark.mentions, "comment", comment.text)
        return comment

    async def reply(
        self, person: Person, plan_id: str, comment_id: str, text: str, mentions: tuple[str, ...] = ()
    ) -> Comment:
        """Answer a comment.

        Raises:
            Refused: `comment_unknown`, `not_allowed`, `group_closed`, `comments_full` or `field_invalid`.
        """
        if not text.strip():
            raise field_invalid("text", "不能为空。")
        async with self._database.write() as tx:
            access = await desk.require_in(tx, person, plan_id, Right.COMMENT)
            comment = await papers.find_comment(tx, plan_id, comment_id)
            if len(comment.replies) >= MAX_REPLIES:
                raise Refused("comments_full", f"一条评论最多 {MAX_REPLIES} 条回复。")
            reply = Reply(new_id(), PersonRef(person.id, person.name), text.strip(), epoch_ms(self._clock()))
            await papers.add_reply(tx, comment_id, reply)
            await tell_in(tx, self._activity, person, access, mentions, "comment", reply.text)
            return await papers.find_comment(tx, plan_id, comment_id)

    async def settle(self, person: Person, plan_id: str, comment_id: str, *, is_resolved: bool) -> Comment:
        """Resolve a comment, decline a suggestion, or open it again: one's own, or as a member anybody's.

        Raises:
            Refused: `comment_unknown`, `comment_state`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            access, comment = await self._mine_or(tx, person, plan_id, comment_id, Right.RESOLVE_COMMENT)
            if comment.outcome == "accepted":
                raise Refused("comment_state", "这条建议已经采纳。要改回去，请直接修改教案。")
            if is_resolved:
                outcome = "declined" if comment.kind == "suggestion" else ""
                await papers.settle_comment(tx, comment_id, person.id, epoch_ms(self._clock()), outcome)
                data = {"title": access.plan.title}
                await self._note(tx, "comment.resolved", person, access, comment_id, data)
            else:
                await papers.settle_comment(tx, comment_id, None, None)
            return await papers.find_comment(tx, plan_id, comment_id)

    async def accept(self, person: Person, plan_id: str, comment_id: str) -> Comment:
        """Put a suggestion's words into the plan, as an edit of whoever suggested them.

        Raises:
            Refused: `comment_unknown`, `comment_state`, `anchor_lost`, `anchor_crosses`, `not_allowed`, `group_closed`
                or `plan_state`.
            Unavailable: `plan_busy`.
        """
        async with self._database.read() as tx:
            await desk.require_open_in(tx, person, plan_id, Right.RESOLVE_COMMENT)
            comment = await papers.find_comment(tx, plan_id, comment_id)
        if comment.kind != "suggestion" or comment.anchor is None or comment.replacement is None or comment.resolved_ms:
            raise Refused("comment_state", "这条建议已经处理过，请刷新页面。")
        anchor, words = comment.anchor, comment.replacement
        looked: dict[int, places.Found] = {}  # by the number of the document's last update

        def work(core: PlanCore) -> Batch | None:
            place = looked.get(core.seq)
            if place is None:  # somebody wrote since
                update = core.doc.get_update()
                if len(update) > LARGE_BYTES:
                    raise Unavailable("plan_busy", "这份教案很大，正有人在写，请稍后再采纳。")
                place = places.find(update, [anchor])[0]
            there = _replaceable(place, anchor)
            return core.edit(comment.by.id, lambda doc: places.replace(doc, there, words))

        async def record(tx: Transaction, core: PlanCore) -> None:
            access = await desk.require_open_in(tx, person, plan_id, Right.RESOLVE_COMMENT)
            if (await papers.find_comment(tx, plan_id, comment_id)).resolved_ms is not None:
                raise Refused("comment_state", "这条建议已经处理过，请刷新页面。")
            await papers.settle_comment(tx, comment_id, person.id, epoch_ms(self._clock()), "accepted")
            data = {"title": access.plan.title, "person": comment.by.id}
            await self._note(tx, "suggestion.accepted", person, access, comment_id, data)

        async with self._rooms.using(plan_id) as room:
            seq, update = room.core.seq, room.core.doc.get_update()
            looked[seq] = (await asyncio.to_thread(places.find, update, [anchor]))[0]
            await room.command(record, work)
        async with self._database.read() as tx:
            return await papers.find_comment(tx, plan_id, comment_id)

    async def remove(self, person: Person, plan_id: str, comment_id: str) -> None:
        """Delete a comment with its answers: one's own, or as the plan's lead anybody's.

        Raises:
            Refused: `comment_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            await self._mine_or(tx, person, plan_id, comment_id, Right.MANAGE_PLAN)
            await papers.remove_comment(tx, comment_id)

    async def _mine_or(
        self, tx: Transaction, person: Person, plan_id: str, comment_id: str, right: Right
    ) -> tuple[desk.Access, Comment]:
        access = await desk.require_in(tx, person, plan_id, Right.COMMENT)
        comment = await papers.find_comment(tx, plan_id, comment_id)
        if comment.by.id != person.id:
            require(access.role, right, "这是别人的评论，您没有处理它的权限。", is_closed=access.group.is_closed)
        return access, comment

    async def _note(
        self, tx: Transaction, kind: str, person: Person, access: desk.Access, comment_id: str, data: dict[str, str]
    ) -> None:
        plan = access.plan
        await self._activity.note(
            tx, kind, person.id, group_id=plan.group_id, plan_id=plan.id, object_id=comment_id, data=data
        )


def _replaceable(place: places.Found, anchor: Anchor) -> places.Found:
    """Return the place when a suggestion can be accepted there.

    Raises:
        Refused: `anchor_lost` or `anchor_crosses`.
    """
    if place.crosses:
        raise Refused("anchor_crosses", "这条建议跨了表格、列表、环节或公式，不能整段替换。请对照原文手动修改。")
    if place.state == "lost" or place.words != anchor.quote:
        raise Refused("anchor_lost", "建议所指的文字已经改动或删除，请对照原文手动修改。")
    return place
