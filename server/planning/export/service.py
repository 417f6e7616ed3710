"""What is printed, gathered with the rights of who asks: plans and their versions, reviews, minutes, and cases."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.accounts.tables import people_by_id
from server.lessons.page_files import PageFiles
from server.planning.authorship.attribution import Attribution
from server.planning.credits.rules import day_of
from server.planning.document import Node, plain_text, read_tree, text_of, walk
from server.planning.export.bound import bind
from server.planning.export.markdown import write_markdown
from server.planning.export.minutes_paper import minutes_paper
from server.planning.export.paper import Paper
from server.planning.export.pdf import write_pdf
from server.planning.export.plan_paper import plan_paper
from server.planning.export.review_paper import review_paper
from server.planning.export.web_page import write_web_page
from server.planning.export.word import write_word
from server.planning.groups import desk as group_desk
from server.planning.log import ActivityLog
from server.planning.meetings.wiring import Meetings
from server.planning.plans import desk as plan_desk, storage
from server.planning.plans.cutting import document_of
from server.planning.plans.model import Plan
from server.planning.plans.tables import plan_pictures, plan_versions, plans
from server.planning.reviews.tables import reviews as review_table
from server.planning.reviews.wiring import Observing
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from signaling.errors import Refused, Unavailable

FOOTER = "同堂 云端教研坊"
MAX_CASES = 30  # plans in one collection: a term's; a paper of more is not read
MAX_PICTURES_BYTES = 60 << 20  # of one paper
WAIT_S = 30.0  # for a turn: papers are made one after the other, each keeps a core busy for about a second
WRITERS: dict[str, tuple[str, Callable[[Paper], bytes]]] = {
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", write_word),
    "pdf": ("application/pdf", write_pdf),
    "md": ("text/markdown; charset=utf-8", lambda paper: write_markdown(paper).encode()),
    "html": ("text/html; charset=utf-8", lambda paper: write_web_page(paper).encode()),
}
_PICTURE = re.compile(r"/pictures/([0-9a-f]{64})$")


class Gathered(msgspec.Struct, frozen=True):
    """A plan as it is to be printed."""

    plan: Plan
    number: int  # of the version; 0: as it stands
    made_ms: int
    tree: Node
    writers: tuple[str, ...]
    pictures: Mapping[str, bytes]  # by their address in the tree


class ExportService:
    """Makes papers of what the workshop holds."""

    def __init__(
        self,
        database: Database,
        activity: ActivityLog,
        observing: Observing,
        meetings: Meetings,
        pictures: PageFiles,
        zone: ZoneInfo,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._activity = activity
        self._observing = observing
        self._meetings = meetings
        self._pictures = pictures
        self._zone = zone
        self._clock = clock
        self._turn = asyncio.Semaphore(1)

    async def write(self, paper: Paper, form: str) -> bytes:
        """Return the paper as a file of this form, one of `WRITERS`.

        Raises:
            Unavailable: `export_busy`.
        """
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable("export_busy", "现在导出的人较多，请过一分钟再试。") from error
        try:
            return await asyncio.to_thread(WRITERS[form][1], paper)
        finally:
            self._turn.release()

    async def plan(self, person: Person, plan_id: str, number: int, kind: str) -> Paper:
        """Return a plan as a paper, and note that it was taken out.

        Args:
            person: who asks.
            plan_id: the plan.
            number: of a version; 0: as it stands, or for somebody outside the group its last final version.
            kind: of the file, for the log.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, or `version_unknown`.
        """
        async with self._database.read() as tx:
            access = await plan_desk.access_in(tx, person, plan_id)
            if not access.may(Right.READ_PLAN):
                if not access.may(Right.READ_FINAL):
                    raise Refused("plan_unknown", "没有找到这份教案，或您不能查看它。")
                number = await _last_final(tx, plan_id, number)
            elif not access.may(Right.EXPORT):
                raise Refused("not_allowed", group_desk.detail_of(Right.EXPORT))
            if not number and not access.plan.is_open:  # nobody can have changed it since
                number = await _final_number(tx, plan_id)
            found = await self._gather(tx, access.plan, number)
        async with self._database.write() as tx:
            await self._activity.note(
                tx, "plan.exported", person.id, group_id=found.plan.group_id, plan_id=plan_id,
                data={"title": found.plan.title, "format": kind},
            )  # fmt: skip
        return self._plan_paper(found)

    async def review(self, person: Person, review_id: str) -> Paper:
        """Return a review that is open as a paper.

        Raises:
            Refused: `review_unknown`, `not_allowed`, or `review_state` while it is blind.
        """
        sheet = await self._observing.reviews.see(person, review_id)
        if not sheet.access.review.is_open:
            raise Refused("review_state", "评课还没有公开，公开以后可以导出。")
        items = await self._observing.notes.of_review(person, review_id)
        return review_paper(sheet.access.review, sheet.raters, sheet.notes, sheet.agreement, items, self._zone, FOOTER)

    async def minutes(self, person: Person, meeting_id: str) -> Paper:
        """Return a meeting as a paper.

        Raises:
            Refused: `meeting_unknown`, or `not_allowed`.
        """
        shown = await self._meetings.service.see(person, meeting_id)
        return minutes_paper(shown, self._zone, day_of(epoch_ms(self._clock()), self._zone), FOOTER)

    async def cases(self, person: Person, group_id: str, plan_ids: Sequence[str]) -> Paper:
        """Return a group's final plans, each with the open reviews of its lessons, as one paper.

        Args:
            person: who asks.
            group_id: the group.
            plan_ids: which of its plans, in this order; none: all that are final, the oldest first.

        Raises:
            Refused: `group_unknown`, `not_allowed`, `plan_unknown`, or `cases_none`.
        """
        async with self._database.read() as tx:
            access = await group_desk.require_in(tx, person, group_id, Right.EXPORT)
            mine = plans.c.group_id == group_id
            rows = (await tx.execute(select(plans.c.id).where(mine).order_by(plans.c.created_ms))).scalars()
            known = list(rows)
            finals = [(one, await _final_number(tx, one)) for one in plan_ids or known if one in known]
            chosen = [(one, number) for one, number in finals if number][:MAX_CASES]
            if not chosen:
                raise Refused("cases_none", "还没有定稿的教案可以编入案例集。请先定稿。")
            found = [
                (await self._gather(tx, (await plan_desk.access_in(tx, person, one)).plan, number))
                for one, number in chosen
            ]
            reviews = {one: await _open_reviews(tx, one) for one, _ in chosen}
        parts = []
        for gathered in found:
            papers = [self._plan_paper(gathered)]
            for one in reviews[gathered.plan.id]:
                with suppress(Refused):  # a recording that this person may not watch: its review stays out
                    papers.append(await self.review(person, one))
            parts.append(tuple(papers))
        facts = (access.group.name, day_of(epoch_ms(self._clock()), self._zone))
        return bind(f"{access.group.name}案例集", facts, parts, FOOTER)

    async def _gather(self, tx: Transaction, plan: Plan, number: int) -> Gathered:
        if number:
            wanted = (plan_versions.c.plan_id == plan.id) & (plan_versions.c.number == number)
            row = (await tx.execute(select(plan_versions).where(wanted))).first()
            if row is None:
                raise Refused("version_unknown", "没有找到这个版本。")
            updates = [row.blob]
            runs, made_ms = row.runs, row.made_ms
        else:
            stored = await storage.load(tx, plan.id)
            updates = [stored.blob, *(update.blob for update in stored.rows)]
            runs, made_ms = b"" if stored.rows else stored.runs, plan.changed_ms
        tree = read_tree(await asyncio.to_thread(document_of, updates))
        writers = await _writers(tx, runs, plain_text(tree))
        return Gathered(plan, number, made_ms, tree, writers, await self._shown(tx, plan.id, tree))

    async def _shown(self, tx: Transaction, plan_id: str, tree: Node) -> dict[str, bytes]:
        """Return the pictures of the plan: its own, never what an address written into it points at."""
        rows = await tx.execute(select(plan_pictures.c.sha256).where(plan_pictures.c.plan_id == plan_id))
        own = set(rows.scalars())
        found: dict[str, bytes] = {}
        left = MAX_PICTURES_BYTES
        for node in walk(tree):
            src = text_of(node.attrs.get("src")) if node.kind == "image" else ""
            name = _PICTURE.search(src)
            if name is None or name[1] not in own or src in found:
                continue
            path = self._pictures.path(name[1])
            if path.exists() and path.stat().st_size <= left:
                found[src] = path.read_bytes()
                left -= len(found[src])
        return found

    def _plan_paper(self, found: Gathered) -> Paper:
        plan = found.plan
        about = " · ".join(one for one in (plan.subject, plan.grade, plan.edition) if one)
        people = f"主备：{plan.lead.name}"
        others = [one for one in found.writers if one != plan.lead.name]
        if others:
            people += f"　协同：{'、'.join(others)}"
        version = f"第 {found.number} 版" if found.number else "草稿"
        facts = tuple(one for one in (about, people, f"{version}　{day_of(found.made_ms, self._zone)}") if one)
        return plan_paper(found.tree, plan.title, facts, found.pictures.get, FOOTER)


async def _writers(tx: Transaction, runs: bytes, text: str) -> tuple[str, ...]:
    if not runs:
        return ()
    counts = Attribution.decode(runs, text).shares()
    known = await people_by_id(tx, [str(one) for one in counts])
    ordered = sorted(counts, key=lambda one: -counts[one])
    return tuple(known[str(one)].name for one in ordered if str(one) in known)


async def _last_final(tx: Transaction, plan_id: str, number: int) -> int:
    last = await _final_number(tx, plan_id, number)
    if not last:
        raise Refused("plan_unknown", "没有找到这份教案，或您不能查看它。")
    return last


async def _final_number(tx: Transaction, plan_id: str, number: int = 0) -> int:
    """Return the number of the last final version, or `number` when that one is final; 0: there is none."""
    query = select(plan_versions.c.number).where(plan_versions.c.plan_id == plan_id, plan_versions.c.is_final)
    numbers = sorted((await tx.execute(query)).scalars())
    if number:
        return number if number in numbers else 0
    return numbers[-1] if numbers else 0


async def _open_reviews(tx: Transaction, plan_id: str) -> list[str]:
    query = select(review_table.c.id).where(review_table.c.plan_id == plan_id, review_table.c.opened_ms.is_not(None))
    return list((await tx.execute(query.order_by(review_table.c.begun_ms))).scalars())
