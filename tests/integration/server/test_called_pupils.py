"""A fair pick remembers earlier lessons: calls are counted once, when their lesson ends."""

from __future__ import annotations

from server.lessons.rosters.model import Wanted
from signaling.messages import (
    CalledPupil,
    ClassroomId,
    Event,
    LessonEnded,
    LessonInfo,
    PupilCalled,
    RoomId,
)
from tests.integration.server.conftest import World


async def test_calls_are_counted_once_when_the_lesson_ends(world: World) -> None:
    rosters, store = world.services.preparing.rosters, world.services.lessons
    room = ClassroomId(await world.classroom_id("红星小学"))
    page = await rosters.fill(room, [Wanted(1, "李小雨"), Wanted(2, "岩温")])
    first, second = page.pupils
    lesson = RoomId((await world.lesson())["id"])
    calls = [
        Event(seq, seq, PupilCalled(CalledPupil(room, one.id, one.name)))
        for seq, one in enumerate([first, first, second], 1)
    ]
    live = LessonInfo(lesson, "水的三态", "科学", "春城实验小学", 40, "live", 5)
    await store.append(lesson, live, tuple(calls))
    assert [one.called for one in (await rosters.pupils_of([room]))[room]] == [0, 0], "this lesson counts its own"
    end = Event(4, 9, LessonEnded())
    for _ in range(2):  # a batch that is stored again counts once
        await store.append(lesson, live, (*calls, end))
    assert [one.called for one in (await rosters.pupils_of([room]))[room]] == [2, 1]
