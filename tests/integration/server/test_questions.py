"""Prepared questions, results and photos over HTTP: who prepares, who sees which answers, and that nothing is lost."""

from __future__ import annotations

import io
from typing import Any

import httpx
import openpyxl
from PIL import Image

from server.lessons.rosters.model import Wanted
from signaling import messages as m
from signaling.messages import RoomId
from tests.integration.server.conftest import World

CHOICE = {
    "kind": "single",
    "title": "光从空气斜射入水中，折射角____入射角",
    "options": ["大于", "等于", "小于"],
    "page": 1,
    "answer": "c",
}
TICKET = {"kind": "text", "title": "用一个词说说今天学了什么", "exit_ticket": True}


async def prepare(client: httpx.AsyncClient, lesson: str, *items: dict[str, Any]) -> httpx.Response:
    address = f"/api/lessons/{lesson}/questions"
    version = (await client.get(address)).json()["version"]
    return await client.put(address, json={"version": version, "items": list(items)})


async def test_questions_are_kept_in_order_with_their_ids(world: World) -> None:
    lesson, client = (await world.lesson())["id"], await world.client("lin")
    first = (await prepare(client, lesson, CHOICE, TICKET)).json()["items"]
    assert [(one["kind"], one["answer"], one["page"]) for one in first] == [("single", "C", 1), ("text", "", 0)]
    second = (await prepare(client, lesson, first[1], first[0])).json()["items"]
    assert [one["id"] for one in second] == [first[1]["id"], first[0]["id"]]


async def test_older_version_is_not_written_over_a_newer_one(world: World) -> None:
    lesson, client = (await world.lesson())["id"], await world.client("lin")
    old = (await client.get(f"/api/lessons/{lesson}/questions")).json()["version"]
    kept = (await prepare(client, lesson, CHOICE)).json()
    late = await client.put(f"/api/lessons/{lesson}/questions", json={"version": old, "items": [TICKET]})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert (await client.get(f"/api/lessons/{lesson}/questions")).json() == kept


async def test_wrong_questions_are_refused_with_the_reason(world: World) -> None:
    lesson, client = (await world.lesson())["id"], await world.client("lin")
    for wrong, code in (
        (CHOICE | {"options": ["只有一个"]}, "question_invalid"),
        (CHOICE | {"answer": "D"}, "answer_invalid"),
        (CHOICE | {"title": "长" * 501}, "text_too_long"),
        (CHOICE | {"kind": "essay"}, "field_invalid"),
    ):
        answer = await prepare(client, lesson, wrong)
        assert (answer.status_code in (403, 422), answer.json()["code"]) == (True, code)
    assert (await client.get(f"/api/lessons/{lesson}/questions")).json()["items"] == []


async def test_local_teachers_see_the_answers_only_while_they_act(world: World) -> None:
    lesson = (await world.lesson())["id"]
    await prepare(await world.client("lin"), lesson, CHOICE)
    yang = await world.client("yang")
    address = f"/api/lessons/{lesson}/questions"
    assert (await yang.get(address)).json()["items"][0]["answer"] == ""
    person = (await world.person("yang")).person
    assert person is not None
    world.live.acting = person.id
    assert (await yang.get(address)).json()["items"][0]["answer"] == "C"


async def test_packs_hold_the_questions_of_classrooms_without_answers(world: World) -> None:
    lesson = (await world.lesson())["id"]
    await prepare(await world.client("lin"), lesson, CHOICE)
    screen = await world.screen(await world.classroom_id("红星小学"))
    items = (await screen.get(f"/api/lessons/{lesson}/pack")).json()["items"]
    quiz = next(one for one in items if one["kind"] == "quiz")
    assert (await screen.get(quiz["url"])).json()["questions"][0]["answer"] == ""


async def test_questions_are_copied_from_another_lesson_of_ones_own(world: World) -> None:
    source, target = (await world.lesson())["id"], (await world.lesson())["id"]
    client = await world.client("lin")
    kept = (await prepare(client, source, CHOICE)).json()["items"]
    copied = await client.post(f"/api/lessons/{target}/questions/copy", json={"lesson_id": source})
    (one,) = copied.json()["items"]
    assert one["id"] != kept[0]["id"]
    assert (one["title"], one["answer"], one["page"]) == (CHOICE["title"], "C", 0)  # the target has no page 1


# --- results


async def taught(world: World) -> tuple[str, str, list[str]]:
    """Return a lesson in which a classroom of three answered, the classroom and its pupils."""
    lesson, classroom = (await world.lesson())["id"], await world.classroom_id("红星小学")
    names = [Wanted(1, "李小雨"), Wanted(2, "=1+1"), Wanted(3, "马清风")]
    await world.services.rosters.fill(classroom, names)
    stored = await world.services.lessons.load(RoomId(lesson))
    assert stored is not None
    roster = next(one for one in stored.rosters if one.classroom == classroom)
    pupils = [one.id for one in roster.pupils]
    room = m.ClassroomId(classroom)
    choice = m.Question(m.QuestionId("question-1"), "single", "折射角", ("大于", "等于", "小于"), 1)
    opinion = m.Question(m.QuestionId("question-2"), "true_false", "光在水里走得更慢")
    bodies: list[m.EventBody] = [
        m.QuestionAsked(choice),
        m.AnswersGiven(choice.id, room, "phone-1234", 1, (m.Answer(pupils[0], "A"), m.Answer(pupils[1], "C"))),
        m.AnswersGiven(choice.id, room, "phone-1234", 2, (m.Answer(pupils[0], "C"), m.Answer(pupils[1], ""))),
        m.AnswerRevealed(choice.id, "C"),
        m.AnswersGiven(choice.id, room, "phone-1234", 3, (m.Answer(pupils[2], "B"),), True),
        m.QuestionAsked(opinion),
        m.TallyChanged(opinion.id, (m.Tally(room, (20, 18), 38, 40, by_hands=True),)),
    ]
    events = tuple(m.Event(n, n * 1000, body) for n, body in enumerate(bodies, 1))
    for _ in range(2):  # a batch whose answer was lost is stored again
        await world.services.lessons.append(RoomId(lesson), stored.info, events[:4])
    await world.services.lessons.append(RoomId(lesson), stored.info, events)
    return lesson, classroom, [str(one) for one in pupils]


async def test_results_are_the_last_answer_of_each_pupil(world: World) -> None:
    lesson, _, pupils = await taught(world)
    results = (await (await world.client("lin")).get(f"/api/lessons/{lesson}/results")).json()
    assert [(one["id"], one["answer"]) for one in results["questions"]] == [("question-1", "C"), ("question-2", "")]
    answers = {one["pupil"]: (one["value"], one["late"]) for one in results["answers"]}
    assert answers == {pupils[0]: ("C", False), pupils[2]: ("B", True)}
    assert results["hands"][0]["counts"] == [20, 18]
    assert [one["name"] for one in results["classrooms"][0]["pupils"]] == ["李小雨", "=1+1", "马清风"]


async def test_results_of_other_classrooms_stay_with_the_lecturer(world: World) -> None:
    lesson, _, _ = await taught(world)
    await world.services.accounts.enrol("chen", "correct horse", "陈", None)
    ma = await world.client("ma")
    assert (await ma.get(f"/api/lessons/{lesson}/results")).status_code == 404
    yang = (await (await world.client("yang")).get(f"/api/lessons/{lesson}/results")).json()
    assert [one["school"] for one in yang["classrooms"]] == ["红星小学"]


async def test_table_of_results_holds_no_formula(world: World) -> None:
    lesson, _, _ = await taught(world)
    client = await world.client("lin")
    text = (await client.get(f"/api/lessons/{lesson}/results.csv")).content.decode("utf-8-sig")
    lines = [line.split(",") for line in text.splitlines()]
    assert lines[1][3:6] == ["正确答案", "C", ""]
    assert lines[2][2:] == ["1", "李小雨", "C", "", "1", "1"]
    assert lines[3][3] == "'=1+1"
    assert lines[4][4] == "B（补交）"
    assert lines[5][3:6] == ["举手统计", "", "对 20 错 18（共 40 人）"]
    book = openpyxl.load_workbook(io.BytesIO((await client.get(f"/api/lessons/{lesson}/results.xlsx")).content))
    assert book.active["D3"].value == "李小雨"


async def test_pupil_who_left_stays_in_the_results(world: World) -> None:
    lesson, classroom, pupils = await taught(world)
    yang = await world.client("yang")
    page = (await yang.get(f"/api/classrooms/{classroom}/roster")).json()
    kept = [one for one in page["pupils"] if one["id"] != pupils[2]]
    body = {"version": page["version"], "pupils": [{"number": one["number"], "name": one["name"]} for one in kept]}
    assert (await yang.put(f"/api/classrooms/{classroom}/roster", json=body)).status_code == 200
    assert [len(one.pupils) for one in world.live.rosters] == [2]
    results = (await yang.get(f"/api/lessons/{lesson}/results")).json()
    assert [one["name"] for one in results["classrooms"][0]["pupils"]] == ["李小雨", "=1+1", "马清风"]


# --- photos


def picture(kind: str = "JPEG", side: int = 40) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (side, 30), "white").save(made, kind)
    return made.getvalue()


async def test_photo_is_seen_by_its_classroom_and_the_lecturer_until_it_is_shown(world: World) -> None:
    lesson = (await world.lesson(open_to_observers=True))["id"]
    own = await world.classroom_id("红星小学")
    address, sender = f"/api/lessons/{lesson}/photos", await world.client("yang")
    sent = await sender.post(address, params={"classroom": own}, content=picture("WEBP"))
    assert sent.status_code == 201, sent.text
    photo = sent.json()["id"]
    again = await sender.post(address, params={"classroom": own}, content=picture("WEBP"))
    assert again.json()["id"] == photo
    observer = await world.client("ma")
    assert (await (await world.client("lin")).get(f"{address}/{photo}")).headers["content-type"] == "image/webp"
    assert (await sender.get(f"{address}/{photo}")).status_code == 200
    assert (await observer.get(f"{address}/{photo}")).status_code == 404
    world.live.photo = photo
    assert (await observer.get(f"{address}/{photo}")).status_code == 200


async def test_photos_are_checked_before_they_are_kept(world: World) -> None:
    lesson, own = (await world.lesson())["id"], await world.classroom_id("红星小学")
    address, sender = f"/api/lessons/{lesson}/photos", await world.client("yang")
    for data, code in (
        (picture("PNG"), "picture_unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_unsupported"),
        (picture("JPEG", side=1700), "picture_too_large"),
        (picture()[:20], "picture_broken"),
        (b"\xff\xd8\xff" + bytes(300_000), "body_too_large"),
    ):
        answer = await sender.post(address, params={"classroom": own}, content=data)
        assert answer.json()["code"] == code, code
    foreign = await sender.post(address, params={"classroom": "another"}, content=picture())
    assert foreign.json()["code"] == "not_allowed"
