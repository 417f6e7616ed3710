"""Who wrote a plan, through the server's own doors."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc, XmlFragment
from sqlalchemy import select, update

from server.accounts.tables import schools
from server.planning.authorship.attribution import Attribution
from server.planning.document import ROOT, append_pieces, paragraph
from server.planning.plans.tables import plan_versions
from tests.integration.server.planning.conftest import Workshop

WEST = "同学们先观察水面下的铅笔，说一说它看起来为什么像被折断了，再小组讨论光的路线。"
EAST = "实验前提醒远端教室准备半杯清水和一支直尺，教师巡视并记录猜想。"


async def write(workshop: Workshop, by: str, plan: str, words: str) -> None:
    author = await workshop.id_of(by)

    def change(doc: Doc[Any]) -> None:
        append_pieces(doc.get(ROOT, type=XmlFragment), (paragraph(words),))

    async def record(_tx: Any, _core: Any) -> None:
        return None

    async with workshop.world.services.planning.plans.rooms.using(plan) as room:
        await room.command(record, lambda core: core.edit(author, change))


async def written(workshop: Workshop, lead: str) -> str:
    """Return a plan that Yang of a western school and Lin of an eastern one wrote together."""
    async with workshop.world.database.write() as tx:
        await tx.execute(update(schools).values(region="上海市徐汇区"))
        await tx.execute(update(schools).where(schools.c.name == "红星小学").values(region="云南省红河州"))
    await workshop.join("yang")
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学", "lead_id": await workshop.id_of(lead)}
    plan = str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])
    await write(workshop, "yang", plan, WEST)
    await write(workshop, "lin", plan, EAST)
    await write(workshop, "lin", plan, WEST)  # a copy is nobody's
    return plan


async def finalise(workshop: Workshop, plan: str) -> None:
    person = (await workshop.world.person("lin")).person
    assert person is not None
    await workshop.world.services.planning.plans.versions.make(person, plan, "定稿", is_final=True)


async def test_the_shares_are_what_each_typed(workshop: Workshop) -> None:
    plan = await written(workshop, "yang")
    found = await workshop.send("lin", "GET", f"/api/plans/{plan}/shares")
    people = {one["name"]: (one["characters"], one["school"], one["is_western"]) for one in found["people"]}
    assert people == {"杨秀英": (len(WEST), "红星小学", True), "林晓云": (len(EAST), "春城实验小学", False)}
    assert {one["name"]: one["characters"] for one in found["regions"]} == {"云南": len(WEST), "上海": len(EAST)}
    assert found["not_counted"] == {"template": len("光的折射"), "copied": len(WEST)}
    assert found["led"]["by_lead"] is False  # not final yet
    assert (found["led"]["by_share"], found["led"]["by_regions"], found["led"]["is_led"]) == (True, True, False)
    assert await workshop.refused("he", "GET", f"/api/plans/{plan}/shares") == "not_allowed"


async def test_what_stood_in_another_plan_first_is_nobodys(workshop: Workshop) -> None:
    first = await written(workshop, "yang")
    await finalise(workshop, first)
    body = {"group_id": workshop.group, "title": "光的折射二", "subject": "科学"}
    second = str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])
    own = "这一节换成用激光笔演示，学生记录入射角和折射角的大小。"
    await write(workshop, "lin", second, own)
    await write(workshop, "lin", second, "先照旧：" + WEST[4:])
    found = await workshop.send("lin", "GET", f"/api/plans/{second}/shares")
    assert [(one["name"], one["characters"]) for one in found["people"]] == [("林晓云", len(own) + len("先照旧："))]
    assert found["not_counted"]["copied"] == len(WEST) - 4
    await finalise(workshop, second)
    async with workshop.world.database.read() as tx:
        runs = (await tx.execute(select(plan_versions.c.runs).where(plan_versions.c.plan_id == second))).scalar_one()
    text = "光的折射二" + own + "先照旧：" + WEST[4:]
    lin = await workshop.id_of("lin")
    assert Attribution.decode(runs, text).shares() == {lin: len(own) + len("先照旧：")}
    # the plan that it was taken from loses nothing
    kept = await workshop.send("lin", "GET", f"/api/plans/{first}/shares")
    assert {one["name"]: one["characters"] for one in kept["people"]} == {"杨秀英": len(WEST), "林晓云": len(EAST)}


async def test_the_figure_of_a_group_has_its_interval(workshop: Workshop) -> None:
    await finalise(workshop, await written(workshop, "yang"))
    body = {"group_id": workshop.group, "title": "影子", "subject": "科学"}
    alone = str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])
    await write(workshop, "lin", alone, EAST)
    await finalise(workshop, alone)
    path = "/api/research/figures/western-lead"
    found = await workshop.send("yang", "GET", f"{path}?group={workshop.group}")
    assert (found["plans"], found["across"], found["led"]["count"], found["led"]["of"]) == (2, 1, 1, 1)
    assert 0.2 < found["led"]["low"] < 0.21  # one of one proves little
    assert (await workshop.send("wang", "GET", path))["led"]["count"] == 1  # a manager of the region
    assert await workshop.refused("lin", "GET", path) == "not_allowed"
    assert await workshop.refused("he", "GET", f"{path}?group={workshop.group}") == "not_allowed"
