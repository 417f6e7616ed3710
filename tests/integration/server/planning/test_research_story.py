"""The demonstration's workshop: told once, by its own services, with figures that follow from its log."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from server.demo.research import GROUP, ResearchStory
from server.planning.document import steps
from server.planning.plans import papers
from server.planning.templates.service import tree_of_plan
from tests.integration.server.conftest import World


async def test_the_story_is_told_once_and_hangs_together(world: World) -> None:
    demo = world.services.demo
    assert demo is not None
    for _ in range(2):
        story = ResearchStory(
            world.database, demo, world.services.plans.rooms, ZoneInfo("Asia/Shanghai"), datetime.now(UTC)
        )
        await story.tell()
    lin = await world.client("lin")
    home = (await lin.get("/api/groups")).json()
    assert [one["group"]["name"] for one in home["items"]] == [GROUP]
    assert [one["group_name"] for one in home["invitations"]] == ["周明远名师工作室"]
    group = home["items"][0]["group"]["id"]
    found = (await lin.get("/api/research/library")).json()["items"]
    assert {(one["title"], one["state"]) for one in found} == {("光的折射", "finalised"), ("声音是怎样产生的", "draft")}
    plan = next(one["id"] for one in found if one["state"] == "finalised")
    async with world.database.read() as tx:
        tree = await tree_of_plan(tx, plan)
        assert [one.number for one in await papers.versions_of(tx, plan)] == [2, 1]
    assert sum(one.minutes for one in steps(tree)) == 40
    shares = await world.services.plans.versions.written(plan)
    people = {await _id(world, name) for name in ("he", "lin", "yang", "ma")}
    assert people <= {author for author, characters in shares.items() if characters > 30}
    figures = (await lin.get(f"/api/groups/{group}/figures")).json()["items"]
    assert sum(one["substantive"] for one in figures) == 1
    log = (await lin.get(f"/api/groups/{group}/activity")).json()["items"]
    assert [one["ts_ms"] for one in log] == sorted((one["ts_ms"] for one in log), reverse=True)
    assert len((await lin.get("/api/research/due")).json()["items"]) == 1


async def _id(world: World, name: str) -> str:
    person = (await world.person(name)).person
    assert person is not None
    return person.id
