"""The demonstration's research workshop: a group of all five schools, three plans, a calendar and how it came about.

Made once, where the group is missing. Everything goes through the services that people use, at moments of the last
weeks, so that the log tells a story and figures have something to count; what an author wrote is theirs.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Person
from server.accounts.service import epoch_ms
from server.context import DemoAccounts
from server.demo.research_words import REFRACTION, SHADOWS, SOUND, Stage, trees
from server.demo.seed import LECTURER
from server.planning.calendar.model import Draft
from server.planning.calendar.service import GatheringService
from server.planning.document import Node
from server.planning.groups.joining import JoiningService
from server.planning.groups.model import Kind, MemberRole
from server.planning.groups.service import GroupService
from server.planning.log import ActivityLog
from server.planning.plans.core import PlanCore
from server.planning.plans.remarks import Remark, RemarkService
from server.planning.plans.rewriting import rewrite
from server.planning.plans.room import Work
from server.planning.plans.rooms import PlanRooms
from server.planning.plans.service import Cover, PlanService
from server.planning.plans.tasks import TaskService
from server.planning.plans.versioning import VersionService
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
    ("gu", "member"),
    ("zhao", "guest"),
)
_WEEKDAY, _HOUR, _MINUTE = 2, 15, 30  # Wednesdays after the last lesson: 无会日 of the schools
_LAST_SESSION = _WEEKDAY - 7  # days from this week's Monday
_EDITION = "教科版"


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
    demo: DemoAccounts
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
        self._versions = VersionService(self.database, self._activity, self.rooms, self._then)
        self._remarks = RemarkService(self.database, self._activity, self.rooms, self._then)
        self._tasks = TaskService(self.database, self._activity, self._then)

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
        for name in ("he", "yang", "gu", "zhao"):  # one is still to agree: her page asks her
            await self._groups.confirm(self.people[name], group, 1)
        self._on(-17)
        plan = await self._write(group, "光的折射", "五年级", "he", REFRACTION)
        self._on(-15)
        await self._arrange(group, plan)
        self._on(-12, 15, 20)
        shadows = await self._write(group, "影子的秘密", "三年级", "gu", SHADOWS)
        await self._discuss(plan)
        self._on(_LAST_SESSION, 16, 25)
        await self._versions.make(self.people["he"], plan, "集体备课后", is_final=False)
        self._on(-3, 10, 10)
        await self._versions.make(self.people["he"], plan, "定稿", is_final=True)
        self._on(-3, 10, 30)
        await self._templates.make(self.people["he"], plan, "探究实验课", "group", group, with_text=False)
        self._on(-3, 14, 20)
        await self._versions.make(self.people["gu"], shadows, "定稿", is_final=True)
        self._on(-3, 16, 0)
        draft = await self._write(group, "声音是怎样产生的", "四年级", LEAD, SOUND)
        self._on(-3, 16, 40)
        await self._assign(draft)
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
        conference = draft("conference", "五校联席会议：下学期结对安排", at + timedelta(days=8), place="线上")
        await self._gatherings.plan(lead, group, conference)
        for name, gathering in (("he", made[1]), ("yang", made[1]), (LEAD, seen[0]), ("zhao", seen[0])):
            await self._gatherings.answer(self.people[name], gathering.id, True)
        await self._gatherings.answer(self.people["ma"], seen[0].id, False)

    # --- plans ----------------------------------------------------------------------------------------------------

    async def _write(self, group: str, title: str, grade: str, lead: str, stages: tuple[Stage, ...]) -> str:
        cover = Cover(title=title, subject="科学", grade=grade, edition=_EDITION)
        plan = await self._plans.make(self.people[lead], group, cover)
        ids = [new_id() for stage in stages for _ in stage.segments]
        async with self.rooms.using(plan.id) as room:
            for stage, tree in zip(stages, trees(stages, ids), strict=True):
                await room.command(_nothing, _writing(self.people[stage.author].id, tree))
        return plan.id

    async def _discuss(self, plan: str) -> None:
        """Let colleagues remark on the plan in last week's session."""
        for number, (name, text) in enumerate(
            (
                ("yang", "建议把“筷子折断”放到激光实验之前：先有生活里的疑问，再看光路，孩子更愿意想。"),
                ("zhao", "目标里的防溺水提醒很好，小结时请本地老师来讲，孩子更听得进去。"),
                ("ma", "复式班的三年级孩子可以负责记录，他们也能参与进来。"),
            )
        ):
            self._on(_LAST_SESSION, 15, 40 + 6 * number)
            await self._remarks.add(
                self.people[name], plan, Remark(kind="comment", text=text, anchor=None, replacement=None)
            )

    async def _assign(self, plan: str) -> None:
        for name, text, days in (
            ("he", "录一段象脚鼓的声音，作导入用", 3),
            ("yang", "把三个小实验的材料清单补全", 5),
            (LEAD, "写好学情分析，发给大家看", 1),
            ("ma", "想一想三年级孩子在复式课上做什么", 6),
        ):
            due = (self.today.astimezone(self.zone) + timedelta(days=days)).date().isoformat()
            await self._tasks.add(self.people[LEAD], plan, text, self.people[name].id, due)

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
