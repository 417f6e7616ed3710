"""The demonstration's school year: a term, each school's bells, two repeating lessons, and pupils with names and seats.

Made only where it is missing. Names are drawn by a generator seeded with the classroom's name: the same on every
machine, and nobody's in particular.
"""

from __future__ import annotations

import logging
import random
from datetime import date

from server.accounts.model import Person, School
from server.accounts.service import AccountService
from server.demo.seed import Demo
from server.lessons.rosters.model import Wanted
from server.lessons.rosters.service import RosterService
from server.lessons.timetable.model import Holiday, Period, Term
from server.lessons.timetable.rules import SeriesDraft
from server.lessons.timetable.service import TimetableService
from server.lessons.timetable.weeks import local
from signaling.errors import Refused

log = logging.getLogger("tongtang.demo")

MANAGER, TEACHER = "wang", "lin"
SEATS_ACROSS = 8
# Beginnings of the periods, minutes since midnight, and how long one is: no two schools ring alike.
_BELLS: dict[str, tuple[tuple[int, ...], int]] = {
    "春城实验小学": ((510, 560, 620, 670, 860, 910), 40),  # 08:30 09:20 10:20 11:10 14:20 15:10
    "红星小学": ((530, 580, 640, 690, 870, 920), 40),  # 20 minutes later: half of the pupils walk an hour
    "河口小学": ((520, 575, 630, 685, 870, 925), 45),
    "青山教学点": ((540, 590, 640, 690, 840), 40),
    "浦江实验小学": ((500, 550, 610, 660, 780, 830), 35),
}
_PERIOD_NAMES = ("第一节", "第二节", "第三节", "第四节", "第五节", "第六节")
_CLASS_SIZES = {"红星小学": 42, "河口小学": 38, "青山教学点": 36, "春城实验小学": 40, "浦江实验小学": 36}
# (title, subject, weekday, period of the lecturer school, weeks, schools)
_SERIES: tuple[tuple[str, str, int, int, str, tuple[str, ...]], ...] = (
    ("声音与光", "五年级科学", 1, 3, "all", ("红星小学", "河口小学", "青山教学点")),
    ("歌曲与节奏", "五年级音乐", 4, 2, "odd", ("河口小学", "青山教学点")),
)
_WITHOUT_CARDS = ("青山教学点",)  # that one answers by raised hands
_SURNAMES = "李王张杨刘陈赵周马和普罗白段木何高朱沙岩刀尹董施车"
_FIRST = "小晓文志春秋玉海云明子雨思家美金丽永建天雪依若宇浩欣嘉俊诗"
_SECOND = "雨燕华强芳梅龙涛军兰英平敏辉琴超洁艳林峰慧花阳晨杰婷"


async def seed_school_year(
    accounts: AccountService, demo: Demo, timetable: TimetableService, rosters: RosterService
) -> None:
    """Make what is missing of rosters, bells, the term and its lessons."""
    manager, teacher = await demo.account(MANAGER), await demo.account(TEACHER)
    schools = {school.name: school for school in await accounts.schools() if school.name in _BELLS}
    for school in schools.values():
        for room in school.classrooms:
            await rosters.fill(room.id, pupils(f"{school.name}/{room.name}", _CLASS_SIZES[school.name]))
            if school.name not in _WITHOUT_CARDS:
                await rosters.printed(room.id)
    try:
        await _seed_timetable(manager, teacher, schools, timetable)
    except Refused as refused:  # a visitor's lesson stands where ours would: the next start tries again
        log.warning("演示课表没有建成：%s", refused.detail)


async def _seed_timetable(
    manager: Person, teacher: Person, schools: dict[str, School], timetable: TimetableService
) -> None:
    for school in schools.values():
        if not await timetable.bells(school.id):
            await timetable.set_bells(manager, school.id, bells(school.name))
    today = local(timetable.now_ms(), timetable.zone).date()
    if any(term.first_day <= today <= term.last_day for term in await timetable.terms()):
        return
    term = await timetable.save_term(manager, term_around(today))
    for title, subject, weekday, period, weeks, invited in _SERIES:
        rooms = tuple(room.id for name in invited for room in schools[name].classrooms[:1])
        draft = SeriesDraft(
            term.id, title, subject, teacher.id, weekday, period, weeks, rooms, schools[invited[0]].id, True
        )
        await timetable.save(teacher, draft)


def bells(school: str) -> tuple[Period, ...]:
    """Return the periods of a school of the demonstration."""
    starts, minutes = _BELLS[school]
    return tuple(
        Period(number, name, start, start + minutes)
        for number, (name, start) in enumerate(zip(_PERIOD_NAMES, starts, strict=False), 1)
    )


def term_around(day: date) -> Term:
    """Return the half of the school year that `day` is in: from August, or from February."""
    if 2 <= day.month <= 7:
        year = day.year
        holidays = (
            Holiday("清明节", date(year, 4, 4), date(year, 4, 6)),
            Holiday("劳动节", date(year, 5, 1), date(year, 5, 5)),
        )
        return Term("", f"{year} 年春季学期", date(year, 2, 1), date(year, 7, 31), holidays)
    year = day.year if day.month >= 8 else day.year - 1
    holidays = (
        Holiday("国庆节", date(year, 10, 1), date(year, 10, 7)),
        Holiday("元旦", date(year + 1, 1, 1), date(year + 1, 1, 1)),
    )
    return Term("", f"{year} 年秋季学期", date(year, 8, 1), date(year + 1, 1, 31), holidays)


def pupils(classroom: str, many: int) -> tuple[Wanted, ...]:
    """Return `many` pupils of a classroom, seated from the front: the same ones each time."""
    draw = random.Random(classroom)
    names: list[str] = []
    while len(names) < many:
        given = draw.choice(_FIRST) + (draw.choice(_SECOND) if draw.random() < 0.85 else "")
        name = draw.choice(_SURNAMES) + given
        if name not in names:
            names.append(name)
    return tuple(
        Wanted(number, name, (number - 1) // SEATS_ACROSS + 1, (number - 1) % SEATS_ACROSS + 1)
        for number, name in enumerate(names, 1)
    )
