"""Resources over HTTP: from a recording's draft to what is handed out, with everything that may go wrong between."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from recorder.control import RecordingChanged, Rendition
from server.library.resources.standard import CURRENT, STANDARDS
from server.library.resources.tables import resources
from server.library.service import LibraryService
from signaling.messages import RoomId
from tests.integration.server.conftest import World, open_world

GOOD = [{"item": one.id, "value": 4 if one.kind == "score" else 1} for one in STANDARDS[CURRENT].items]
PDF = b"%PDF-1.7\n" + bytes(100)


@dataclasses.dataclass
class Desk:
    world: World
    library: LibraryService
    recording: str
    id: str

    async def call(self, username: str | None, method: str, tail: str = "", **body: Any) -> httpx.Response:
        client = await self.world.client(username)
        return await client.request(method, f"/api/resources/{self.id}{tail}", json=body or None)

    async def good(self, username: str, method: str, tail: str = "", **body: Any) -> dict[str, Any]:
        answer = await self.call(username, method, tail, **body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def code(self, username: str, method: str, tail: str = "", **body: Any) -> tuple[int, str]:
        answer = await self.call(username, method, tail, **body)
        return answer.status_code, answer.json()["code"]

    async def step(self, username: str, step: str) -> dict[str, Any]:
        return await self.good(username, "POST", f"/{step}", revision=await self.revision())

    async def revision(self) -> int:
        return int((await self.good("lin", "GET"))["revision"])

    async def edit(self, username: str = "lin", **changes: Any) -> httpx.Response:
        now = await self.good(username, "GET")
        body = {name: now[name] for name in TOLD} | {"revision": now["revision"]} | changes
        return await self.call(username, "PUT", **body)

    async def approve(self, username: str = "zhao") -> None:
        await self.step("lin", "submit")
        await self.step(username, "begin")
        await self.good(username, "POST", "/approve", standard=CURRENT, marks=GOOD)

    async def speak_for_oneself(self) -> dict[str, Any]:
        """Let the lecturer consent."""
        lin = next(one for one in (await self.good("lin", "GET"))["needs"] if one["kind"] == "person")
        body = {"subject_id": lin["id"], "renditions": lin["renditions"], "scope": "region", "given_on": "2026-11-20"}
        return await self.good("lin", "POST", "/consents", **body)

    async def finalise(self) -> None:
        await self.library.changed(ready(self.recording))

    async def names_of(self, username: str, view: str, **query: str) -> list[str]:
        answer = await (await self.world.client(username)).get("/api/resources", params={"view": view, **query})
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]


TOLD = (
    "title", "subject", "grade", "edition", "language", "tier", "licence", "flow", "description", "contributors",
    "audience",
)  # fmt: skip


def ready(recording: str) -> RecordingChanged:
    files = (
        Rendition("lecturer", "lecturer.webm", "video/webm", 9_000, 61_000, 1280, 720, "11" * 32),
        Rendition("light", "light.webm", "audio/webm", 900, 61_000, sha256="22" * 32),
        Rendition("guest", "guest.webm", "video/webm", 5_000, 61_000, 640, 360, "33" * 32, minors=True),
    )
    return RecordingChanged(recording, "ready", "", 100, 61_000, "poster.jpg", files)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_world(tmp_path / "data") as world:
        library = LibraryService(world.database, tmp_path / "recordings", world.services.files, world.clock)
        lesson = await world.lesson()
        recording, _ = await library.begin(RoomId(lesson["id"]), lesson["title"])
        await library.changed(ready(recording))
        items = (await (await world.client("lin")).get("/api/resources", params={"view": "mine"})).json()["items"]
        yield Desk(world, library, recording, items[0]["id"])


async def test_a_recording_makes_its_draft_and_made_again_it_keeps_what_was_edited(desk: Desk) -> None:
    sheet = await desk.good("lin", "GET")
    assert (sheet["state"], sheet["title"], sheet["subject"]) == ("draft", "水的三态", "科学")
    assert (sheet["grade"], sheet["audience"], sheet["duration_ms"]) == ("五年级", "pairing", 61_000)
    assert [(one["name"], one["share_bp"]) for one in sheet["contributors"]] == [("林晓云", 10_000)]
    assert [one["name"] for one in sheet["files"]] == ["lecturer", "light", "guest"]
    assert (await desk.edit(title="水有三种样子")).status_code == 200
    await desk.finalise()
    assert (await desk.good("lin", "GET"))["title"] == "水有三种样子"
    assert len(await desk.names_of("lin", "mine")) == 1


async def test_recordings_from_before_there_were_resources_get_theirs_at_the_start(desk: Desk) -> None:
    async with desk.world.database.write() as tx:
        await tx.execute(delete(resources))
    assert await desk.names_of("lin", "mine") == []
    for _ in range(2):
        await desk.library.draft_missing()
        assert len(await desk.names_of("lin", "mine")) == 1


async def test_from_draft_to_published_without_those_who_did_not_consent(desk: Desk) -> None:
    assert (await desk.edit(audience="region")).status_code == 200
    assert await desk.names_of("yang", "published") == []
    stays = {(one["rendition"], one["subject"]["name"]) for one in (await desk.good("lin", "GET"))["stays"]}
    assert ("guest", "红星小学 五年级一班") in stays
    voice = await desk.speak_for_oneself()
    assert {one["rendition"] for one in voice["stays"]} == {"guest"}
    await desk.approve()
    sheet = await desk.step("lin", "publish")
    assert sheet["state"] == "published"
    assert [one["name"] for one in sheet["versions"][0]["files"]] == ["lecturer", "light"]
    assert await desk.names_of("yang", "published") == [desk.id]
    shown = await desk.good("ma", "GET")
    assert ([one["name"] for one in shown["files"]], shown["is_work"]) == (["lecturer", "light"], False)
    assert "consents" in shown
    assert shown["consents"] == []
    # The lecturer revokes: from now on nothing with the lecturer's voice is handed out.
    (given,) = voice["consents"]
    await desk.good("lin", "DELETE", f"/consents/{given['id']}")
    assert (await desk.good("ma", "GET"))["files"] == []
    out = await desk.world.services.library.resources.hand_out(desk.id, "region")
    assert out is not None
    assert out.files == ()


async def test_only_a_teacher_of_the_classroom_consents_for_it_and_revokes(desk: Desk) -> None:
    room = next(one for one in (await desk.good("yang", "GET"))["needs"] if one["kind"] == "classroom")
    assert room["may_record"]
    body = {
        "subject_id": room["id"],
        "renditions": ["guest"],
        "scope": "public",
        "given_on": "2026-11-19",
        "how": "paper",
    }
    assert await desk.code("lin", "POST", "/consents", **body) == (403, "not_allowed")
    assert await desk.code("yang", "POST", "/consents", **body | {"renditions": ["lecturer"]}) == (422, "field_invalid")
    assert await desk.code("yang", "POST", "/consents", **body | {"given_on": "2099-01-01"}) == (422, "field_invalid")
    assert await desk.code("yang", "POST", "/consents", **body | {"subject_id": "nobody"}) == (422, "field_invalid")
    assert await desk.code("ma", "POST", "/consents", **body) == (404, "resource_unknown")
    sheet = await desk.good("yang", "POST", "/consents", **body)
    (consent,) = sheet["consents"]
    assert not [one for one in sheet["stays"] if one["rendition"] == "guest"]
    assert await desk.names_of("yang", "consent") == [desk.id]
    assert await desk.code("lin", "DELETE", f"/consents/{consent['id']}") == (403, "not_allowed")
    after = await desk.good("yang", "DELETE", f"/consents/{consent['id']}")
    assert after["consents"][0]["revoked_at"]
    assert [one["subject"]["name"] for one in after["stays"] if one["rendition"] == "guest"] == ["红星小学 五年级一班"]


async def test_a_review_with_notes_at_time_codes_and_its_answer(desk: Desk) -> None:
    await desk.edit(audience="region")
    await desk.step("lin", "submit")
    assert await desk.names_of("zhao", "review") == [desk.id]
    assert await desk.code("lin", "POST", "/begin", revision=await desk.revision()) == (403, "resource_own")
    sheet = await desk.step("zhao", "begin")
    assert sheet["reviewer"]["name"] == "赵敏"
    # The other reviewer had the same page open.
    answer = await desk.call("wang", "POST", "/begin", revision=sheet["revision"] - 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "review_taken")
    assert "赵敏" in answer.json()["detail"]
    for at_ms in (61_001, -1):
        assert await desk.code("zhao", "POST", "/notes", text="看不清", at_ms=at_ms) == (422, "field_invalid")
    assert await desk.code("zhao", "POST", "/notes", text="  ", at_ms=1) == (422, "field_invalid")
    await desk.good("zhao", "POST", "/notes", text="板书看不清", at_ms=61_000)
    sheet = await desk.good("zhao", "POST", "/notes", text="请写上教材版本")
    assert [one["at_ms"] for one in sheet["notes"]] == [None, 61_000]
    assert await desk.code("zhao", "POST", "/approve", standard=CURRENT, marks=GOOD) == (409, "notes_open")
    assert await desk.code("wang", "POST", "/return", standard=CURRENT, marks=[]) == (409, "review_taken")
    sheet = await desk.good("zhao", "POST", "/return", standard=CURRENT, marks=GOOD[:2], remark="差一点")
    assert (sheet["state"], sheet["reviews"][0]["verdict"]) == ("returned", "returned")
    assert await desk.code("lin", "POST", "/submit", revision=sheet["revision"]) == (409, "notes_open")
    for note in sheet["notes"]:
        await desk.good("lin", "PUT", f"/notes/{note['id']}", is_done=True, answer="改好了")
    await desk.approve()
    sheet = await desk.good("lin", "GET")
    assert sheet["state"] == "approved"
    assert [one["standard"] for one in sheet["reviews"]] == [CURRENT, CURRENT]
    assert await desk.code("zhao", "DELETE", f"/notes/{sheet['notes'][0]['id']}") == (409, "resource_state")


async def test_versions_stay_as_they_were_and_the_next_one_is_worked_on_beside(desk: Desk) -> None:
    await desk.approve("wang")
    assert await desk.code("lin", "POST", "/publish", revision=await desk.revision()) == (409, "nothing_leaves")
    await desk.speak_for_oneself()
    first = (await desk.step("lin", "publish"))["versions"][0]
    assert (await desk.edit(title="水的四态")).json()["code"] == "resource_state"
    assert (await desk.step("lin", "revise"))["version"] == 2
    assert (await desk.edit(title="水的四态", tier="innovative")).status_code == 200
    shown = await desk.world.services.library.resources.published(desk.id)
    assert shown is not None
    assert (shown.title, shown.version, shown.state) == ("水的三态", 1, "published")
    assert (await desk.good("he", "GET"))["title"] == "水的三态"
    await desk.approve("wang")
    sheet = await desk.step("lin", "publish")
    assert [(one["version"], one["title"], one["tier"]) for one in sheet["versions"]] == [
        (2, "水的四态", "innovative"),
        (1, "水的三态", "basic"),
    ]
    assert sheet["versions"][1] == first


async def test_withdrawn_while_somebody_edits_it(desk: Desk) -> None:
    await desk.speak_for_oneself()
    await desk.approve("wang")
    await desk.step("lin", "publish")
    open_page = (await desk.step("lin", "revise"))["revision"]
    assert await desk.code("he", "POST", "/withdraw", reason="x") in ((404, "resource_unknown"), (403, "not_allowed"))
    sheet = await desk.good("wang", "POST", "/withdraw", reason="第 3 页有学生姓名")
    assert (sheet["state"], sheet["handed_out"]) == ("withdrawn", None)
    assert await desk.names_of("he", "published") == []
    answer = await desk.edit(title="改到一半", revision=open_page)
    assert (answer.status_code, answer.json()["code"]) == (409, "resource_withdrawn")
    assert "学生姓名" in answer.json()["detail"]
    await desk.step("lin", "revise")
    assert (await desk.edit(title="改到一半")).status_code == 200
    assert (await desk.good("lin", "GET"))["version"] == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "炼金术"}, "subject"),
        ({"grade": "十一年级"}, "grade"),
        ({"contributors": [{"name": "林晓云", "role": "lecturer", "share_bp": 9_999}]}, "contributors"),
        ({"licence": "MIT"}, "licence"),
        ({"title": ""}, "title"),
        ({"flow": "paid"}, "licence"),
    ],
)
async def test_metadata_that_is_not_acceptable_is_refused_and_nothing_changed(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    before = await desk.good("lin", "GET")
    answer = await desk.edit(**changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert await desk.good("lin", "GET") == before


async def test_what_is_not_allowed_in_a_draft(desk: Desk) -> None:
    revision = await desk.revision()
    assert await desk.code("lin", "POST", "/publish", revision=revision) == (409, "resource_state")
    assert await desk.code("yang", "POST", "/submit", revision=revision) == (403, "not_allowed")
    assert await desk.code("zhao", "GET") == (404, "resource_unknown")
    assert (await desk.call(None, "GET")).status_code == 404
    assert (await desk.edit()).status_code == 200
    assert await desk.code("lin", "POST", "/submit", revision=revision) == (409, "resource_changed")


async def test_lists_are_narrowed(desk: Desk) -> None:
    assert await desk.names_of("lin", "mine", subject="科学", grade="五年级", q="三态 林晓云") == [desk.id]
    for query in ({"subject": "数学"}, {"grade": "一年级"}, {"tier": "innovative"}, {"q": "100%"}):
        assert await desk.names_of("lin", "mine", **query) == []
    nobody = await desk.world.client()
    assert (await nobody.get("/api/resources", params={"view": "mine"})).status_code == 401
    assert (await nobody.get("/api/resources")).json() == {"items": [], "next": None}
    assert (await nobody.get("/api/resources", params={"start": "x"})).status_code == 422


@pytest.mark.parametrize("audience", ["school", "pairing", "region", "public"])
async def test_lists_show_exactly_what_the_table_of_access_lets_see(desk: Desk, audience: str) -> None:
    assert (await desk.edit(audience=audience)).status_code == 200
    given = await desk.speak_for_oneself()
    lecturer = next(one for one in given["needs"] if one["kind"] == "person")
    body = {"renditions": lecturer["renditions"], "scope": "public", "given_on": "2026-11-20"}
    await desk.good("lin", "POST", "/consents", subject_id=lecturer["id"], **body)
    await desk.approve("wang")
    await desk.step("lin", "publish")
    for username in ("lin", "yang", "he", "ma", "zhao", "wang"):
        listed = desk.id in await desk.names_of(username, "published")
        seen = (await desk.call(username, "GET")).status_code == 200
        assert listed == seen, username
    nobody = await desk.world.client()
    open_to_all = [one["id"] for one in (await nobody.get("/api/resources")).json()["items"]]
    assert (open_to_all == [desk.id]) == (audience == "public")
    assert ((await desk.call(None, "GET")).status_code == 200) == (audience == "public")


async def upload(desk: Desk, name: str, data: bytes, username: str = "lin") -> str:
    client = await desk.world.client(username)
    made = await client.post("/api/uploads", json={"name": name, "bytes": len(data), "purpose": "resource"})
    assert made.status_code == 201, made.text
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    sent = await client.patch(f"/api/uploads/{made.json()['id']}", content=data, headers=headers)
    assert sent.status_code == 200, sent.text
    return str(made.json()["id"])


async def test_material_lives_the_same_life(desk: Desk) -> None:
    client = await desk.world.client("lin")
    made = (await client.post("/api/resources", json={"kind": "kit", "title": "水的三态：教案和练习"})).json()
    kit = dataclasses.replace(desk, id=made["id"])
    assert await kit.code("lin", "POST", "/submit", revision=made["revision"]) == (422, "field_invalid")
    bad = await upload(desk, "病毒.pdf", b"MZ\x90\x00" + bytes(50))
    answer = await kit.code("lin", "POST", "/files", upload=bad, revision=made["revision"])
    assert answer == (415, "material_unsupported")
    for name in ("教案.pdf", "练习.pdf"):
        sent = await upload(desk, name, PDF + name.encode())
        await kit.good("lin", "POST", "/files", upload=sent, revision=await kit.revision())
    room = await desk.world.classroom_id("红星小学")
    film = await upload(desk, "实验.webm", b"\x1a\x45\xdf\xa3" + bytes(60))
    sheet = await kit.good("lin", "POST", "/files", upload=film, revision=await kit.revision(), classrooms=[room])
    assert [(one["title"], one["minors"]) for one in sheet["files"]] == [
        ("教案.pdf", False),
        ("练习.pdf", False),
        ("实验.webm", True),
    ]
    sheet = await kit.good("lin", "DELETE", "/files/02", revision=sheet["revision"])
    assert [one["name"] for one in sheet["files"]] == ["01", "03"]
    assert (await kit.edit(audience="region", subject="科学", grade="五年级")).status_code == 200
    await kit.approve()
    sheet = await kit.step("lin", "publish")
    assert [one["title"] for one in sheet["versions"][0]["files"]] == ["教案.pdf"], "the film shows pupils"
    ma = await desk.world.client("ma")
    got = await ma.get(f"/api/resources/{kit.id}/files/01")
    assert (got.status_code, got.content) == (200, PDF + "教案.pdf".encode())
    assert got.headers["content-disposition"].startswith("attachment")
    assert (await ma.get(f"/api/resources/{kit.id}/files/03")).json()["code"] == "file_unknown"
    film_url = f"/api/resources/{kit.id}/files/03"
    assert (await client.get(film_url)).headers["content-type"] == "video/webm"
    crate = (await ma.get(f"/api/resources/{kit.id}/ro-crate-metadata.json")).json()
    assert any(one.get("name") == "教案.pdf" for one in crate["@graph"])
    assert (await ma.get(f"/api/resources/{kit.id}/dublin-core.json")).json()["type"] == ["资源包"]


async def test_a_draft_of_material_can_be_removed_and_a_recordings_not(desk: Desk) -> None:
    client = await desk.world.client("lin")
    made = (await client.post("/api/resources", json={"kind": "document"})).json()
    paper = dataclasses.replace(desk, id=made["id"])
    sent = await upload(desk, "教案.pdf", PDF)
    sheet = await paper.good("lin", "POST", "/files", upload=sent, revision=made["revision"])
    again = await upload(desk, "教案2.pdf", PDF)
    full = await paper.code("lin", "POST", "/files", upload=again, revision=sheet["revision"])
    assert full == (409, "files_full")
    assert (await paper.call("lin", "DELETE", revision=sheet["revision"])).status_code == 204
    assert await paper.code("lin", "GET") == (404, "resource_unknown")
    assert await desk.code("lin", "DELETE", revision=await desk.revision()) == (409, "resource_state")
    made = await client.post("/api/resources", json={"kind": "lesson"})
    assert made.status_code == 422
