"""H.264 in RTP (RFC 6184): NAL unit types, keyframe detection and what the SPS says (ITU-T H.264 §7.3.2.1)."""

from __future__ import annotations

import msgspec

from media.rtp import Buffer

NAL_IDR, NAL_SPS, NAL_PPS, NAL_STAP_A, NAL_FU_A = 5, 7, 8, 24, 28
_MAX_MACROBLOCKS = 1024  # 16,384 pixels a side: more than any level allows
# profiles whose SPS carries the chroma format and scaling lists (§7.3.2.1.1)
_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 138, 139, 144, 244})


class H264Error(ValueError):
    """The bytes are not an H.264 payload or SPS."""


class Sps(msgspec.Struct, frozen=True):
    """What a sequence parameter set says."""

    profile_level_id: int  # profile_idc << 16 | constraint flags << 8 | level_idc
    width: int
    height: int


def stap_units(packet: Buffer, start: int, end: int) -> list[tuple[int, int]]:
    """Return `(start, end)` of the NAL units in the STAP-A `packet[start:end]` (RFC 6184 §5.7.1).

    Raises:
        H264Error: truncated or empty.
    """
    units: list[tuple[int, int]] = []
    position = start + 1
    while position < end:
        if position + 2 > end:
            raise H264Error("a STAP-A is cut short")
        size = packet[position] << 8 | packet[position + 1]
        position += 2
        if not size or position + size > end:
            raise H264Error("a NAL unit is cut short")
        units.append((position, position + size))
        position += size
    if not units:
        raise H264Error("a STAP-A without NAL units")
    return units


def begins_keyframe(packet: Buffer, start: int, end: int) -> bool:
    """Return whether a decoder can start at this packet: it begins an SPS (alone or in a STAP-A) or an IDR slice.

    An SPS comes first in what browsers send, so an IDR that follows one in the same frame reports True again.
    Never raises: malformed payloads begin nothing.
    """
    if start >= end:
        return False
    kind = packet[start] & 0x1F
    if kind == NAL_FU_A:  # the common case of big frames, without a tuple
        return start + 2 <= end and packet[start + 1] & 0x9F == 0x80 | NAL_IDR
    if kind == NAL_STAP_A:
        try:
            return any(packet[unit] & 0x1F in (NAL_SPS, NAL_IDR) for unit, _ in stap_units(packet, start, end))
        except H264Error:
            return False
    return kind in (NAL_SPS, NAL_IDR)


def find_sps(packet: Buffer, start: int, end: int) -> Sps | None:
    """Return the SPS in a single NAL or STAP-A payload, None when there is none or it is malformed."""
    if start >= end:
        return None
    kind = packet[start] & 0x1F
    try:
        if kind == NAL_SPS:
            return parse_sps(packet[start:end])
        if kind == NAL_STAP_A:
            for unit, unit_end in stap_units(packet, start, end):
                if packet[unit] & 0x1F == NAL_SPS:
                    return parse_sps(packet[unit:unit_end])
    except H264Error:
        return None
    return None


class _Bits:
    """A reader of bits and Exp-Golomb codes (§9.1) over an RBSP."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        if count > self._left:
            raise H264Error("the SPS is cut short")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 31:
                raise H264Error("an Exp-Golomb code without end")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def parse_sps(nal: Buffer) -> Sps:
    """Read an SPS NAL unit (with its header byte).

    Raises:
        H264Error: truncated or absurd.
    """
    data = bytes(nal[:512])  # the longest with scaling lists is about 250 bytes
    if len(data) < 5 or data[0] & 0x1F != NAL_SPS:
        raise H264Error("not an SPS")
    bits = _Bits(data[1:].replace(b"\x00\x00\x03", b"\x00\x00"))  # §7.4.1.1 emulation prevention
    profile_level_id = bits.read(24)
    bits.unsigned()  # seq_parameter_set_id
    chroma = _read_chroma(bits) if profile_level_id >> 16 in _HIGH_PROFILES else 1
    bits.unsigned()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
    bits.unsigned()  # max_num_ref_frames
    bits.read(1)  # gaps_in_frame_num_value_allowed_flag
    width = bits.unsigned() + 1
    height = bits.unsigned() + 1
    if width > _MAX_MACROBLOCKS or height > _MAX_MACROBLOCKS:
        raise H264Error("an absurd size")
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)  # mb_adaptive_frame_field_flag
    bits.read(1)  # direct_8x8_inference_flag
    width, height = width * 16, height * 16 * (2 - frames_only)
    if bits.read(1):  # frame cropping, in units of chroma samples (§7.4.2.1.1)
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
        if width <= 0 or height <= 0:
            raise H264Error("an absurd cropping")
    return Sps(profile_level_id, width, height)


def _read_chroma(bits: _Bits) -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.read(1)  # separate_colour_plane_flag
    bits.unsigned()  # bit_depth_luma_minus8
    bits.unsigned()  # bit_depth_chroma_minus8
    bits.read(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.read(1):  # seq_scaling_matrix_present_flag
        for index in range(12 if chroma == 3 else 8):
            if bits.read(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _skip_picture_order(bits: _Bits) -> None:
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()  # log2_max_pic_order_cnt_lsb_minus4
    elif order == 1:
        bits.read(1)  # delta_pic_order_always_zero_flag
        bits.signed()  # offset_for_non_ref_pic
        bits.signed()  # offset_for_top_to_bottom_field
        count = bits.unsigned()
        if count > 255:
            raise H264Error("an absurd picture order cycle")
        for _ in range(count):
            bits.signed()
