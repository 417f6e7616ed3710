from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request

from server.lessons.packs import paced


def asking(**headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": given})


async def body_of(response: object) -> bytes:
    found = b""
    async for chunk in response.body_iterator:  # type: ignore[attr-defined]
        found += chunk
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 40)
    return path


ETAG = {"etag": '"abc"'}


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ({}, 200, 0, 10_240),
        ({"range": "bytes=0-"}, 206, 0, 10_240),
        ({"range": "bytes=5000-"}, 206, 5000, 10_240),
        ({"range": "bytes=1-1"}, 206, 1, 2),
        ({"range": "bytes=10239-20000"}, 206, 10_239, 10_240),
        ({"range": "bytes=5000-", "if_range": '"abc"'}, 206, 5000, 10_240),
        ({"range": "bytes=5000-", "if_range": '"other"'}, 200, 0, 10_240),
        ({"range": "bytes=5000-", "if_range": 'W/"abc"'}, 200, 0, 10_240),  # a weak tag says nothing of bytes
        ({"range": "bytes=-5"}, 200, 0, 10_240),
        ({"range": "bytes=1-2,4-5"}, 200, 0, 10_240),
        ({"range": "lines=1-2"}, 200, 0, 10_240),
        ({"range": "bytes=99999-"}, 416, 0, 0),
        ({"range": "bytes=7-3"}, 416, 0, 0),
    ],
)
async def test_ranges(file: Path, asked: dict[str, str], status: int, start: int, end: int) -> None:
    response = paced.paced_file(asking(**asked), file, "image/webp", ETAG, lambda size, now: 0.0)
    assert response.status_code == status
    if status == 416:
        assert response.headers["content-range"] == "bytes */10240"
        return
    assert await body_of(response) == file.read_bytes()[start:end]
    if status == 206:
        assert response.headers["content-range"] == f"bytes {start}-{end - 1}/10240"


async def test_a_file_that_may_not_leave_ends_early_and_a_picture_goes_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced, "PATIENCE_S", 0.0)
    left = [5000]

    def stingy(size: int, now: float) -> float:
        if left[0] < size:
            return 1.0
        left[0] -= size
        return 0.0

    cut = paced.paced_file(asking(), file, "image/webp", ETAG, stingy)
    assert await body_of(cut) == file.read_bytes()[: paced.CHUNK_BYTES]
    assert "content-length" not in cut.headers  # nobody takes it for whole
    whole = paced.trickled_file(file, "image/webp", ETAG, stingy)
    assert (await body_of(whole), whole.headers["content-length"]) == (file.read_bytes(), "10240")
