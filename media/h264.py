"""H.264 in RTP (RFC 6184): NAL unit types, keyframe detection and what the SPS says."""

from __future__ import annotations

import msgspec

from media.rtp import Buffer

NAL_IDR, NAL_SPS, NAL_PPS, NAL_STAP_A, NAL_FU_A = 5, 7, 8, 24, 28


class H264Error(ValueError):
    """The bytes are not an H.264 payload or SPS."""


class Sps(msgspec.Struct, frozen=True):
    """What a sequence parameter set says."""

    profile_level_id: int  # profile_idc << 16 | constraint flags << 8 | level_idc
    width: int
    height: int


def nal_types(packet: Buffer, start: int, end: int) -> tuple[int, ...]:
    """Return the types of the NAL units that begin in this payload: one, or those of a STAP-A or first FU-A.

    A later FU-A fragment begins none. Raises H264Error when truncated.
    """
    raise NotImplementedError


def begins_keyframe(packet: Buffer, start: int, end: int) -> bool:
    """Return whether a decoder can start at this packet: it begins an SPS (alone or in a STAP-A) or an IDR slice.

    An SPS comes first in what browsers send, so an IDR that follows one in the same frame reports True again.
    Never raises: malformed payloads begin nothing.
    """
    raise NotImplementedError


def find_sps(packet: Buffer, start: int, end: int) -> Sps | None:
    """Return the SPS in a single NAL or STAP-A payload, None when there is none or it is malformed."""
    raise NotImplementedError


def parse_sps(nal: Buffer) -> Sps:
    """Read an SPS NAL unit (with its header byte).

    Raises:
        H264Error: truncated or absurd.
    """
    raise NotImplementedError
