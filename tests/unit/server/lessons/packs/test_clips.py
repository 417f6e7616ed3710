from __future__ import annotations

import pytest

from server.lessons.packs.clips import clip_kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81", "video/webm"),
        (b"OggS\0\x02\0\0\0\0\0\0", "audio/ogg"),
        (b"RIFF\x24\x08\0\0WAVE", "audio/wav"),
        (b"RIFF\x24\x08\0\0AVI ", None),
        (b"ID3\x04\0\0\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", "audio/mpeg"),
        (b"<svg onload='x'>", None),
        (b"", None),
    ],
)
def test_a_clip_is_known_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    assert clip_kind(head) == kind
