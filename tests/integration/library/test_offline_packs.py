from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.pack.dsse import Envelope
from recorder.pack.reader import open_pack
from recorder.pack.trust import Trust, newer_revocations
from recorder.resource import decode_resource
from server.school_library import jobs
from signaling.errors import Refused
from tests.integration.library.packed import Library, library, open_published, pair, serving
from tests.integration.library.published import FILM, Shelf

NOW_MS = 4_000_000_000_000


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_published(tmp_path) as opened:
        yield opened


async def zip_of(shelf: Shelf, tiers: str = "light,original,guest", by: str = "lin") -> bytes:
    answer = await shelf.get(f"/api/packs/{shelf.resource}.zip?tiers={tiers}", by)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_pack_holds_what_may_leave_and_nothing_else(shelf: Shelf) -> None:
    data = await zip_of(shelf)
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        assert pack.testzip() is None
        names = set(pack.namelist())
        text = b"".join(pack.read(name) for name in names if not name.endswith(".webm"))
        script = pack.read("pack.js").decode()
        crate = json.loads(pack.read("ro-crate-metadata.json"))
        chapters = pack.read("chapters.vtt").decode()
    assert {"lecturer.webm", "light.webm", "index.html", "player.js", "start.js", "resource.json"} <= names
    assert not {"guest.webm", "journal.jsonl"} & names
    assert "李小雨".encode() not in text, "no pupil is named"
    assert "学生发言" in chapters
    assert script.startswith("window.TONGTANG_PACK = {")
    assert crate["@graph"][0]["@id"] == "ro-crate-metadata.json"
    shapes = (await shelf.get(f"/api/packs/{shelf.resource}", "lin")).json()
    assert shapes["stays"] == ["guest"]
    assert [one["tiers"] for one in shapes["packs"]] == [
        ["light"],
        ["light", "low"],
        ["light", "low", "screen", "original"],
    ]
    assert all(one["fits_fat32"] for one in shapes["packs"])


async def test_a_pack_that_fat32_cannot_hold_says_so(shelf: Shelf) -> None:
    told = decode_resource((shelf.folder / "resource.json").read_bytes())
    sizes = {"lecturer": 5 << 30}
    renditions = [msgspec.structs.replace(one, bytes=sizes.get(one.name, one.bytes)) for one in told.renditions]
    (shelf.folder / "resource.json").write_bytes(
        msgspec.json.encode(msgspec.structs.replace(told, renditions=tuple(renditions)))
    )
    shapes = (await shelf.get(f"/api/packs/{shelf.resource}", "lin")).json()["packs"]
    assert [(one["tiers"][-1], one["fits_fat32"]) for one in shapes] == [
        ("light", True),
        ("low", True),
        ("original", False),
    ]


async def test_signature_is_verified_by_openssl_alone(shelf: Shelf, tmp_path: Path) -> None:
    """With nothing of ours: zipfile, json, hashlib and the openssl command."""
    with zipfile.ZipFile(io.BytesIO(await zip_of(shelf))) as pack:
        signed = json.loads(pack.read("manifest.dsse.json"))
        payload = base64.b64decode(signed["payload"])
        manifest = json.loads(payload)
        for path, entry in manifest["files"].items():
            content = pack.read(path)
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
            slices = [content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)]
            assert [hashlib.sha256(one).hexdigest() for one in slices] == entry["slices"]
    trust = signed["trust"]
    word = base64.b64decode(trust["delegation"]["payload"])
    root = (await shelf.get("/api/packs/trust")).json()["root"]
    assert openssl_says_yes(tmp_path, root, trust["delegation"], word)
    assert openssl_says_yes(tmp_path, json.loads(word)["key"], signed, payload)
    assert not openssl_says_yes(tmp_path, json.loads(word)["key"], signed, payload.replace(b"title", b"Title"))


def openssl_says_yes(folder: Path, key: str, envelope: dict[str, Any], payload: bytes) -> bool:
    kind = envelope["payloadType"].encode()
    (folder / "said").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (folder / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    (folder / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100" + key))  # RFC 8410 §4
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin"]
    command += ["-in", "said", "-sigfile", "signature"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=20, check=False).returncode == 0


async def test_lesson_is_streamed_in_ranges_and_as_a_single_file(shelf: Shelf) -> None:
    data = await zip_of(shelf, "light")
    path = f"/api/packs/{shelf.resource}.zip?tiers=light"
    part = await shelf.get(path, "lin", range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, data[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(data)}"
    assert (await shelf.get(path, "lin", range=f"bytes={len(data)}-")).status_code == 416
    assert (await shelf.get(path, "lin", **{"if-none-match": part.headers["etag"]})).status_code == 304
    assert (await shelf.get(path, "lin", range="bytes=-7")).content == data[-7:]
    await look_into_single_file(shelf)


async def look_into_single_file(shelf: Shelf) -> None:
    answer = await shelf.get(f"/api/packs/{shelf.resource}/light.html", "lin")
    text = answer.content.decode()
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert base64.b64encode(FILM).decode() in text
    assert '"path":"inline:m0"' in text
    assert "<title>水的三态</title>" in text
    assert "src=" not in text.split("<script>")[0], "it asks for nothing"


async def test_withdrawn_lesson_is_on_the_signed_list(shelf: Shelf) -> None:
    data = await zip_of(shelf)
    root = (await shelf.get("/api/packs/trust")).json()["root"]
    manifest = open_pack(io.BytesIO(data), Trust(root), NOW_MS).manifest
    await shelf.set_state("withdrawn")
    listed = (await shelf.get("/api/packs/trust")).json()["revocations"]
    assert json.loads(base64.b64decode(listed["payload"]))["packs"] == {manifest.id: 1}
    for by in (None, "lin"):
        answer = await shelf.get(f"/api/packs/{shelf.resource}.zip", by)
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_unknown")


async def test_revoked_key_of_a_school_is_replaced_and_its_packs_are_refused(shelf: Shelf) -> None:
    old = await zip_of(shelf)
    root = (await shelf.get("/api/packs/trust", "wang")).json()["root"]
    path = f"/api/packs/keys/{await shelf.world.school_id('春城实验小学')}/revoke"
    assert (await (await shelf.by("lin")).post(path)).status_code == 403
    assert (await (await shelf.by("wang")).post(path)).status_code == 204
    listed = (await shelf.get("/api/packs/trust", "wang")).json()["revocations"]
    taught = newer_revocations(msgspec.convert(listed, Envelope), Trust(root))
    with pytest.raises(Refused) as refused:
        open_pack(io.BytesIO(old), Trust(root, taught), NOW_MS)
    assert refused.value.code == "offline_key_revoked"
    anew = await zip_of(shelf, by="wang")
    assert open_pack(io.BytesIO(anew), Trust(root, taught), NOW_MS).manifest.title == "水的三态"


async def fetch_all(shelf: Shelf, hub: str, box: Library) -> None:
    await pair(shelf, hub, box)
    assert [one["title"] for one in (await box.call("GET", "/api/offered"))["items"]] == ["水的三态"]
    await box.call("POST", "/api/fetch", pack=shelf.resource)
    await box.eventually("水的三态", "light", "low")  # in two steps, the light form first


async def test_library_fetches_plays_and_reports_once(shelf: Shelf, tmp_path: Path) -> None:
    async with serving(shelf) as hub, library(tmp_path / "box") as box:
        await fetch_all(shelf, hub, box)
        page = await box.client.get(f"/lessons/{shelf.resource}/index.html")
        assert "pack.js" in page.text
        part = await box.client.get(f"/lessons/{shelf.resource}/light.webm", headers={"range": "bytes=5-9"})
        assert (part.status_code, part.content, part.headers["content-type"]) == (206, FILM[5:10], "video/webm")
        use = {"id": "ab" * 16, "pack": shelf.resource, "version": 1, "began_ms": 1_790_000_000_000}
        for seconds in (30, 60, 60):
            await box.call("POST", f"/lessons/{shelf.resource}/uses", **use, seconds=seconds, class_name="五年级1班")
        carried = await box.call("GET", "/api/uses.json")
        assert await box.call("POST", "/api/uses/report") == {"added": 1}
        assert (await box.call("GET", "/api/state"))["uses"] == 0
        teacher = await shelf.by("zhao")
        for envelope in carried["signed"]:
            again = await teacher.post("/api/packs/uses", json={"signed": envelope})
            assert again.json() == {"added": 0, "unknown": 0}, "the stick brings it a second time"
            forged = envelope | {"payload": base64.b64encode(b"{}").decode()}
            assert (await teacher.post("/api/packs/uses", json={"signed": forged})).json()["code"] == "uses_invalid"
        counted = (await shelf.get(f"/api/packs/{shelf.resource}/uses", "lin")).json()["items"]
        assert [(one["school"], one["class_name"], one["times"], one["seconds"]) for one in counted] == [
            ("红星小学", "五年级1班", 1, 60)
        ]


@pytest.mark.parametrize("by_subject", [True, False], ids=["a subject", "a single lesson"])
async def test_what_is_wanted_comes_at_night_and_not_by_day(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_subject: bool
) -> None:
    monkeypatch.setattr(jobs, "LOOK_S", 0.05)
    hour = [12]
    async with (
        serving(shelf) as hub,
        library(tmp_path / "box", local_time=lambda: datetime(2026, 11, 22, hour[0], 30)) as box,  # noqa: DTZ001
    ):
        await pair(shelf, hub, box)
        wanted = {"subjects": ["科学"]} if by_subject else {"lessons": [shelf.resource]}
        plan = (await box.call("GET", "/api/state"))["plan"]
        await box.call("PUT", "/api/plan", **(plan | wanted | {"ceiling_kbps": 100_000}))
        await asyncio.sleep(0.3)
        assert await box.titles() == [], "at noon the line is the classes'"
        hour[0] = 23
        await box.eventually("水的三态", "light", "low")


async def test_neighbour_passes_a_lesson_on_and_needs_no_trust(shelf: Shelf, tmp_path: Path) -> None:
    async with library(tmp_path / "a") as one, library(tmp_path / "b") as other:
        async with serving(shelf) as hub:
            await fetch_all(shelf, hub, one)
            await pair(shelf, hub, other)
        # The platform is gone: what comes now comes from the neighbour.
        found = await other.call("GET", f"/api/peer?address={one.url}")
        assert [lesson["title"] for lesson in found["items"]] == ["水的三态"]
        await other.call("POST", "/api/fetch", pack=shelf.resource, peer=one.url)
        await other.eventually("水的三态", "light", "low")
        assert await other.code("GET", "/api/offered") == "hub_unreachable"


async def test_without_the_network_a_stick_carries_it(shelf: Shelf, tmp_path: Path) -> None:
    stick = tmp_path / "media" / "USB"
    stick.mkdir(parents=True)
    (stick / "lesson.zip").write_bytes(await zip_of(shelf))
    root = (await shelf.get("/api/packs/trust")).json()
    async with library(tmp_path / "box") as box:
        upload = await box.call("POST", "/api/uploads", name="a.zip", bytes=(stick / "lesson.zip").stat().st_size)
        data, at = (stick / "lesson.zip").read_bytes(), 0
        while at < len(data):
            sent = await box.client.patch(
                f"/api/uploads/{upload['id']}", content=data[at : at + 9_000], headers={"upload-offset": str(at)}
            )
            at = sent.json()["received"]
        assert await box.code("POST", f"/api/uploads/{upload['id']}/import") == "offline_root_unknown"
        stranger = (await box.call("GET", "/api/state"))["stranger"]
        assert stranger == {"root": root["root"], "fingerprint": root["fingerprint"]}
        await box.call("POST", "/api/trust", root=stranger["root"])
        assert (await box.call("POST", f"/api/uploads/{upload['id']}/import"))["title"] == "水的三态"
    async with library(tmp_path / "box") as box:
        assert await box.titles() == ["水的三态"], "it is there after a restart"
        got = await box.client.get(f"/lessons/{shelf.resource}.pack.zip")
        assert got.content == data, "and goes on as it came, byte for byte"
        other = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
        assert await box.code("POST", "/api/trust", root=other) == "library_other_platform"


async def test_settings_need_the_word_from_elsewhere(tmp_path: Path) -> None:
    async with library(tmp_path / "box") as box:
        state = await box.call("GET", "/api/state")
        assert state["is_keeper"], "whoever sits at this computer"
        plan = state["plan"] | {"ceiling_kbps": 500, "subjects": ["科学"]}
        assert (await box.call("PUT", "/api/plan", **plan))["ceiling_kbps"] == 500
        assert await box.code("PUT", "/api/plan", **(plan | {"from_minute": 9999})) == "field_invalid"
        assert await box.code("POST", "/api/fetch", pack="abc") == "library_unpaired"
        assert await box.code("POST", "/api/pair", url="ftp://x", code="abcdefgh") == "address_wrong"
        assert (await box.client.get("/")).status_code == 200
        assert "<svg" in (await box.client.get("/qr.svg")).text
        await asyncio.sleep(0)
