"""Make a part of what a browser recorded. Run in a confined process: FFmpeg reads here what anybody may have written.

    python -m recorder.splice.rewrite ORDER

reads and writes the files that ORDER (a JSON `Order`) names and prints a `Rewritten` as JSON; without a codec nothing
of it can be used. The container's format is given, never guessed. What comes out is written by the recorder's own
writer: one track, times that never go back, pictures from a keyframe on, sizes taken from the pictures themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from recorder.depacketise import opus_duration_ms
from recorder.ebml import BlockWriter, opus_head, part_header
from recorder.splice.gap_parts import GapSource

MAX_FRAMES = 60_000  # 20 minutes at 50 a second; sound of five minutes has 15,000 at most
MAX_FRAME_BYTES = 4 << 20
MAX_SPAN_MS = 1_200_000
MAX_AT_MS = 18_000_000  # a browser records for four hours: a piece of it keeps its times
MAX_SIDE = 2_560  # px
_CODECS: dict[GapSource, str] = {"mic": "opus", "camera": "vp8"}


class Order(msgspec.Struct, frozen=True):
    """What to read, where to write, and which spans of the file (in its ms) must not be written."""

    source: str
    target: str
    kind: GapSource
    without: tuple[tuple[float, float], ...] = ()


class Rewritten(msgspec.Struct, frozen=True):
    """What was written; no codec: nothing."""

    codec: str = ""
    width: int = 0
    height: int = 0
    duration_ms: int = 0
    frames: int = 0


Frame = tuple[int, bytes, bool]  # ms, payload, whether it is a keyframe


def rewrite(order: Order) -> Rewritten:
    """Write the part, or nothing when the file is none.

    Raises:
        OSError: the part cannot be written.
    """
    try:
        with av.open(order.source, format="matroska") as source:
            stream = _only_stream(source, order.kind)
            if stream is None or next(source.decode(stream), None) is None:
                return Rewritten()
        # Read again from the beginning: a file without an index cannot be searched once something of it was decoded.
        with av.open(order.source, format="matroska") as source:
            stream = _only_stream(source, order.kind)
            assert stream is not None, "it was there a moment ago"
            frames = list(_usable(_frames(source, stream), order))
        return _write(order, frames)
    except (av.FFmpegError, EOFError, ValueError):
        return Rewritten()


def _only_stream(source: InputContainer, kind: GapSource) -> VideoStream | AudioStream | None:
    """Return the one stream, when its codec is what browsers are told to record."""
    if len(source.streams) != 1:
        return None
    stream = source.streams[0]
    if not isinstance(stream, AudioStream if kind == "mic" else VideoStream):
        return None
    if stream.codec_context.codec.canonical_name != _CODECS[kind]:
        return None
    return stream


def _frames(source: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Frame]:
    first, last = None, -1
    for number, packet in enumerate(source.demux(stream)):
        if packet.pts is None or packet.size == 0:
            continue  # the end
        ms = max(
            0, round(packet.pts * packet.time_base * 1000)
        )  # Firefox's first sound is earlier by its codec's delay
        if number > MAX_FRAMES or packet.size > MAX_FRAME_BYTES or ms > MAX_AT_MS:
            raise ValueError("larger than what browsers are asked for")
        if ms < last:
            continue  # a browser's own times never go back
        first, last = ms if first is None else first, ms
        if last - first > MAX_SPAN_MS:
            raise ValueError("longer than what browsers are asked for")
        data = bytes(packet)
        yield ms, data, isinstance(stream, AudioStream) or not data[0] & 1  # RFC 6386 §9.1


def _usable(frames: Iterable[Frame], order: Order) -> Iterator[Frame]:
    """Yield the frames that may be kept: pictures only from a keyframe on."""
    is_whole = order.kind == "mic"
    for ms, data, is_key in frames:
        if any(since <= ms < until for since, until in order.without):
            is_whole = order.kind == "mic"
        elif is_whole or is_key:
            is_whole = True
            yield ms, data, is_key


def _write(order: Order, frames: list[Frame]) -> Rewritten:
    if not frames:
        return Rewritten()
    codec = _CODECS[order.kind]
    width, height = (0, 0) if codec == "opus" else _size(frames[0][1])
    writer = BlockWriter(is_audio=codec == "opus")
    with Path(order.target).open("wb") as file:
        file.write(part_header(codec, width=width, height=height, config=opus_head() if codec == "opus" else b""))
        for ms, data, is_key in frames:
            file.write(writer.block(ms, data, keyframe=is_key))
    tail_ms = opus_duration_ms(frames[-1][1]) if codec == "opus" else 0.0
    return Rewritten(codec, width, height, round(frames[-1][0] + tail_ms), len(frames))


def _size(keyframe: bytes) -> tuple[int, int]:
    if len(keyframe) < 10 or keyframe[3:6] != b"\x9d\x01\x2a":
        raise ValueError("no keyframe")
    # RFC 6386 §9.1: 14 bits of size and 2 of scaling each, little endian
    width, height = (int.from_bytes(keyframe[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError("no picture of a camera")
    return width, height


def main() -> None:
    """Carry out the order of the command line."""
    made = rewrite(msgspec.json.decode(sys.argv[1], type=Order))
    sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")


if __name__ == "__main__":
    main()
