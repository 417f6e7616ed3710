"""Templates over HTTP: made of a plan, shared, versioned, and what a new plan begins with."""

from __future__ import annotations

from typing import Any

from server.planning.document import blank_plan, plain_text
from server.planning.plans.service import Cover
from server.planning.templates.service import tree_of_plan
from tests.integration.server.planning.conftest import Workshop

GOAL = "能用自己的话说出光为什么会弯折"


async def plan_of(workshop: Workshop, by: str = "lin") -> str:
    person = (await workshop.world.person(by)).person
    assert person is not None
    tree = blank_plan({"goals": [GOAL]}, ["s1", "s2", "s3"])
    cover = Cover(title="光的折射", subject="科学", grade="五年级")
    plan = await workshop.world.services.planning.plans.service.make(person, workshop.group, cover, tree)
    return plan.id


async def words(workshop: Workshop, plan: str) -> str:
    async with workshop.world.database.read() as tx:
        return plain_text(await tree_of_plan(tx, plan))


def new_plan(workshop: Workshop, **more: Any) -> dict[str, Any]:
    return {"group_id": workshop.group, "title": "影子的秘密", "subject": "科学", **more}


async def test_a_template_is_made_of_a_plan_and_begins_the_next_one(workshop: Workshop) -> None:
    await workshop.join("he")
    plan = await plan_of(workshop)
    body = {"plan_id": plan, "name": "探究课", "scope": "group", "group_id": workshop.group}
    bare = await workshop.send("he", "POST", "/api/plan-templates", body, 201)
    assert (bare["template"]["owner"], bare["steps"], GOAL in bare["text"]) == ("云岭小学科学教研组", 3, False)
    path = f"/api/plan-templates/{bare['template']['id']}"
    full = await workshop.send("lin", "POST", f"{path}/versions", {"plan_id": plan, "with_text": True})
    assert [one["version"] for one in full["versions"]] == [2, 1]
    assert GOAL in full["text"]
    made = await workshop.send("he", "POST", "/api/plans", new_plan(workshop, template_id=bare["template"]["id"]), 201)
    assert GOAL in await words(workshop, made["id"])
    listed = (await workshop.send("he", "GET", "/api/plan-templates"))["items"]
    assert [(one["template"]["name"], one["may_change"]) for one in listed] == [("探究课", True)]
    await workshop.send("he", "DELETE", path, expect=204)
    assert await workshop.refused("lin", "GET", path) == "template_unknown"
    refused = await workshop.refused("he", "POST", "/api/plans", new_plan(workshop, template_id=bare["template"]["id"]))
    assert refused == "template_unknown"
    assert (await workshop.kinds())[0] == "template.retired"


async def test_a_copy_begins_with_another_plans_words(workshop: Workshop) -> None:
    plan = await plan_of(workshop)
    made = await workshop.send("lin", "POST", "/api/plans", new_plan(workshop, previous_plan_id=plan), 201)
    assert GOAL in await words(workshop, made["id"])
    assert made["previous_plan_id"] == plan


async def test_each_scope_has_its_keeper(workshop: Workshop) -> None:
    plan = await plan_of(workshop)
    school = {"plan_id": plan, "name": "校本模板", "scope": "school"}
    assert await workshop.refused("lin", "POST", "/api/plan-templates", school) == "not_allowed"
    region = {"plan_id": plan, "name": "全县模板", "scope": "region"}
    assert await workshop.refused("lin", "POST", "/api/plan-templates", region) == "not_allowed"
    made = await workshop.send("wang", "POST", "/api/plan-templates", region, 201)
    path = f"/api/plan-templates/{made['template']['id']}"
    assert (await workshop.send("yang", "GET", path))["may_change"] is False
    assert await workshop.refused("yang", "DELETE", path) == "not_allowed"
    own = {"plan_id": plan, "name": "组内", "scope": "group", "group_id": workshop.group}
    inner = await workshop.send("lin", "POST", "/api/plan-templates", own, 201)
    hidden = f"/api/plan-templates/{inner['template']['id']}"
    assert await workshop.refused("yang", "GET", hidden) == "template_unknown"
    assert await workshop.refused("yang", "POST", "/api/plan-templates", own) == "not_allowed"
