"""What hangs on a plan, over HTTP: comments and suggestions, tasks, versions, pictures; and who may do what."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pycrdt import XmlElement, XmlFragment
from sqlalchemy import select

from bench.plan_client import SESSION, PlanClient
from bench.plan_world import PlanWorld, plan_world
from server.planning.document import Node, append_pieces, blank_plan, paragraph
from server.planning.groups.due import DueReader
from server.planning.log import activity
from server.planning.plans.structs import varint


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[PlanWorld]:
    async with plan_world(folder) as made:
        for name, role in (("王老师", "lead"), ("赵老师", "member"), ("来宾", "guest")):
            await made.person(name, role)
        yield made


class Asking:
    """Requests of one person about one plan."""

    def __init__(self, world: PlanWorld, name: str, plan_id: str) -> None:
        self._world, self._name, self._plan_id = world, name, plan_id

    async def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        async with httpx.AsyncClient(
            base_url=self._world.base,
            cookies={SESSION: self._world.session_of(self._name)},
            trust_env=False,
            verify=False,
            timeout=60,
        ) as http:
            content = {"content": body} if isinstance(body, bytes) else {"json": body}
            answer = await http.request(method, f"/api/plans/{self._plan_id}{path}", **content)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.headers.get("content-type", "").startswith("application") else answer.content


def anchor(page: PlanClient, clock: int, end: int, quote: str) -> dict[str, str]:
    """Return an anchor at letters that the page typed."""

    def at(place: int) -> str:
        return base64.b64encode(b"\x00" + varint(page.doc.client_id) + varint(place) + b"\x00").decode()

    return {"start": at(clock), "end": at(end), "quote": quote}


def png(side: int) -> bytes:
    """Return a small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\x00" + bytes(side) for _ in range(side)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_suggestion_is_an_edit_by_whoever_made_it(world: PlanWorld) -> None:
    plan = await world.plan(tree=blank_plan({"topic": ["课题："]}))
    lead, guest = Asking(world, "王老师", plan.id), Asking(world, "来宾", plan.id)
    page = await world.page("赵老师", plan.id)
    await page.write("学生观察光的折射")  # clocks 0 to 7 of this page
    await page.until(lambda: page.unsaved == 0)
    place = anchor(page, 4, 6, "光的")
    kind = {"kind": "suggestion", "text": "说完整", "anchor": place}
    await guest("POST", "/comments", kind, 422)
    made = await guest("POST", "/comments", {**kind, "replacement": "光从空气进入水中的"}, 201)
    stale = await guest("POST", "/comments", {**kind, "replacement": "别的"}, 201)
    remark = await guest("POST", "/comments", {"kind": "comment", "text": "好", "anchor": place}, 201)
    (first, *_) = (await lead("GET", "/comments?placed=1"))["items"]
    assert first["place"] == {"state": "anchored", "words": "光的"}

    await guest("POST", f"/comments/{made['id']}/accept", {}, 403)
    accepted = await lead("POST", f"/comments/{made['id']}/accept", {})
    assert accepted["outcome"] == "accepted" and accepted["resolved_by"]["name"] == "王老师"
    await page.until(lambda: "学生观察光从空气进入水中的折射" in page.text)
    shares = await world.plans.versions.written(plan.id)
    people = {one: (await world.person(one)).id for one in ("赵老师", "来宾", "王老师")}
    assert shares[people["来宾"]] >= 7 and people["王老师"] not in shares
    await lead("POST", f"/comments/{made['id']}/accept", {}, 409)
    await lead("POST", f"/comments/{made['id']}/reopen", {}, 409)
    lost = await lead("POST", f"/comments/{stale['id']}/accept", {}, 409)
    assert lost["code"] == "anchor_lost"
    await page.write("。")
    await page.until(lambda: page.unsaved == 0)
    assert page.ended is None, "a refusal disturbs nobody"

    replied = await lead("POST", f"/comments/{remark['id']}/replies", {"text": "谢谢"}, 201)
    assert replied["replies"][0]["by"]["name"] == "王老师"
    declined = await lead("POST", f"/comments/{stale['id']}/decline", {})
    assert declined["outcome"] == "declined"
    await guest("DELETE", f"/comments/{remark['id']}", status=204)
    await page.close()


async def test_a_suggestion_outlives_the_clearing_of_the_history(world: PlanWorld) -> None:
    plan = await world.plan(tree=blank_plan({"topic": ["课题："]}))
    lead, guest = Asking(world, "王老师", plan.id), Asking(world, "来宾", plan.id)
    page = await world.page("赵老师", plan.id)
    await page.write("学生观察光的折射")
    await page.until(lambda: page.unsaved == 0)
    said = {"kind": "suggestion", "text": "", "anchor": anchor(page, 4, 6, "光的"), "replacement": "光在水中的"}
    made = await guest("POST", "/comments", said, 201)
    await page.close()
    await lead("POST", "/renew", {}, 204)
    (shown,) = (await lead("GET", "/comments?placed=1"))["items"]
    assert shown["place"] == {"state": "found", "words": "光的"}  # by its quote: the letters are new
    await lead("POST", f"/comments/{made['id']}/accept", {})
    fresh = await world.page("赵老师", plan.id)
    assert "学生观察光在水中的折射" in fresh.text
    await fresh.close()


async def test_a_suggestion_over_several_paragraphs_is_one_edit_of_its_author(world: PlanWorld) -> None:
    plan = await world.plan(tree=Node("doc", {}, (Node("planField", {"field": "goals"}, (paragraph(),)),)))
    lead, guest = Asking(world, "王老师", plan.id), Asking(world, "来宾", plan.id)
    page = await world.page("赵老师", plan.id)

    def write(root: XmlFragment) -> None:
        field = root.children[0]
        assert isinstance(field, XmlElement)
        append_pieces(field, (paragraph("说出光的折射"), paragraph("画出光的路线")))

    await page.change(
        write
    )  # clocks: the second paragraph 0, its text 1, its letters from 2; the first 8, 9, and from 10
    await page.until(lambda: page.unsaved == 0)
    place = anchor(page, 10 + 2, 2 + 3, "光的折射\n画出光")
    about = {"kind": "suggestion", "text": "合成一条", "anchor": place, "replacement": "并解释水中筷子弯折"}
    made = await guest("POST", "/comments", about, 201)
    accepted = await lead("POST", f"/comments/{made['id']}/accept", {})
    assert accepted["outcome"] == "accepted"
    await page.until(lambda: page.text.endswith("说出并解释水中筷子弯折的路线"))
    shares = await world.plans.versions.written(plan.id)
    people = {one: (await world.person(one)).id for one in ("赵老师", "来宾")}
    assert shares == {people["来宾"]: 9, people["赵老师"]: 5}
    await page.close()


async def test_tasks_go_to_people_of_the_group_and_whoever_has_one_finishes_it(world: PlanWorld) -> None:
    plan = await world.plan()
    lead, guest = Asking(world, "王老师", plan.id), Asking(world, "来宾", plan.id)
    owner = (await world.person("来宾")).id
    wanted = {"text": "补充学情", "owner_id": owner, "due": "2026-12-01"}
    await guest("POST", "/tasks", wanted, 403)
    await lead("POST", "/tasks", {**wanted, "owner_id": "nobody"}, 422)
    await lead("POST", "/tasks", {**wanted, "due": "明天"}, 422)
    task = await lead("POST", "/tasks", wanted, 201)
    done = await guest("PATCH", f"/tasks/{task['id']}", {"done": True})
    assert done["done_by"]["name"] == "来宾" and done["done_ms"]
    assert (await guest("PATCH", f"/tasks/{task['id']}", {"done": False}))["done_ms"] is None
    await lead("DELETE", f"/tasks/{task['id']}", status=204)
    await lead("PATCH", f"/tasks/{task['id']}", {"done": True}, 404)
    async with world.database.read() as tx:
        kinds = [row.kind for row in await tx.execute(select(activity.c.kind).order_by(activity.c.id))]
    assert kinds == ["plan.made", "task.made", "task.done"]


async def test_whoever_is_named_is_told_until_they_look(world: PlanWorld) -> None:
    plan = await world.plan()
    lead, guest = Asking(world, "王老师", plan.id), Asking(world, "来宾", plan.id)
    named, maker = (await world.person("来宾")).id, (await world.person("王老师")).id
    due = DueReader(world.database)
    await guest("POST", "/mentions", {"person_id": maker}, 403)
    await lead("POST", "/mentions", {"person_id": "nobody"}, 422)
    await lead("POST", "/mentions", {"person_id": maker}, 204)  # oneself: nothing to tell
    assert await due.of(maker) == [] and await due.of(named) == []
    await lead("POST", "/mentions", {"person_id": named}, 204)
    remark = {"kind": "comment", "text": "@来宾 请看", "mentions": [named]}
    made = await lead("POST", "/comments", remark, 201)  # told already: no second row
    (waits,) = await due.of(named)
    assert (waits.kind, waits.text, waits.plan_id, waits.due) == ("mention", "王老师", plan.id, None)
    (seen,) = (await guest("POST", "/mentions/seen", {}))["items"]
    assert (seen["by"]["name"], seen["where"]) == ("王老师", "text")
    assert await due.of(named) == [] and (await guest("POST", "/mentions/seen", {}))["items"] == []
    reply = {"text": "@来宾 再看", "mentions": [named]}
    await lead("POST", f"/comments/{made['id']}/replies", reply, 201)
    await guest("POST", f"/comments/{made['id']}/replies", {"text": "@某人", "mentions": ["nobody"]}, 422)
    (seen,) = (await guest("POST", "/mentions/seen", {}))["items"]
    assert (seen["where"], seen["text"]) == ("comment", "@来宾 再看")


async def test_a_page_of_somebody_else_does_nothing(world: PlanWorld) -> None:
    plan = await world.plan()
    cookies = {SESSION: world.session_of("赵老师")}
    async with httpx.AsyncClient(base_url=world.base, cookies=cookies, trust_env=False, verify=False) as http:
        remark, page = {"kind": "comment", "text": "好"}, {"X-Tongtang-Person": (await world.person("王老师")).id}
        answer = await http.post(f"/api/plans/{plan.id}/comments", json=remark, headers=page)
        assert (answer.status_code, answer.json()["code"]) == (401, "other_person")
        assert (await http.get(f"/api/plans/{plan.id}/comments")).json()["items"] == []
        page["X-Tongtang-Person"] = (await world.person("赵老师")).id
        assert (await http.post(f"/api/plans/{plan.id}/comments", json=remark, headers=page)).status_code == 201


async def test_versions_are_compared_and_a_final_one_is_the_leads(world: PlanWorld) -> None:
    plan = await world.plan(tree=blank_plan({"topic": ["光的折射"]}))
    lead, member = Asking(world, "王老师", plan.id), Asking(world, "赵老师", plan.id)
    first = await member("POST", "/versions", {"name": "初稿"}, 201)
    assert (first["number"], first["is_final"], first["characters"]) == (1, False, 4)
    page = await world.page("赵老师", plan.id)
    await page.write("与反射")
    await page.until(lambda: page.unsaved == 0)
    changed = (await member("GET", "/versions/1/compare"))["items"][0]
    assert changed["kind"] == "changed" and changed["parts"][1] == {"kind": "added", "text": "与反射"}
    await member("POST", "/versions", {"is_final": True}, 403)
    await lead("POST", "/versions", {"is_final": True}, 201)
    assert (await lead("GET", ""))["state"] == "finalised"
    await member("POST", "/versions/1/restore", {}, 409)
    await member("POST", "/versions", {"name": "又一稿"}, 409)
    await member("GET", "/versions/9/compare", status=404)
    items = (await member("GET", "/versions/2/compare?with=1"))["items"]
    assert items[0]["kind"] == "changed" and items[0]["before"] == ["光的折射"]
    await page.close()


async def test_pictures_are_looked_at_before_they_are_kept(world: PlanWorld) -> None:
    plan = await world.plan()
    member, guest = Asking(world, "赵老师", plan.id), Asking(world, "来宾", plan.id)
    picture = png(9)
    await guest("POST", "/pictures", picture, 403)
    await member("POST", "/pictures", b"<svg onload=alert(1)>", 403)
    await member("POST", "/pictures", picture[:20], 403)
    kept = await member("POST", "/pictures", picture, 201)
    assert (kept["width"], kept["height"]) == (9, 9)
    path = kept["url"].removeprefix(f"/api/plans/{plan.id}")
    assert await guest("GET", path) == picture
    await guest("GET", f"/pictures/{'0' * 64}", status=404)
