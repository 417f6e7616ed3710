from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.server.conftest import PASSWORD, World


async def enrolled(world: World, username: str = "chen") -> None:
    await world.services.accounts.enrol(username, PASSWORD, "陈老师", await world.school_id("红星小学"))


async def test_a_person_logs_in_and_out(world: World) -> None:
    await enrolled(world)
    client = await world.client()
    answer = await client.post("/api/session", json={"username": "chen", "password": PASSWORD})
    assert answer.status_code == 200 and answer.json()["school"]["name"] == "红星小学"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    token = client.cookies["tongtang_session"]
    assert (await client.get("/api/hello")).json()["me"]["username"] == "chen"
    assert (await client.delete("/api/session")).status_code == 204
    client.cookies.set("tongtang_session", token)
    assert (await client.get("/api/hello")).json()["me"] is None


async def test_only_hashes_are_stored(world: World) -> None:
    await enrolled(world)
    client = await world.client()
    await client.post("/api/session", json={"username": "chen", "password": PASSWORD})
    token = client.cookies["tongtang_session"]
    written = b"".join(path.read_bytes() for path in world.folder.glob("tongtang.db*"))
    assert token.encode() not in written and PASSWORD.encode() not in written and b"$argon2id$" in written


async def test_a_session_ends_after_fourteen_days(world: World) -> None:
    client = await world.client("lin")
    world.clock.ahead = timedelta(days=13, hours=23)
    assert (await client.get("/api/hello")).json()["me"] is not None
    world.clock.ahead = timedelta(days=14, minutes=1)
    assert (await client.get("/api/hello")).json()["me"] is None


async def test_wrong_and_unknown_look_alike_and_too_many_are_stopped(world: World) -> None:
    await enrolled(world)
    client = await world.client()
    answers = [
        await client.post("/api/session", json={"username": name, "password": "wrong wrong"})
        for name in ("chen", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json() and answers[0].json()["code"] == "login_wrong"
    for _ in range(7):
        await client.post("/api/session", json={"username": "chen", "password": "wrong wrong"})
    stopped = await client.post("/api/session", json={"username": "chen", "password": PASSWORD})
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_attempts")
    other = await client.post("/api/session", json={"username": "nobody", "password": "wrong wrong"})
    assert other.status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"", 400, "json_malformed", None),
        (b"[1]", 400, "json_malformed", None),
        (b"{" * 2000, 400, "json_malformed", None),
        (b"\xff\xff", 400, "json_malformed", None),
        (b"username=chen&password=x", 400, "json_malformed", None),
        (b"<session/>", 400, "json_malformed", None),
        (b'{"username": "a"}', 422, "field_invalid", "password"),
        (b'{"username": 1, "password": "x"}', 422, "field_invalid", "username"),
        (b'{"username": "' + b"a" * 70_000 + b'"}', 413, "body_too_large", None),
    ],
)
async def test_bad_bodies_are_refused(world: World, body: bytes, status: int, code: str, field: str | None) -> None:
    answer = await (await world.client()).post("/api/session", content=body)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_request_of_another_site_is_refused(world: World) -> None:
    client = await world.client("lin")
    del client.headers["X-Tongtang"]
    answer = await client.delete("/api/session")
    assert (answer.status_code, answer.json()["code"]) == (403, "header_missing")
    assert (await client.get("/api/hello")).json()["me"] is not None


async def test_managers_add_schools_people_and_classrooms(world: World) -> None:
    manager = await world.client("wang")
    school = (await manager.post("/api/schools", json={"name": "新村小学", "kind": "rural", "region": "云岭县"})).json()
    again = await manager.post("/api/schools", json={"name": "新村小学", "kind": "rural", "region": "云岭县"})
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    body = {"username": "zhang", "password": PASSWORD, "name": "张老师", "school_id": school["id"], "is_manager": True}
    assert (await manager.post("/api/people", json=body)).status_code == 201
    assert (await manager.post("/api/people", json=body)).json()["code"] == "username_taken"
    short = await manager.post("/api/people", json={**body, "username": "li", "password": "short"})
    assert (short.status_code, short.json()["field"]) == (422, "password")
    client = await world.new_client()
    await client.post("/api/session", json={"username": "zhang", "password": PASSWORD})
    room = await client.post(f"/api/schools/{school['id']}/classrooms", json={"name": "一班"})
    assert room.status_code == 201 and room.json()["paired"] is False
    foreign = await client.post("/api/people", json={**body, "username": "li", "school_id": None})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_allowed")


async def test_a_screen_is_paired_once_by_a_teacher_of_its_school(world: World) -> None:
    screen = await world.screen(None)
    code = (await screen.get("/api/devices/me")).json()["code"]
    assert len(code) == 6 and code.isdigit()
    room = await world.classroom_id("红星小学")
    body = {"code": code, "classroom_id": room}
    foreign = await (await world.client("he")).post("/api/devices/pair", json=body)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_allowed")
    teacher = await world.client("yang")
    paired = (await teacher.post("/api/devices/pair", json=body)).json()
    assert paired["paired"] and paired["school"]["name"] == "红星小学"
    assert (await screen.get("/api/devices/me")).json() == paired
    again = await teacher.post("/api/devices/pair", json=body)
    assert (again.status_code, again.json()["code"]) == (404, "pairing_code_unknown")
    assert (await screen.delete("/api/devices/me")).status_code == 204
    assert (await screen.get("/api/hello")).json()["device"] is None


async def test_a_new_screen_takes_the_place_of_the_old(world: World) -> None:
    room = await world.classroom_id("红星小学")
    old, new = await world.screen(room), await world.screen(room)
    assert (await old.get("/api/devices/me")).json()["code"] == "device_unknown"
    assert (await new.get("/api/devices/me")).json()["paired"]


async def test_a_code_is_over_after_ten_minutes_and_the_screen_gets_another(world: World) -> None:
    screen = await world.screen(None)
    old = (await screen.get("/api/devices/me")).json()["code"]
    world.clock.ahead = timedelta(minutes=10, seconds=1)
    body = {"code": old, "classroom_id": await world.classroom_id("红星小学")}
    refused = await (await world.client("yang")).post("/api/devices/pair", json=body)
    assert refused.json()["code"] == "pairing_code_unknown"
    assert (await screen.get("/api/devices/me")).json()["code"] != old


async def test_guessing_codes_is_stopped(world: World) -> None:
    teacher, room = await world.client("yang"), await world.classroom_id("红星小学")
    codes = [
        (await teacher.post("/api/devices/pair", json={"code": f"{n:06}", "classroom_id": room})).json()["code"]
        for n in range(11)
    ]
    assert codes == ["pairing_code_unknown"] * 10 + ["too_many_attempts"]


async def test_screens_are_not_registered_without_end(world: World) -> None:
    client = await world.new_client()
    statuses = [(await client.post("/api/devices")).status_code for _ in range(31)]
    assert statuses == [201] * 30 + [429]


async def test_a_new_password_ends_all_sessions(world: World) -> None:
    client = await world.client("lin")
    await world.services.accounts.set_password("lin", PASSWORD)
    assert (await client.get("/api/hello")).json()["me"] is None
    assert (await client.post("/api/session", json={"username": "lin", "password": PASSWORD})).status_code == 200


async def test_the_demo_lets_nobody_else_in(world: World) -> None:
    answer = await (await world.client()).post("/api/session/demo", json={"username": "nobody"})
    assert answer.status_code == 403
    shown = (await (await world.client()).get("/api/hello")).json()["demo_accounts"]
    assert "zhou" not in {one["username"] for one in shown} and len(shown) == 7
