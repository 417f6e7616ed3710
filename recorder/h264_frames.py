"""From RTP packets, in order, to H.264 access units (RFC 6184), and what a container has to know of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from media.h264 import NAL_FU_A, NAL_IDR, NAL_PPS, NAL_SPS, NAL_STAP_A, H264Error, parse_sps, stap_units
from recorder.depacketise import FrameJoiner, Unit
from recorder.ebml import avc_config

_NAL_LENGTH = struct.Struct("!I")


class H264Assembler(FrameJoiner):
    """Join single NAL units, STAP-A and FU-A (packetization-mode 0 and 1) into access units."""

    def __init__(self) -> None:
        super().__init__()
        self._nals: list[bytes] = []
        self._fragments: list[bytes] = []
        self._sps = b""
        self._pps = b""

    def _take(self, payload: bytes) -> bool:
        kind = payload[0] & 0x1F
        if kind == NAL_FU_A:
            return self._take_fragment(payload)
        if self._fragments:
            return False
        if kind == NAL_STAP_A:
            return self._take_aggregate(payload)
        if not 1 <= kind <= 23:
            return False
        self._nals.append(payload)
        return True

    def _take_aggregate(self, payload: bytes) -> bool:
        try:
            self._nals += [payload[start:end] for start, end in stap_units(payload, 0, len(payload))]
        except H264Error:
            return False
        return True

    def _take_fragment(self, payload: bytes) -> bool:
        if len(payload) < 3:
            return False
        header = payload[1]
        if header & 0x80:
            if self._fragments:
                return False
            self._fragments = [bytes(((payload[0] & 0xE0) | (header & 0x1F),))]
        elif not self._fragments:
            return False
        self._fragments.append(payload[2:])
        if header & 0x40:
            self._nals.append(b"".join(self._fragments))
            self._fragments = []
        return True

    def _join(self, ticks: int) -> list[Unit]:
        nals = self._nals
        if self._fragments:
            self.discarded += 1
            return []
        for nal in nals:
            kind = nal[0] & 0x1F
            if kind == NAL_SPS and len(nal) >= 4:
                self._sps = nal
            elif kind == NAL_PPS:
                self._pps = nal
        kinds = [nal[0] & 0x1F for nal in nals]
        if all(kind > NAL_IDR for kind in kinds):
            return []  # parameter sets alone are no picture; they are kept for the next keyframe
        if NAL_IDR not in kinds:
            return [Unit(ticks, _stored(nals), False)]
        if not (self._sps and self._pps):
            self.discarded += 1  # nobody could decode it
            return []
        if NAL_SPS not in kinds:
            nals = [self._sps, self._pps, *nals]
        return [Unit(ticks, _stored(nals), True, *sps_size(self._sps), avc_config(self._sps, self._pps))]

    def _clear(self) -> None:
        self._nals, self._fragments = [], []


def _stored(nals: list[bytes]) -> bytes:
    return b"".join(_NAL_LENGTH.pack(len(nal)) + nal for nal in nals)


def sps_size(sps: bytes) -> tuple[int, int]:
    """Return width and height of the picture; 0, 0 when the set cannot be read."""
    try:
        said = parse_sps(sps)
    except H264Error:
        return 0, 0
    return said.width, said.height


def nal_units(annex_b: bytes) -> Iterator[bytes]:
    """Yield the NAL units of a byte stream with start codes (ITU-T H.264 annex B)."""
    for piece in annex_b.split(b"\0\0\1"):
        nal = piece.rstrip(b"\0")
        if nal:
            yield nal


def stored_nal_units(unit: bytes) -> Iterator[bytes]:
    """Yield the NAL units of a stored frame, which have 4-byte lengths; what is cut off is left out."""
    position = 0
    while position + 4 <= len(unit):
        (length,) = _NAL_LENGTH.unpack_from(unit, position)
        position += 4
        if position + length > len(unit):
            return
        yield unit[position : position + length]
        position += length


def to_annex_b(unit: bytes) -> bytes:
    """Return a stored frame with start codes instead of lengths."""
    return b"".join(b"\0\0\0\1" + nal for nal in stored_nal_units(unit))


def parameter_sets(unit: bytes) -> tuple[bytes, bytes]:
    """Return the sequence and the picture parameter set of a stored keyframe; empty where it has none."""
    sets = {nal[0] & 0x1F: nal for nal in stored_nal_units(unit) if nal and nal[0] & 0x1F in (NAL_SPS, NAL_PPS)}
    return sets.get(NAL_SPS, b""), sets.get(NAL_PPS, b"")
