"""Lesson packs over HTTP: what is in one, who gets which part of it, when, and who is ready."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from server.lessons.catchup import Spare
from server.lessons.packs.clips import MAX_CLIP_BYTES
from server.lessons.packs.model import Manifest, canonical, manifest
from server.lessons.rosters.model import Wanted
from signaling.messages import RoomId
from tests.films import film
from tests.integration.server.conftest import World
from tests.unit.server.lessons.test_pictures import png


async def planned(world: World, hours: float = 1, pages: int = 3, **changes: Any) -> str:
    """Return a lesson that begins in `hours`, with a deck."""
    starts_at = (world.clock() + timedelta(hours=hours)).isoformat()
    lesson = await world.lesson(starts_at=starts_at, **changes)
    await put_deck(world, lesson["id"], pages)
    return str(lesson["id"])


async def put_deck(world: World, lesson: str, pages: int, size: int = 40) -> None:
    await world.give_pages(lesson, *(png(size + number, 30) for number in range(pages)))


async def pack_of(client: httpx.AsyncClient, lesson: str) -> dict[str, Any]:
    answer = await client.get(f"/api/lessons/{lesson}/pack")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_pack_names_each_file_by_its_hash_and_itself_too(world: World) -> None:
    lesson = await planned(world)
    screen = await world.screen(await world.classroom_id("红星小学"))
    answer = await screen.get(f"/api/lessons/{lesson}/pack")
    pack = answer.json()
    assert [item["page"] for item in pack["items"] if item["kind"] == "page"] == [1, 2, 3]
    for item in pack["items"]:
        data = (await screen.get(item["url"])).content
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (item["sha256"], item["bytes"])
    assert answer.headers["etag"] == f'"{pack["version"]}"'
    known = msgspec.json.decode(answer.content, type=Manifest)
    assert canonical(known) == answer.content
    assert manifest(known.lesson, known.deck, known.items) == known
    again = await screen.get(f"/api/lessons/{lesson}/pack", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_classroom_gets_its_own_roster_and_nobody_elses(world: World) -> None:
    rooms = [await world.classroom_id("红星小学"), await world.classroom_id("河口小学")]
    for room, name in zip(rooms, ("李小雨", "王一鸣"), strict=True):
        await world.services.preparing.rosters.fill(room, [Wanted(1, name)])
    lesson = await planned(world, classroom_ids=rooms)
    first, second = [await world.screen(room) for room in rooms]
    blobs = []
    for screen, own, other in ((first, "李小雨", "王一鸣"), (second, "王一鸣", "李小雨")):
        (item,) = [one for one in (await pack_of(screen, lesson))["items"] if one["kind"] == "roster"]
        text = (await screen.get(item["url"])).text
        assert own in text and other not in text
        blobs.append(item["url"])
    for asker, url in ((first, blobs[1]), (second, blobs[0]), (await world.client("lin"), blobs[0])):
        assert (await asker.get(url)).json()["code"] == "blob_unknown"
    assert "roster" not in {item["kind"] for item in (await pack_of(await world.client("lin"), lesson))["items"]}
    denied = await first.get(f"/api/lessons/{lesson}/pack?classroom={rooms[1]}")
    assert denied.json()["code"] == "not_allowed"


async def test_only_who_may_enter_gets_anything(world: World) -> None:
    lesson = await planned(world)
    url = (await pack_of(await world.client("lin"), lesson))["items"][0]["url"]
    for who, status in (("", 401), ("ma", 404), ("wang", 403)):
        client = await world.client(who or None)
        assert (await client.get(f"/api/lessons/{lesson}/pack")).status_code == status, who
        assert (await client.get(url)).status_code == status, who
    other = await planned(world, 3)
    moved = url.replace(lesson, other)
    await put_deck(world, other, 1, size=90)
    assert (await (await world.client("lin")).get(moved)).json()["code"] == "blob_unknown"
    odd = await (await world.client("lin")).get(f"/api/lessons/{lesson}/pack/..%2f..%2ftongtang.db")
    assert odd.status_code == 404


async def test_a_new_deck_is_a_new_pack_and_the_old_one_can_be_finished(world: World) -> None:
    lesson = await planned(world)
    screen = await world.screen(await world.classroom_id("红星小学"))
    before = await pack_of(screen, lesson)
    await put_deck(world, lesson, 2, size=70)
    after = await pack_of(screen, lesson)
    assert after["version"] != before["version"]
    assert after["deck"] != before["deck"]
    for item in (*before["items"], *after["items"]):
        assert hashlib.sha256((await screen.get(item["url"])).content).hexdigest() == item["sha256"]


async def test_a_cut_download_goes_on_where_it_ended(world: World) -> None:
    lesson = await planned(world)
    screen = await world.screen(await world.classroom_id("红星小学"))
    item = (await pack_of(screen, lesson))["items"][0]
    whole = await screen.get(item["url"])
    tag = whole.headers["etag"]
    assert (whole.status_code, tag, whole.headers["cache-control"]) == (200, f'"{item["sha256"]}"', "private, no-store")
    rest = await screen.get(item["url"], headers={"range": "bytes=17-", "if-range": tag})
    assert (rest.status_code, rest.content) == (206, whole.content[17:])
    assert rest.headers["content-range"] == f"bytes 17-{item['bytes'] - 1}/{item['bytes']}"
    middle = await screen.get(item["url"], headers={"range": "bytes=3-5"})
    assert middle.content == whole.content[3:6]
    beyond = await screen.get(item["url"], headers={"range": "bytes=3-99999999"})
    assert beyond.content == whole.content[3:]
    other = await screen.get(item["url"], headers={"range": "bytes=3-5", "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)
    behind = await screen.get(item["url"], headers={"range": f"bytes={item['bytes']}-"})
    assert (behind.status_code, behind.json()["code"]) == (416, "pack_range")
    assert behind.headers["content-range"] == f"bytes */{item['bytes']}"


async def test_a_screen_is_told_what_to_fetch_when(world: World) -> None:
    room = await world.classroom_id("红星小学")
    for hours in (-30, 24 * 8):  # long over, and too far ahead
        await planned(world, hours)
    late, soon = await planned(world, 24 * 3), await planned(world, 1.01)
    screen = await world.screen(room)
    answer = (await screen.get("/api/screen/packs")).json()
    assert [one["lesson"] for one in answer["items"]] == [soon, late]
    now, then = answer["items"]
    assert (now["fetch_in_s"], now["fetch_for_s"], now["live"]) == (0, None, False)
    assert now["version"] == (await pack_of(screen, soon))["version"]
    assert answer["ceiling_kbps"] == 2000 and answer["again_s"] == 300  # an hour ahead it is not soon yet
    blank = await world.screen(None)
    assert (await blank.get("/api/screen/packs")).json()["code"] == "device_unknown"
    assert 0 <= then["fetch_in_s"] <= 16 * 3600


async def test_by_day_a_screen_has_to_wait_and_people_have_not(world: World) -> None:
    noon = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=12, minute=0, second=0)
    world.clock.ahead = noon - datetime.now(UTC)
    lesson = await planned(world, 24 * 3)
    screen = await world.screen(await world.classroom_id("红星小学"))
    item = (await pack_of(screen, lesson))["items"][0]
    refused = await screen.get(item["url"])
    assert (refused.status_code, refused.json()["code"]) == (503, "pack_waits")
    assert (await (await world.client("yang")).get(item["url"])).status_code == 200
    (coming,) = (await screen.get("/api/screen/packs")).json()["items"]
    assert 9.9 * 3600 <= coming["fetch_in_s"] <= 10 * 3600
    assert coming["fetch_for_s"] == 8 * 3600
    world.clock.ahead += timedelta(seconds=coming["fetch_in_s"] + 5)
    assert (await screen.get(item["url"])).status_code == 200


async def test_a_school_sets_its_night_and_its_ceiling(world: World) -> None:
    school = await world.school_id("红星小学")
    teacher = await world.client("yang")
    path = f"/api/schools/{school}/packs"
    usual = {"night_from": "22:00", "night_to": "06:00", "lead_hours": 4, "ceiling_kbps": 2000}
    assert (await teacher.get(path)).json() == usual
    wanted = {"night_from": "00:30", "night_to": "05:00", "lead_hours": 0, "ceiling_kbps": 256}
    assert (await teacher.put(path, json=wanted)).json() == wanted
    assert (await teacher.get(path)).json() == wanted
    open_all = wanted | {"ceiling_kbps": None}
    assert (await teacher.put(path, json=open_all)).json() == open_all
    for bad in ({"night_from": "24:00"}, {"lead_hours": 49}, {"ceiling_kbps": 1}, {"night_to": "6:00"}):
        answer = await teacher.put(path, json=wanted | bad)
        assert (answer.status_code, answer.json()["field"]) == (422, next(iter(bad)))
    assert (await (await world.client("ma")).get(path)).json()["code"] == "not_allowed"
    assert (await (await world.client("wang")).get("/api/schools/none/packs")).json()["code"] == "school_unknown"
    assert (await teacher.get(path)).json() == open_all


async def test_the_data_cap_holds_for_packs_too(world: World) -> None:
    school = await world.school_id("红星小学")
    teacher = await world.client("yang")
    await teacher.put(f"/api/schools/{school}/data-cap", json={"ceiling_kbps": 300, "video": True})
    screen = await world.screen(await world.classroom_id("红星小学"))
    assert (await screen.get("/api/screen/packs")).json()["ceiling_kbps"] == 300


async def test_in_class_nothing_leaves_that_live_needs(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("server.lessons.packs.paced.PATIENCE_S", 0.05)
    lesson = await planned(world)
    screen = await world.screen(await world.classroom_id("红星小学"))
    item = (await pack_of(screen, lesson))["items"][0]
    world.live.spares_now.append(Spare(0.0))  # a link in class of which nothing is to spare
    answer = await screen.get(item["url"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-length" not in answer.headers
    world.live.spares_now.clear()
    assert len((await screen.get(item["url"])).content) == item["bytes"]


async def told(screen: httpx.AsyncClient, lesson: str, **body: Any) -> httpx.Response:
    return await screen.post(f"/api/screen/packs/{lesson}", json=body)


async def test_the_lecturer_sees_who_is_ready(world: World) -> None:
    rooms = [await world.classroom_id("红星小学"), await world.classroom_id("河口小学")]
    lesson = await planned(world, classroom_ids=rooms)
    screen = await world.screen(rooms[0])
    pack = await pack_of(screen, lesson)
    total = sum(item["bytes"] for item in pack["items"])
    answer = await told(screen, lesson, version=pack["version"], have_bytes=total * 6 // 10)
    assert (answer.json()["state"], answer.json()["percent"]) == ("part", 59)
    lecturer = await world.client("lin")
    path = f"/api/lessons/{lesson}/packs"
    seen = (await lecturer.get(path)).json()["items"]
    assert [(one["school"]["name"], one["state"], one["percent"]) for one in seen] == [
        ("红星小学", "part", 59),
        ("河口小学", "none", 0),
    ]
    assert seen[0]["seen_at"] and seen[1]["seen_at"] is None
    await told(screen, lesson, version=pack["version"], have_bytes=total * 9, problem="")  # more than there is
    assert [one["state"] for one in (await lecturer.get(path)).json()["items"]] == ["ready", "none"]
    own = (await (await world.client("yang")).get(path)).json()["items"]
    assert [one["school"]["name"] for one in own] == ["红星小学"]
    await put_deck(world, lesson, 2, size=70)
    (outdated, _) = (await lecturer.get(path)).json()["items"]
    assert (outdated["state"], outdated["outdated"]) == ("none", True)
    late = await told(screen, lesson, version=pack["version"], have_bytes=total, problem="storage_full")
    assert (late.json()["state"], late.json()["outdated"], late.json()["problem"]) == ("none", True, "storage_full")


async def test_reports_are_checked(world: World) -> None:
    lesson = await planned(world)
    room = await world.classroom_id("红星小学")
    screen, version = await world.screen(room), "0" * 64
    mistakes: list[dict[str, Any]] = [{"version": "x"}, {"have_bytes": -1}, {"problem": "x"}]
    for bad in mistakes:
        answer = await told(screen, lesson, **({"version": version, "have_bytes": 0} | bad))
        assert (answer.status_code, answer.json()["field"]) == (422, next(iter(bad)))
    stranger = await world.screen(await world.classroom_id("青山教学点"))
    assert (await told(stranger, lesson, version=version, have_bytes=0)).json()["code"] == "lesson_unknown"
    person = await told(await world.client("yang"), lesson, version=version, have_bytes=0)
    assert person.json()["code"] == "device_unknown"
    codes = [(await told(screen, lesson, version=version, have_bytes=0)).status_code for _ in range(25)]
    assert codes[:20] == [200] * 20 and set(codes[20:]) == {429}


async def uploaded(client: httpx.AsyncClient, data: bytes, name: str = "日食.mp4") -> str:
    body = {"name": name, "bytes": len(data), "purpose": "clip"}
    upload = (await client.post("/api/uploads", json=body)).json()["id"]
    headers = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
    sent = await client.patch(f"/api/uploads/{upload}", content=data, headers=headers)
    assert sent.status_code == 200, sent.text
    return str(upload)


FILM = film(seconds=3.0, size=(320, 180))


async def test_a_clip_comes_with_the_pack_and_can_be_taken_off(world: World) -> None:
    lesson = await planned(world)
    lecturer, path = await world.client("lin"), f"/api/lessons/{lesson}/clips"
    added = await lecturer.post(path, json={"upload": await uploaded(lecturer, FILM), "title": ""})
    (clip,) = added.json()["items"]
    assert (added.status_code, clip["title"], clip["mime"], clip["bytes"]) == (201, "日食.mp4", "video/mp4", len(FILM))
    assert 2_950 <= clip["duration_ms"] <= 3_100
    screen = await world.screen(await world.classroom_id("红星小学"))
    assert (await screen.get(clip["url"])).status_code == 200  # before its screen read the new manifest
    item = (await pack_of(screen, lesson))["items"][-1]
    assert (item["kind"], item["sha256"], item["title"]) == ("clip", hashlib.sha256(FILM).hexdigest(), "日食.mp4")
    part = await screen.get(item["url"], headers={"range": "bytes=5000-"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, FILM[5000:], "video/mp4")
    again = await lecturer.post(path, json={"upload": await uploaded(lecturer, FILM), "title": "日全食"})
    assert [one["title"] for one in again.json()["items"]] == ["日全食"]
    assert (await lecturer.delete(f"{path}/{item['sha256']}")).json() == {"items": []}
    assert "clip" not in {one["kind"] for one in (await pack_of(screen, lesson))["items"]}
    assert (await screen.get(item["url"])).content == FILM  # whoever is in the middle of it may finish
    assert (await lecturer.delete(f"{path}/{item['sha256']}")).json()["code"] == "clip_unknown"
    told = [[one.title for one in clips] for room, clips in world.live.clips if room == lesson]
    assert told == [["日食.mp4"], ["日全食"], []]  # an open room hears of each change


async def test_an_open_room_and_one_that_opens_later_know_the_clips(world: World) -> None:
    lesson = await planned(world)
    lecturer, path = await world.client("lin"), f"/api/lessons/{lesson}/clips"
    (clip,) = (await lecturer.post(path, json={"upload": await uploaded(lecturer, FILM), "title": "日食"})).json()[
        "items"
    ]
    stored = await world.services.lessons.load(RoomId(lesson))
    assert stored is not None
    assert [msgspec.structs.asdict(one) for one in stored.clips] == [clip]
    assert world.live.clips == [(lesson, stored.clips)]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"MZ\x90\0 is a program", "clip_unsupported", "另存为 MP4"),
        (FILM[: len(FILM) // 2], "clip_broken", "没有导出完整"),
        (film("mp4", "mpeg4", "aac"), "clip_unsupported", "MPEG-4"),
    ],
)
async def test_only_what_browsers_play_is_a_clip(world: World, data: bytes, code: str, words: str) -> None:
    lesson = await planned(world)
    lecturer, path = await world.client("lin"), f"/api/lessons/{lesson}/clips"
    upload = await uploaded(lecturer, data, "lesson.mp4")
    refused = await lecturer.post(path, json={"upload": upload})
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert words in refused.json()["detail"]
    assert (await lecturer.get(f"/api/uploads/{upload}")).status_code == 200  # it is still its owner's, to be dropped
    assert (await lecturer.get(path)).json() == {"items": []}


async def test_no_empty_and_no_endless_file_is_begun_as_a_clip(world: World) -> None:
    lecturer = await world.client("lin")
    sizes = {0: "file_empty", MAX_CLIP_BYTES + 1: "upload_too_large"}
    for size, code in sizes.items():
        answer = await lecturer.post("/api/uploads", json={"name": "日食.mp4", "bytes": size, "purpose": "clip"})
        assert answer.json()["code"] == code
        assert "日食.mp4" in answer.json()["detail"]


async def test_a_clip_whose_upload_is_not_whole_is_not_taken(world: World) -> None:
    lesson = await planned(world)
    lecturer = await world.client("lin")
    body = {"name": "日食.mp4", "bytes": len(FILM), "purpose": "clip"}
    upload = (await lecturer.post("/api/uploads", json=body)).json()["id"]
    refused = await lecturer.post(f"/api/lessons/{lesson}/clips", json={"upload": upload})
    assert refused.json()["code"] == "upload_incomplete"
