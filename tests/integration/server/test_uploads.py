from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from server.accounts.limits import AttemptLimit
from server.uploads.files import UploadFiles
from signaling.errors import Refused
from tests.integration.server.conftest import World, open_world

PIECE = "application/offset+octet-stream"
DATA = bytes(range(256)) * 40


async def begun(client: httpx.AsyncClient, data: bytes = DATA, **changes: object) -> str:
    body = {"name": "光的折射.pdf", "bytes": len(data), "purpose": "deck", **changes}
    answer = await client.post("/api/uploads", json=body)
    assert answer.status_code == 201, answer.text
    return f"/api/uploads/{answer.json()['id']}"


async def sent(client: httpx.AsyncClient, address: str, offset: int, data: bytes) -> httpx.Response:
    return await client.patch(address, content=data, headers={"Upload-Offset": str(offset), "Content-Type": PIECE})


async def test_a_file_comes_in_pieces_each_where_the_last_one_ended(world: World) -> None:
    client = await world.client("lin")
    address = await begun(client, sha256=hashlib.sha256(DATA).hexdigest())
    assert (await sent(client, address, 0, DATA[:3000])).json()["received"] == 3000
    wrong = await sent(client, address, 2000, DATA[2000:])
    assert (wrong.status_code, wrong.json()["code"]) == (409, "upload_offset") and "3000" in wrong.json()["detail"]
    head = await client.head(address)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("3000", str(len(DATA)))
    assert (await sent(client, address, 3000, DATA[3000:])).json()["received"] == len(DATA)
    (file,) = (world.folder / "uploads").iterdir()
    assert file.read_bytes() == DATA
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).json()["code"] == "upload_unknown" and not file.exists()


async def test_it_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        client = await world.client("lin")
        address = await begun(client)
        await sent(client, address, 0, DATA[:5000])
        (file,) = (world.folder / "uploads").iterdir()
        with file.open("ab") as half:
            half.write(b"written, but never noted as received")
    async with open_world(tmp_path / "data") as world:
        client = await world.client("lin")
        assert (await client.get(address)).json()["received"] == 5000
        assert (await sent(client, address, 5000, DATA[5000:])).status_code == 200
        assert file.read_bytes() == DATA


async def test_a_file_that_a_disk_lost_begins_anew(world: World) -> None:
    client = await world.client("lin")
    address = await begun(client)
    await sent(client, address, 0, DATA[:5000])
    next((world.folder / "uploads").iterdir()).unlink()
    assert (await client.get(address)).json()["received"] == 0


async def test_what_came_of_a_piece_that_was_cut_is_kept(world: World) -> None:
    person = (await world.person("lin")).person
    assert person is not None
    service = world.services.uploads
    upload = await service.begin(person.id, "光.pdf", len(DATA), "deck", None)

    async def cut() -> AsyncIterator[bytes]:
        yield DATA[:4000]
        yield DATA[4000:7000]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await service.append(person.id, upload.id, 0, cut())
    assert (await service.find(person.id, upload.id)).received == 7000


async def test_a_newer_connection_takes_over_from_one_that_hangs(world: World) -> None:
    person = (await world.person("lin")).person
    assert person is not None
    service, hangs = world.services.uploads, asyncio.Event()
    upload = await service.begin(person.id, "光.pdf", len(DATA), "deck", None)

    async def slow() -> AsyncIterator[bytes]:
        yield DATA[:4000]
        await hangs.wait()
        yield DATA[4000:4100]

    async def quick() -> AsyncIterator[bytes]:
        yield DATA[4000:]

    async with asyncio.TaskGroup() as tasks:
        old = tasks.create_task(_refusal(service.append(person.id, upload.id, 0, slow())))
        async with asyncio.timeout(5):
            while (await service.find(person.id, upload.id)).received < 4000:
                await asyncio.sleep(0.01)
        assert (await service.append(person.id, upload.id, 4000, quick())).is_whole
        hangs.set()
    assert old.result() == "upload_taken_over"
    assert service.path(upload.id).read_bytes() == DATA


async def _refusal(work: object) -> str:
    try:
        await work  # type: ignore[misc]
    except Refused as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"bytes": 0}, 422, "file_empty"),
        ({"bytes": (200 << 20) + 1}, 413, "upload_too_large"),
        ({"purpose": "virus"}, 422, "field_invalid"),
        ({"sha256": "x"}, 422, "field_invalid"),
        ({"name": ""}, 422, "field_invalid"),
    ],
)
async def test_what_cannot_be_taken_is_refused_before_a_byte_is_sent(
    world: World, change: dict[str, object], status: int, code: str
) -> None:
    client = await world.client("lin")
    body = {"name": "光.pdf", "bytes": 10, "purpose": "deck", **change}
    answer = await client.post("/api/uploads", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_path_in_the_name_is_no_path(world: World) -> None:
    client = await world.client("lin")
    address = await begun(client, name="..\\..\\etc/passwd\0.pdf")
    assert (await client.get(address)).json()["name"] == "passwd.pdf"


async def test_pieces_that_are_none_are_refused(world: World) -> None:
    client = await world.client("lin")
    address = await begun(client)
    answers = [
        await client.patch(address, content=b"x", headers={"Content-Type": PIECE}),
        await client.patch(address, content=b"x", headers={"Content-Type": PIECE, "Upload-Offset": "-1"}),
        await client.patch(address, content=b"x", headers={"Content-Type": "text/plain", "Upload-Offset": "0"}),
        await sent(client, address, 0, DATA + b"more"),
        await sent(client, "/api/uploads/none", 0, DATA),
        await client.patch(address, content=b"x", headers={"Content-Length": str(9 << 20)}),
    ]
    codes = [answer.json()["code"] for answer in answers]
    assert codes[:3] == ["upload_offset_missing", "upload_offset_missing", "content_type_unsupported"]
    assert codes[3:] == ["upload_too_long", "upload_unknown", "body_too_large"]
    assert (await sent(client, address, 0, DATA)).status_code == 200


async def test_a_file_that_was_damaged_on_the_way_is_sent_again(world: World) -> None:
    client = await world.client("lin")
    address = await begun(client, sha256=hashlib.sha256(DATA).hexdigest())
    bad = await sent(client, address, 0, DATA[:-1] + b"!")
    assert (bad.status_code, bad.json()["code"]) == (422, "upload_broken")
    assert (await client.get(address)).json()["received"] == 0
    assert (await sent(client, address, 0, DATA)).status_code == 200


async def test_abandoned_files_are_cleared_away_after_a_day(world: World) -> None:
    client = await world.client("lin")
    old = await begun(client)
    await sent(client, old, 0, DATA[:10])
    world.clock.ahead = timedelta(hours=23)
    new = await begun(client)
    world.clock.ahead = timedelta(hours=25)
    await world.services.uploads.sweep()
    assert (await client.get(old)).status_code == 404 and (await client.get(new)).status_code == 200
    (world.folder / "uploads" / "stray").touch()
    world.clock.ahead = timedelta(hours=60)
    await world.services.uploads.sweep()
    assert list((world.folder / "uploads").iterdir()) == []


async def test_nobody_fills_the_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await world.client("lin")
    for _ in range(2):
        await begun(client, bytes=200 << 20)
    full = await client.post("/api/uploads", json={"name": "光.pdf", "bytes": 10, "purpose": "deck"})
    assert (full.status_code, full.json()["code"]) == (409, "uploads_full")
    monkeypatch.setattr(UploadFiles, "free_bytes", lambda self: (1 << 30) + 5)
    other = await (await world.client("yang")).post(
        "/api/uploads", json={"name": "光.pdf", "bytes": 10, "purpose": "deck"}
    )
    assert (other.status_code, other.json()["code"]) == (507, "disk_full") and "磁盘" in other.json()["detail"]


async def test_a_disk_that_fills_up_keeps_what_came(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await world.client("lin")
    address = await begun(client)
    await sent(client, address, 0, DATA[:100])

    def full(self: UploadFiles, upload_id: str, offset: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(UploadFiles, "write", full)
        assert (await sent(client, address, 100, DATA[100:])).json()["code"] == "disk_full"
    assert (await client.get(address)).json()["received"] == 100
    assert (await sent(client, address, 100, DATA[100:])).status_code == 200


async def test_too_many_in_an_hour_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await world.client("lin")
    monkeypatch.setattr(world.services.uploads, "_new", AttemptLimit(2, 3_600.0))
    await begun(client)
    await begun(client)
    answer = await client.post("/api/uploads", json={"name": "光.pdf", "bytes": 10, "purpose": "deck"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
