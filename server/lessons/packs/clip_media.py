"""What a clip is made of, and whether the browsers of classrooms play it. Pure.

A classroom's PC has whatever browser it has: what plays in Chrome 87 and in Firefox of the same age, on Windows and on
Linux alike, is taken. Nothing is converted: a teacher's phone and every editor can export MP4 with H.264 and AAC.
"""

from __future__ import annotations

import msgspec

from signaling.clips import MAX_CLIP_MS
from signaling.errors import Refused

MIN_CLIP_MS = 100  # less is a picture, or the rest of a file that was cut off
# By the container, as its media type has it: WebM with H.264 in it is Matroska, which Firefox does not play.
_VIDEO = {"mp4": {"h264", "vp9", "av1"}, "webm": {"vp8", "vp9", "av1"}}
_AUDIO = {
    "mp4": {"aac", "mp3", "opus", "flac"},
    "webm": {"opus", "vorbis"},
    "ogg": {"opus", "vorbis", "flac"},
    "mpeg": {"mp3"},
    "wav": {"pcm_s16le", "pcm_u8"},
}
_PIXELS = {"h264": {"yuv420p", "yuvj420p"}}  # browsers decode no 10 bits and no 4:2:2 of H.264
COVERS = {"mjpeg", "png", "bmp", "gif"}  # a picture beside the sound, as music shops put it there
_NAMES = {
    "h264": "H.264",
    "aac": "AAC",
    "hevc": "HEVC（H.265）",
    "mpeg4": "MPEG-4",
    "mpeg2video": "MPEG-2",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
}
_WAY_OUT = "请用剪辑软件或手机另存为 MP4（画面 H.264，声音 AAC）再上传。"


class Found(msgspec.Struct, frozen=True):
    """What a media file has in it; no streams: it cannot be read."""

    video: str = ""  # codec, as FFmpeg calls it
    pixels: str = ""  # pixel format of the video
    audio: str = ""
    duration_ms: int = 0


class Playable(msgspec.Struct, frozen=True):
    """A clip that classrooms can play."""

    mime: str
    duration_ms: int


def clip_kind(head: bytes) -> str | None:
    """Return the media type by a file's first bytes; None: nothing that every classroom's browser plays."""
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] == b"M4A" else "video/mp4"  # ISO/IEC 14496-12 §4.3
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"  # RFC 8794 §11.2.1
    if head.startswith(b"OggS"):
        return "audio/ogg"  # RFC 3533 §6
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"ID3") or head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return "audio/mpeg"
    return None


def not_a_clip(name: str) -> Refused:
    """Return why a file of another kind is not taken."""
    return Refused("clip_unsupported", f"“{name}”不是能播放的音视频（MP4、WebM、MP3、M4A、OGG、WAV）。{_WAY_OUT}")


def judge(name: str, kind: str, found: Found) -> Playable:
    """Return what the file is, when classrooms can play it.

    Raises:
        Refused: `clip_broken` or `clip_unsupported`; the words say what to do.
    """
    video, family = found.video, kind.partition("/")[2]
    if not video and not found.audio:
        raise Refused("clip_broken", f"“{name}”打不开，可能没有导出完整。请先在电脑上播放看看，再重新导出、上传。")
    if video and video not in _VIDEO.get(family, ()):
        raise Refused(
            "clip_unsupported", f"“{name}”的画面是 {_name(video)} 编码，这种文件教室的浏览器放不了。{_WAY_OUT}"
        )
    if video and found.pixels not in _PIXELS.get(video, {found.pixels}):
        raise Refused("clip_unsupported", f"“{name}”的画面是 10 位或专业格式，教室的浏览器放不了。{_WAY_OUT}")
    if found.audio and found.audio not in _AUDIO[family]:
        raise Refused(
            "clip_unsupported", f"“{name}”的声音是 {_name(found.audio)} 编码，这种文件教室的浏览器放不了。{_WAY_OUT}"
        )
    if found.duration_ms < MIN_CLIP_MS:
        raise Refused("clip_broken", f"“{name}”里没有可播放的内容。请先在电脑上播放看看，再重新导出、上传。")
    if found.duration_ms > MAX_CLIP_MS:
        raise Refused("clip_unsupported", f"“{name}”超过 {MAX_CLIP_MS // 3_600_000} 小时。请剪成短片再上传。")
    return Playable(f"{'video' if video else 'audio'}/{family}", found.duration_ms)


def _name(codec: str) -> str:
    return _NAMES.get(codec, codec.upper())
