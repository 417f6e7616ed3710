"""Research groups over HTTP: making, joining, agreeing, handing over, closing, and the log that remembers it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from signaling.errors import TongtangError
from tests.integration.server.conftest import World
from tests.integration.server.planning.conftest import Workshop


async def test_people_join_by_invitation_only_and_the_log_tells_it(workshop: Workshop) -> None:
    assert await workshop.refused("he", "GET", "G") == "not_allowed"
    found = await workshop.send("lin", "GET", "G/candidates?words=河口")
    assert [one["person"]["name"] for one in found["items"]] == ["和志强"]
    invitation = await workshop.invite("he")
    body = {"person_id": await workshop.id_of("he")}
    assert await workshop.refused("lin", "POST", "G/invitations", body) == "already_member"
    assert await workshop.refused("yang", "POST", f"/api/invitations/{invitation}/accept") == "invitation_unknown"
    waiting = await workshop.send("he", "GET", "/api/groups")
    assert [(one["id"], one["group_name"]) for one in waiting["invitations"]] == [(invitation, "云岭小学科学教研组")]
    await workshop.send("he", "POST", f"/api/invitations/{invitation}/accept", expect=204)
    assert await workshop.refused("he", "POST", f"/api/invitations/{invitation}/accept") == "invitation_unknown"
    sheet = await workshop.send("he", "GET", "G")
    assert [(one["person"]["name"], one["role"]) for one in sheet["members"]] == [
        ("林晓云", "lead"),
        ("和志强", "member"),
    ]
    assert (sheet["role"], "edit_plan" in sheet["rights"], "invite" in sheet["rights"]) == ("member", True, False)
    declined = await workshop.invite("yang")
    await workshop.send("yang", "POST", f"/api/invitations/{declined}/decline", expect=204)
    withdrawn = await workshop.invite("ma")
    assert await workshop.refused("he", "DELETE", f"/api/invitations/{withdrawn}") == "not_allowed"
    await workshop.send("lin", "DELETE", f"/api/invitations/{withdrawn}", expect=204)
    assert await workshop.refused("ma", "POST", f"/api/invitations/{withdrawn}/accept") == "invitation_unknown"
    log = (await workshop.send("he", "GET", "G/activity"))["items"]
    assert [(one["kind"], one["actor"], one["school"]) for one in log] == [
        ("group.uninvited", "林晓云", "春城实验小学"),
        ("group.invited", "林晓云", "春城实验小学"),
        ("group.declined", "杨秀英", "红星小学"),
        ("group.invited", "林晓云", "春城实验小学"),
        ("group.joined", "和志强", "河口小学"),
        ("group.invited", "林晓云", "春城实验小学"),
        ("group.made", "林晓云", "春城实验小学"),
    ]


async def test_rules_have_versions_that_everybody_agrees_to(workshop: Workshop) -> None:
    await workshop.join("he")
    await workshop.send("he", "POST", "G/rules/confirm", {"version": 1})
    await workshop.send("he", "POST", "G/rules/confirm", {"version": 1})
    assert (await workshop.kinds()).count("group.confirmed") == 1
    assert await workshop.refused("he", "PUT", "G/rules", {"text": "只听我的", "version": 1}) == "not_allowed"
    sheet = await workshop.send("lin", "PUT", "G/rules", {"text": "轮流主备。", "version": 1})
    assert [(one["version"], one["by"]["name"]) for one in sheet["rules"]] == [(2, "林晓云"), (1, "林晓云")]
    assert {one["person"]["name"]: one["confirmed"] for one in sheet["members"]} == {"林晓云": 2, "和志强": 1}
    assert await workshop.refused("he", "POST", "G/rules/confirm", {"version": 1}) == "rules_changed"
    assert await workshop.refused("lin", "PUT", "G/rules", {"text": "旧稿", "version": 1}) == "rules_changed"
    mine = (await workshop.send("he", "GET", "/api/groups"))["items"]
    assert [(one["people"], one["schools"], one["is_confirmed"]) for one in mine] == [(2, 2, False)]


async def test_the_lead_is_handed_over_and_then_may_leave(workshop: Workshop) -> None:
    await workshop.join("he")
    await workshop.join("ma", "guest")
    lin, he, ma = [await workshop.id_of(one) for one in ("lin", "he", "ma")]
    assert await workshop.refused("lin", "DELETE", f"G/members/{lin}", {}) == "lead_stays"
    assert await workshop.refused("he", "POST", "G/lead", {"person_id": he}) == "not_allowed"
    assert await workshop.refused("he", "DELETE", f"G/members/{ma}", {}) == "not_allowed"
    await workshop.send("lin", "PUT", f"G/members/{ma}", {"role": "member"})
    await workshop.send("lin", "POST", "G/lead", {"person_id": he})
    await workshop.send("lin", "DELETE", f"G/members/{lin}", {}, 204)
    assert await workshop.refused("lin", "GET", "G") == "not_allowed"
    await workshop.send("he", "DELETE", f"G/members/{ma}", {"reason": "调离"}, 204)
    sheet = await workshop.send("he", "GET", "G")
    assert [one["person"]["name"] for one in sheet["former"]] == ["林晓云", "马兰"]
    assert (await workshop.kinds("he"))[:4] == ["group.removed", "group.left", "group.lead", "group.role"]
    # the region's manager puts an orphaned group in order, and nothing else
    assert await workshop.refused("wang", "PUT", "G/rules", {"text": "x", "version": 1}) == "not_allowed"
    await workshop.send("wang", "POST", "G/lead", {"person_id": he})


async def test_a_closed_group_keeps_everything_and_takes_nothing(workshop: Workshop) -> None:
    await workshop.join("he")
    waiting = await workshop.invite("yang")
    assert await workshop.refused("he", "POST", "G/close", {}) == "not_allowed"
    await workshop.send("lin", "POST", "G/close", {"reason": "学期结束"})
    sheet = await workshop.send("he", "GET", "G")
    assert (sheet["group"]["state"], sheet["group"]["reason"]) == ("closed", "学期结束")
    assert sheet["rights"] and "edit_plan" not in sheet["rights"]
    body = {"name": "新名", "subject": "科学", "stage": "小学"}
    assert await workshop.refused("lin", "PUT", "G", body) == "group_closed"
    assert await workshop.refused("yang", "POST", f"/api/invitations/{waiting}/accept") == "group_closed"
    assert await workshop.refused("he", "DELETE", f"G/members/{await workshop.id_of('he')}", {}) == "group_closed"
    await workshop.send("lin", "POST", "G/open")
    await workshop.send("lin", "PUT", "G", body)
    assert (await workshop.kinds())[:3] == ["group.changed", "group.opened", "group.closed"]


async def test_managers_see_what_is_theirs_to_see(workshop: Workshop) -> None:
    await workshop.join("he")
    assert [one["group"]["id"] for one in (await workshop.send("wang", "GET", "/api/groups?all=1"))["items"]] == [
        workshop.group
    ]
    assert (await workshop.send("wang", "GET", "G"))["role"] == "region_manager"
    assert await workshop.refused("zhao", "GET", "G") == "not_allowed"
    assert await workshop.refused("lin", "GET", "/api/groups?all=1") == "not_allowed"
    assert await workshop.refused("he", "GET", "/api/groups/at-school") == "not_allowed"
    school = await workshop.world.school_id("河口小学")
    await workshop.world.services.accounts.enrol("head", "correct horse 电池", "何校长", school, True)
    head = await workshop.world.new_client()
    await head.post("/api/session", json={"username": "head", "password": "correct horse 电池"})
    items = (await head.get("/api/groups/at-school")).json()["items"]
    assert [(one["member"]["person"]["name"], one["group_name"]) for one in items] == [("和志强", "云岭小学科学教研组")]


async def test_the_database_refuses_to_rewrite_the_log(workshop: Workshop) -> None:
    database, activity = workshop.world.database, workshop.world.services.planning.activity
    for statement in ("UPDATE activity SET actor_id = 'x'", "DELETE FROM activity"):
        with pytest.raises(TongtangError):
            async with database.write() as tx:
                await tx.execute(text(statement))
    assert await workshop.kinds() == ["group.made"]
    async with database.write() as tx:
        lin = await workshop.id_of("lin")
        assert await activity.note(tx, "task.done", lin, group_id=workshop.group, idem="k", data={"text": "长" * 900})
        assert not await activity.note(tx, "task.done", lin, group_id=workshop.group, idem="k")
    (entry,) = await activity.read(kinds={"task.done"}, actor_id=lin)
    assert entry.data == {"text": "长" * 200}


async def test_a_long_log_is_read_by_the_page(workshop: Workshop) -> None:
    lin = await workshop.id_of("lin")
    async with workshop.world.database.write() as tx:
        for number in range(60):
            await workshop.world.services.planning.activity.note(
                tx, "task.done", lin, group_id=workshop.group, data={"text": str(number)}
            )
    first = await workshop.send("lin", "GET", "G/activity")
    second = await workshop.send("lin", "GET", f"G/activity?before={first['next']}")
    assert (len(first["items"]), len(second["items"]), second["next"]) == (50, 11, None)
    told = [one["data"].get("text") for one in first["items"] + second["items"]]
    assert told == [*(str(number) for number in reversed(range(60))), None]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "club", "name": "x", "subject": "科学"},
        {"kind": "mingshi", "name": "  ", "subject": "科学"},
        {"kind": "mingshi"},
    ],
)
async def test_nonsense_makes_no_group(world: World, body: dict[str, Any]) -> None:
    client = await world.client("lin")
    assert (await client.post("/api/groups", json=body)).status_code == 422
    assert (await client.get("/api/groups")).json()["items"] == []
