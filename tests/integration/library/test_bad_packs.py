"""Packs that somebody made to do harm, or that broke on their way, at the door of a library that runs: each is refused
in words that say what to do, and the lesson that is there plays on."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from recorder.pack.manifest import MAX_FILE_BYTES
from recorder.pack.trust import Revocations
from tests.integration.library.packed import Library, library
from tests.unit.recorder.pack.pack_world import TRUST, copy, lesson, rewritten, school_key, zipped

BOMB_BYTES = 64 << 20  # a file of zeros that lies in 64 kB


def with_file(name: str, data: bytes = b"x", mode: int = 0, packing: int = zipfile.ZIP_STORED) -> bytes:
    """Return a good pack with one file more."""

    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
        copy(new, entry, content)
        if entry.filename == "index.html":
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            new.writestr(info, data, packing)

    return rewritten(change)


def with_size(size: int) -> bytes:
    """Return a pack whose directory says that a file is so large, wherever it ends."""
    data = bytearray(zipped(lesson(version=5)))
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = min(size, 0xFFFF_FFFE).to_bytes(4, "little")
    return bytes(data)


REVOKED = zipped(lesson(version=5, key=school_key(revoked=Revocations(9, (lesson().manifest.signer.key,)))))
BAD: dict[str, tuple[bytes, str]] = {
    "a path out of the folder": (with_file("../../../evil.txt"), "offline_path"),
    "an absolute path": (with_file("/tmp/evil.txt"), "offline_path"),
    "a path of Windows": (with_file("..\\evil.txt"), "offline_path"),
    "a link": (with_file("evil", b"/etc/passwd", stat.S_IFLNK | 0o777), "offline_link"),
    "a ZIP bomb": (with_file("evil.bin", bytes(BOMB_BYTES), packing=zipfile.ZIP_DEFLATED), "offline_compressed"),
    "a size that is a lie": (with_size(MAX_FILE_BYTES), "offline_not_a_pack"),
    "an unsigned program": (with_file("evil.exe", b"MZ"), "offline_extra"),
    "the first half": (zipped(lesson(version=5))[:900_000], "offline_not_a_pack"),
    "nothing but zeros": (bytes(2_000), "offline_not_a_pack"),
}


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Library]:
    async with library(tmp_path / "box") as opened:
        await opened.call("POST", "/api/trust", root=TRUST.root)
        assert (await brought(opened, zipped(lesson())))["title"] == "光的折射"
        yield opened


async def brought(box: Library, data: bytes) -> dict[str, Any]:
    """Bring a pack by the library's page; return the answer."""
    upload = await box.call("POST", "/api/uploads", name="lesson.zip", bytes=len(data))
    path = f"/api/uploads/{upload['id']}"
    at = 0
    while at < len(data):
        sent = await box.client.patch(path, content=data[at : at + (1 << 20)], headers={"upload-offset": str(at)})
        at = sent.json()["received"]
    answer: dict[str, Any] = (await box.ask("POST", f"{path}/import", {})).json()
    return answer


def of_whom_it_may_concern(detail: str) -> bool:
    """Return whether a person who knows no computers can act on it: Chinese, a sentence, and what to do."""
    return (
        bool(re.search(r"[\u4e00-\u9fff]{4}", detail))
        and detail.endswith("。")
        and ("请" in detail or "不要" in detail)
    )


async def test_a_bad_pack_is_refused_in_words_and_the_lesson_plays_on(box: Library, tmp_path: Path) -> None:
    for what, (data, code) in BAD.items():
        told = await brought(box, data)
        assert told.get("code") == code, (what, told)
        assert of_whom_it_may_concern(told["detail"]), (what, told["detail"])
        assert await box.titles() == ["光的折射"], what
    page = await box.client.get("/lessons/les1/index.html")
    assert page.status_code == 200
    assert not list(tmp_path.rglob("*evil*")), "nothing of them is anywhere on the disk"
    used = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert used < BOMB_BYTES / 4, "nothing was unpacked"


async def test_an_old_version_does_not_come_back(box: Library) -> None:
    await brought(box, zipped(lesson(version=3)))
    told = await brought(box, zipped(lesson(version=2)))
    assert told["code"] == "offline_rollback"
    assert of_whom_it_may_concern(told["detail"])
    assert [one["version"] for one in (await box.call("GET", "/api/state"))["lessons"]] == [3]


async def test_a_key_that_was_revoked_takes_the_lesson_along(box: Library) -> None:
    told = await brought(box, REVOKED)
    assert (told["code"], await box.titles()) == ("offline_key_revoked", ["光的折射"])
    assert of_whom_it_may_concern(told["detail"])


async def test_paths_of_a_library_lead_nowhere_else(box: Library) -> None:
    for path in ("%2e%2e%2fstate.json", "..%2fstate.json", "%2fetc%2fpasswd", "nul"):
        answer = await box.client.get(f"/lessons/les1/{path}")
        assert answer.status_code in (404, 405), path
        assert "root" not in answer.text
