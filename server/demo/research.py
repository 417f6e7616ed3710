"""The demonstration's research workshop: a group of all four schools, two plans, a calendar and how it came about.

Made once, where the group is missing. Everything goes through the services that people use, at moments of the last
weeks, so that the log tells a story and figures have something to count; what an author wrote is theirs.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Person
from server.accounts.service import epoch_ms
from server.demo.research_words import REFRACTION, SOUND, Stage, trees
from server.demo.seed import LECTURER, Demo
from server.lessons.model import PersonRef
from server.planning.authorship.attribution import counted
from server.planning.calendar.model import Draft
from server.planning.calendar.service import GatheringService
from server.planning.document import Node, plain_text, read_tree
from server.planning.export.markdown import write_markdown
from server.planning.export.plan_paper import plan_paper
from server.planning.groups.joining import JoiningService
from server.planning.groups.model import Kind, MemberRole
from server.planning.groups.service import GroupService
from server.planning.log import ActivityLog
from server.planning.plans import papers, tables
from server.planning.plans.core import PlanCore
from server.planning.plans.model import Comment, Plan, PlanVersion, Task
from server.planning.plans.rewriting import rewrite
from server.planning.plans.room import Work
from server.planning.plans.rooms import PlanRooms
from server.planning.plans.service import Cover, PlanService
from server.planning.templates.service import TemplateService
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

log = logging.getLogger("tongtang.demo")

GROUP, STUDIO = "云岭小学科学教研组", "周明远名师工作室"
LEAD = "lin"
_MEMBERS: tuple[tuple[str, MemberRole], ...] = (
    ("he", "member"),
    ("yang", "member"),
    ("ma", "member"),
    ("zhao", "guest"),
)
_WEEKDAY, _HOUR, _MINUTE = 2, 15, 30  # Wednesdays after the last lesson: 无会日 of the four schools
_LAST_SESSION = _WEEKDAY - 7  # days from this week's Monday
_GRADE, _EDITION = "五年级", "教科版"


@dataclass
class _Then:
    """A clock that the story sets forward."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class ResearchStory:
    """Tells the story of the demonstration's group.

    Args:
        database: where it is kept.
        demo: whose people act.
        rooms: through which plans are written.
        zone: of the clocks on the walls.
        today: when the story ends.
    """

    database: Database
    demo: Demo
    rooms: PlanRooms
    zone: ZoneInfo
    today: datetime
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._then = _Then(self.today)
        self._activity = ActivityLog(self.database, self._then)
        self._groups = GroupService(self.database, self._activity, self._then)
        self._joining = JoiningService(self.database, self._activity, self._then)
        self._gatherings = GatheringService(self.database, self._activity, self.zone, self._then)
        self._templates = TemplateService(self.database, self._activity, self._then)
        self._plans = PlanService(self.database, self._activity, self.rooms, self._then)

    async def tell(self) -> None:
        """Make the group and everything in it, unless it is there."""
        self.people = {name: await self.demo.account(name) for name in (LEAD, LECTURER, *dict(_MEMBERS))}
        if any(one.group.name == GROUP for one in await self._groups.mine(self.people[LEAD])):
            return
        try:
            await self._tell()
        except Refused as refused:  # a visitor has used something up that this needs
            log.warning("演示教研组没有建成：%s", refused.detail)

    async def _tell(self) -> None:
        self._on(-19)
        group = await self._found(GROUP, LEAD, "jiaoyanzu", _MEMBERS)
        self._on(-18)
        for name in ("he", "yang", "zhao"):  # one is still to agree: her page asks her
            await self._groups.confirm(self.people[name], group, 1)
        self._on(-17)
        plan = await self._write(group, "光的折射", "he", REFRACTION)
        self._on(-15)
        await self._arrange(group, plan)
        await self._discuss(group, plan)
        self._on(_LAST_SESSION, 16, 25)
        await self._version(plan, "he", "集体备课后")
        self._on(-3, 10, 10)
        await self._version(plan, "he", "定稿", is_final=True)
        self._on(-3, 10, 30)
        await self._templates.make(self.people["he"], plan, "探究实验课", "group", group, with_text=False)
        self._on(-3, 16, 0)
        draft = await self._write(group, "声音是怎样产生的", LEAD, SOUND)
        self._on(-3, 16, 40)
        await self._assign(group, draft)
        self._on(-2)
        await self._found(STUDIO, LECTURER, "mingshi", (("yang", "member"),), asked=(LEAD,))

    # --- the group ------------------------------------------------------------------------------------------------

    async def _found(
        self,
        name: str,
        lead: str,
        kind: Kind,
        members: tuple[tuple[str, MemberRole], ...],
        *,
        asked: tuple[str, ...] = (),
    ) -> str:
        leader = self.people[lead]
        group = await self._groups.make(leader, kind, name, "科学", "小学")
        for member, role in members:
            one = self.people[member]
            invitation = await self._joining.invite(leader, group.id, one.id, role, "一起备课，欢迎加入！")
            await self._joining.answer(one, invitation.id, accepts=True)
        for member in asked:
            await self._joining.invite(leader, group.id, self.people[member].id, "member", "想请您讲讲大单元教学。")
        return group.id

    async def _arrange(self, group: str, plan: str) -> None:
        at = self._moment(_WEEKDAY, _HOUR, _MINUTE)

        def draft(kind: str, title: str, starts: datetime, **more: object) -> Draft:
            told = {"kind": kind, "title": title, "starts_ms": epoch_ms(starts)} | more
            return msgspec.convert(told, Draft)

        lead, he = self.people[LEAD], self.people["he"]
        weekly = draft("planning", "每周集体备课", at - timedelta(days=7), minutes=60, plan_id=plan)
        made = await self._gatherings.plan(lead, group, weekly, 8)
        observing = draft(
            "observing", "听课：光的折射", at + timedelta(days=1, hours=-5), minutes=50, place="河口小学五年级"
        )
        seen = await self._gatherings.plan(he, group, observing)
        talk = draft("talk", "讲座：让乡村孩子看得见的光学实验", at + timedelta(days=2, hours=-1), note="赵敏老师主讲")
        await self._gatherings.plan(lead, group, talk)
        conference = draft("conference", "四校联席会议：下学期结对安排", at + timedelta(days=8), place="线上")
        await self._gatherings.plan(lead, group, conference)
        for name, gathering in (("he", made[1]), ("yang", made[1]), (LEAD, seen[0]), ("zhao", seen[0])):
            await self._gatherings.answer(self.people[name], gathering.id, True)
        await self._gatherings.answer(self.people["ma"], seen[0].id, False)

    # --- plans ----------------------------------------------------------------------------------------------------

    async def _write(self, group: str, title: str, lead: str, stages: tuple[Stage, ...]) -> str:
        cover = Cover(title=title, subject="科学", grade=_GRADE, edition=_EDITION)
        plan = await self._plans.make(self.people[lead], group, cover)
        ids = [new_id() for stage in stages for _ in stage.segments]
        async with self.rooms.using(plan.id) as room:
            for stage, tree in zip(stages, trees(stages, ids), strict=True):
                await room.command(_nothing, _writing(self.people[stage.author].id, tree))
        return plan.id

    async def _version(self, plan_id: str, by: str, name: str, *, is_final: bool = False) -> None:
        person, now = self.people[by], epoch_ms(self._then())

        async def record(tx: Transaction, core: PlanCore) -> None:
            plan = await tables.find(tx, plan_id)
            tree = read_tree(core.doc)
            text = write_markdown(plan_paper(tree, plan.title, [plan.subject, plan.grade], lambda name: None))
            version = PlanVersion(
                plan_id=plan_id,
                number=await papers.last_number(tx, plan_id) + 1,
                name=name,
                by=PersonRef(person.id, person.name),
                made_ms=now,
                is_final=is_final,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                characters=len(counted(plain_text(tree))),
                text=text,
                update=core.doc.get_update(),
                runs=core.attribution.encode(),
            )
            await papers.add_version(tx, version)
            data = {"title": plan.title, "number": version.number, "name": name}
            kind = "plan.finalised" if is_final else "plan.version"
            await self._activity.note(
                tx, kind, person.id, group_id=plan.group_id, plan_id=plan_id, data=data, idem=f"{kind}:{plan_id}:{now}"
            )
            if is_final:
                await self._finalise(tx, plan, now)

        async with self.rooms.using(plan_id) as room:
            await room.command(record, snapshot=True)

    async def _finalise(self, tx: Transaction, plan: Plan, now: int) -> None:
        final = msgspec.structs.replace(plan, state="finalised", revision=plan.revision + 1, changed_ms=now)
        await tables.save(tx, final, plan.revision)

    async def _discuss(self, group: str, plan: str) -> None:
        """Let colleagues remark on the plan in last week's session."""
        for number, (name, text) in enumerate(
            (
                ("yang", "建议把“筷子折断”放到激光实验之前：先有生活里的疑问，再看光路，孩子更愿意想。"),
                ("zhao", "目标里的防溺水提醒很好，小结时请本地老师来讲，孩子更听得进去。"),
                ("ma", "复式班的三年级孩子可以负责记录，他们也能参与进来。"),
            )
        ):
            self._on(_LAST_SESSION, 15, 40 + 6 * number)
            person, now = self.people[name], epoch_ms(self._then())
            by = PersonRef(person.id, person.name)
            comment = Comment(id=new_id(), plan_id=plan, kind="comment", by=by, text=text, anchor=None, made_ms=now)
            async with self.database.write() as tx:
                await papers.add_comment(tx, comment)
                data = {"title": "光的折射", "kind": "comment", "quote": ""}
                await self._activity.note(
                    tx, "comment.made", person.id, group_id=group, plan_id=plan, object_id=comment.id, data=data
                )

    async def _assign(self, group: str, plan: str) -> None:
        lead = self.people[LEAD]
        for name, text, days in (
            ("he", "录一段象脚鼓的声音，作导入用", 3),
            ("yang", "把三个小实验的材料清单补全", 5),
            (LEAD, "写好学情分析，发给大家看", 1),
            ("ma", "想一想三年级孩子在复式课上做什么", 6),
        ):
            owner, due = self.people[name], (self.today.astimezone(self.zone) + timedelta(days=days)).date().isoformat()
            task = Task(
                id=new_id(), plan_id=plan, text=text, owner=PersonRef(owner.id, owner.name), due=due,
                by=PersonRef(lead.id, lead.name), made_ms=epoch_ms(self._then()),
            )  # fmt: skip
            async with self.database.write() as tx:
                await papers.add_task(tx, task)
                data = {"title": "声音是怎样产生的", "text": text, "person": owner.id, "name": owner.name}
                await self._activity.note(
                    tx, "task.made", lead.id, group_id=group, plan_id=plan, object_id=task.id, data=data
                )

    # --- moments --------------------------------------------------------------------------------------------------

    def _on(self, day: int, hour: int = 10, minute: int = 5) -> None:
        """Set the story to a moment, by days from this week's Monday."""
        self._then.now = self._moment(day, hour, minute).astimezone(UTC)

    def _moment(self, day: int, hour: int, minute: int) -> datetime:
        local = self.today.astimezone(self.zone)
        monday = local - timedelta(days=local.weekday())
        return (monday + timedelta(days=day)).replace(hour=hour, minute=minute, second=0, microsecond=0)


def _writing(author: str, tree: Node) -> Work:
    return lambda core: core.edit(author, lambda doc: rewrite(doc, tree))


async def _nothing(tx: Transaction, core: PlanCore) -> None:
    """Note nothing: mere writing is no entry of the log."""
