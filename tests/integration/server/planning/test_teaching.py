"""From plan to lesson over HTTP: what a final version gives a lesson, and how the lesson is laid against it."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc
from sqlalchemy import insert

from server.lessons.decks.tables import wish_of
from server.planning.document import Node, paragraph, plan_field, write_tree
from server.planning.plans.tables import plan_versions
from signaling import messages as m
from tests.integration.server.conftest import World
from tests.integration.server.planning.conftest import Workshop


def _step(step_id: str, title: str, minutes: int, leader: str, page: int | None, question: str | None = None) -> Node:
    attrs = {"id": step_id, "title": title, "minutes": minutes, "leader": leader, "page": page, "question": question}
    return Node("planStep", attrs, (paragraph("说明"),))


TREE = Node(
    "doc",
    {},
    (
        plan_field("topic", paragraph("光的折射")),
        plan_field(
            "process",
            _step("a", "导入", 5, "lecturer", 1),
            _step("b", "观察筷子", 20, "local", 2, "筷子看起来 A. 变弯 B. 变直 答案：A"),
        ),
    ),
)


async def _plan(workshop: Workshop, *, is_final: bool = True) -> str:
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学"}
    plan = str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])
    doc: Doc[Any] = Doc()
    write_tree(doc, TREE)
    async with workshop.world.database.write() as tx:
        values = {
            "plan_id": plan, "number": 1, "name": "定稿", "by_id": await workshop.id_of("lin"), "made_ms": 1,
            "is_final": is_final, "sha256": "", "characters": 0, "text": "", "blob": doc.get_update(), "runs": b"",
        }  # fmt: skip
        await tx.execute(insert(plan_versions).values(values))
    return plan


async def _append(world: World, lesson_id: str, *told: tuple[int, m.EventBody]) -> None:
    lesson = await world.services.lessons.find(lesson_id)
    assert lesson is not None
    info = m.LessonInfo(lesson.id, lesson.title, lesson.subject, "", 40, "ended")
    events = tuple(m.Event(seq, t_ms, body) for seq, (t_ms, body) in enumerate(told, 1))
    await world.services.lessons.append(lesson.id, info, events)


async def test_a_final_version_gives_a_lesson_of_the_timetable_what_it_needs(workshop: Workshop) -> None:
    world, plan = workshop.world, await _plan(workshop)
    lesson = (await world.lesson())["id"]
    outline = await workshop.send("lin", "GET", f"/api/plans/{plan}/outline")
    assert [one["title"] for one in outline["segments"]] == ["导入", "观察筷子"]
    taken = await workshop.send("lin", "POST", f"/api/plans/{plan}/lessons", {"lesson_id": lesson}, 201)
    assert (taken["title"], taken["version"], taken["left_out"]) == ("光的折射", 1, [])
    client = await world.client("lin")
    shown = (await client.get(f"/api/lessons/{lesson}")).json()
    assert (shown["title"], shown["subject"]) == ("光的折射", "科学")
    questions = (await client.get(f"/api/lessons/{lesson}/questions")).json()["items"]
    assert [(one["title"], one["options"], one["answer"], one["page"]) for one in questions] == [
        ("筷子看起来", ["变弯", "变直"], "A", 2)
    ]
    stored = await world.services.lessons.load(m.RoomId(lesson))
    assert stored is not None
    assert [(one.title, one.minutes, one.leader, one.page) for one in stored.segments] == [
        ("导入", 5, "lecturer", 1),
        ("观察筷子", 20, "local", 2),
    ]
    assert world.live.segments == [(lesson, stored.segments)]
    again = await workshop.send("lin", "POST", f"/api/plans/{plan}/lessons", {"lesson_id": lesson}, 201)
    assert len(again["questions"]) == 1
    assert len((await client.get(f"/api/lessons/{lesson}/questions")).json()["items"]) == 1
    assert (await workshop.kinds()).count("plan.taught") == 1
    sheet = await workshop.send("lin", "GET", f"/api/plans/{plan}")
    assert sheet["lesson_ids"] == [lesson]


async def test_the_packs_of_classrooms_carry_the_segments(workshop: Workshop) -> None:
    world, plan = workshop.world, await _plan(workshop)
    lesson = (await world.lesson())["id"]
    await workshop.send("lin", "POST", f"/api/plans/{plan}/lessons", {"lesson_id": lesson}, 201)
    screen = await world.screen(await world.classroom_id("红星小学"))
    items = (await screen.get(f"/api/lessons/{lesson}/pack")).json()["items"]
    url = next(one["url"] for one in items if one["kind"] == "plan")
    assert [one["title"] for one in (await screen.get(url)).json()["segments"]] == ["导入", "观察筷子"]


async def test_a_new_lesson_is_made_of_a_plan_and_of_a_final_one_only(workshop: Workshop) -> None:
    draft = await _plan(workshop, is_final=False)
    new = {"starts_at": "2026-12-01T01:00:00Z", "planned_minutes": 40}
    assert await workshop.refused("lin", "POST", f"/api/plans/{draft}/lessons", {"lesson": new}) == "plan_not_final"
    plan = await _plan(workshop)
    before = len((await (await workshop.world.client("lin")).get("/api/lessons")).json()["items"])
    assert await workshop.refused("lin", "POST", f"/api/plans/{plan}/lessons", {}) == "field_invalid"
    made = await workshop.send("lin", "POST", f"/api/plans/{plan}/lessons", {"lesson": new}, 201)
    listed = (await (await workshop.world.client("lin")).get("/api/lessons")).json()["items"]
    assert (len(listed), made["title"]) == (before + 1, "光的折射")


async def test_only_who_gives_a_lesson_that_has_not_begun_takes_a_plan(workshop: Workshop) -> None:
    world, plan = workshop.world, await _plan(workshop)
    await workshop.join("yang")
    lesson = (await world.lesson())["id"]
    body, path = {"lesson_id": lesson}, f"/api/plans/{plan}/lessons"
    assert await workshop.refused("yang", "POST", path, body) == "not_allowed"
    assert await workshop.refused("ma", "POST", path, body) == "lesson_unknown"
    await _append(world, lesson, (0, m.LessonStarted()), (60_000, m.LessonEnded()))
    assert await workshop.refused("lin", "POST", path, body) == "lesson_state"


async def test_a_deck_that_is_not_theirs_is_left_out_in_words(workshop: Workshop) -> None:
    plan = await _plan(workshop)
    doc: Doc[Any] = Doc()
    link = Node("paragraph", {}, (Node("pageLink", {"deck": "gone", "page": 1, "title": "封面"}),))
    write_tree(doc, Node("doc", {}, (plan_field("notes", link),)))
    async with workshop.world.database.write() as tx:
        await tx.execute(plan_versions.update().where(plan_versions.c.plan_id == plan).values(blob=doc.get_update()))
    lesson = (await workshop.world.lesson())["id"]
    taken = await workshop.send("lin", "POST", f"/api/plans/{plan}/lessons", {"lesson_id": lesson}, 201)
    assert (taken["deck_title"], len(taken["left_out"])) == ("", 1)
    async with workshop.world.database.read() as tx:
        assert await wish_of(tx, lesson) is None


async def test_planned_and_taught_minutes_stand_side_by_side(workshop: Workshop) -> None:
    world, plan = workshop.world, await _plan(workshop)
    lesson = (await world.lesson())["id"]
    await workshop.send("lin", "POST", f"/api/plans/{plan}/lessons", {"lesson_id": lesson}, 201)
    stored = await world.services.lessons.load(m.RoomId(lesson))
    assert stored is not None
    minute = 60_000
    await _append(
        world, lesson, (0, m.CourseSet(stored.segments)), (minute, m.LessonStarted()), (8 * minute, m.PageTurned(2)),
        (20 * minute, m.PageTurned(1)), (22 * minute, m.PageTurned(2)), (31 * minute, m.LessonEnded()),
    )  # fmt: skip
    laid = await workshop.send("lin", "GET", f"/api/lessons/{lesson}/segments")
    found = [(one["title"], one["planned_ms"] // minute, one["taught_ms"] // minute) for one in laid["segments"]]
    assert found == [("导入", 5, 9), ("观察筷子", 20, 21)]
    assert (len(laid["segments"][0]["visits"]), laid["plan"]["version"], laid["is_over"]) == (2, 1, True)
    assert await workshop.refused("ma", "GET", f"/api/lessons/{lesson}/segments") == "lesson_unknown"
