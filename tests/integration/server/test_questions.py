"""Prepared questions, results and photos over HTTP: who prepares, who sees which answers, and that nothing is lost."""

from __future__ import annotations

import io
from typing import Any

import httpx
import msgspec
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
    await world.services.preparing.rosters.fill(classroom, names)
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


# --- answers that come after the lesson


async def over(world: World) -> tuple[str, str, list[str]]:
    """Return a lesson that was taught and has ended."""
    lesson, classroom, pupils = await taught(world)
    stored = await world.services.lessons.load(RoomId(lesson))
    assert stored is not None
    info = msgspec.structs.replace(stored.info, state="ended", ended_t_ms=9_000)
    await world.services.lessons.append(RoomId(lesson), info, (m.Event(8, 9_000, m.LessonEnded()),))
    return lesson, classroom, pupils


def batch(classroom: str, revision: int, source: str = "phone-1234", **fields: Any) -> dict[str, Any]:
    common = {"id": 0, "question": "question-1", "source": source, "revision": revision, "classroom": classroom}
    return {"type": "give_answers", **common, **fields}


def given(*answers: tuple[str, str]) -> list[dict[str, str]]:
    return [{"pupil": pupil, "value": value} for pupil, value in answers]


async def answers_in(client: httpx.AsyncClient, lesson: str) -> dict[str, tuple[str, bool]]:
    results = (await client.get(f"/api/lessons/{lesson}/results")).json()
    return {one["pupil"]: (one["value"], one["late"]) for one in results["answers"]}


async def test_answers_after_the_lesson_are_kept_as_late_ones(world: World) -> None:
    lesson, classroom, pupils = await over(world)
    yang = await world.client("yang")
    body = batch(classroom, 4, answers=given((pupils[1], "a"), (pupils[2], ""), ("nobody", "A")))
    answer = await yang.post(f"/api/lessons/{lesson}/answers", json=body)
    assert (answer.status_code, answer.json()) == (200, {"is_new": True})
    assert await answers_in(yang, lesson) == {pupils[0]: ("C", False), pupils[1]: ("A", True)}


async def test_batch_that_comes_twice_counts_once(world: World) -> None:
    lesson, classroom, pupils = await over(world)
    yang, address = await world.client("yang"), f"/api/lessons/{lesson}/answers"
    live = batch(classroom, 2, answers=given((pupils[0], "A")))  # the lesson took it, only its reply was lost
    assert (await yang.post(address, json=live)).json() == {"is_new": False}
    first = batch(classroom, 4, answers=given((pupils[0], "B")))
    assert (await yang.post(address, json=first)).json() == {"is_new": True}
    other = batch(classroom, 1, "phone-other", answers=given((pupils[0], "A")))
    assert (await yang.post(address, json=other)).json() == {"is_new": True}
    assert (await yang.post(address, json=first)).json() == {"is_new": False}
    assert (await answers_in(yang, lesson))[pupils[0]] == ("A", True)


async def test_hands_counted_before_the_end_come_after_it(world: World) -> None:
    lesson, classroom, pupils = await over(world)
    yang, address = await world.client("yang"), f"/api/lessons/{lesson}/answers"
    hands = batch(classroom, 4, type="count_hands", question="question-2", counts=[9, 3], of=14)
    assert (await yang.post(address, json=hands)).json() == {"is_new": True}
    found = (await yang.get(f"/api/lessons/{lesson}/results")).json()["hands"]
    assert [(one["counts"], one["answered"], one["of"]) for one in found] == [([9, 3], 12, 14)]
    names = batch(classroom, 5, question="question-2", answers=given((pupils[0], "B")))
    assert (await yang.post(address, json=names)).status_code == 200
    assert (await yang.get(f"/api/lessons/{lesson}/results")).json()["hands"] == [], "names take its place"


async def test_wrong_late_answers_are_refused_and_change_nothing(world: World) -> None:
    lesson, classroom, pupils = await over(world)
    yang = await world.client("yang")
    before = await answers_in(yang, lesson)
    good = given((pupils[0], "A"))
    for wrong, code in (
        (batch(classroom, 4, answers=given((pupils[0], "A"), (pupils[1], "D"))), "answer_invalid"),
        (batch(classroom, 4, answers=given(("nobody", "A"))), "answer_invalid"),
        (batch(classroom, 4, answers=[]), "answer_invalid"),
        (batch(classroom, 4, answers=good * 61), "answer_invalid"),
        (batch(classroom, 0, answers=good), "answer_invalid"),
        (batch(classroom, 4, "phone", answers=good), "answer_invalid"),
        (batch(classroom, 4, answers=good, question="question-9"), "question_unknown"),
        (batch(classroom, 4, type="count_hands", counts=[1], of=3), "answer_invalid"),
        (batch(classroom, 4, type="count_hands", counts=[1, 2, 300], of=3), "answer_invalid"),
        (batch(classroom, 4, type="ask_question", answers=good), "field_invalid"),
        (batch(classroom, 4), "field_invalid"),
    ):
        answer = await yang.post(f"/api/lessons/{lesson}/answers", json=wrong)
        assert (answer.status_code < 500, answer.json()["code"]) == (True, code), wrong
    assert await answers_in(yang, lesson) == before
    kept = await yang.post(f"/api/lessons/{lesson}/answers", json=batch(classroom, 4, answers=good))
    assert kept.json() == {"is_new": True}, "what was refused used up no number"


async def test_a_room_has_only_so_many_devices_after_the_lesson_too(world: World) -> None:
    lesson, classroom, pupils = await over(world)
    yang = await world.client("yang")
    codes = []
    for n in range(17):
        body = batch(classroom, 1, f"device-{n:03}", answers=given((pupils[0], "A")))
        codes.append((await yang.post(f"/api/lessons/{lesson}/answers", json=body)).status_code)
    assert codes == [200] * 15 + [403] * 2  # one answered in the lesson


async def test_only_those_of_the_classroom_answer_for_it_after_the_lesson(world: World) -> None:
    lesson, classroom, pupils = await over(world)
    address, body = f"/api/lessons/{lesson}/answers", batch(classroom, 4, answers=given((pupils[0], "B")))
    lin, yang = await world.client("lin"), await world.client("yang")
    assert (await (await world.client("ma")).post(address, json=body)).status_code == 404
    for who, other in ((yang, "another"), (yang, ""), (lin, "another")):
        refused = await who.post(address, json=body | {"classroom": other})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await lin.post(address, json=body)).status_code == 200
    screen = await world.screen(classroom)
    assert (await screen.post(address, json=body | {"revision": 5})).status_code == 200
    hands = batch(classroom, 6, type="count_hands", counts=[1, 0, 0], of=3)
    assert (await screen.post(address, json=hands)).json()["code"] == "not_allowed", "as in the lesson"


async def test_a_lesson_that_goes_on_sends_answers_to_its_socket(world: World) -> None:
    lesson, classroom, pupils = await taught(world)
    yang = await world.client("yang")
    before = await answers_in(yang, lesson)
    body = batch(classroom, 4, answers=given((pupils[0], "B")))
    answer = await yang.post(f"/api/lessons/{lesson}/answers", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "lesson_state")
    assert await answers_in(yang, lesson) == before


async def test_photo_from_after_the_lesson_becomes_an_answer(world: World) -> None:
    lesson, classroom, pupils = await taught(world)
    stored = await world.services.lessons.load(RoomId(lesson))
    assert stored is not None
    work = m.Question(m.QuestionId("question-3"), "photo", "拍下你的光路图")
    info = msgspec.structs.replace(stored.info, state="ended", ended_t_ms=9_000)
    bodies: list[m.EventBody] = [m.QuestionAsked(work), m.LessonEnded()]
    events = tuple(m.Event(n, n * 1000, body) for n, body in enumerate(bodies, 8))
    await world.services.lessons.append(RoomId(lesson), info, events)
    yang = await world.client("yang")
    sent = await yang.post(f"/api/lessons/{lesson}/photos", params={"classroom": classroom}, content=picture())
    photo = sent.json()["id"]
    body = batch(classroom, 4, question="question-3", answers=given((pupils[0], photo)))
    assert (await yang.post(f"/api/lessons/{lesson}/answers", json=body)).json() == {"is_new": True}
    found = (await yang.get(f"/api/lessons/{lesson}/results")).json()["answers"]
    assert [one for one in found if one["question"] == "question-3"] == [
        {"question": "question-3", "classroom": classroom, "pupil": pupils[0], "value": photo, "late": True}
    ]


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
