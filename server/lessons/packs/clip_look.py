"""Say what a media file has in it. Run in a confined process: FFmpeg reads here what anybody wrote.

    python -m server.lessons.packs.clip_look KIND PATH

prints a `Found` as JSON. The container's format is given, never guessed, so that a playlist in disguise opens no other
file; the first picture and the first sound are decoded, so that an empty shell of a file is not taken for a film.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from server.lessons.packs.clip_media import COVERS, Found

_FORMATS = {
    "video/mp4": "mp4",
    "audio/mp4": "mp4",
    "video/webm": "matroska",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
}


def look(path: Path, kind: str) -> Found:
    """Return what the file has in it; nothing when it cannot be read."""
    try:
        with av.open(str(path), format=_FORMATS[kind]) as source:
            return _look(source)
    except (av.FFmpegError, EOFError, ValueError):
        return Found()


def _look(source: InputContainer) -> Found:
    video = next((one for one in source.streams.video if _codec(one) not in COVERS), None)
    audio = next(iter(source.streams.audio), None)
    duration_ms = _duration_ms(source, video or audio)
    pixels = video.codec_context.pix_fmt or "" if video is not None and _decodes(source, video) else ""
    heard = audio is not None and _decodes(source, audio)
    return Found(
        video=_codec(video) if video is not None and pixels else "",
        pixels=pixels,
        audio=_codec(audio) if audio is not None and heard else "",
        duration_ms=duration_ms,
    )


def _codec(stream: VideoStream | AudioStream) -> str:
    return stream.codec_context.codec.canonical_name


def _decodes(source: InputContainer, stream: VideoStream | AudioStream) -> bool:
    source.seek(0)
    return next(source.decode(stream), None) is not None


def _duration_ms(source: InputContainer, stream: VideoStream | AudioStream | None) -> int:
    """Return how long it is; a browser's own recordings do not say so, and are read to their end."""
    if source.duration:
        return source.duration // 1000  # µs
    if stream is None or stream.time_base is None:
        return 0
    ends = [packet.pts + (packet.duration or 0) for packet in source.demux(stream) if packet.pts is not None]
    return int(max(ends, default=0) * stream.time_base * 1000)


def main() -> None:
    """Say what the file of the command line has in it."""
    kind, path = sys.argv[1:3]
    sys.stdout.buffer.write(msgspec.json.encode(look(Path(path), kind)) + b"\n")


if __name__ == "__main__":
    main()
