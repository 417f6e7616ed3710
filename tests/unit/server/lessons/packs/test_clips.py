"""What is taken as a clip, and with which words the rest is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.lessons.packs.clip_look import look
from server.lessons.packs.clip_media import Found, Playable, clip_kind, judge
from signaling.clips import MAX_CLIP_MS
from signaling.errors import Refused
from tests.films import film


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


@pytest.mark.parametrize(
    ("container", "video", "audio", "mime"),
    [
        ("mp4", "libx264", "aac", "video/mp4"),
        ("mp4", "libx264", "", "video/mp4"),
        ("webm", "libvpx", "libopus", "video/webm"),
        ("webm", "", "libopus", "audio/webm"),
        ("ipod", "", "aac", "audio/mp4"),
        ("mp3", "", "libmp3lame", "audio/mpeg"),
        ("ogg", "", "libopus", "audio/ogg"),
        ("wav", "", "pcm_s16le", "audio/wav"),
    ],
)
def test_what_browsers_play_is_taken_and_measured(
    tmp_path: Path, container: str, video: str, audio: str, mime: str
) -> None:
    path = tmp_path / "clip"
    path.write_bytes(film(container, video, audio))
    kind = clip_kind(path.read_bytes()[:12])
    assert kind is not None
    taken = judge("日食", kind, look(path, kind))
    assert taken.mime == mime
    assert 950 <= taken.duration_ms <= 1100


@pytest.mark.parametrize(
    "data",
    [
        film()[: len(film()) // 2],  # cut off in the middle: its index is at the end
        film()[:40] + bytes(len(film()) - 40),
        b"\0\0\0\x18ftypmp42" + bytes(1000),
        b"#EXTM3U\nfile:///etc/passwd\n",  # a playlist would name other files
        b"",
    ],
)
def test_what_cannot_be_read_has_nothing_in_it(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "clip"
    path.write_bytes(data)
    assert look(path, "video/mp4") == Found()


FINE = Found("h264", "yuv420p", "aac", 60_000)


def changed(**fields: str | int) -> Found:
    return Found(**{name: fields.get(name, getattr(FINE, name)) for name in FINE.__struct_fields__})


@pytest.mark.parametrize(
    ("kind", "found", "code", "words"),
    [
        ("video/mp4", Found(), "clip_broken", "没有导出完整"),
        ("video/mp4", changed(duration_ms=0), "clip_broken", "没有可播放的内容"),
        ("video/mp4", changed(video="hevc"), "clip_unsupported", "HEVC（H.265）"),
        ("video/mp4", changed(pixels="yuv422p10le"), "clip_unsupported", "10 位或专业格式"),
        ("video/mp4", changed(audio="ac3"), "clip_unsupported", "AC-3"),
        ("video/webm", changed(), "clip_unsupported", "H.264"),
        ("audio/ogg", changed(video="theora", audio="vorbis"), "clip_unsupported", "THEORA"),
        ("video/mp4", changed(duration_ms=MAX_CLIP_MS + 1), "clip_unsupported", "超过 6 小时"),
    ],
)
def test_what_classrooms_cannot_play_is_refused_with_what_to_do(kind: str, found: Found, code: str, words: str) -> None:
    with pytest.raises(Refused) as refusal:
        judge("日食.mp4", kind, found)
    assert refusal.value.code == code
    assert words in refusal.value.detail
    assert "再上传" in refusal.value.detail or "上传。" in refusal.value.detail
    assert judge("日食.mp4", "video/mp4", FINE) == Playable("video/mp4", 60_000)
