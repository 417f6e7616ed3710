"""The library without a question, and what waits for a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update

from server.planning.plans.tables import plan_tasks, plans
from tests.integration.server.planning.conftest import Workshop


async def shelf(workshop: Workshop, by: str, query: str = "") -> list[tuple[str, bool]]:
    found = await workshop.send(by, "GET", f"/api/research/library{query}")
    return [(one["title"], one["is_mine"]) for one in found["items"]]


async def make(workshop: Workshop, title: str, **more: Any) -> str:
    body = {"group_id": workshop.group, "title": title, "subject": "科学", "grade": "五年级", **more}
    return str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])


async def set_state(workshop: Workshop, plan: str, state: str) -> None:
    async with workshop.world.database.write() as tx:
        await tx.execute(update(plans).where(plans.c.id == plan).values(state=state))


async def test_strangers_find_final_plans_and_members_drafts_too(workshop: Workshop) -> None:
    draft, final, old = [await make(workshop, title) for title in ("影子", "光的折射", "旧教案")]
    await set_state(workshop, final, "finalised")
    await set_state(workshop, old, "archived")
    assert set(await shelf(workshop, "lin")) == {("影子", True), ("光的折射", True)}
    assert await shelf(workshop, "yang") == [("光的折射", False)]
    assert await shelf(workshop, "yang", f"?group={workshop.group}&state=draft") == []
    assert await shelf(workshop, "lin", "?state=archived") == [("旧教案", True)]
    assert await shelf(workshop, "lin", "?grade=三年级") == []
    assert await workshop.refused("lin", "GET", "/api/research/library?start=x") == "field_invalid"
    # a stranger may copy what is final, and nothing else
    copy = {"group_id": workshop.group, "title": "抄", "subject": "科学", "previous_plan_id": draft}
    assert await workshop.refused("yang", "POST", "/api/plans", copy) == "not_allowed"


async def test_open_tasks_wait_for_their_owner_until_done_or_until_they_leave(workshop: Workshop) -> None:
    await workshop.join("he")
    plan = await make(workshop, "光的折射")
    he, lin = await workshop.id_of("he"), await workshop.id_of("lin")
    row = {"plan_id": plan, "owner_id": he, "by_id": lin, "made_ms": 1}
    async with workshop.world.database.write() as tx:
        for number, (text, due) in enumerate([("找图片", None), ("补实验", "2026-12-01"), ("写反思", "2026-11-25")]):
            await tx.execute(insert(plan_tasks).values({**row, "id": f"t{number}", "text": text, "due": due}))
        await tx.execute(insert(plan_tasks).values({**row, "id": "t9", "text": "做完的", "due": None, "done_ms": 5}))
    due = (await workshop.send("he", "GET", "/api/research/due"))["items"]
    assert [(one["text"], one["plan"]) for one in due] == [
        ("写反思", "光的折射"),
        ("补实验", "光的折射"),
        ("找图片", "光的折射"),
    ]
    assert (await workshop.send("lin", "GET", "/api/research/due"))["items"] == []
    await workshop.send("he", "DELETE", f"G/members/{he}", {}, 204)
    assert (await workshop.send("he", "GET", "/api/research/due"))["items"] == []
