"""The demonstration's workshop: told once, by its own services, with figures that follow from its log."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx

from server.demo.material import SHEETS, share_material
from server.demo.research import GROUP, ResearchStory
from server.demo.research_words import REFRACTION, SHADOWS, Stage
from server.demo.seed import ACCOUNTS
from server.planning.document import steps
from server.planning.plans import papers
from server.planning.templates.service import tree_of_plan
from tests.integration.server.conftest import World

QUOTED = "册）《义务教育科学课程标准（2022年版）》"  # in both plans: a line's end and the next one's begin


async def test_the_story_is_told_once_and_hangs_together(world: World) -> None:
    demo = world.services.demo
    assert demo is not None
    for _ in range(2):
        story = ResearchStory(
            world.database, demo, world.services.planning.plans.rooms, ZoneInfo("Asia/Shanghai"), datetime.now(UTC)
        )
        await story.tell()
    lin = await world.client("lin")
    home = (await lin.get("/api/groups")).json()
    assert [one["group"]["name"] for one in home["items"]] == [GROUP]
    assert [one["group_name"] for one in home["invitations"]] == ["周明远名师工作室"]
    group = home["items"][0]["group"]["id"]
    found = (await lin.get("/api/research/library")).json()["items"]
    plans = {one["title"]: (one["id"], one["state"], one["grade"]) for one in found}
    assert {title: state for title, (_, state, _) in plans.items()} == {
        "光的折射": "finalised",
        "影子的秘密": "finalised",
        "声音是怎样产生的": "draft",
    }
    plan = plans["光的折射"][0]
    async with world.database.read() as tx:
        tree = await tree_of_plan(tx, plan)
        assert [one.number for one in await papers.versions_of(tx, plan)] == [2, 1]
    assert sum(one.minutes for one in steps(tree)) == 40
    led = await _led(lin, plan, REFRACTION, "光的折射", copied="")
    assert led == {"by_lead": True, "by_share": True, "by_regions": True, "is_led": True}
    led = await _led(lin, plans["影子的秘密"][0], SHADOWS, "影子的秘密", copied=QUOTED)
    assert led == {"by_lead": False, "by_share": False, "by_regions": True, "is_led": False}
    west = (await lin.get(f"/api/research/figures/western-lead?group={group}")).json()
    assert (west["plans"], west["across"], west["led"]["count"], west["led"]["of"]) == (2, 2, 1, 2)
    figures = (await lin.get(f"/api/groups/{group}/figures")).json()["items"]
    assert sum(one["substantive"] for one in figures) == 1
    log = (await lin.get(f"/api/groups/{group}/activity")).json()["items"]
    assert [one["ts_ms"] for one in log] == sorted((one["ts_ms"] for one in log), reverse=True)
    assert len((await lin.get("/api/research/due")).json()["items"]) == 1


async def test_worksheets_are_shared_once_by_everybodys_way(world: World) -> None:
    demo = world.services.demo
    assert demo is not None
    for _ in range(2):
        await share_material(demo, world.services.library, world.services.uploads)
    found = (await (await world.client("ma")).get("/api/resources?view=published")).json()["items"]
    assert {one["title"]: one["school"]["name"] for one in found} == {
        SHEETS[0].title: "河口小学",
        SHEETS[1].title: "浦江实验小学",
    }
    files = (await (await world.client("ma")).get(f"/api/resources/{found[0]['id']}")).json()["files"]
    assert [one["mime"].rsplit(".", 1)[-1] for one in files] == ["document"]


async def _led(
    client: httpx.AsyncClient, plan: str, stages: tuple[Stage, ...], title: str, copied: str
) -> dict[str, bool]:
    """Return the verdict with its parts, when the shares are those of who wrote the words.

    The title that the template put there and what stood in another plan first are nobody's: the leads wrote both here.
    """
    shares = (await client.get(f"/api/plans/{plan}/shares")).json()
    wrote: Counter[str] = Counter()
    for stage in stages:
        words = [line for lines in stage.fields.values() for line in lines]
        words += [text for one in stage.segments for text in (one.title, one.question or "", *one.lines)]
        name = next(one.name for one in ACCOUNTS if one.username == stage.author)
        wrote[name] += sum(not letter.isspace() for word in words for letter in word)
    assert shares["not_counted"] == {"template": len(title), "copied": len(copied)}
    wrote[shares["led"]["lead"]] -= len(title) + len(copied)
    assert {one["name"]: one["characters"] for one in shares["people"]} == wrote
    assert {one["name"] for one in shares["regions"]} == {"云南", "上海"}
    return {name: shares["led"][name] for name in ("by_lead", "by_share", "by_regions", "is_led")}
