"""From RTP packets, in order, to H.264 access units (RFC 6184), and what a container has to know of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from recorder.depacketise import Unit
from recorder.ebml import avc_config

_U16 = struct.Struct("!H")
_NAL_LENGTH = struct.Struct("!I")
_STAP_A, _FU_A, _IDR, _SPS, _PPS = 24, 28, 5, 7, 8


class H264Assembler:
    """Join single NAL units, STAP-A and FU-A (packetization-mode 0 and 1) into access units."""

    def __init__(self) -> None:
        self.discarded = 0
        self._ticks: int | None = None
        self._nals: list[bytes] = []
        self._fragments: list[bytes] = []
        self._skipping: int | None = None
        self._sps = b""
        self._pps = b""

    def push(self, ticks: int, marker: bool, payload: bytes) -> list[Unit]:
        """Take the next packet and return the frames that it completes."""
        if not payload:
            return []
        units: list[Unit] = []
        if self._ticks is not None and ticks != self._ticks:
            self._finish(units)
        if self._skipping == ticks:
            return units
        self._ticks = ticks
        if not self._take(payload):
            self.lost()
            return units
        if marker:
            self._finish(units)
        return units

    def lost(self) -> None:
        """Give up the frame in work."""
        if self._ticks is not None:
            self.discarded += 1
            self._skipping = self._ticks
        self._ticks = None
        self._nals.clear()
        self._fragments.clear()

    def _take(self, payload: bytes) -> bool:
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            return self._take_fragment(payload)
        if self._fragments:
            return False
        if kind == _STAP_A:
            return self._take_aggregate(payload)
        if not 1 <= kind <= 23:
            return False
        self._nals.append(payload)
        return True

    def _take_aggregate(self, payload: bytes) -> bool:
        position = 1
        while position + 2 < len(payload):
            (length,) = _U16.unpack_from(payload, position)
            position += 2
            if not length or position + length > len(payload):
                return False
            self._nals.append(payload[position : position + length])
            position += length
        return position == len(payload)

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

    def _finish(self, units: list[Unit]) -> None:
        ticks, nals = self._ticks, self._nals
        if self._fragments:
            self.lost()
            return
        self._ticks, self._nals = None, []
        assert ticks is not None
        keyframe = False
        for nal in nals:
            kind = nal[0] & 0x1F
            if kind == _SPS and len(nal) >= 4:
                self._sps = nal
            elif kind == _PPS:
                self._pps = nal
            keyframe = keyframe or kind == _IDR
        if all(nal[0] & 0x1F > _IDR for nal in nals):
            return  # parameter sets alone are no picture; they are kept for the next keyframe
        if keyframe and not (self._sps and self._pps):
            self.discarded += 1  # nobody could decode it
            return
        if keyframe and not any(nal[0] & 0x1F == _SPS for nal in nals):
            nals = [self._sps, self._pps, *nals]
        data = b"".join(_NAL_LENGTH.pack(len(nal)) + nal for nal in nals)
        if not keyframe:
            units.append(Unit(ticks, data, False))
            return
        width, height = sps_size(self._sps)
        units.append(Unit(ticks, data, True, width, height, avc_config(self._sps, self._pps)))


class _Bits:
    """Read the bits of a NAL unit without its emulation prevention (ITU-T H.264 §7.4.1)."""

    def __init__(self, nal: bytes) -> None:
        clean = nal.replace(b"\0\0\x03", b"\0\0")
        self._value = int.from_bytes(clean, "big")
        self._left = 8 * len(clean)

    def read(self, bits: int) -> int:
        self._left -= bits
        if self._left < 0:
            raise ValueError("the parameter set is too short")
        return self._value >> self._left & ((1 << bits) - 1)

    def golomb(self) -> int:
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def signed_golomb(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value & 1 else -(value // 2)


_CHROMA_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128))


def sps_size(sps: bytes) -> tuple[int, int]:
    """Return width and height of the picture (ITU-T H.264 §7.3.2.1.1); 0, 0 when the set cannot be read."""
    try:
        return _sps_size(_Bits(sps[1:]))
    except ValueError:
        return 0, 0


def _sps_size(bits: _Bits) -> tuple[int, int]:
    profile = bits.read(8)
    bits.read(16)
    bits.golomb()
    chroma = 1
    if profile in _CHROMA_PROFILES:
        chroma = bits.golomb()
        if chroma == 3:
            bits.read(1)
        bits.golomb(), bits.golomb(), bits.read(1)
        if bits.read(1):
            raise ValueError("scaling matrices are not read here")  # no WebRTC encoder sends them
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.read(1), bits.signed_golomb(), bits.signed_golomb()
        for _ in range(bits.golomb() & 0xFF):
            bits.signed_golomb()
    bits.golomb(), bits.read(1)
    width, height = 16 * (bits.golomb() + 1), bits.golomb() + 1
    frames_only = bits.read(1)
    height *= 16 * (2 - frames_only)
    if not frames_only:
        bits.read(1)
    bits.read(1)
    if bits.read(1):
        crop_x = 2 if chroma in (1, 2) else 1
        crop_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= crop_x * (bits.golomb() + bits.golomb())
        height -= crop_y * (bits.golomb() + bits.golomb())
    return width, height


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
    sets = {nal[0] & 0x1F: nal for nal in stored_nal_units(unit) if nal and nal[0] & 0x1F in (_SPS, _PPS)}
    return sets.get(_SPS, b""), sets.get(_PPS, b"")
