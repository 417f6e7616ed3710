"""A video slot of a receiver: layers and temporal layers, numbered as packets leave, resent within a budget.

Theory of operation. `write` is for a receiver whose link takes everything: a batch of the layer's packets with offsets
added. `send` is for one that gets less: it looks at each packet, leaves out frames above the wanted temporal layer and
frames that waited too long, and gives numbers only to what leaves, so that the receiver sees no gap, asks for nothing
and freezes nothing (media.md §2.4). After frames were left out a new splice closes the numbers.

A frame of a temporal layer may depend on the frames of that layer before it, so once one is left out the layer comes
back only at a frame with the layer-sync bit (RFC 7741 §4.2, Y), and a base layer that lost a frame only at a keyframe.

What was sent is kept in a ring by outgoing number: a NACK is answered from it on the RTX SSRC, with the offsets that
the packet had, while that is of use.
"""

from __future__ import annotations

import enum
import math
import random
import struct
from collections import deque

from media import vp8
from media.control import Kind
from media.down_track import HEADER_BYTES, IP_UDP_BYTES, OPAQUE_HEADER, DownTrack, Outgoing, SendLog, Splice, signed32
from media.playout_delay import NO_WISH_MS
from media.rtcp import SenderReport
from media.rtp import seq_diff
from media.sdp import NegotiatedMedia
from media.up_track import OPAQUE, VP8_FULL, Layer, UpPacket, UpTrack

_FULL = struct.Struct("!BBHIIIIHHBB")
_RTX_FULL = struct.Struct("!BBHIIIIHHHBB")
_RTX_OPAQUE = struct.Struct("!BBHIIIIH")
RING = 512  # packets that a NACK can reach: 2 s of 250 packets/s
RESEND_GUARD_S = 0.015  # media.md §2.9: a repeated NACK is answered, but not one that crossed our answer
RESEND_AGE_S = 1.5  # older than this a picture is not waited for: the receiver asked for a keyframe long ago
MAX_TRIES = 8
SPLICES = 64  # beginnings that late packets of the publisher still find
REPLAY_S = 0.3  # a switch replays a cached keyframe only when the receiver takes it within this time (media.md §2.10)
REPLAY_BYTES = 8_000  # … or it is a small one
# An empty slot waits for a keyframe's bytes either way: only what comes after it is the price of the replay. A new
# keyframe may be asked for once a second, so half of that on average is what the replay saves.
JOIN_REPLAY_S = 0.5
JUST_BEGUN_S = 0.06  # a keyframe this young is beginning, not replayed
TOP_TID = 3
# A frame that waited longer than this before its first packet left is left out (media.md §2.6), by temporal id. The
# base layer's is the longest: it costs a keyframe. A frame that was begun is finished, unless that takes too long.
MAX_WAIT_S = (0.5, 0.2, 0.15, 0.15)
# … So base frames wait on as long as they cost less than the keyframe that would take their place, within reason.
MAX_BASE_WAIT_S = 4.0
SMALL_QUEUE_BYTES = 4_000
QUEUE_PACKETS = 300
PADDING_BYTES = 255  # RFC 3550 §5.1: the count is one byte
# A keyframe that one receiver needs is made for all: a slot that needs them often gets them more and more seldom.
WISH_GAP_S, MAX_WISH_GAP_S, WISH_MEMORY_S = 0.5, 3.0, 10.0
DELAY_REPEATS = 10  # packets that carry a changed playout delay: one of them arrives
ODD_TICKS = 60 * 90_000  # so far beside its time that no receiver waits for it: libwebrtc gives up at 10 s
FRESH_S = 0.1  # since it came: it did not wait with us
CATCH_UP_TICKS = 900  # 10 ms between frames that are there to be decoded only: a receiver leaves out what is late
STANDS_TICKS = 24_000  # 0.27 s: base frames come every 0.25 to 0.3 s, and half a second is a stall
PAUSE_S = 1.0  # without a packet: what comes then is a new beginning for the eye as well


class Odd(enum.Enum):
    """Where the one picture with a false timestamp is that makes a receiver's timing begin anew."""

    NONE = enum.auto()
    WANTED = enum.auto()
    SENT = enum.auto()  # what comes next has its own timestamp again


class VideoDownTrack(DownTrack):
    """One video slot of one receiver."""

    __slots__ = (
        "_delay_id", "_delay_left", "_delay_ms", "_frame", "_held", "_last_in", "_last_keyidx", "_last_picture_id",
        "_last_tl0", "_left_out", "_odd", "_old_tid", "_resent", "_rtx_out", "_sent", "_sent_at", "_sent_by",
        "_splices", "_takes_frame", "_tid", "_true_ts", "_wish_gap_s", "_wished_at", "is_broken", "queue",
        "target_tid",
    )  # fmt: skip

    kind: Kind = "video"

    def __init__(self, slot: str, ssrc: int, rtx_ssrc: int, rng: random.Random) -> None:
        super().__init__(slot, ssrc, rng)
        self.rtx_ssrc = rtx_ssrc
        self.target_tid = TOP_TID  # the highest temporal layer that the policy wants of the target
        self._old_tid = TOP_TID  # … and of the layer that flows until the target has a keyframe
        self.queue: deque[tuple[UpPacket, float]] = deque()  # what waits for the link's pace, and since when
        self.is_broken = False  # a base frame was left out: only a keyframe helps
        self._tid = TOP_TID  # the highest one that flows
        self._splices: list[Splice] = []
        self._rtx_out = rng.randrange(1, 1 << 14)
        self._last_picture_id = rng.randrange(1 << 15)
        self._last_tl0 = rng.randrange(1 << 8)
        self._last_keyidx = rng.randrange(1 << 5)
        self._last_in = -1  # newest index of the layer that was sent
        self._left_out = -1  # first index of the frames left out since, -1: none
        self._frame = -1  # timestamp of the frame that the last decision was about
        self._takes_frame = True
        self._wished_at, self._wish_gap_s = -100.0, WISH_GAP_S
        self._sent: list[UpPacket | None] = [None] * RING
        self._sent_by: list[Splice | None] = [None] * RING
        self._resent: dict[int, tuple[float, int]] = {}
        self._delay_id = 0
        self._delay_ms = NO_WISH_MS
        self._delay_left = 0
        self._odd = Odd.NONE
        self._held: tuple[UpPacket, Splice] | None = None  # the last packet of the odd frame
        self._true_ts: int | None = None  # offset of timestamps once the picture is where it was before a replay
        self._sent_at = math.inf  # the last packet left

    # --- what feeds it ---------------------------------------------------------------------------------------------

    def negotiate(self, media: NegotiatedMedia) -> None:
        """Take what the receiver agreed to for this slot."""
        super().negotiate(media)
        self._delay_id = media.extensions.playout_delay

    def feed(self, track: UpTrack | None) -> None:
        """Attach to a track, or to none; the numbering goes on."""
        if track is not self.track:
            self.forget_wishes()
        super().feed(track)

    def interrupt(self) -> None:
        """Wait for a new beginning: what follows does not continue what was."""
        super().interrupt()
        self.queue.clear()
        self.is_broken = False

    def aim(self, target: Layer | None, tid: int) -> None:
        """Send `target` from its next keyframe on, up to the temporal layer `tid`; None: nothing.

        Until then what flows goes on; on the way to a poorer layer with its base layer only, since the link is already
        too full for it (media.md §2.10).
        """
        if target is None and self.target is not None:
            self.interrupt()
        self.target, self.target_tid = target, tid
        old = self.layer
        is_falling = target is not None and old is not None and old is not target and target.height < old.height
        self._old_tid = 0 if is_falling else TOP_TID

    def wants_keyframe(self) -> bool:
        """Return whether the slot waits for a keyframe of its target."""
        return self.target is not None and (self.layer is not self.target or self.is_broken)

    def may_wish(self, now: float, *, is_urgent: bool = False) -> bool:
        """Return whether a keyframe may be asked for on behalf of this slot; if so, it is counted."""
        since = now - self._wished_at
        if since < (WISH_GAP_S if is_urgent else self._wish_gap_s):
            return False
        self._wish_gap_s = min(MAX_WISH_GAP_S, self._wish_gap_s * 1.5) if since < WISH_MEMORY_S else WISH_GAP_S
        self._wished_at = now
        return True

    def begin_anew(self) -> None:
        """Begin at a keyframe again: what was sent into a silence may be lost, and is too old to be sent once more."""
        if self._splice is None or self.is_broken:
            return
        self.is_broken = True
        self.queue.clear()
        if self._left_out < 0:
            self._left_out = self._last_in + 1

    def is_moving(self, now: float) -> bool:
        """Return whether something of it left within the last second."""
        return now - self._sent_at <= PAUSE_S and self._sent_at < math.inf

    def sender_report(self, now: float) -> SenderReport | None:
        """Return the slot's SR, none while its timestamps are beside the publisher's clock."""
        is_beside = self._odd is Odd.SENT or self._true_ts is not None
        return None if is_beside else super().sender_report(now)

    def restart_timing(self) -> None:
        """Let the receiver learn anew when to expect pictures (`media/playout.py`), at the next frame of the base.

        It takes a resend, so who negotiated none is left alone.
        """
        if self._odd is Odd.NONE and self.can_pad:
            self._odd = Odd.WANTED
        if self._delay_id:
            self._delay_left = DELAY_REPEATS  # it forgets that as well

    def forget_wishes(self) -> None:
        """Let the next keyframe be asked for at once: the link is back."""
        self._wished_at, self._wish_gap_s = -100.0, WISH_GAP_S

    def set_playout_delay(self, min_ms: int, max_ms: int) -> None:
        """Ask the receiver to hold pictures back by at least `min_ms`, from the next packets on."""
        if self._delay_id and (min_ms, max_ms) != self._delay_ms:
            self._delay_ms, self._delay_left = (min_ms, max_ms), DELAY_REPEATS

    @property
    def is_plain(self) -> bool:
        """Return whether `write` may be used: everything of the layer goes, and nothing is to be looked at."""
        splice = self._splice
        return (
            splice is not None
            and splice.layer is self.target
            and self._left_out < 0
            and self._tid == self.target_tid == TOP_TID
            and not self._delay_left
            and self._odd is Odd.NONE
            and self._true_ts is None
            and not self.is_broken
        )

    @property
    def pending_bytes(self) -> int:
        """Return the size of the batch of the layer that flows."""
        return self._splice.layer.pending_bytes if self._splice is not None else 0

    def enqueue(self, now: float, budget_bps: int) -> None:
        """Let what of this batch is to be sent wait for its turn."""
        queue = self.queue
        for packet in self._arrived(now, budget_bps):
            queue.append((packet, now))
        if len(queue) > QUEUE_PACKETS:
            self._break_off(queue[0][0])

    def forget_stale(self, now: float) -> None:
        """Give up what waited too long for a link that takes nothing."""
        queue = self.queue
        while queue:
            packet, at = queue[0]
            is_begun = packet.timestamp == self._frame
            if now - at <= MAX_BASE_WAIT_S and (is_begun or not self._is_too_old(packet, now - at)):
                return
            if is_begun or packet.tid == 0:
                self._break_off(packet)
                return
            self._lose(packet.tid)
            if self._left_out < 0:
                self._left_out = packet.index
            while queue and queue[0][0].timestamp == packet.timestamp:
                queue.popleft()

    def _break_off(self, packet: UpPacket) -> None:
        """Send nothing of what waits, from `packet` on, before the next keyframe."""
        queue = self.queue
        if self._left_out < 0:
            self._left_out = packet.index
        while queue:
            waits = queue[0][0]
            if waits.begins_keyframe and waits.index > packet.index:
                return  # which is here already
            queue.popleft()
        self.is_broken = True

    def _arrived(self, now: float, budget_bps: int) -> list[UpPacket]:
        """Return what of this batch is to be sent: from a keyframe on when the slot begins anew."""
        target, splice = self.target, self._splice
        if target is not None and (splice is None or splice.layer is not target or self.is_broken):
            begin = self._begin(target, now, budget_bps)
            if begin:
                return begin
        if splice is None or self.is_broken:
            return []
        return splice.layer.pending

    def _begin(self, target: Layer, now: float, budget_bps: int) -> list[UpPacket]:
        """Splice in the target at a keyframe; return what is to be sent with it."""
        types = self._types.get(target.codec.name)
        if types is None or target.key_at < 0:
            return []
        if self.is_broken and self.layer is target and target.key_index < self._left_out:
            return []  # that keyframe is the one that the broken frames followed
        if now - target.key_at > JUST_BEGUN_S and not self._may_replay(target, budget_bps):
            return []
        begin = target.since_keyframe(now)
        if not begin:
            return []
        if now - self._sent_at > PAUSE_S and self.owner is not None:
            self.owner.on_picture_back(self, now)
        self._splice_in(target, begin[0], types)
        self.is_broken = False
        self._tid = self.target_tid
        self._frame, self._takes_frame = begin[0].timestamp, True
        return begin

    def _may_replay(self, target: Layer, budget_bps: int) -> bool:
        """Return whether the cached keyframe with all after it is a better beginning than a new keyframe."""
        after = target.bytes_after_key
        if target.key_bytes + after <= max(REPLAY_BYTES, budget_bps * REPLAY_S / 8):
            return True
        return self._splice is None and after <= budget_bps * JOIN_REPLAY_S / 8

    def _splice_in(self, layer: Layer, first: UpPacket, types: tuple[int, int]) -> None:
        # No number is left out after a frame that stays unfinished: a keyframe follows, and nobody could answer for it.
        splice = Splice(layer, first.index, self._last_out + 1, *types)
        splice.ts = self._next_timestamp(layer, first) - first.timestamp
        self._true_ts = None
        if self._last_arrival_ns:
            true_ts = self._last_ts + self._elapsed_ticks(layer, first) - first.timestamp
            self._true_ts = true_ts if true_ts != splice.ts else None  # it was put behind the picture
        if first.picture_id >= 0:
            splice.picture_id = self._last_picture_id + 1 - first.picture_id
        if first.tl0picidx >= 0:
            splice.tl0 = self._last_tl0 + 1 - first.tl0picidx
        if first.keyidx >= 0:
            splice.keyidx = self._last_keyidx + 1 - first.keyidx
        self._follow(splice)
        self.queue.clear()  # of what flowed before
        self._last_in = -1  # layers number their packets apart

    def _follow(self, splice: Splice) -> None:
        """Let `splice` be in force from its first packet on."""
        if self._splices:
            old = self._splices[-1]
            old.last_in = self._left_out - 1 if self._left_out >= 0 else self._last_in
            old.last_picture = (self._last_picture_id - old.picture_id) & 0x7FFF
        self._splice = self._before = splice
        self._splices.append(splice)
        if len(self._splices) > SPLICES:
            del self._splices[0]
        self._left_out = -1

    # --- the fast path ---------------------------------------------------------------------------------------------

    def write(self, out: Outgoing, log: SendLog, now: float) -> None:
        """Write the layer's batch as it is; only when `is_plain`.

        O(packets); about 3 µs a packet (bench/forwarding.py), which is why it is one long loop over local names.
        """
        splice = self._splice
        assert splice is not None
        first_in, seq_offset, ts_offset = splice.first_in, splice.seq, splice.ts
        payload_type, ssrc, head = splice.payload_type, self.ssrc, self._twcc_head
        data, end, tag, sizes = out.data, out.end, out.tag_bytes, out.sizes
        number, pack_full = log.next_index, _FULL.pack_into
        sent, sent_by = self._sent, self._sent_by
        newest = None
        last_out, before, octets = self._last_out, len(sizes), 0
        for packet in splice.layer.pending:
            index = packet.index
            if index < first_in:
                continue
            body = packet.body
            length = len(body)
            out_index = index + seq_offset
            if packet.form == VP8_FULL:
                size = length + 26
                pack_full(
                    data, end, 0x90, packet.marker | payload_type, out_index & 0xFFFF,
                    packet.timestamp + ts_offset & 0xFFFFFFFF, ssrc, 0xBEDE0001,
                    head and head | (number & 0xFFFF) << 8, packet.flags,
                    0x8000 | (packet.picture_id + splice.picture_id) & 0x7FFF,
                    (packet.tl0picidx + splice.tl0) & 0xFF,
                    packet.tk | (packet.keyidx + splice.keyidx) & 0x1F,
                )  # fmt: skip
                data[end + 26 : end + size] = body
            else:
                size = length + HEADER_BYTES
                OPAQUE_HEADER.pack_into(
                    data, end, 0x90, packet.marker | payload_type, out_index & 0xFFFF,
                    packet.timestamp + ts_offset & 0xFFFFFFFF, ssrc, 0xBEDE0001,
                    head and head | (number & 0xFFFF) << 8,
                )  # fmt: skip
                data[end + HEADER_BYTES : end + size] = body
                if packet.form != OPAQUE:
                    _patch(data, end + HEADER_BYTES, packet, splice)
            sizes.append(size)
            place = out_index % RING
            sent[place] = packet
            sent_by[place] = splice
            if out_index > last_out:
                last_out = out_index
                newest = packet
            octets += length
            number += 1
            end += size + tag
        out.end = end
        self._sent_at = now
        if head:
            log.on_send_run(now, sizes[before:] if before else sizes, tag + IP_UDP_BYTES)
        self.octets += octets
        self.packets += len(sizes) - before
        if newest is not None:
            self._remember(newest, splice, last_out)

    def _remember(self, newest: UpPacket, splice: Splice, last_out: int) -> None:
        """Note where the numbering stands, for the next splice."""
        self._last_out = last_out
        self._last_in = newest.index
        self._last_ts = (newest.timestamp + splice.ts) & 0xFFFFFFFF
        self._last_arrival_ns = newest.arrival_ns
        if newest.picture_id >= 0:
            self._last_picture_id = (newest.picture_id + splice.picture_id) & 0x7FFF
        if newest.tl0picidx >= 0:
            self._last_tl0 = (newest.tl0picidx + splice.tl0) & 0xFF
        if newest.keyidx >= 0:
            self._last_keyidx = (newest.keyidx + splice.keyidx) & 0x1F

    # --- packet by packet ------------------------------------------------------------------------------------------

    def send(self, packet: UpPacket, waited_s: float, out: Outgoing, log: SendLog, now: float) -> int:
        """Write `packet`, which waited for `waited_s`, if its frame is to be sent; return its bytes on the wire."""
        splice = self._splice
        if splice is None or packet.layer is not splice.layer or packet.index < splice.first_in:
            return self._send_late(packet, out, log, now)
        begins = packet.timestamp != self._frame
        if begins:
            if packet.index < self._last_in or 0 <= packet.index < self._left_out:
                return self._send_late(packet, out, log, now)
            self._frame = packet.timestamp
            self._takes_frame = self._decide(packet, waited_s)
        if not self._takes_frame:
            if self._left_out < 0:
                self._left_out = packet.index
            return 0
        if self._left_out >= 0 and packet.index >= self._left_out:
            splice = self._close_gap(packet, splice)
        if begins and self._odd is not Odd.NONE:
            splice = self._turn_odd(packet, splice, now)
        if begins and self._true_ts is not None:
            splice = self._catch_up(packet, splice, self._true_ts)
        self._sent_at = now
        if self._odd is Odd.SENT and packet.marker:
            return self._hold_back(packet, splice)
        size = self._write_one(packet, splice, out, log, now)
        if packet.index + splice.seq > self._last_out:
            self._remember(packet, splice, packet.index + splice.seq)
        if self._held is not None and out.has_room():
            before = out.end
            self._write_rtx(*self._held, out, log, now)
            self._held = None
            size += out.end - before + IP_UDP_BYTES
        return size

    def _hold_back(self, packet: UpPacket, splice: Splice) -> int:
        """Keep the last packet of an odd frame until the receiver misses it, for then it tells no time."""
        out_index = packet.index + splice.seq
        self._sent[out_index % RING] = packet
        self._sent_by[out_index % RING] = splice
        self._remember(packet, splice, out_index)
        self._held = packet, splice
        return 0

    def _send_late(self, packet: UpPacket, out: Outgoing, log: SendLog, now: float) -> int:
        """Write a packet that the publisher had to send again, where its place is; 0 when it has none."""
        for splice in reversed(self._splices):
            if splice.layer is packet.layer and splice.first_in <= packet.index:
                if not self._has_place(packet, splice):
                    return 0
                return self._write_one(packet, splice, out, log, now)
        return 0

    def _has_place(self, packet: UpPacket, splice: Splice) -> bool:
        """Return whether the numbers of `splice` have a place for a late packet: not for one of a frame left out."""
        is_open = splice is self._splice
        if is_open and self._left_out < 0:
            return packet.index + splice.seq > self._last_out - RING
        last_in = self._left_out - 1 if is_open else splice.last_in
        last = (self._last_picture_id - splice.picture_id) & 0x7FFF if is_open else splice.last_picture
        is_newer = packet.picture_id >= 0 and 0 < (packet.picture_id - last) & 0x7FFF < 0x4000
        return packet.index <= last_in and not is_newer and packet.index + splice.seq > self._last_out - RING

    def _decide(self, packet: UpPacket, waited_s: float) -> bool:
        """Return whether the frame that `packet` begins is to be sent."""
        if self.is_broken and not packet.begins_keyframe:
            return False
        tid = packet.tid
        if self._is_too_old(packet, waited_s):
            self._lose(tid)
            return False
        limit = self.target_tid if packet.layer is self.target else self._old_tid
        if packet.begins_keyframe:
            self._tid = limit
            self.is_broken = False
            return True
        if tid > limit:
            self._tid = min(self._tid, limit)
            return packet.is_sync and self._stands(packet)
        if tid <= self._tid:
            return True
        if packet.is_sync and tid == self._tid + 1:
            self._tid = limit if tid >= packet.layer.top_tid else tid
            return True
        return False

    def _stands(self, packet: UpPacket) -> bool:
        """Return whether the picture stood for so long before `packet` that a frame beyond the wanted ones helps.

        Encoders leave base frames out when their rate is spent, behind a keyframe nearly always. A frame with the sync
        bit refers to nothing but the base.
        """
        splice = self._splice
        return splice is not None and signed32(packet.timestamp + splice.ts - self._last_ts) >= STANDS_TICKS

    def _lose(self, tid: int) -> None:
        """Take in that a frame of temporal layer `tid` was left out."""
        if tid <= 0:
            self.is_broken = True
        else:
            self._tid = min(self._tid, tid - 1)

    def _is_too_old(self, packet: UpPacket, waited_s: float) -> bool:
        if waited_s <= MAX_WAIT_S[packet.tid]:
            return False
        if packet.tid or waited_s > MAX_BASE_WAIT_S:
            return True
        waiting = sum(len(item.body) for item, _ in self.queue if not item.tid)
        return not packet.begins_keyframe and waiting > max(SMALL_QUEUE_BYTES, packet.layer.key_bytes)

    def _turn_odd(self, packet: UpPacket, old: Splice, now: float) -> Splice:
        """Put the timestamp of a base frame into the past, or that of the frame after it where it was.

        Not of one that waited: what follows it comes in a burst, and no line goes through that.
        """
        is_fresh = self._true_ts is None and now - packet.arrival_ns / 1e9 <= FRESH_S
        if self._odd is Odd.WANTED and (packet.tid > 0 or not is_fresh):
            return old
        splice = old.moved_on(packet.index, old.ts + (-ODD_TICKS if self._odd is Odd.WANTED else ODD_TICKS))
        if self._odd is Odd.SENT:
            self._last_ts = (self._last_ts + ODD_TICKS) & 0xFFFFFFFF
            if self._true_ts is not None:
                self._true_ts += ODD_TICKS
        self._odd = Odd.SENT if self._odd is Odd.WANTED else Odd.NONE
        self._follow(splice)
        return splice

    def _catch_up(self, packet: UpPacket, old: Splice, true_ts: int) -> Splice:
        """Give a frame that is older than the picture a time right behind it, the first newer one its own.

        A replayed keyframe was taken before the last picture that was sent, and timestamps must not go back. Were all
        that follows moved on by as much, it would be shown late by as much: the largest single cause of stalls of half
        a second and more on cellular links.
        """
        is_newer = signed32(packet.timestamp + true_ts - self._last_ts) >= CATCH_UP_TICKS
        splice = old.moved_on(packet.index, true_ts if is_newer else self._last_ts + CATCH_UP_TICKS - packet.timestamp)
        if is_newer:
            self._true_ts = None
        self._follow(splice)
        return splice

    def _close_gap(self, packet: UpPacket, old: Splice) -> Splice:
        """Continue the numbers behind frames that were left out. What is missing before may come late."""
        room = self._left_out - self._last_in - 1 if self._last_in >= old.first_in else 0
        first_out = self._last_out + 1 + max(0, room)
        splice = Splice(old.layer, packet.index, first_out, old.payload_type, old.rtx_type)
        splice.ts = old.ts
        splice.tl0, splice.keyidx = old.tl0, old.keyidx
        if packet.picture_id >= 0:
            splice.picture_id = self._last_picture_id + 1 - packet.picture_id
        if packet.begins_keyframe and packet.tl0picidx >= 0:
            splice.tl0 = self._last_tl0 + 1 - packet.tl0picidx
        self._follow(splice)
        return splice

    def _write_one(self, packet: UpPacket, splice: Splice, out: Outgoing, log: SendLog, now: float) -> int:
        """Write one packet with its offsets; return its bytes on the wire."""
        body, data, end = packet.body, out.data, out.end
        head_bytes = HEADER_BYTES + (4 if self._delay_left else 0)
        size = head_bytes + len(body) + (6 if packet.form == VP8_FULL else 0)
        wire = size + out.tag_bytes + IP_UDP_BYTES
        out_index = packet.index + splice.seq
        number = self._twcc_head | log.on_send(now, wire) << 8 if self._twcc_head else 0
        timestamp = packet.timestamp + splice.ts & 0xFFFFFFFF
        OPAQUE_HEADER.pack_into(
            data, end, 0x90, packet.marker | splice.payload_type, out_index & 0xFFFF, timestamp, self.ssrc, 0xBEDE0001,
            number,
        )  # fmt: skip
        if self._delay_left:
            self._delay_left -= 1
            low, high = (
                self._delay_ms
            )  # http://www.webrtc.org/experiments/rtp-hdrext/playout-delay: 12 bits each, 10 ms
            data[end + 15] = 2  # words of extension
            struct.pack_into("!I", data, end + 19, self._delay_id << 28 | 2 << 24 | low // 10 << 12 | high // 10)
            data[end + 23] = 0
        start = end + head_bytes
        if packet.form == VP8_FULL:
            struct.pack_into(
                "!HHBB", data, start, packet.flags, 0x8000 | (packet.picture_id + splice.picture_id) & 0x7FFF,
                (packet.tl0picidx + splice.tl0) & 0xFF, packet.tk | (packet.keyidx + splice.keyidx) & 0x1F,
            )  # fmt: skip
            start += 6
        data[start : end + size] = body
        if packet.form not in (OPAQUE, VP8_FULL):
            _patch(data, start, packet, splice)
        out.sizes.append(size)
        out.end = end + size + out.tag_bytes
        self._sent[out_index % RING] = packet
        self._sent_by[out_index % RING] = splice
        self.octets += len(body)
        self.packets += 1
        return wire

    # --- repair ----------------------------------------------------------------------------------------------------

    def resend(self, seqs: tuple[int, ...], out: Outgoing, log: SendLog, now: float) -> None:
        """Write again what a NACK asks for, as far as it is of use; `owner` says how much it may cost."""
        owner = self.owner
        for seq in seqs:
            at, tries = self._resent.get(seq, (-1.0, 0))
            if not out.has_room() or now - at < RESEND_GUARD_S or tries >= MAX_TRIES:
                continue
            found = self._find_sent(seq, now)
            if found is None:
                continue
            packet, splice = found
            cost = len(packet.body) + 28 + out.tag_bytes + IP_UDP_BYTES
            if owner is not None and not owner.may_resend(cost, now):
                return
            self._write_rtx(packet, splice, out, log, now)
            self._resent[seq] = (now, tries + 1)
            if len(self._resent) > RING:
                del self._resent[next(iter(self._resent))]

    def _find_sent(self, seq: int, now: float) -> tuple[UpPacket, Splice] | None:
        out_index = self._last_out + seq_diff(seq, self._last_out & 0xFFFF)
        place = out_index % RING
        packet, splice = self._sent[place], self._sent_by[place]
        if packet is None or splice is None or packet.index + splice.seq != out_index:
            return None
        if not splice.rtx_type or not self.rtx_ssrc or now - packet.arrival_ns / 1e9 > RESEND_AGE_S:
            return None
        return packet, splice

    def _write_rtx(self, packet: UpPacket, splice: Splice, out: Outgoing, log: SendLog, now: float) -> None:
        """Write `packet` on the RTX SSRC with its original number before the payload (RFC 4588 §4)."""
        body, data, end = packet.body, out.data, out.end
        size = len(body) + (28 if packet.form == VP8_FULL else 22)
        number = self._twcc_head | log.on_send(now, size + out.tag_bytes + IP_UDP_BYTES) << 8 if self._twcc_head else 0
        self._rtx_out += 1
        fixed = (
            0x90,
            packet.marker | splice.rtx_type,
            self._rtx_out & 0xFFFF,
            (packet.timestamp + splice.ts) & 0xFFFFFFFF,
            self.rtx_ssrc,
            0xBEDE0001,
            number,
        )
        original = (packet.index + splice.seq) & 0xFFFF
        if packet.form == VP8_FULL:
            _RTX_FULL.pack_into(
                data, end, *fixed, original, packet.flags,
                0x8000 | (packet.picture_id + splice.picture_id) & 0x7FFF,
                (packet.tl0picidx + splice.tl0) & 0xFF,
                packet.tk | (packet.keyidx + splice.keyidx) & 0x1F,
            )  # fmt: skip
        else:
            _RTX_OPAQUE.pack_into(data, end, *fixed, original)
        data[end + size - len(body) : end + size] = body
        if packet.form not in (OPAQUE, VP8_FULL):
            _patch(data, end + 22, packet, splice)
        out.sizes.append(size)
        out.end = end + size + out.tag_bytes

    @property
    def can_pad(self) -> bool:
        """Return whether padding can be written: the receiver knows an RTX stream."""
        return bool(self.rtx_ssrc) and any(rtx_type for _, rtx_type in self._types.values())

    def pad(self, wanted_bytes: int, out: Outgoing, log: SendLog, now: float) -> int:
        """Write about `wanted_bytes` of recent packets once more as RTX: a probe that also repairs. Return how many.

        Where nothing recent is there, empty packets with padding do (RFC 3550 §5.1).
        """
        written = 0
        index = self._last_out - (self._held is not None)
        while written < wanted_bytes and out.has_room():
            found = self._find_sent(index & 0xFFFF, now)
            if found is None:
                break
            index -= 1
            before = out.end
            self._write_rtx(*found, out, log, now)
            written += out.end - before + IP_UDP_BYTES
        rtx_type = next((number for _, number in self._types.values() if number), 0)
        while written < wanted_bytes and out.has_room() and rtx_type:
            written += self._write_padding(min(PADDING_BYTES, max(1, wanted_bytes - written)), rtx_type, out, log, now)
        return written

    def _write_padding(self, count: int, rtx_type: int, out: Outgoing, log: SendLog, now: float) -> int:
        size = HEADER_BYTES + count
        wire = size + out.tag_bytes + IP_UDP_BYTES
        number = self._twcc_head | log.on_send(now, wire) << 8 if self._twcc_head else 0
        self._rtx_out += 1
        OPAQUE_HEADER.pack_into(
            out.data, out.end, 0xB0, rtx_type, self._rtx_out & 0xFFFF, self._last_ts & 0xFFFFFFFF, self.rtx_ssrc,
            0xBEDE0001, number,
        )  # fmt: skip
        out.data[out.end + HEADER_BYTES : out.end + size] = bytes(count - 1) + bytes((count,))
        out.sizes.append(size)
        out.end += size + out.tag_bytes
        return wire


def _patch(data: bytearray, start: int, packet: UpPacket, splice: Splice) -> None:
    vp8.patch(
        data,
        start,
        packet.picture_id + splice.picture_id,
        max(packet.tl0picidx, 0) + splice.tl0,
        max(packet.keyidx, 0) + splice.keyidx,
    )
