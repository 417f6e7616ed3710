"""From packets to frames that can be decoded: what libwebrtc's packet buffer, VP8 reference finder and frame buffer do.

A frame is whole when its packets from the S bit to the marker are there. By picture id, TL0PICIDX, TID and Y it is
known which frames it refers to (RFC 7741 §4.2); it can be decoded when those were. Of the frames that can be
decoded the oldest comes next: one that is missing and that nothing present refers to is not waited for.
"""

from __future__ import annotations

import struct

import msgspec

from media.rtp import Unwrapper
from tests.scenarios.twin.publisher import NO_FRAME, TRUTH

MAX_PACKETS = 2048  # libwebrtc's packet buffer
MAX_STASH = 100  # frames that wait for one that they may refer to (libwebrtc)
MAX_MISSING = 100  # picture ids behind the newest that are still waited for (libwebrtc)
MAX_FRAMES = 800  # in the frame buffer
_DESCRIPTOR = struct.Struct("!BBHBB")


class Part(msgspec.Struct):
    """A packet of a frame."""

    timestamp: int
    begins: bool
    ends: bool
    picture_id: int
    tl0: int
    tid: int
    is_sync: bool
    is_key: bool
    height: int
    truth: tuple[int, int, int, int, int]
    was_resent: bool


class Frame(msgspec.Struct):
    """A whole frame."""

    picture_id: int
    tl0: int
    part: Part  # its first packet
    last_index: int
    whole_at: float
    was_resent: bool
    refs: tuple[int, ...] = ()


class FrameAssembler:
    """Order of the day: `on_packet` for each packet, `next_frame` to see what can be decoded, `decode` to do it."""

    def __init__(self) -> None:
        self.corrupt = 0  # decoded frames whose true references were not decoded
        self.last_decoded = -1
        self.decoded_index = -1  # no packet up to here is needed any more
        self._parts: dict[int, Part] = {}
        self._picture_ids = Unwrapper(15)
        self._tl0s = Unwrapper(8)
        self._layers: dict[int, list[int]] = {}  # TL0PICIDX -> last picture id by TID
        self._missing: set[int] = set()  # picture ids passed over and not received
        self._newest = -1
        self._stash: list[Frame] = []
        self._ready: dict[int, Frame] = {}
        self._whole: set[int] = set()  # picture ids of frames that came
        self._decoded: set[int] = set()
        self._truly_decoded: set[tuple[int, int]] = set()  # (height, frame number)
        self._height = 0

    def on_packet(
        self, index: int, timestamp: int, ends: bool, payload: memoryview, now: float, resent: bool
    ) -> Frame | None:
        """Take a packet of unwrapped number `index`; return the frame that it made whole, when it is a new one."""
        if len(payload) < 7 or index in self._parts or index <= self.decoded_index:
            return None
        self._parts[index] = _read(timestamp, ends, payload, resent)
        if len(self._parts) > MAX_PACKETS:
            del self._parts[next(iter(self._parts))]
        frame = self._assemble(index, now)
        if frame is None or frame.picture_id <= self.last_decoded or frame.picture_id in self._whole:
            return None
        self._whole.add(frame.picture_id)
        if len(self._whole) > MAX_FRAMES:
            self._whole = {number for number in self._whole if number > self.last_decoded}
        self._stash.append(frame)
        self._resolve()
        return frame

    def _assemble(self, index: int, now: float) -> Frame | None:
        parts = self._parts
        timestamp = parts[index].timestamp
        first = last = index
        while not parts[first].begins:
            first -= 1
            if first not in parts or parts[first].timestamp != timestamp:
                return None
        while not parts[last].ends:
            last += 1
            if last not in parts or parts[last].timestamp != timestamp:
                return None
        resent = any(parts[number].was_resent for number in range(first, last + 1))
        part = parts[first]
        for number in range(first, last + 1):
            del parts[number]
        return Frame(self._picture_ids.unwrap(part.picture_id), self._tl0s.unwrap(part.tl0), part, last, now, resent)

    # --- references ------------------------------------------------------------------------------------------------

    def _resolve(self) -> None:
        """Move frames whose references are known to the frame buffer, until none moves any more."""
        moved = True
        while moved:
            moved = False
            for frame in list(self._stash):
                self._note(frame.picture_id)
                outcome = self._find_references(frame)
                if outcome is None:
                    continue
                self._stash.remove(frame)
                moved = True
                if outcome and frame.picture_id > self.last_decoded and len(self._ready) < MAX_FRAMES:
                    self._ready[frame.picture_id] = frame
        if len(self._stash) > MAX_STASH:
            self._stash.pop(0)

    def _note(self, picture_id: int) -> None:
        """Count what was passed over as missing, and this frame until its references are known."""
        if self._newest < 0:
            self._newest = picture_id - 1
        self._missing.update(range(max(self._newest + 1, picture_id - 1000), picture_id + 1))
        self._newest = max(self._newest, picture_id)
        if len(self._missing) > 2 * MAX_MISSING:
            self._missing = {pid for pid in self._missing if pid > self._newest - MAX_MISSING}

    def _find_references(self, frame: Frame) -> bool | None:
        """Return True when they are known, False when the frame is of no use, None when it has to wait."""
        part, tl0 = frame.part, frame.tl0
        if part.is_key:
            self._layers = {old: pids for old, pids in self._layers.items() if old > tl0 - 50}
            self._layers[tl0] = [frame.picture_id] * 4
            return True
        base = self._layers.get(tl0 - 1 if part.tid == 0 else tl0)
        if base is None:
            return None
        if part.tid == 0:
            frame.refs = (base[0],)
            self._layers.setdefault(tl0, list(base))
        elif part.is_sync:
            frame.refs = (base[0],)
        else:
            refs = base[: part.tid + 1]
            if min(refs) < 0:
                return False
            oldest = min(refs)
            if any(pid in self._missing for pid in range(oldest + 1, frame.picture_id)):
                return None
            frame.refs = tuple(refs)
        self._update(frame)
        return True

    def _update(self, frame: Frame) -> None:
        tl0, tid = frame.tl0, frame.part.tid
        while tl0 in self._layers and self._layers[tl0][tid] <= frame.picture_id:
            self._layers[tl0][tid] = frame.picture_id
            tl0 += 1
        self._missing.discard(frame.picture_id)
        if len(self._layers) > 200:
            del self._layers[min(self._layers)]

    # --- decoding --------------------------------------------------------------------------------------------------

    def next_frame(self) -> Frame | None:
        """Return the oldest frame that can be decoded now."""
        decoded = self._decoded
        best: Frame | None = None
        for frame in self._ready.values():
            if (best is None or frame.picture_id < best.picture_id) and all(ref in decoded for ref in frame.refs):
                best = frame
        return best

    def has_later(self, frame: Frame) -> bool:
        """Return whether a later frame can be decoded now as well."""
        decoded = self._decoded
        return any(
            other.picture_id > frame.picture_id and all(ref in decoded for ref in other.refs)
            for other in self._ready.values()
        )

    def drop(self, frame: Frame) -> None:
        """Leave `frame` out."""
        del self._ready[frame.picture_id]

    def decode(self, frame: Frame) -> None:
        """Decode `frame`: what is older is of no use any more."""
        pid = frame.picture_id
        self.last_decoded = pid
        self.decoded_index = max(self.decoded_index, frame.last_index)
        self._ready = {number: other for number, other in self._ready.items() if number > pid}
        self._stash = [other for other in self._stash if other.picture_id > pid]
        self._decoded.add(pid)
        if len(self._decoded) > 1000:
            self._decoded = {number for number in self._decoded if number > pid - 500}
        self._check(frame.part)

    def _check(self, part: Part) -> None:
        """Count a frame that refers to one which this decoder does not hold."""
        number, needs, last_tl0, is_key, _ = part.truth
        if is_key:
            self._height = part.height
            self._truly_decoded.clear()
        for reference in (needs, last_tl0):
            if not is_key and reference != NO_FRAME and (self._height, reference) not in self._truly_decoded:
                self.corrupt += 1
                break
        part.height = self._height
        self._truly_decoded.add((self._height, number))


def _read(timestamp: int, ends: bool, payload: memoryview, resent: bool) -> Part:
    first, flags, picture_id, tl0, tail = _DESCRIPTOR.unpack_from(payload)
    if not first & 0x80 or flags & 0xE0 != 0xE0:
        raise AssertionError("a descriptor that no forwarder of ours writes")
    begins = bool(first & 0x10)
    is_key = begins and not payload[6] & 1
    height, truth = 0, (0, NO_FRAME, NO_FRAME, 0, 0)
    if begins:
        offset = 9
        if is_key:
            height = (payload[14] | payload[15] << 8) & 0x3FFF
            offset = 16
        truth = TRUTH.unpack_from(payload, offset)
    return Part(
        timestamp, begins, ends, picture_id & 0x7FFF, tl0, tail >> 6, bool(tail & 0x20), is_key, height, truth, resent
    )
