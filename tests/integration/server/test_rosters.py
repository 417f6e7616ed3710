"""Rosters over HTTP: who may, what an import does, and that nothing is lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server.sheets import as_xlsx, read_table
from tests.integration.server.conftest import World

TABLE = "学号,姓名,行,列\n1,李小雨,1,1\n2,普阿依,1,2\n3,岩温,2,1\n"


async def address(world: World, school: str = "红星小学") -> str:
    room = await world.classroom_id(school)
    return f"/api/classrooms/{room}/roster"


async def load(client: httpx.AsyncClient, path: str, text: str | bytes, **query: Any) -> httpx.Response:
    data = text.encode() if isinstance(text, str) else text
    return await client.post(f"{path}/import", content=data, params=query)


async def test_a_preview_changes_nothing_and_the_import_does_what_it_said(world: World) -> None:
    yang, path = await world.client("yang"), await address(world)
    before = (await yang.get(path)).json()
    shown = (await load(yang, path, TABLE)).json()
    assert [one["name"] for one in shown["added"]] == ["李小雨", "普阿依", "岩温"]
    assert (await yang.get(path)).json() == before
    done = (await load(yang, path, TABLE, version=before["version"])).json()
    assert done["version"] == before["version"] + 1
    after = (await yang.get(path)).json()
    assert [(one["number"], one["name"], one["card"]) for one in after["pupils"]] == [
        (1, "李小雨", 0), (2, "普阿依", 1), (3, "岩温", 2),
    ]  # fmt: skip
    again = (await load(yang, path, TABLE, version=after["version"])).json()
    assert again["version"] == after["version"]
    assert (again["added"], again["changed"], again["gone"], again["kept"]) == ([], [], [], 3)
    assert (await yang.get(path)).json() == after


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_what_is_exported_is_imported_without_a_change(world: World, encoding: str) -> None:
    yang, path = await world.client("yang"), await address(world)
    await load(yang, path, TABLE.replace("岩温", "=1+1").encode(encoding), version=0)
    for kind in ("csv", "xlsx"):
        answer = await yang.get(f"{path}.{kind}")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert read_table(answer.content)[3].cells[:2] == ("3", "=1+1")
        again = (await load(yang, path, answer.content)).json()
        assert (again["added"], again["changed"], again["problems"], again["kept"]) == ([], [], [], 3)


async def test_mistakes_are_told_line_by_line_and_nothing_is_stored(world: World) -> None:
    yang, path = await world.client("yang"), await address(world)
    wrong = "学号,姓名,卡号\nx,李小雨,\n2,普阿依,5\n2,岩温,5\n"
    shown = (await load(yang, path, wrong)).json()
    assert [(one["line"], one["text"]) for one in shown["problems"]] == [
        (2, "学号“x”不是整数。"),
        (4, "学号 2 已经是普阿依（2 号）的。"),
        (4, "5 号答题卡已经是普阿依（2 号）的。"),
    ]
    refused = await load(yang, path, wrong, version=0)
    assert (refused.status_code, refused.json()["code"]) == (422, "roster_invalid")
    assert "第 2 行" in refused.json()["detail"]
    assert (await yang.get(path)).json()["pupils"] == []


async def test_who_leaves_is_kept_and_may_come_back(world: World) -> None:
    yang, path = await world.client("yang"), await address(world)
    await load(yang, path, TABLE, version=0)
    old = (await yang.get(path)).json()
    short = "学号,姓名\n1,李小雨\n2,普阿依\n"
    assert [one["name"] for one in (await load(yang, path, short, others="leave")).json()["gone"]] == ["岩温"]
    await load(yang, path, short, others="leave", version=1)
    left = (await yang.get(path)).json()
    assert [one["name"] for one in left["left"]] == ["岩温"]
    back = (await load(yang, path, TABLE, version=2)).json()
    assert [one["id"] for one in back["back"]] == [old["pupils"][2]["id"]]
    assert [one["id"] for one in (await yang.get(path)).json()["pupils"]] == [one["id"] for one in old["pupils"]]


async def test_two_swap_cards_and_a_late_editor_is_told(world: World) -> None:
    yang, path = await world.client("yang"), await address(world)
    await load(yang, path, TABLE, version=0)
    page = (await yang.get(path)).json()
    first, second, third = page["pupils"]
    swapped = [first | {"card": second["card"]}, second | {"card": first["card"]}, third | {"name": "岩温罕"}]
    body = {"version": page["version"], "pupils": swapped}
    done = await yang.put(path, json=body)
    assert done.status_code == 200, done.text
    assert [one["card"] for one in done.json()["pupils"]] == [1, 0, 2]
    late = await yang.put(path, json=body)
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    bad = [first | {"card": 1}, second | {"card": 1}]
    refused = await yang.put(path, json={"version": 2, "pupils": bad})
    assert (refused.status_code, refused.json()["code"]) == (422, "roster_invalid")
    assert (await yang.get(path)).json()["pupils"] == done.json()["pupils"]


async def test_names_are_for_the_own_school_and_for_the_lesson(world: World) -> None:
    path, room = await address(world), await world.classroom_id("红星小学")
    await load(await world.client("yang"), path, TABLE, version=0)
    for username, status in (("lin", 403), ("he", 403), ("zhao", 403), ("yang", 200), ("wang", 200)):
        client = await world.client(username)
        assert (await client.get(path)).status_code == status, username
        assert (await load(client, path, TABLE)).status_code == status, username
        assert (await client.put(path, json={"version": 9, "pupils": []})).status_code == (
            409 if status == 200 else 403
        )
        assert (await client.get(f"{path}.csv")).status_code == status
    assert (await (await world.client()).get(path)).status_code == 401
    lesson = (await world.lesson(open_to_observers=True))["id"]
    screen = await world.screen(room)
    for who, many in ((await world.client("lin"), 1), (await world.client("yang"), 1), (screen, 1),
                      (await world.client("ma"), 0), (await world.client("zhao"), 0)):  # fmt: skip
        shown = (await who.get(f"/api/lessons/{lesson}/rosters")).json()["items"]
        assert len(shown) == many
        assert all(len(one["pupils"]) == 3 for one in shown)


async def test_bad_files_and_unknown_rooms(world: World) -> None:
    yang, path = await world.client("yang"), await address(world)
    old = await load(yang, path, b"\xd0\xcf\x11\xe0x")
    assert (old.status_code, old.json()["code"]) == (415, "sheet_unsupported")
    many = as_xlsx("x", [["姓名"], *([f"学生{number}"] for number in range(130))])
    assert (await load(yang, path, many)).json()["code"] == "sheet_too_large"
    assert (await load(yang, path, b"x" * (1 << 20) + b"y")).status_code == 413
    assert (await load(yang, path, TABLE, version="x")).status_code == 422
    assert (await yang.get("/api/classrooms/nowhere/roster")).json()["code"] == "classroom_unknown"
