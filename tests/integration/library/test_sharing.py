"""Links over HTTP: made, opened, revoked, guessed; and signed addresses of files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from server.library.sharing.service import MISSES
from server.library.sharing.signing import PASS_S, STAMP_S
from tests.integration.library.published import FILM, PAGE, RENDITIONS, Shelf, open_shelf


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_shelf(tmp_path) as opened:
        await opened.set_state("published")
        await opened.consent()
        yield opened


def base_of(opened: httpx.Response) -> str:
    assert opened.status_code == 200, opened.text
    return str(opened.json()["base"])


async def test_whoever_has_a_link_plays_what_it_gives_without_logging_in(shelf: Shelf) -> None:
    share = await shelf.share(note="给进修学校")
    assert share["url"] == f"http://localhost:8000/s/{share['id']}"
    opened = await shelf.open(share["id"])
    told = opened.json()["recording"]
    assert (told["title"], told["lecturer"], told["lesson_id"]) == ("水的三态", {"id": "", "name": "林晓云"}, "")
    assert [one["name"] for one in told["renditions"]] == ["lecturer", "light"], "pupils have not consented"
    base = base_of(opened)
    part = await shelf.get(f"{base}light.webm", Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, FILM[100:200])
    resource = (await shelf.get(f"{base}resource.json")).json()
    assert [one["name"] for one in resource["renditions"]] == ["lecturer", "light"]
    assert resource["chapters"][1]["title"] == "学生发言"
    assert (await shelf.get(base + PAGE)).content == b"data"
    for name in ("guest.webm", "journal.jsonl", "../../secret.key", "..%2fsecret.key"):
        assert (await shelf.get(base + name)).status_code == 404, name
    (kept,) = (await shelf.get(f"/api/resources/{shelf.resource}/shares", "lin")).json()["items"]
    assert (kept["used"], kept["state"], kept["note"]) == (1, "open", "给进修学校")


async def test_a_consent_that_comes_or_goes_changes_what_a_link_gives_at_once(shelf: Shelf) -> None:
    share = await shelf.share()
    base = base_of(await shelf.open(share["id"]))
    assert (await shelf.get(f"{base}guest.webm")).status_code == 404
    await shelf.consent("public", "guest")
    assert (await shelf.get(f"{base}guest.webm")).status_code == 200


async def test_a_revoked_link_ends_at_once_also_for_who_is_playing(shelf: Shelf) -> None:
    share = await shelf.share()
    base = base_of(await shelf.open(share["id"]))
    assert (await (await shelf.by("lin")).delete(f"/api/shares/{share['id']}")).status_code == 204
    for answer in (await shelf.get(f"{base}light.webm"), await shelf.open(share["id"])):
        assert (answer.status_code, answer.json()["code"]) == (404, "share_unknown")
    shares = (await shelf.get(f"/api/resources/{shelf.resource}/shares", "lin")).json()["items"]
    assert [one["state"] for one in shares] == ["revoked"]


async def test_what_is_withdrawn_while_it_plays_stops(shelf: Shelf) -> None:
    share = await shelf.share()
    base = base_of(await shelf.open(share["id"]))
    await shelf.set_state("withdrawn")
    assert (await shelf.get(f"{base}light.webm")).json()["code"] == "share_unknown"
    assert (await shelf.open(share["id"])).json()["code"] == "share_unknown"
    assert (await shelf.get(f"/api/recordings/{shelf.recording}/files/light.webm", "yang")).status_code == 404


async def test_bad_links_are_all_answered_alike_and_guessing_is_slowed(shelf: Shelf) -> None:
    revoked, over, used_up = await shelf.share(), await shelf.share(days=1), await shelf.share(max_uses=1)
    good = await shelf.share()
    await (await shelf.by("lin")).delete(f"/api/shares/{revoked['id']}")
    assert (await shelf.open(used_up["id"])).status_code == 200
    shelf.world.clock.ahead = timedelta(days=2)
    bad = [revoked["id"], over["id"], used_up["id"], "A" * 22, "short", quote("链接", safe=""), "A" * 500]
    answers = {(answer.status_code, answer.content) for answer in [await shelf.open(one) for one in bad]}
    assert len(answers) == 1
    for _ in range(MISSES - len(bad)):
        await shelf.open("B" * 22)
    assert [(await shelf.open(one)).status_code for one in ("C" * 22, good["id"])] == [429, 429]


async def test_a_link_for_two_uses_is_opened_twice_whoever_is_faster(shelf: Shelf) -> None:
    share = await shelf.share(max_uses=2)
    answers = await asyncio.gather(*(shelf.open(share["id"]) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 404, 404, 404]
    base = base_of(next(answer for answer in answers if answer.status_code == 200))
    assert (await shelf.get(f"{base}light.webm")).status_code == 200, "who opened it in time goes on"


async def test_a_pass_is_for_its_link_and_its_time(shelf: Shelf) -> None:
    one, other = await shelf.share(), await shelf.share(renditions=["light"])
    base = base_of(await shelf.open(other["id"]))
    assert (await shelf.get(f"{base}lecturer.webm")).status_code == 404, "not chosen for this link"
    stolen = base.replace(other["id"], one["id"])
    assert (await shelf.get(f"{stolen}lecturer.webm")).json()["code"] == "share_unknown"
    shelf.world.clock.ahead = timedelta(seconds=PASS_S + 1)
    assert (await shelf.get(f"{base}light.webm")).json()["code"] == "share_unknown"


async def test_a_link_of_the_region_wants_a_login_and_one_of_a_school_its_people(shelf: Shelf) -> None:
    region = await shelf.share(scope="region")
    assert (await shelf.open(region["id"])).json()["code"] == "not_logged_in"
    base = base_of(await shelf.open(region["id"], "ma"))
    assert (await shelf.get(f"{base}light.webm", "ma")).status_code == 200
    assert (await shelf.get(f"{base}light.webm")).status_code == 401, "the address alone is not enough"
    school = await shelf.share(scope="school", school_id=await shelf.world.school_id("红星小学"))
    assert school["school"]["name"] == "红星小学"
    assert (await shelf.open(school["id"], "yang")).status_code == 200
    assert (await shelf.open(school["id"], "ma")).json()["code"] == "share_elsewhere"


async def test_only_keepers_make_see_and_revoke_links(shelf: Shelf) -> None:
    share = await shelf.share()
    for who, code in ((None, "not_logged_in"), ("ma", "resource_unknown"), ("yang", "resource_unknown")):
        client, path = await shelf.by(who), f"/api/resources/{shelf.resource}/shares"
        made = await client.post(path, json={"renditions": ["light"], "scope": "anyone"})
        assert made.json()["code"] == (await client.get(path)).json()["code"] == code
        refused = (await client.delete(f"/api/shares/{share['id']}")).json()["code"]
        assert refused == (await client.get(f"/api/shares/{share['id']}/qr.svg")).json()["code"]
        assert refused == ("not_logged_in" if who is None else "share_unknown")
    assert (await shelf.open(share["id"])).status_code == 200


async def test_nothing_goes_out_before_it_is_published(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        client, path = await shelf.by("lin"), f"/api/resources/{shelf.resource}/shares"
        refused = await client.post(path, json={"renditions": ["light"], "scope": "anyone"})
        assert (refused.status_code, refused.json()["code"]) == (409, "share_state")
        assert (await client.get(path)).json()["may_go_out"] is False
        share = await shelf.share(scope="school", school_id=await shelf.world.school_id("春城实验小学"))
        assert (await shelf.open(share["id"], "lin")).status_code == 200


async def test_what_a_link_cannot_be_is_named(shelf: Shelf) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"renditions": []}, "renditions"),
        ({"renditions": ["tracks/a"]}, "renditions"),
        ({"scope": "school"}, "school_id"),
        ({"scope": "school", "school_id": "nowhere"}, "school_id"),
        ({"frames": ["https://a.cn; script-src *"]}, "frames"),
        ({"frames": ["https://a.cn"], "scope": "region"}, "frames"),
        ({"days": 1000}, "days"),
        ({"max_uses": 0}, "max_uses"),
    ]
    for body, field in wrong:
        wanted = {"renditions": ["light"], "scope": "anyone"} | body
        refused = await (await shelf.by("lin")).post(f"/api/resources/{shelf.resource}/shares", json=wanted)
        assert (refused.status_code, refused.json().get("field")) == (422, field), refused.text
    assert (await shelf.get(f"/api/resources/{shelf.resource}/shares", "lin")).json()["items"] == []


async def test_the_player_is_framed_only_where_it_was_chosen(shelf: Shelf) -> None:
    plain, framed = await shelf.share(), await shelf.share(frames=["https://jiaoyu.example.cn"])
    assert (plain["embed_url"], framed["embed_url"]) == (None, f"http://localhost:8000/embed/{framed['id']}")
    for share, frames in ((plain["id"], "'none'"), (framed["id"], "https://jiaoyu.example.cn"), ("A" * 22, "'none'")):
        page = await shelf.get(f"/embed/{share}")
        policy = page.headers["content-security-policy"]
        assert page.status_code == 200
        assert policy.endswith(f"frame-ancestors {frames}")
        assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in (await shelf.get(f"/s/{plain['id']}")).headers["content-security-policy"]
    assert (await shelf.get(f"/s/{plain['id']}")).headers["referrer-policy"] == "no-referrer"


async def test_a_download_follows_licence_and_link_and_has_a_chinese_name(shelf: Shelf) -> None:
    base = base_of(await shelf.open((await shelf.share(may_take=True))["id"]))
    saved = await shelf.get(f"{base}light.webm?download")
    name = quote("科学 水的三态（轻量版）.webm", safe="")
    assert saved.headers["content-disposition"].endswith(f"filename*=UTF-8''{name}")
    closed = base_of(await shelf.open((await shelf.share())["id"]))
    assert (await shelf.get(f"{closed}light.webm?download")).json()["code"] == "download_refused"


async def test_a_code_to_photograph_leads_to_the_link(shelf: Shelf) -> None:
    share = await shelf.share()
    code = await shelf.get(f"/api/shares/{share['id']}/qr.svg", "lin")
    assert (code.headers["content-type"], code.content[:4]) == ("image/svg+xml", b"<svg")


# --- who sees a recording on the site -----------------------------------------------------------------------------


async def test_the_audience_decides_who_plays_on_the_site(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        path = f"/api/recordings/{shelf.recording}/files/lecturer.webm"
        assert [(await shelf.get(path, who)).status_code for who in (None, "ma", "yang", "lin")] == [401, 404, 200, 200]
        await shelf.consent()
        await shelf.set_state("published", "region")
        assert [(await shelf.get(path, who)).status_code for who in (None, "ma", "yang")] == [401, 200, 200]
        pupils = f"/api/recordings/{shelf.recording}/files/guest.webm"
        assert [(await shelf.get(pupils, who)).status_code for who in ("ma", "yang")] == [404, 200]


async def test_what_is_public_plays_for_everybody(shelf: Shelf) -> None:
    base = f"/api/recordings/{shelf.recording}"
    assert (await shelf.get(f"{base}/files/light.webm", Range="bytes=0-9")).status_code == 206
    told = (await shelf.get(base)).json()
    assert [one["name"] for one in told["renditions"]] == ["lecturer", "light"]
    assert told["may_take"] is True
    assert (await shelf.get("/api/recordings")).status_code == 401


async def test_what_was_left_out_of_a_version_stays_out(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        await shelf.consent("public", "lecturer", "light", "guest")
        await shelf.set_state("published", files=RENDITIONS[1:2])
        base = f"/api/recordings/{shelf.recording}/files"
        found = [(await shelf.get(f"{base}/{name}.webm")).status_code for name in ("light", "lecturer", "guest")]
        assert found == [200, 404, 404]


# --- signed addresses ---------------------------------------------------------------------------------------------


async def test_films_go_by_an_address_that_is_good_for_minutes(tmp_path: Path) -> None:
    async with open_shelf(tmp_path, "/") as shelf:
        await shelf.consent()
        await shelf.set_state("published")
        base = base_of(await shelf.open((await shelf.share(may_take=True))["id"]))
        sent = await shelf.get(f"{base}light.webm", Range="bytes=5-9")
        assert (sent.status_code, sent.headers["cache-control"]) == (307, "no-store")
        address = sent.headers["location"]
        part = await shelf.get(address, Range="bytes=5-9")
        assert (part.status_code, part.content) == (206, FILM[5:10])
        for name in ("resource.json", "events.json", "chapters.vtt", "light.webm?download"):
            assert (await shelf.get(base + name)).status_code == 200, f"{name} comes from us"
        page = (await shelf.get(base + PAGE)).headers["location"]
        assert (await shelf.get(page)).headers["content-type"] == "image/webp"
        for tampered in (
            address.replace("light", "guest"),
            address.replace("light.webm", "journal.jsonl"),
            address.replace("/signed/1", "/signed/2"),
            page.replace(PAGE, "pages/../guest.webm"),
            "/signed/",
        ):
            assert (await shelf.get(tampered)).status_code in (404, 410), tampered
        await shelf.set_state("withdrawn")
        assert (await shelf.get(f"{base}light.webm")).status_code == 404
        shelf.world.clock.ahead = timedelta(seconds=STAMP_S + 1)
        late = await shelf.get(address)
        assert (late.status_code, late.json()["code"]) == (410, "link_expired")


async def test_a_cdn_may_send_films_to_our_pages(tmp_path: Path) -> None:
    cdn = "https://cdn.example.cn"
    async with open_shelf(tmp_path, cdn) as shelf:
        await shelf.consent()
        await shelf.set_state("published")
        share = await shelf.share(frames=["*"])
        sent = await shelf.get(f"{base_of(await shelf.open(share['id']))}light.webm")
        assert urlsplit(sent.headers["location"]).netloc == "cdn.example.cn"
        own, policy = [
            (await shelf.get(path)).headers["content-security-policy"] for path in ("/", f"/embed/{share['id']}")
        ]
        assert f"media-src 'self' blob: {cdn};" in own and f"media-src 'self' blob: {cdn};" in policy
        assert policy.endswith("frame-ancestors *")
