"""The wire form of transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate

import msgspec

TICK_NS = 250_000  # §3.1.5: receive deltas count 250 us
REFERENCE_NS = 64_000_000  # §3.1: the reference time counts 64 ms, 24 bits signed
_REFERENCE_TICKS = REFERENCE_NS // TICK_NS
_LOST, _SMALL, _LARGE = 0, 1, 2
_MAX_STATUSES = 0x1FFF  # a longest run-length chunk; keeps a forged count from making us allocate much more

_HEAD = struct.Struct("!IIHHI")
_U16 = struct.Struct("!H")
_S16 = struct.Struct("!h")


class TransportFeedback(msgspec.Struct, frozen=True, gc=False):
    """Transport-wide feedback: for `base_seq + i` the arrival in the receiver's clock, in ticks of 250 us, or None.

    The receiver's clock wraps every 12.4 days (24 bits of 64 ms); only differences mean something.
    """

    sender_ssrc: int
    media_ssrc: int
    base_seq: int
    feedback_count: int
    arrivals: Sequence[int | None]
    is_complete: bool  # nothing is None


def read_transport_feedback(body: memoryview) -> TransportFeedback:
    """Read a feedback packet without its RTCP header.

    Raises:
        ValueError, struct.error, IndexError: malformed.
    """
    sender, media, base_seq, count, word = _HEAD.unpack_from(body)
    if count > _MAX_STATUSES:
        raise ValueError("more statuses than make sense")
    ticks = (word >> 8) * _REFERENCE_TICKS
    statuses, position = _read_statuses(body, _HEAD.size, count)
    if not statuses:  # all arrived, in small steps: nearly every feedback of a clean path, 1.5 us for 17 packets
        sums = list(accumulate(body[position : position + count], initial=ticks))
        if len(sums) <= count:
            raise ValueError("fewer deltas than arrivals")
        del sums[0]
        return TransportFeedback(sender, media, base_seq, word & 0xFF, sums, True)
    arrivals: list[int | None] = []
    for status in statuses:
        if status == _SMALL:
            ticks += body[position]
            position += 1
        elif status == _LARGE:
            ticks += _S16.unpack_from(body, position)[0]
            position += 2
        else:
            arrivals.append(None)  # "not received", or received without a delta (reserved 3): of no use either way
            continue
        arrivals.append(ticks)
    return TransportFeedback(sender, media, base_seq, word & 0xFF, arrivals, None not in arrivals)


def _read_statuses(body: memoryview, position: int, count: int) -> tuple[list[int], int]:
    """Return the statuses and where the deltas begin; no statuses when one run says that all steps are small."""
    if count and _U16.unpack_from(body, position)[0] == _SMALL << 13 | count:
        return [], position + 2
    statuses: list[int] = []
    while len(statuses) < count:
        (chunk,) = _U16.unpack_from(body, position)
        position += 2
        if not chunk & 0x8000:  # §3.1.3 run length
            statuses += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif chunk & 0x4000:  # §3.1.4 status vector, 7 symbols of 2 bits
            statuses += [chunk >> shift & 3 for shift in range(12, -2, -2)]
        else:  # 14 symbols of 1 bit
            statuses += [chunk >> shift & 1 for shift in range(13, -1, -1)]
        if not chunk & 0x9FFF:
            raise ValueError("an empty run")
    del statuses[count:]
    return statuses, position


def build_transport_feedback(
    sender_ssrc: int,
    media_ssrc: int,
    base_seq: int,
    feedback_count: int,
    arrivals_ns: Sequence[int | None],
) -> bytes:
    """Return one transport-wide feedback; `arrivals_ns[0]` belongs to `base_seq`, None where nothing arrived.

    Raises:
        ValueError: nothing arrived, or a step between arrivals does not fit 16 bits of 250 us (split there).
    """
    first = next((arrival for arrival in arrivals_ns if arrival is not None), None)
    if first is None:
        raise ValueError("feedback without an arrival")
    reference = first // REFERENCE_NS
    last_ticks = reference * _REFERENCE_TICKS
    statuses: list[int] = []
    deltas = bytearray()
    for arrival in arrivals_ns:
        if arrival is None:
            statuses.append(_LOST)
            continue
        step = arrival // TICK_NS - last_ticks
        last_ticks += step
        if 0 <= step <= 0xFF:
            statuses.append(_SMALL)
            deltas.append(step)
        elif -0x8000 <= step <= 0x7FFF:
            statuses.append(_LARGE)
            deltas += _S16.pack(step)
        else:
            raise ValueError("a step that does not fit")
    word = (reference & 0xFFFFFF) << 8 | (feedback_count & 0xFF)
    body = _HEAD.pack(sender_ssrc, media_ssrc, base_seq, len(statuses), word) + _chunks(statuses) + deltas
    padding = -len(body) % 4
    first_byte = 0x8F | (0x20 if padding else 0)
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    return struct.pack("!BBH", first_byte, 205, len(body) >> 2) + body


def _chunks(statuses: list[int]) -> bytes:
    """Return the statuses as run-length and two-bit vector chunks, greedily."""
    chunks = bytearray()
    index, count = 0, len(statuses)
    while index < count:
        status = statuses[index]
        run = index + 1
        while run < count and statuses[run] == status and run - index < _MAX_STATUSES:
            run += 1
        if run - index >= 7 or run == count:
            chunks += _U16.pack(status << 13 | run - index)
            index = run
            continue
        window = statuses[index : index + 14]
        if _LARGE not in window:
            bits = 0
            for position, symbol in enumerate(window):
                bits |= symbol << (13 - position)
            chunks += _U16.pack(0x8000 | bits)
            index += 14
        else:
            bits = 0
            for position, symbol in enumerate(statuses[index : index + 7]):
                bits |= symbol << (12 - 2 * position)
            chunks += _U16.pack(0xC000 | bits)
            index += 7
    return bytes(chunks)
