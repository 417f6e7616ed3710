"""Timetables over HTTP: lessons that follow from series, conflicts, changes, screens, files, and who may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from server.sheets import read_table
from tests.integration.server.conftest import World

TERM = {
    "name": "2026 秋",
    "first_day": "2026-09-01",
    "last_day": "2027-01-15",
    "holidays": [{"name": "国庆节", "first_day": "2026-10-01", "last_day": "2026-10-07"}],
    "makeups": [{"day": "2026-10-10", "weekday": 4}],
}
CITY = [("第一节", "08:30", "09:10"), ("第二节", "09:20", "10:00"), ("第三节", "10:20", "11:00")]
VILLAGE = [("第一节", "08:50", "09:30"), ("第二节", "09:40", "10:20"), ("第三节", "10:40", "11:20")]
HONG, HE = "红星小学", "河口小学"


class Autumn:
    """The world on a morning in August, with a term and the bells of two schools."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.term: dict[str, Any] = {}

    def set_clock(self, moment: str) -> None:
        self.world.clock.ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
        self.world.clients.clear()  # sessions end within weeks

    async def person(self, username: str) -> str:
        found = await self.world.person(username)
        assert found.person is not None
        return found.person.id

    async def series(self, **changes: Any) -> dict[str, Any]:
        return {
            "term_id": self.term["id"],
            "title": "光的世界",
            "subject": "科学",
            "lecturer_id": await self.person("lin"),
            "weekday": 4,
            "period": 3,
            "weeks": "all",
            "classroom_ids": [await self.world.classroom_id(HONG)],
            "paired_school_id": await self.world.school_id(HONG),
            **changes,
        }

    async def add(self, **changes: Any) -> dict[str, Any]:
        lin = await self.world.client("lin")
        done = await lin.post("/api/series", json=await self.series(**changes))
        assert done.status_code == 201, done.text
        found: dict[str, Any] = done.json()
        return found

    async def lessons(self, first: str, last: str, by: str = "lin", **query: str) -> list[dict[str, Any]]:
        client = await self.world.client(by)
        shown = await client.get("/api/timetable", params={"from": first, "to": last, **query})
        assert shown.status_code == 200, shown.text
        found: list[dict[str, Any]] = shown.json()["lessons"]
        return found


@pytest.fixture
async def autumn(world: World) -> Autumn:
    made = Autumn(world)
    made.set_clock("2026-08-24T08:00:00+08:00")
    wang = await world.client("wang")
    term = await wang.post("/api/terms", json=TERM)
    assert term.status_code == 201, term.text
    made.term = term.json()
    for school, bells in (("春城实验小学", CITY), (HONG, VILLAGE)):
        periods = [{"name": name, "start": start, "end": end} for name, start, end in bells]
        path = f"/api/schools/{await world.school_id(school)}/bells"
        assert (await wang.put(path, json={"periods": periods})).status_code == 200
    return made


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_series_becomes_the_lessons_of_the_term(autumn: Autumn) -> None:
    lin = await autumn.world.client("lin")
    body = await autumn.series()
    shown = (await lin.post("/api/series/preview", json=body)).json()
    assert shown["created"] == 20
    assert shown["skipped"] == [{"day": "2026-10-01", "holiday": "国庆节"}]
    assert shown["notes"] == ["红星小学的作息不同：这节课占用第三节（10:40–11:20），请和对方商量。"]
    assert await autumn.lessons("2026-09-01", "2026-09-30") == []
    saved = (await lin.post("/api/series", json=body)).json()
    week = await autumn.lessons("2026-09-07", "2026-09-13")
    assert [(one["day"], one["start"], one["end"], one["title"]) for one in week] == [
        ("2026-09-10", "10:20", "11:00", "光的世界")
    ]
    assert week[0]["starts_at"] == "2026-09-10T02:20:00.000Z"
    again = (await lin.put(f"/api/series/{saved['series']['id']}", json=body)).json()
    assert (again["created"], again["changed"], again["called_off"]) == (0, 0, 0)
    # The lobby has the coming week, not the whole term.
    autumn.set_clock("2026-09-09T08:00:00+08:00")
    listed = (await (await autumn.world.client("lin")).get("/api/lessons")).json()["items"]
    assert [one["starts_at"][:10] for one in listed] == ["2026-09-03", "2026-09-10"]


async def test_a_conflict_is_refused_with_who_and_when_and_nothing_is_stored(autumn: Autumn) -> None:
    await autumn.add()
    world = autumn.world
    zhou = await autumn.person("zhou")
    wang = await world.client("wang")
    # 红星小学's room is taken by real time: its teacher gives a lesson in her own third period, 10:40 to 11:20.
    body = await autumn.series(
        title="分数", lecturer_id=await autumn.person("yang"), paired_school_id=None, weeks="1-3"
    )
    clash = await wang.post("/api/series", json=body)
    assert refused(clash) == (409, "timetable_conflict")
    detail = clash.json()["detail"]
    assert "9月3日（周四）10:20–11:00，红星小学五年级一班已有《光的世界》，林晓云主讲。" in detail
    assert (await autumn.lessons("2026-09-01", "2026-09-12", "wang"))[0]["title"] == "光的世界"
    shown = await wang.post("/api/series/preview", json=body)
    assert len(shown.json()["conflicts"]) == 3
    other = await autumn.series(lecturer_id=zhou, classroom_ids=[await world.classroom_id(HE)])
    assert (await wang.post("/api/series", json=other)).status_code == 201
    same_person = await autumn.series(classroom_ids=[], title="影子")
    assert "林晓云老师已有" in (await wang.post("/api/series", json=same_person)).json()["detail"]


async def test_bells_and_holidays_that_change_take_the_lessons_with_them(autumn: Autumn) -> None:
    await autumn.add()
    await autumn.add(period=2, title="影子")
    wang, school = await autumn.world.client("wang"), await autumn.world.school_id("春城实验小学")
    first = await autumn.lessons("2026-09-10", "2026-09-10")
    later = [("第一节", "09:20", "10:00"), ("第二节", "10:20", "11:00"), ("第三节", "11:10", "11:50")]
    periods = [{"name": name, "start": start, "end": end} for name, start, end in later]
    # Each takes the time that the other leaves.
    assert (await wang.put(f"/api/schools/{school}/bells", json={"periods": periods})).status_code == 200
    after = await autumn.lessons("2026-09-10", "2026-09-10")
    assert [(one["title"], one["start"]) for one in after] == [("影子", "10:20"), ("光的世界", "11:10")]
    assert {one["id"] for one in after} == {one["id"] for one in first}
    exam = {
        **TERM,
        "holidays": [*TERM["holidays"], {"name": "月考", "first_day": "2026-09-10", "last_day": "2026-09-10"}],
    }
    assert (await wang.put(f"/api/terms/{autumn.term['id']}", json=exam)).status_code == 200
    assert {one["cancelled"] for one in await autumn.lessons("2026-09-10", "2026-09-10")} == {"放假：月考"}
    assert (await wang.put(f"/api/terms/{autumn.term['id']}", json=TERM)).status_code == 200
    back = await autumn.lessons("2026-09-10", "2026-09-10")
    assert {(one["id"], one["cancelled"]) for one in back} == {(one["id"], None) for one in first}


async def test_cancel_substitute_move_and_back(autumn: Autumn) -> None:
    await autumn.add()
    world = autumn.world
    lin, yang, wang = await world.client("lin"), await world.client("yang"), await world.client("wang")
    lesson = (await autumn.lessons("2026-09-10", "2026-09-10"))[0]
    path = f"/api/lessons/{lesson['id']}"
    assert lesson["can_change"] is True
    assert refused(await yang.post(f"{path}/cancel", json={"reason": "停电"})) == (403, "not_allowed")
    assert refused(await lin.post(f"{path}/cancel", json={"reason": " "})) == (422, "field_invalid")
    off = await lin.post(f"{path}/cancel", json={"reason": "老师生病"})
    assert world.live.off == [(path.rpartition("/")[2], "老师生病")], "whoever waits in it is sent home"
    assert off.json()["cancelled"] == "老师生病"
    seen = (await autumn.lessons("2026-09-10", "2026-09-10", "yang"))[0]
    assert (seen["cancelled"], seen["changed_by"], seen["can_change"]) == ("老师生病", "林晓云", False)
    token = await yang.post(f"{path}/token", json={"role": "local_teacher"})
    assert refused(token) == (409, "lesson_cancelled")
    assert "老师生病" in token.json()["detail"]
    assert (await lin.post(f"{path}/restore")).json()["cancelled"] is None
    zhou = await autumn.person("zhou")
    given = await wang.post(f"{path}/substitute", json={"lecturer_id": zhou, "reason": "外出学习"})
    assert (given.json()["lecturer"]["name"], given.json()["substitution"]["instead_of"]["name"]) == (
        "周明远",
        "林晓云",
    )
    stranger = await wang.post(f"{path}/substitute", json={"lecturer_id": await autumn.person("he"), "reason": "x"})
    assert refused(stranger) == (422, "field_invalid")
    moved = await lin.post(f"{path}/move", json={"day": "2026-09-11", "start": "08:30", "reason": "运动会"})
    assert moved.json()["move"] == {"from_day": "2026-09-10", "from_start": "10:20", "reason": "运动会"}
    holiday = await lin.post(f"{path}/move", json={"day": "2026-10-02", "start": "08:30", "reason": "x"})
    assert refused(holiday) == (409, "timetable_conflict")
    assert "国庆节" in holiday.json()["detail"]
    taken = await lin.post(f"{path}/move", json={"day": "2026-09-17", "start": "10:30", "reason": "x"})
    assert refused(taken) == (409, "timetable_conflict")
    back = await lin.post(f"{path}/move", json={"day": "2026-09-10", "start": "10:20", "reason": "不调了"})
    assert back.json()["move"] is None
    again = await wang.post(f"{path}/substitute", json={"lecturer_id": await autumn.person("lin"), "reason": "回来了"})
    assert again.json()["substitution"] is None
    assert refused(await lin.delete(path)) == (409, "lesson_state")


async def test_an_ended_series_leaves_what_was_and_says_why(autumn: Autumn) -> None:
    saved = await autumn.add()
    autumn.set_clock("2026-09-20T08:00:00+08:00")
    lin = await autumn.world.client("lin")
    assert (await lin.delete(f"/api/series/{saved['series']['id']}")).json()["is_ended"] is True
    shown = await autumn.lessons("2026-09-01", "2026-10-01")
    assert [one["cancelled"] for one in shown] == [None, None, None, "课表已取消"]
    term = await (await autumn.world.client("wang")).delete(f"/api/terms/{autumn.term['id']}")
    assert refused(term) == (409, "term_taken")


async def test_the_screen_sees_its_day_and_what_changed(autumn: Autumn) -> None:
    await autumn.add()
    await autumn.add(period=1, title="影子")
    world = autumn.world
    first, second = await autumn.lessons("2026-09-10", "2026-09-10")
    lin = await world.client("lin")
    await lin.post(f"/api/lessons/{first['id']}/cancel", json={"reason": "停电"})
    await lin.post(
        f"/api/lessons/{second['id']}/move", json={"day": "2026-09-11", "start": "09:30", "reason": "运动会"}
    )
    screen = await world.screen(await world.classroom_id(HONG))
    autumn.set_clock("2026-09-10T08:00:00+08:00")
    shown = (await screen.get("/api/screen")).json()
    assert (shown["today"], shown["zone_offset_min"], shown["time"][:16]) == ("2026-09-10", 480, "2026-09-10T00:00")
    assert [(one["title"], one["cancelled"], one["day"]) for one in shown["lessons"]] == [
        ("影子", "停电", "2026-09-10"), ("光的世界", None, "2026-09-11"),
    ]  # fmt: skip
    assert (shown["later"]["title"], shown["later"]["start"]) == ("光的世界", "09:30")
    other = (await (await world.screen(await world.classroom_id(HE))).get("/api/screen")).json()
    assert (other["lessons"], other["later"]) == ([], None)
    assert refused(await (await world.screen(None)).get("/api/screen")) == (403, "not_allowed")
    assert refused(await lin.get("/api/screen")) == (404, "device_unknown")


async def test_a_timetable_goes_out_and_comes_back_and_twice_changes_nothing(autumn: Autumn) -> None:
    await autumn.add(title="=光")
    await autumn.add(weekday=2, period=1, weeks="1-8,10", title="影子", open_to_observers=True)
    lin = await autumn.world.client("lin")
    query = {"term": autumn.term["id"]}
    for kind in ("csv", "xlsx"):
        file = (await lin.get(f"/api/timetable.{kind}", params=query)).content
        assert len(read_table(file)) == 3
        again = (await lin.post("/api/timetable/import", params={**query, "apply": "1"}, content=file)).json()
        assert (again["added"], again["changed"], again["kept"], again["problems"]) == ([], [], 2, [])


async def test_a_file_is_tried_first_and_its_mistakes_are_told_by_line(autumn: Autumn) -> None:
    lin, query = await autumn.world.client("lin"), {"term": autumn.term["id"]}
    head = "星期,节次,周次,课题,学科,主讲教师,听课教室\n"
    good = head + "周一,1,全部,声音,科学,林晓云,红星小学/五年级一班\n星期三,第2节,双周,水,科学,林晓云,\n"
    trial = (await lin.post("/api/timetable/import", params=query, content=good.encode("gb18030"))).json()
    assert ([one["title"] for one in trial["added"]], trial["problems"], trial["lessons"]) == (["声音", "水"], [], 27)
    assert await autumn.lessons("2026-09-01", "2026-09-30") == []
    bad = good + "周一,1,全部,撞课,科学,林晓云,\n周八,9,1-,,科学,某人,无/此\n"
    bad += "周五,9,全部,节次,科学,林晓云,\n周五,1,全部,别人,科学,杨秀英,\n"
    told = (await lin.post("/api/timetable/import", params={**query, "apply": "1"}, content=bad.encode())).json()
    texts = [(one["line"], one["text"]) for one in told["problems"]]
    assert [line for line, _ in texts] == [4, 5, 5, 5, 5, 5, 6, 7]
    assert texts[0][1] == "这位教师的这一节已经在前面写过了。"
    assert texts[6][1] == "“节次”填写有误：春城实验小学的作息里没有第 9 节。"
    assert await autumn.lessons("2026-09-01", "2026-09-30") == []
    done = (await lin.post("/api/timetable/import", params={**query, "apply": "1"}, content=good.encode())).json()
    assert len(done["added"]) == 2
    assert len(await autumn.lessons("2026-09-07", "2026-09-13")) == 2


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/terms", (401, 200, 200, 200)),
        ("POST", "/api/terms", (401, 403, 403, 201)),
        ("PUT", "/api/terms/{term}", (401, 403, 403, 200)),
        ("DELETE", "/api/terms/{term}", (401, 403, 403, 204)),
        ("GET", "/api/schools/{school}/bells", (401, 200, 200, 200)),
        ("PUT", "/api/schools/{school}/bells", (401, 403, 403, 200)),
        ("GET", "/api/schools/{school}/teachers", (401, 403, 200, 200)),
        ("GET", "/api/series?term={term}", (401, 200, 200, 200)),
        ("POST", "/api/series", (401, 201, 403, 409)),
        ("POST", "/api/series/preview", (401, 200, 403, 200)),
        ("PUT", "/api/series/unknown", (401, 404, 404, 404)),
        ("DELETE", "/api/series/unknown", (401, 404, 404, 404)),
        ("GET", "/api/timetable?from=2026-09-01&to=2026-09-07", (401, 200, 200, 200)),
        ("GET", "/api/timetable.csv?term={term}", (401, 200, 200, 200)),
        ("POST", "/api/timetable/import?term={term}", (401, 422, 422, 422)),
        ("GET", "/api/calendars", (401, 200, 200, 200)),
    ],
)
async def test_who_may(autumn: Autumn, method: str, path: str, expected: tuple[int, ...]) -> None:
    world = autumn.world
    periods = [{"name": name, "start": start, "end": end} for name, start, end in CITY]
    bodies: dict[str, Any] = {
        "/api/terms": {"name": "2027 春", "first_day": "2027-02-22", "last_day": "2027-07-02"},
        "/api/terms/{term}": TERM,
        "/api/schools/{school}/bells": {"periods": periods},
        "/api/series": await autumn.series(),
        "/api/series/preview": await autumn.series(),
        "/api/series/unknown": await autumn.series(),
    }
    address = path.replace("{term}", autumn.term["id"]).replace("{school}", await world.school_id(HONG))
    for who, status in zip((None, "lin", "yang", "wang"), expected, strict=True):
        client = await world.client(who)
        body = bodies.get(path) if method in ("POST", "PUT") else None
        answer = await client.request(method, address, **({"json": body} if body else {}))
        assert answer.status_code == status, f"{who}: {answer.text}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_day": "2026-08-31"}, "last_day"),
        ({"last_day": "2028-01-01"}, "last_day"),
        ({"name": "另", "first_day": "2026-12-01"}, "first_day"),
        ({"holidays": [{"name": "年", "first_day": "2025-01-01", "last_day": "2025-01-01"}]}, "holidays"),
        ({"makeups": [{"day": "2026-10-10", "weekday": 8}]}, "makeups"),
        ({"makeups": [{"day": "2026-08-10", "weekday": 1}]}, "makeups"),
    ],
)
async def test_a_term_has_to_make_sense(autumn: Autumn, changes: dict[str, Any], field: str) -> None:
    wang = await autumn.world.client("wang")
    body = {**TERM, **changes}
    is_new = "name" in changes
    answer = await (
        wang.post("/api/terms", json=body) if is_new else wang.put(f"/api/terms/{autumn.term['id']}", json=body)
    )
    assert (*refused(answer), answer.json()["field"]) == (422, "field_invalid", field)


@pytest.mark.parametrize(
    "times", [[("08:30", "08:30")], [("08:30", "09:10"), ("09:00", "09:40")], [("23:50", "00:20")], [("8:30", "9:10")]]
)
async def test_bells_have_to_follow_each_other(autumn: Autumn, times: list[tuple[str, str]]) -> None:
    wang, school = await autumn.world.client("wang"), await autumn.world.school_id(HONG)
    periods = [{"name": "节", "start": start, "end": end} for start, end in times]
    answer = await wang.put(f"/api/schools/{school}/bells", json={"periods": periods})
    assert refused(answer) == (422, "field_invalid")
    assert len((await wang.get(f"/api/schools/{school}/bells")).json()["items"]) == 3
