"""The credit bank over a real database: found once, posted after its window, taken back by a second entry."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier
from sqlalchemy import delete, text, update

from server.planning.credits import tables
from server.planning.credits.rules import is_sampled
from server.planning.document import Node, paragraph, write_tree
from server.planning.log import ActivityLog
from signaling.errors import TongtangError
from tests.integration.server.conftest import World
from tests.integration.server.planning.conftest import Workshop

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def a_fortnight_ago(world: World) -> None:
    """Begin in the past: verifiers refuse what is signed in the future."""
    world.clock.ahead = -15 * DAY


def a_fortnight_later(world: World) -> None:
    world.clock.ahead += 15 * DAY
    world.clients.clear()  # log-ins of then are over


async def close_items(world: World, username: str, count: int, begin: int = 0) -> None:
    """Note in the log that somebody closed improvement items."""
    asker = await world.person(username)
    assert asker.person is not None
    activity = ActivityLog(world.database, world.clock)
    async with world.database.write() as tx:
        for number in range(begin, begin + count):
            await activity.note(
                tx,
                "item.closed",
                asker.person.id,
                object_id=f"item{number}",
                data={"text": f"等待时间再长一点 {number}"},
            )


async def statement(world: World, username: str) -> dict[str, Any]:
    answer = await (await world.client(username)).get("/api/credits")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def balance(found: dict[str, Any], account: str) -> int:
    return next(int(one["amount"]) for one in found["balances"] if one["account"] == account)


async def test_credits_wait_for_their_window_and_are_posted_once(world: World) -> None:
    await close_items(world, "he", 2)
    credits = world.services.planning.credits
    await credits.sweep()
    await credits.sweep()
    found = await statement(world, "he")
    assert [one["state"] for one in found["claims"]] == ["pending", "pending"]
    assert (found["pending"], balance(found, "growth")) == (100, 0)
    world.clock.ahead += 14 * DAY - timedelta(minutes=1)
    world.clients.clear()
    await credits.sweep()
    assert (await statement(world, "he"))["pending"] == 100
    world.clock.ahead += DAY
    await credits.sweep()
    await credits.sweep()
    found = await statement(world, "he")
    assert [one["state"] for one in found["claims"]] == ["posted", "posted"]
    assert (found["pending"], balance(found, "growth")) == (0, 100)
    async with world.database.read() as tx:
        assert await tables.total(tx) == 0


async def test_what_is_no_longer_true_after_the_window_is_not_posted(workshop: Workshop) -> None:
    world = workshop.world
    await workshop.join("yang")
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学"}
    plan = (await workshop.send("lin", "POST", "/api/plans", body, 201))["id"]
    written = "同学们先观察水面下的铅笔，说一说它看起来为什么像被折断了，再小组讨论光的路线。"
    author = await workshop.id_of("yang")

    async def nothing(*_: object) -> None:
        """Record nothing beside the edit."""

    async with world.services.planning.plans.rooms.using(plan) as room:
        await room.command(nothing, lambda core: core.edit(author, lambda doc: write_tree(doc, lines(written))))
    await workshop.send("lin", "POST", f"/api/plans/{plan}/versions", {"name": "定稿", "is_final": True}, 201)
    await world.services.planning.credits.sweep()
    (claim,) = (await statement(world, "yang"))["claims"]
    assert (claim["act"], claim["state"], claim["amount"]) == ("co_author", "pending", 200)
    revision = (await workshop.send("lin", "GET", f"/api/plans/{plan}"))["revision"]
    await workshop.send("lin", "PATCH", f"/api/plans/{plan}", {"revision": revision, "state": "draft"})
    a_fortnight_later(world)
    await world.services.planning.credits.sweep()
    found = await statement(world, "yang")
    (claim,) = found["claims"]
    assert claim["state"] == "lapsed" and "依据" in claim["reason"]
    assert [one["amount"] for one in found["balances"] if one["amount"]] == []


def lines(*texts: str) -> Node:
    return Node("doc", {}, tuple(paragraph(one) for one in texts))


async def test_a_term_has_a_cap(world: World) -> None:
    await close_items(world, "he", 12)
    await world.services.planning.credits.sweep()
    a_fortnight_later(world)
    await world.services.planning.credits.sweep()
    found = await statement(world, "he")
    assert balance(found, "growth") == 500
    assert sorted(one["state"] for one in found["claims"]) == ["lapsed"] * 2 + ["posted"] * 10


async def test_the_ledger_cannot_be_rewritten(world: World) -> None:
    await close_items(world, "he", 1)
    await world.services.planning.credits.sweep()
    a_fortnight_later(world)
    await world.services.planning.credits.sweep()
    for change in (update(tables.credit_postings).values(amount=9_999), delete(tables.credit_entries)):
        with pytest.raises(TongtangError):
            async with world.database.write() as tx:
                await tx.execute(change)
    assert balance(await statement(world, "he"), "growth") == 50


async def test_what_is_taken_back_leaves_two_entries_and_no_badge(world: World) -> None:
    await close_items(world, "he", 3)
    credits = world.services.planning.credits
    await credits.sweep()
    a_fortnight_later(world)
    await credits.sweep()
    he, wang = await world.client("he"), await world.client("wang")
    badge = (await he.post("/api/credits/badges", json={"badge": "close_item"})).json()["id"]
    again = await he.post("/api/credits/badges", json={"badge": "close_item"})
    assert again.json()["id"] == badge
    token = (await he.get(f"/api/credits/badges/{badge}.jwt")).text
    claim = (await statement(world, "he"))["claims"][0]["id"]
    path = f"/api/credits/claims/{claim}/reverse"
    assert (await he.post(path, json={"reason": "不是我做的"})).json()["code"] == "not_allowed"
    assert (await wang.post(path, json={"reason": "改进项没有依据"})).status_code == 204
    assert (await wang.post(path, json={"reason": "再来一次"})).json()["code"] == "credit_not_posted"
    found = await statement(world, "he")
    assert (balance(found, "growth"), found["badges"][-1]["issued_ms"]) == (100, None)
    async with world.database.read() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM credit_entries"))).scalar_one() == 4
        assert await tables.total(tx) == 0
    assert (await he.get(f"/api/credits/badges/{badge}.jwt")).json()["code"] == "badge_unknown"
    await still_signed_but_revoked(world, token)


async def still_signed_but_revoked(world: World, token: str) -> None:
    """What was handed out stays signed; who asks for its status hears that it was taken back."""
    status = (await (await world.client()).get("/api/credits/status")).content
    verifier = OB3Verifier.for_issuer_did(world.services.planning.credits.issuer.did)
    credential = verifier.verify(token)
    with pytest.raises(OB3VerificationError, match="revocation"):
        verifier.check_status(credential, verify_list=True, download=lambda _: status)


async def test_a_badge_is_accepted_by_an_independent_verifier_offline(world: World) -> None:
    he = await world.client("he")
    refused = await he.post("/api/credits/badges", json={"badge": "close_item"})
    assert refused.json()["code"] == "badge_not_earned"
    await close_items(world, "he", 3)
    await world.services.planning.credits.sweep()
    a_fortnight_later(world)
    await world.services.planning.credits.sweep()
    he = await world.client("he")
    badge = (await he.post("/api/credits/badges", json={"badge": "close_item"})).json()["id"]
    answer = await he.get(f"/api/credits/badges/{badge}.jwt")
    assert unquote(answer.headers["content-disposition"]).endswith("徽章-改进行动者.jwt")
    token = answer.text
    verifier = OB3Verifier.for_issuer_did(world.services.planning.credits.issuer.did)
    credential = verifier.verify(token)
    assert credential.achievement.name == "改进行动者"
    status = (await he.get("/api/credits/status")).content
    verifier.check_status(credential, verify_list=True, download=lambda _: status)
    head, body, signature = token.split(".")
    with pytest.raises(OB3VerificationError):
        verifier.verify(f"{head}.{body[:-4]}AAAA.{signature}")
    told = base64.urlsafe_b64decode(body + "==").decode()
    assert "和志强" not in told and '"he' not in told, "names are not in the clear"
    (owner,) = json.loads(told)["credentialSubject"]["identifier"]
    said = f"he@localhost:8000{owner['salt']}".encode()  # as the page tells the owner to say it
    assert owner["identityHash"] == f"sha256${hashlib.sha256(said).hexdigest()}"
    other = await world.client("lin")
    assert (await other.get(f"/api/credits/badges/{badge}.jwt")).json()["code"] == "badge_unknown"


async def test_only_those_it_concerns_see_credits(world: World) -> None:
    he = await world.person("he")
    assert he.person is not None
    path = f"/api/credits?person={he.person.id}"
    assert (await (await world.client("lin")).get(path)).json()["code"] == "person_unknown"
    assert (await (await world.client("wang")).get(path)).status_code == 200
    pdf = await (await world.client("he")).get("/api/credits/transcript.pdf")
    assert pdf.content.startswith(b"%PDF-")


async def test_new_rules_begin_tomorrow_at_the_earliest_and_are_never_changed(world: World) -> None:
    shipped = (await statement(world, "he"))["rules"]
    wang = await world.client("wang")
    day = (world.clock() + 2 * DAY).date().isoformat()
    late = {**shipped, "version": "2026.2", "valid_from": world.clock().date().isoformat()}
    assert (await wang.post("/api/credits/rules", json=late)).json()["code"] == "credit_rules_late"
    new = {**late, "valid_from": day}
    assert (await (await world.client("lin")).post("/api/credits/rules", json=new)).json()["code"] == "not_allowed"
    assert (await wang.post("/api/credits/rules", json=new)).status_code == 204
    assert (await wang.post("/api/credits/rules", json=new)).json()["code"] == "credit_rules_known"
    found = await statement(world, "he")
    assert found["rules"] == shipped and found["coming"] == [new]
    assert late["valid_from"] < found["next_day"] <= day  # the school is up to a day ahead of UTC
    bad = {**new, "version": "2026.3", "acts": [{**shipped["acts"][0], "amount": -1}]}
    assert (await wang.post("/api/credits/rules", json=bad)).json()["code"] == "field_invalid"


async def test_a_school_looks_at_entries_that_nobody_chose(world: World) -> None:
    for username, begin in (("he", 0), ("yang", 10)):
        await close_items(world, username, 10, begin)
    await world.services.planning.credits.sweep()
    a_fortnight_later(world)
    await world.services.planning.credits.sweep()
    wang, found = await world.client("wang"), []
    for school, name in (("河口小学", "和志强"), ("红星小学", "杨秀英")):
        path = f"/api/credits/audit?school={await world.school_id(school)}"
        sampled = (await wang.get(path)).json()["items"]
        assert {one["name"] for one in sampled} <= {name}
        found += [one["claim"]["entry_id"] for one in sampled]
        assert (await (await world.client("he")).get(path)).json()["code"] == "not_allowed"
    assert found == [number for number in range(1, 21) if is_sampled(number)] != []
