"""The demonstration's schools: an urban and three rural ones of a western county, one of the east; people and a lesson.

Made only where it is missing, so that a second start finds what the first one left, with everything that visitors did
since. Its accounts have random passwords that nobody knows: on a demonstration server one tap logs in.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from server.accounts.model import Asker, Person, School, SchoolKind
from server.accounts.service import AccountService
from server.demo.deck import PAGES
from server.lessons.model import Lesson
from server.lessons.service import LessonService
from signaling.errors import Refused
from signaling.messages import RoomId

REGION = "云南省云岭县"
EAST = "上海市浦东新区"  # Shanghai is Yunnan's partner (沪滇协作): who wrote what across regions can be seen
LECTURER = "zhou"  # the bot's account: no visitor may use it, so that bot and visitor never fight for one seat
LESSON_TITLE = "光的折射"
LESSON_SUBJECT = "五年级科学"
PLANNED_MINUTES = 40


@dataclass(frozen=True)
class _Seed:
    school: str
    kind: SchoolKind
    classrooms: tuple[str, ...]
    region: str = REGION


_SCHOOLS = (
    _Seed("春城实验小学", "urban", ("录播教室",)),
    _Seed("红星小学", "rural", ("五年级一班",)),
    _Seed("河口小学", "rural", ("五年级",)),
    _Seed("青山教学点", "rural", ("复式班",)),
    _Seed("浦江实验小学", "urban", ("科学教室",), EAST),
)


@dataclass(frozen=True)
class DemoAccount:
    """An account of the demonstration."""

    username: str
    name: str
    role_label: str
    school: str  # empty: of the region
    is_manager: bool = False
    is_shown: bool = True


ACCOUNTS = (
    DemoAccount(LECTURER, "周明远", "主讲教师", "春城实验小学", is_shown=False),
    DemoAccount("lin", "林晓云", "主讲教师", "春城实验小学"),
    DemoAccount("yang", "杨秀英", "远端教师", "红星小学"),
    DemoAccount("he", "和志强", "远端教师", "河口小学"),
    DemoAccount("ma", "马兰", "远端教师", "青山教学点"),
    DemoAccount("gu", "顾雯", "结对教师", "浦江实验小学"),
    DemoAccount("zhao", "赵敏", "教研员（观摩）", ""),
    DemoAccount("wang", "王建国", "区域管理员", "", is_manager=True),
)


class Demo:
    """The demonstration's accounts and its lesson."""

    def __init__(self, accounts: AccountService, lessons: LessonService) -> None:
        self._accounts = accounts
        self._lessons = lessons
        self._visit = asyncio.Event()

    def visit(self) -> None:
        """Note that somebody is there."""
        self._visit.set()

    async def visited(self) -> None:
        """Wait until somebody is there, from now on."""
        self._visit.clear()
        await self._visit.wait()

    async def accounts_shown(self) -> list[dict[str, str]]:
        """Return the accounts to offer on the log-in page."""
        return [
            {"username": one.username, "name": one.name, "role_label": one.role_label, "school": one.school or REGION}
            for one in ACCOUNTS
            if one.is_shown
        ]

    async def account(self, username: str) -> Person:
        """Return a demo account.

        Raises:
            Refused: `not_allowed` for any other account.
        """
        if username not in {one.username for one in ACCOUNTS}:
            raise Refused("not_allowed", "这不是演示账号，请用密码登录。")
        return (await self._accounts.find_people((username,)))[username]

    async def seed(self) -> None:
        """Make what is missing of the region."""
        schools = {school.name: school for school in await self._accounts.schools()}
        for seed in _SCHOOLS:
            school = schools.get(seed.school)
            if school is None:
                school = await self._accounts.found_school(seed.school, seed.kind, seed.region)
                schools[school.name] = school
            present = {room.name for room in school.classrooms}
            for name in seed.classrooms:
                if name not in present:
                    await self._accounts.equip_classroom(school.id, name)
        await self._enrol(schools)

    async def _enrol(self, schools: dict[str, School]) -> None:
        present = await self._accounts.find_people(tuple(one.username for one in ACCOUNTS))
        for one in ACCOUNTS:
            if one.username not in present:
                school_id = schools[one.school].id if one.school else None
                password = secrets.token_urlsafe(32)
                await self._accounts.enrol(one.username, password, one.name, school_id, one.is_manager)

    async def is_over(self, lesson_id: RoomId) -> bool:
        """Return whether the lesson has ended or is gone."""
        lesson = await self._lessons.find(lesson_id)
        return lesson is None or lesson.state == "ended"

    async def lesson(self) -> Lesson:
        """Return the demonstration's lesson that is not over, a new one when there is none."""
        lecturer = await self.account(LECTURER)
        asker = Asker(lecturer)
        for lesson in await self._lessons.visible(asker):
            if lesson.lecturer.id == lecturer.id and lesson.state != "ended" and lesson.pages:
                return lesson
        rural = [school for school in await self._accounts.schools() if school.kind == "rural"]
        order = [seed.school for seed in _SCHOOLS]
        invited = sorted((school for school in rural if school.name in order), key=lambda one: order.index(one.name))
        lesson = await self._lessons.plan(
            lecturer,
            LESSON_TITLE,
            LESSON_SUBJECT,
            datetime.now(UTC),
            PLANNED_MINUTES,
            tuple(room.id for school in invited for room in school.classrooms),
            invited[0].id,
            open_to_observers=True,
        )
        pages = [await self._lessons.keep_drawing(page.svg, page.title) for page in PAGES]
        return await self._lessons.set_pages(asker, lesson.id, tuple(pages))
