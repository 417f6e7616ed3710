"""Live parts: the little of WebM and Matroska (RFC 9559) that one growing track needs, written and read.

A part is written here and not by FFmpeg's muxer because that one holds a whole cluster in memory until it is full:
what is in memory is lost with the process. Here segment and clusters have an unknown size (RFC 8794 §6.2), so every
frame can be appended as it comes, and a file that ends anywhere, even inside a block, is whole up to the block
before. The parts have neither duration nor cues: finalising makes files that can be searched.

Times are milliseconds since the begin of the part (TimestampScale 1,000,000 ns).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
CLUSTER_MS = 1_000  # catch-up hands out whole clusters: it lags by one. Their heads cost 17 bytes a second

_EBML, _SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_TIMESTAMP, _SIMPLE_BLOCK = 0xE7, 0xA3
_BLOCK_HEAD = struct.Struct("!BhB")
_KEYFRAME = 0x80
CLUSTER_MARK = _CLUSTER.to_bytes(4, "big") + UNKNOWN_SIZE  # how every cluster of a live part begins
CODEC_IDS = {"vp8": "V_VP8", "h264": "V_MPEG4/ISO/AVC", "opus": "A_OPUS"}


def _size(length: int) -> bytes:
    """Return `length` as the shortest variable-size integer (RFC 8794 §4)."""
    for octets in range(1, 9):
        if length < (1 << (7 * octets)) - 1:
            return (length | 1 << (7 * octets)).to_bytes(octets, "big")
    raise ValueError(f"an element of {length} bytes")


def _element(identifier: int, body: bytes) -> bytes:
    return identifier.to_bytes((identifier.bit_length() + 7) // 8, "big") + _size(len(body)) + body


def _number(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(identifier: int, value: str) -> bytes:
    return _element(identifier, value.encode())


def opus_head(channels: int = 2) -> bytes:
    """Return an OpusHead (RFC 7845 §5.1) without pre-skip: the first packet may be from mid-stream anyway."""
    return struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 0, 48_000, 0, 0)


def avc_config(sps: bytes, pps: bytes) -> bytes:
    """Return the AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1) with 4-byte NAL lengths."""
    return (
        bytes((1, sps[1], sps[2], sps[3], 0xFF, 0xE1)) + struct.pack("!H", len(sps)) + sps
        + b"\x01" + struct.pack("!H", len(pps)) + pps
    )  # fmt: skip


def part_header(codec: str, *, width: int = 0, height: int = 0, config: bytes = b"") -> bytes:
    """Return everything before the first cluster. `config` is the codec's private data."""
    ebml = _element(
        _EBML,
        _number(0x4286, 1) + _number(0x42F7, 1) + _number(0x42F2, 4) + _number(0x42F3, 8)
        + _text(0x4282, "matroska" if codec == "h264" else "webm") + _number(0x4287, 4) + _number(0x4285, 2),
    )  # fmt: skip
    info = _element(_INFO, _number(0x2AD7B1, 1_000_000) + _text(0x4D80, "tongtang") + _text(0x5741, "tongtang"))
    entry = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x9C, 0) + _text(0x86, CODEC_IDS[codec])
    if config:
        entry += _element(0x63A2, config)
    if codec == "opus":
        audio = _element(0xB5, struct.pack("!d", 48_000.0)) + _number(0x9F, config[9] if config else 2)
        entry += _number(0x83, 2) + _number(0x56BB, 80_000_000) + _element(0xE1, audio)
    else:
        entry += _number(0x83, 1) + _element(0xE0, _number(0xB0, width) + _number(0xBA, height))
    tracks = _element(_TRACKS, _element(0xAE, entry))
    return ebml + _SEGMENT.to_bytes(4, "big") + UNKNOWN_SIZE + info + tracks


class BlockWriter:
    """Turn frames into blocks and begin a cluster where one is due."""

    def __init__(self, *, is_audio: bool) -> None:
        self._is_audio = is_audio
        self._cluster_ms: int | None = None

    def block(self, ms: int, data: bytes, *, keyframe: bool) -> bytes:
        """Return the bytes to append for a frame; `ms` must not go back."""
        head = b""
        start = self._cluster_ms
        if start is None or ms - start >= CLUSTER_MS or (keyframe and not self._is_audio):
            self._cluster_ms = start = ms
            head = CLUSTER_MARK + _number(_TIMESTAMP, ms)
        block_head = _BLOCK_HEAD.pack(0x81, ms - start, _KEYFRAME if keyframe else 0)
        return b"".join((head, b"\xa3", _size(len(data) + 4), block_head, data))

    def interrupt(self) -> None:
        """Begin a cluster with the next block: bytes before it may be missing."""
        self._cluster_ms = None


class Block(NamedTuple):
    """Where a frame lies in a part."""

    ms: int
    keyframe: bool
    offset: int
    length: int


class PartReader:
    """Read a part that may end anywhere: all blocks that are whole, and nothing after the first that is not."""

    def __init__(self, path: Path, start: int | None = None, limit_bytes: int = -1) -> None:
        """Open `path`, or copy what begins at byte `start`, which may still change.

        Raises:
            OSError: it cannot be opened.
        """
        with path.open("rb") as file:
            if start is not None:
                file.seek(start)
                self._data: mmap.mmap | bytes = file.read(limit_bytes)
                return
            try:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:  # an empty file cannot be mapped
                self._data = b""

    def close(self) -> None:
        """Unmap the file."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()
        self._data = b""

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in order."""
        data, position, cluster_ms = self._data, 0, 0
        end = len(data)
        while position < end:
            identifier, position = _read_id(data, position)
            size, position = _read_size(data, position)
            if identifier in (_SEGMENT, _CLUSTER) and size is not None:
                continue  # entered: their children follow
            if identifier not in _KNOWN or size is None or size < 0 or position + size > end:
                return
            if identifier == _TIMESTAMP:
                cluster_ms = int.from_bytes(data[position : position + size], "big")
            elif identifier == _SIMPLE_BLOCK:
                if size < 4:
                    return
                _track, relative, flags = _BLOCK_HEAD.unpack_from(data, position)
                yield Block(cluster_ms + relative, bool(flags & _KEYFRAME), position + 4, size - 4)
            position += size

    def payload(self, block: Block) -> bytes:
        """Return the frame in `block`."""
        return bytes(self._data[block.offset : block.offset + block.length])


class ClusterHead(NamedTuple):
    """How a cluster of a live part begins."""

    ms: int
    keyframe: bool


HEAD_BYTES = 64  # a cluster's mark, its time and the head of its first block are at most 40


def read_cluster_head(data: bytes) -> ClusterHead | None:
    """Return what `data`, which starts with `CLUSTER_MARK`, tells of its cluster; None when it is no whole head."""
    identifier, position = _read_id(data, len(CLUSTER_MARK)) if len(data) > len(CLUSTER_MARK) else (0, 0)
    size, position = _read_size(data, position)
    if identifier != _TIMESTAMP or size is None or not 0 < size <= 8 or position + size >= len(data):
        return None
    ms = int.from_bytes(data[position : position + size], "big")
    identifier, position = _read_id(data, position + size)
    size, position = _read_size(data, position)
    if identifier != _SIMPLE_BLOCK or size is None or size < 4 or position + 4 > len(data):
        return None
    _track, relative, flags = _BLOCK_HEAD.unpack_from(data, position)
    return ClusterHead(ms, bool(flags & _KEYFRAME)) if relative == 0 else None


_KNOWN = frozenset((_EBML, _INFO, _TRACKS, _TIMESTAMP, _SIMPLE_BLOCK))


def _read_id(data: mmap.mmap | bytes, position: int) -> tuple[int, int]:
    """Return the element id at `position` and where it ends; id 0 when there is none."""
    first = data[position]
    octets = 9 - first.bit_length()
    if octets > 4 or position + octets > len(data):
        return 0, len(data)
    return int.from_bytes(data[position : position + octets], "big"), position + octets


def _read_size(data: mmap.mmap | bytes, position: int) -> tuple[int | None, int]:
    """Return the size at `position` (-1: unknown size, None: cut off) and where it ends."""
    if position >= len(data):
        return None, position
    octets = 9 - data[position].bit_length()
    if octets > 8 or position + octets > len(data):
        return None, position
    mask = (1 << (7 * octets)) - 1
    value = int.from_bytes(data[position : position + octets], "big") & mask
    return (-1 if value == mask else value), position + octets
