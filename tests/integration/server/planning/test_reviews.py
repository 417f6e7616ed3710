"""Reviews over HTTP: blind until all have handed in, for nobody who may not watch, closed by what comes later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from server.lessons.access import entries, seat_for
from server.lessons.rooms import admission_of
from server.lessons.tables import lessons
from server.planning.plans.tables import plan_lessons, plan_versions
from server.planning.reviews.rubric import DEFAULT
from signaling import messages as m
from signaling.roles import Role
from signaling.seats import peer_id
from tests.integration.server.planning.conftest import Workshop, taken_out

SECRET, REMARK = "等待时间只有半秒", "总体不错但是节奏偏快"


class Reviewed:
    """A lesson of Lin's that He and Ma review; Yang is of the lesson's classroom school."""

    def __init__(self, workshop: Workshop, lesson: str) -> None:
        self.workshop, self.lesson, self.review, self.plan = workshop, lesson, "", ""

    async def begin(self, by: str = "he", raters: tuple[str, ...] = ("he", "ma")) -> dict[str, Any]:
        ids = [await self.workshop.id_of(one) for one in raters]
        body = {"group_id": self.workshop.group, "rater_ids": ids}
        sheet: dict[str, Any] = await self.workshop.send(by, "POST", f"/api/lessons/{self.lesson}/reviews", body, 201)
        self.review = sheet["id"]
        return sheet

    async def send(self, by: str, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        return await self.workshop.send(by, method, f"/api/reviews/{self.review}{path}", body, expect)

    async def refused(self, by: str, method: str, path: str, body: Any = None) -> str:
        return await self.workshop.refused(by, method, f"/api/reviews/{self.review}{path}", body)

    async def rate(self, by: str, value: int) -> None:
        scores = {one.id: value for one in DEFAULT.items}
        await self.send(by, "PUT", "/scores", {"scores": scores}, 204)

    async def note(self, by: str, text: str = SECRET) -> str:
        body = {"at_ms": 65_000, "clock": "lesson", "item": "main_wait", "text": text}
        return str((await self.send(by, "POST", "/notes", body, 201))["id"])

    async def hand_in(self, by: str, remark: str = "") -> dict[str, Any]:
        sheet: dict[str, Any] = await self.send(by, "POST", "/hand-in", {"remark": remark})
        return sheet


@pytest.fixture
async def reviewed(workshop: Workshop) -> Reviewed:
    for one in ("he", "ma", "yang"):
        await workshop.join(one)
    lesson = await workshop.world.lesson(open_to_observers=True)
    return Reviewed(workshop, lesson["id"])


async def test_nobody_sees_anothers_work_before_all_have_handed_in(reviewed: Reviewed) -> None:
    await reviewed.begin()
    note = await reviewed.note("he")
    await reviewed.rate("he", 4)
    assert (await reviewed.hand_in("he", REMARK))["is_open"] is False
    for other in ("ma", "yang", "lin", "wang"):
        client = await reviewed.workshop.world.client(other)
        for path in ("", "/improvements"):
            answer = await client.get(f"/api/reviews/{reviewed.review}{path}")
            assert SECRET not in answer.text
            assert REMARK not in answer.text
            assert '"main_wait":4' not in answer.text
    assert await reviewed.refused("ma", "PUT", f"/notes/{note}", {"text": "我改"}) == "note_unknown"
    assert await reviewed.refused("ma", "DELETE", f"/notes/{note}") == "note_unknown"
    own = await reviewed.send("he", "GET", "")
    assert ([one["text"] for one in own["notes"]], own["agreement"]) == ([SECRET], None)
    names = [one["person"]["name"] for one in (await reviewed.send("yang", "GET", ""))["raters"]]
    assert names == ["和志强", "马兰"]
    taught = await reviewed.send("lin", "GET", "")
    assert (taught["raters"], taught["handed_in"], taught["count"], taught["may"]) == ([], 1, 2, [])
    assert "review.rated" not in await reviewed.workshop.kinds()
    await reviewed.rate("ma", 3)
    opened = await reviewed.hand_in("ma")
    assert (opened["is_open"], opened["agreement"]["raters"]) == (True, 2)
    taught = await reviewed.send("lin", "GET", "")
    assert [one["remark"] for one in taught["raters"]] == [REMARK, ""]
    assert [one["text"] for one in taught["notes"]] == [SECRET]
    assert (await reviewed.workshop.kinds()).count("review.rated") == 2


async def test_handed_in_is_final_and_too_little_is_not_taken(reviewed: Reviewed) -> None:
    await reviewed.begin()
    assert await reviewed.refused("he", "POST", "/hand-in", {}) == "scores_missing"
    assert await reviewed.refused("he", "PUT", "/scores", {"scores": {"main_wait": 6}}) == "score_invalid"
    assert await reviewed.refused("he", "PUT", "/scores", {"scores": {"other": 1}}) == "score_invalid"
    assert (
        await reviewed.refused("he", "POST", "/notes", {"at_ms": 1, "clock": "lesson", "text": " "}) == "field_invalid"
    )
    await reviewed.rate("he", 4)
    await reviewed.hand_in("he")
    assert await reviewed.refused("he", "PUT", "/scores", {"scores": {"main_wait": 1}}) == "review_state"
    assert await reviewed.refused("he", "POST", "/hand-in", {}) == "review_state"
    assert await reviewed.refused("yang", "POST", "/open") == "not_allowed"
    assert await reviewed.refused("lin", "POST", "/open") == "not_allowed"  # leads the group, but taught
    opened = await reviewed.send("he", "POST", "/open")
    assert (opened["is_open"], opened["count"], opened["agreement"]["is_small"]) == (True, 1, True)


async def test_raters_change_until_it_opens_and_who_leaves_takes_their_words_along(reviewed: Reviewed) -> None:
    await reviewed.begin()
    note = await reviewed.note("he")
    await reviewed.send("he", "PUT", f"/notes/{note}", {"text": REMARK, "item": ""}, 204)
    own = (await reviewed.send("he", "GET", ""))["notes"]
    assert [(one["text"], one["item"], one["at_ms"]) for one in own] == [(REMARK, "", 65_000)]
    await reviewed.note("ma")
    await reviewed.rate("he", 4)
    await reviewed.hand_in("he")
    yang = {"rater_ids": [await reviewed.workshop.id_of("yang")]}
    for other in ("ma", "lin"):  # who only rates; who leads the group, but taught
        assert await reviewed.refused(other, "PUT", "/raters", yang) == "not_allowed"
    assert await reviewed.refused("he", "PUT", "/raters", {"rater_ids": [reviewed.review]}) == "rater_unfit"
    changed = await reviewed.send("he", "PUT", "/raters", yang)
    assert {one["person"]["name"] for one in changed["raters"]} == {"和志强", "杨秀英"}  # who handed in stays
    assert await reviewed.refused("ma", "PUT", "/scores", {"scores": {"main_wait": 1}}) == "not_allowed"
    await reviewed.rate("yang", 3)
    opened = await reviewed.hand_in("yang")
    assert (opened["is_open"], [one["text"] for one in opened["notes"]]) == (True, [REMARK])
    assert await reviewed.refused("he", "PUT", "/raters", yang) == "review_state"


async def test_who_taught_or_may_not_watch_does_not_rate(reviewed: Reviewed) -> None:
    workshop, world = reviewed.workshop, reviewed.workshop.world
    path, ids = f"/api/lessons/{reviewed.lesson}/reviews", {one: await workshop.id_of(one) for one in ("lin", "yang")}
    own = {"group_id": workshop.group, "rater_ids": [ids["yang"]]}
    assert await workshop.refused("lin", "POST", path, own) == "not_allowed"
    assert await workshop.refused("he", "POST", path, own | {"rater_ids": [ids["lin"]]}) == "rater_unfit"
    assert await workshop.refused("he", "POST", path, own | {"rater_ids": []}) == "field_invalid"
    assert await workshop.refused("he", "POST", path, own | {"rubric_id": "none"}) == "rubric_unknown"
    asker, lesson = await world.person("yang"), await world.services.lessons.find(reviewed.lesson)
    assert lesson is not None
    entry = next(one for one in entries(asker, lesson) if one.role is Role.LOCAL_TEACHER)
    peer = peer_id(lesson.id, admission_of(seat_for(entry, lesson)))
    joined = m.ParticipantJoined(m.Participant(peer, Role.LOCAL_TEACHER, "杨秀英", "红星小学"))
    info = m.LessonInfo(lesson.id, lesson.title, lesson.subject, "", 40, "scheduled")
    await world.services.lessons.append(lesson.id, info, (m.Event(1, 0, joined),))
    assert await workshop.refused("he", "POST", path, own) == "rater_unfit"
    closed = await world.lesson(open_to_observers=False)
    body = {"group_id": workshop.group, "rater_ids": [await workshop.id_of("ma")]}
    assert await workshop.refused("he", "POST", f"/api/lessons/{closed['id']}/reviews", body) == "rater_unfit"
    assert await workshop.refused("ma", "GET", f"/api/lessons/{closed['id']}/reviews") == "lesson_unknown"


async def test_a_review_is_closed_to_strangers_and_to_whom_its_lesson_is_closed(reviewed: Reviewed) -> None:
    await reviewed.begin()
    assert (
        await reviewed.refused("wang", "POST", "/notes", {"at_ms": 1, "clock": "lesson", "text": "看"}) == "not_allowed"
    )
    world = reviewed.workshop.world
    async with world.database.write() as tx:
        await tx.execute(update(lessons).where(lessons.c.id == reviewed.lesson).values(open_to_observers=False))
    assert await reviewed.refused("ma", "GET", "") == "review_unknown"
    assert await reviewed.refused("ma", "PUT", "/scores", {"scores": {}}) == "review_unknown"


async def test_items_are_closed_by_what_comes_after(reviewed: Reviewed) -> None:
    workshop, world = reviewed.workshop, reviewed.workshop.world
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学"}
    plan = (await workshop.send("lin", "POST", "/api/plans", body, 201))["id"]
    await _name_version(world, plan, 1)
    async with world.database.write() as tx:
        row = {"plan_id": plan, "lesson_id": reviewed.lesson, "number": 1, "added_ms": 1}
        await tx.execute(insert(plan_lessons).values(row))
    await reviewed.begin()
    note = await reviewed.note("he")
    accepted = {"text": "提问后至少等三秒", "owner_id": await workshop.id_of("lin"), "due_day": "2026-12-01"}
    assert await reviewed.refused("lin", "POST", f"/notes/{note}/accept", accepted) == "review_state"
    assert await reviewed.refused("he", "GET", "/export.docx") == "review_state"  # what others wrote is not to be seen
    for one in ("he", "ma"):
        await reviewed.rate(one, 4)
        await reviewed.hand_in(one)
    assert await reviewed.refused("he", "POST", f"/notes/{note}/accept", accepted) == "not_allowed"
    unowned = accepted | {"owner_id": await workshop.id_of("wang")}
    assert await reviewed.refused("lin", "POST", f"/notes/{note}/accept", unowned) == "field_invalid"
    item = (await reviewed.send("lin", "POST", f"/notes/{note}/accept", accepted, 201))["id"]
    assert await reviewed.refused("lin", "POST", f"/notes/{note}/accept", accepted) == "review_state"
    assert [one["id"] for one in (await workshop.send("ma", "GET", f"/api/plans/{plan}/improvements"))["items"]] == [
        item
    ]
    for form, words in (await taken_out(world, "ma", f"/api/reviews/{reviewed.review}/export")).items():
        for one in (SECRET, "提问后至少等三秒", "林晓云", "".join(DEFAULT.items[0].text.split())):
            assert one in words, (form, one)
    close = f"/api/improvements/{item}/close"
    early = {"plan_id": plan, "version": 1}
    assert await workshop.refused("lin", "POST", close, early) == "evidence_invalid"
    assert await workshop.refused("lin", "POST", close, {"lesson_id": reviewed.lesson}) == "evidence_invalid"
    assert await workshop.refused("lin", "POST", close, {}) == "evidence_invalid"
    world.clock.ahead += timedelta(minutes=5)
    await _name_version(world, plan, 2)
    done = await workshop.send("lin", "POST", close, {"plan_id": plan, "version": 2, "how": "写进了环节二"})
    assert (done["by_version"], done["closed_by"]["name"]) == (2, "林晓云")
    assert await workshop.refused("lin", "POST", close, early) == "item_state"
    assert {"note.accepted", "item.closed"} <= set(await workshop.kinds())
    chain = await workshop.send("ma", "GET", f"/api/lessons/{reviewed.lesson}/chain")
    link = chain["plans"][0]
    assert [one["number"] for one in link["versions"]] == [1, 2]
    assert [one["reviews"][0]["id"] for one in link["lessons"]] == [reviewed.review]
    assert (link["open_items"], link["items"][0]["by_version"]) == (0, 2)


async def test_rubrics_of_a_group_have_versions_and_a_review_keeps_its_own(reviewed: Reviewed) -> None:
    workshop = reviewed.workshop
    item = {"id": "look", "area": "观察", "side": "both", "text": "学生在做什么"}
    form = {"title": "一页观察表", "items": [item], "levels": ["没有", "有"]}
    assert await workshop.refused("he", "POST", "G/rubrics", form) == "not_allowed"
    assert await workshop.refused("lin", "POST", "G/rubrics", form | {"items": [item, item]}) == "field_invalid"
    made = await workshop.send("lin", "POST", "G/rubrics", form, 201)
    body = {"group_id": workshop.group, "rater_ids": [await workshop.id_of("ma")], "rubric_id": made["id"]}
    sheet = await workshop.send("he", "POST", f"/api/lessons/{reviewed.lesson}/reviews", body, 201)
    second = await workshop.send("lin", "POST", "G/rubrics", form | {"id": made["id"], "title": "观察表二"}, 201)
    assert (made["version"], second["version"]) == (1, 2)
    listed = await workshop.send("he", "GET", "G/rubrics")
    assert [(one["title"], one["version"]) for one in listed["items"]] == [(DEFAULT.title, 1), ("观察表二", 2)]
    kept = await workshop.send("he", "GET", f"/api/reviews/{sheet['id']}")
    assert kept["rubric"]["title"] == "一页观察表"


async def _name_version(world: Any, plan: str, number: int) -> None:
    async with world.database.write() as tx:
        person = await world.person("lin")
        values = {
            "plan_id": plan, "number": number, "name": f"第{number}稿", "by_id": person.person.id,
            "made_ms": int(world.clock().timestamp() * 1000), "is_final": True, "sha256": "", "characters": 0,
            "text": "", "blob": b"", "runs": b"",
        }  # fmt: skip
        await tx.execute(insert(plan_versions).values(values))
