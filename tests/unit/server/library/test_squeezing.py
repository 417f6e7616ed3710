"""What is text goes out squeezed to whoever can read it so, and nothing else does."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request

from server.library.squeezing import LEAST_BYTES, squeezed

TEXT = "光的折射".encode() * 500


def asked(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": raw})


@pytest.mark.parametrize("mime", ["application/json", "text/vtt"])
async def test_text_is_squeezed_whether_it_lies_in_a_file_or_not(tmp_path: Path, mime: str) -> None:
    file = tmp_path / "events.json"
    file.write_bytes(TEXT)
    for content in (TEXT, file):
        answer = await squeezed(asked(accept_encoding="gzip, br"), content, mime, {"cache-control": "private"})
        assert answer is not None
        assert gzip.decompress(bytes(answer.body)) == TEXT
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "private"


@pytest.mark.parametrize(
    ("headers", "mime", "content"),
    [
        ({}, "application/json", TEXT),
        ({"accept_encoding": "br"}, "application/json", TEXT),
        ({"accept_encoding": "gzip", "range": "bytes=0-9"}, "application/json", TEXT),
        ({"accept_encoding": "gzip"}, "video/webm", TEXT),
        ({"accept_encoding": "gzip"}, "application/json", TEXT[: LEAST_BYTES - 1]),
    ],
)
async def test_everything_else_goes_out_as_it_is(headers: dict[str, str], mime: str, content: bytes) -> None:
    assert await squeezed(asked(**headers), content, mime, {}) is None
