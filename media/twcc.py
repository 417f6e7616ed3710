"""Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01), both ends.

As receiver of a publisher's media (`TwccRecorder`) we tell its own estimator when each packet came. As sender
(`TwccSendLog`) we number packets and learn from the receiver's feedback what became of them. The wire form is in
`media/twcc_wire.py`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec

from media.rtp import Unwrapper
from media.twcc_wire import REFERENCE_NS, TICK_NS, TransportFeedback, build_transport_feedback

FEEDBACK_INTERVAL_S = 0.05  # str0m sends at 50 ms, Chromium itself at about 64 ms
MAX_PACKETS_PER_FEEDBACK = 400  # statuses and deltas then stay below 1,000 bytes, whatever the pattern
MAX_GAP = 1500  # numbers lost in a row before we take the sender to have jumped (3 s of 500 packets/s)
LOG_PACKETS = 4096  # mediasoup keeps 10,000; at 1,000 packets/s ours lasts 4 s, twice any playable round trip
TICK_S = TICK_NS / 1e9
_MASK = LOG_PACKETS - 1
_WRAP_TICKS = (REFERENCE_NS // TICK_NS) << 24
_ARRIVED, _LOST = -1.0, -2.0
_RESENT = -10.0  # minus when it left: sent once more before feedback told of it


class FeedbackReport(msgspec.Struct, gc=False):
    """What one feedback tells that was not told before. `sent` and `delays` belong to the packets that arrived."""

    first: int  # index of the first packet told
    packets: int  # how many are told
    lost: int
    lost_runs: int  # how many runs of losses without an arrival between them
    told_bytes: int
    acked_bytes: int
    indexes: Sequence[int]  # of the packets that arrived, rising
    sent: list[float]  # our clock, s
    delays: list[float]  # arrival - sent: of two unlike clocks, so only differences mean something, s
    late: int  # packets told lost before that came after all

    @property
    def last_arrival_s(self) -> float:
        """Return when the newest packet arrived, in the receiver's clock."""
        return self.sent[-1] + self.delays[-1]


class TwccRecorder:
    """Collect arrivals of a publisher's packets and make its feedback.

    `media_ssrc` of the feedback is the newest SSRC seen: Chromium ignores feedback with 0 and falls to 80 kbit/s.
    Numbers that were reported lost and come later are reported again, in a feedback that begins at them.
    """

    def __init__(self, sender_ssrc: int) -> None:
        self._sender_ssrc = sender_ssrc
        self._media_ssrc = 0
        self._unwrapper = Unwrapper(16)
        self._arrivals: dict[int, int] = {}  # index -> arrival in ns, not yet reported
        self._next = -1  # the first index that no feedback has told of
        self._epoch_ns = 0
        self._count = 0
        self._due: float | None = None

    def on_packet(self, seq: int, arrival_ns: int, ssrc: int, now: float) -> None:
        """Note the arrival (kernel stamp, any epoch, ns) of transport-wide number `seq` (16 bits)."""
        index = self._unwrapper.unwrap(seq)
        if self._next < 0:
            self._next = index
            # the reference time has 24 bits of 64 ms: counted from here it does not wrap within a lesson
            self._epoch_ns = arrival_ns - 1_000_000_000
        elif index - self._next > MAX_GAP:
            self._next = index
        if index not in self._arrivals:  # a duplicate on the wire tells the first arrival only
            self._arrivals[index] = arrival_ns - self._epoch_ns
        self._media_ssrc = ssrc
        if self._due is None:
            self._due = now + FEEDBACK_INTERVAL_S

    def next_timeout(self) -> float | None:
        """Return when feedback falls due; None when nothing arrived."""
        return self._due

    def on_timeout(self, now: float) -> list[bytes]:
        """Return the RTCP feedback packets that are due, in order."""
        if self._due is None or now < self._due:
            return []
        self._due = None
        packets: list[bytes] = []
        waiting, self._arrivals = self._arrivals, {}
        for run in _runs(sorted(waiting), self._next):
            first = run[0]
            arrivals = [waiting.get(index) for index in run]
            packets += self._build(first, arrivals)
        self._next = max(self._next, max(waiting) + 1)
        return packets

    def _build(self, first: int, arrivals: list[int | None]) -> list[bytes]:
        """Return feedback for one run, in two halves where a step does not fit."""
        try:
            packet = build_transport_feedback(
                self._sender_ssrc, self._media_ssrc, first & 0xFFFF, self._count, arrivals
            )
        except ValueError:
            cut = _largest_step(arrivals)
            return self._build(first, arrivals[:cut]) + self._build(first + cut, arrivals[cut:])
        self._count = (self._count + 1) & 0xFF
        return [packet]


def _runs(indexes: list[int], told: int) -> list[range]:
    """Return the ranges to report, each of at most about `MAX_PACKETS_PER_FEEDBACK` numbers and ending at an arrival.

    Numbers from `told` on were in no feedback yet: their gaps are reported as lost. Earlier ones are late arrivals;
    what lies between those was reported before, so each unbroken run of them stands alone.
    """
    runs: list[range] = []
    start = min(told, indexes[0])
    previous = start - 1
    for index in indexes:
        if (index != previous + 1 and previous < told) or index - start >= MAX_PACKETS_PER_FEEDBACK:
            if previous >= start:
                runs.append(range(start, previous + 1))
            start = index if index < told else max(told, previous + 1)
        previous = index
    runs.append(range(start, previous + 1))
    return runs


def _largest_step(arrivals: list[int | None]) -> int:
    """Return the position of the arrival after the widest step in time."""
    best, widest = 0, -1
    last: int | None = None
    for position, arrival in enumerate(arrivals):
        if arrival is None:
            continue
        if last is not None and abs(arrival - last) > widest:
            best, widest = position, abs(arrival - last)
        last = arrival
    return best


class TwccSendLog:
    """Remember what was sent under which transport-wide number, and read the receiver's feedback.

    Two rings, no object a packet: when it left, and how many bytes had left with it, so that the size of a packet or
    of a run of packets is one subtraction. `on_send` runs for every packet to every receiver: 0.12 us (`timeit`).
    Packets written in one batch carry one stamp and are thus a group without further work.
    """

    __slots__ = (
        "_arrival_base",
        "_last_tick",
        "_sent",
        "_totals",
        "highest_told",
        "next_index",
        "sent_bytes",
        "told_bytes",
    )

    def __init__(self, first_seq: int = 0) -> None:
        self.next_index = first_seq & 0xFFFF
        self.sent_bytes = 0
        self.told_bytes = 0  # sent up to the newest packet that feedback told of
        self.highest_told = self.next_index - 1
        self._sent = [_ARRIVED] * LOG_PACKETS  # when it left; told: _ARRIVED or _LOST; nothing to tell of: _ARRIVED
        # Bytes sent up to and with it. No list: to put a number into it frees one of 24 s ago, which no cache holds.
        self._totals = array("q", bytes(8 * LOG_PACKETS))
        self._last_tick: int | None = None
        self._arrival_base = 0

    def on_send(self, now: float, size_bytes: int) -> int:
        """Log a packet of `size_bytes` on the wire (incl. IP, UDP, SRTP) and return its 16-bit number to write."""
        index = self.next_index
        self.next_index = index + 1
        place = index & _MASK
        self._sent[place] = now
        self.sent_bytes = self._totals[place] = self.sent_bytes + size_bytes
        return index & 0xFFFF

    def on_send_run(self, now: float, sizes: Sequence[int], more_bytes: int) -> None:
        """Log packets with the numbers from `next_index` on: each has `more_bytes` more on the wire than its size."""
        index, total = self.next_index, self.sent_bytes
        sent, totals = self._sent, self._totals
        for size in sizes:
            place = index & _MASK
            index += 1
            total += size + more_bytes
            sent[place], totals[place] = now, total
        self.next_index, self.sent_bytes = index, total

    def on_resend(self, seq: int) -> None:
        """Note that the packet with the 16-bit number `seq` leaves once more as it was, number and all.

        It counts as lost, whatever feedback will tell: the arrival of a resend is no lateness of the link.
        """
        newest = self.next_index - 1
        index = newest + ((seq - newest & 0xFFFF ^ 0x8000) - 0x8000)
        if newest - LOG_PACKETS < index <= newest:
            left = self._sent[index & _MASK]
            self._sent[index & _MASK] = _RESENT - left if left >= 0.0 else _ARRIVED if left == _LOST else left

    def on_feedback(self, feedback: TransportFeedback) -> FeedbackReport | None:
        """Return what the feedback tells of packets not told before, None when nothing.

        Each packet counts once, as it was told first: feedback that is repeated or reordered must not count twice.
        Numbers never sent, or sent longer ago than the log reaches, are skipped. 2.9 us for 17 packets in order.
        """
        newest = self.next_index - 1
        first = newest + ((feedback.base_seq - newest & 0xFFFF ^ 0x8000) - 0x8000)
        ticks = feedback.arrivals
        last = first + len(ticks) - 1
        place = first & _MASK
        end = place + len(ticks)
        if (
            feedback.is_complete
            and ticks
            and end <= LOG_PACKETS
            and newest - LOG_PACKETS + 1 < first
            and last <= newest
        ):
            sent = self._sent[place:end]
            if min(sent) >= 0.0:
                base = self._unwrap(ticks[0])  # type: ignore[arg-type]
                self._sent[place:end] = [_ARRIVED] * len(sent)
                totals = self._totals
                size = totals[end - 1] - totals[place - 1]
                if last > self.highest_told:
                    self.highest_told = last
                    self.told_bytes = totals[end - 1]
                delays = [(tick + base) * TICK_S - left for tick, left in zip(ticks, sent, strict=True)]  # type: ignore[operator]
                return FeedbackReport(first, len(sent), 0, 0, size, size, range(first, last + 1), sent, delays, 0)
        return self._read_slowly(first, ticks)

    def _read_slowly(self, first: int, ticks: Sequence[int | None]) -> FeedbackReport | None:
        """Read feedback that has gaps, repeats, or reaches beyond what we remember."""
        oldest, next_index = max(0, self.next_index - LOG_PACKETS + 1), self.next_index
        sent_at, totals = self._sent, self._totals
        report = FeedbackReport(-1, 0, 0, 0, 0, 0, [], [], [], 0)
        indexes: list[int] = []
        base: int | None = None
        run_ends_at = -1
        for index, tick in enumerate(ticks, first):
            if not oldest <= index < next_index:
                continue
            place = index & _MASK
            left = sent_at[place]
            size = totals[place] - totals[place - 1]
            is_resent = left <= _RESENT
            if left < 0.0 and not is_resent:
                if left == _LOST and tick is not None and index <= self.highest_told:
                    sent_at[place] = _ARRIVED
                    report.late += 1
                continue
            if report.first < 0:
                report.first = index
            report.packets += 1
            report.told_bytes += size
            if tick is None or is_resent:
                sent_at[place] = _ARRIVED if is_resent else _LOST
                report.lost += 1
                report.lost_runs += index != run_ends_at
                run_ends_at = index + 1
                continue
            sent_at[place] = _ARRIVED
            report.acked_bytes += size
            if base is None:
                base = self._unwrap(tick)
            indexes.append(index)
            report.sent.append(left)
            report.delays.append((tick + base) * TICK_S - left)
        report.indexes = indexes
        last = min(first + len(ticks), next_index) - 1
        if last > self.highest_told:
            self.highest_told = last
            self.told_bytes = totals[last & _MASK]
        return report if report.packets or report.late else None

    def _unwrap(self, tick: int) -> int:
        """Return what to add to the arrivals of one feedback to undo the wrap of its 24-bit reference time."""
        last = self._last_tick
        if last is not None:
            if tick - last < -_WRAP_TICKS // 2:
                self._arrival_base += _WRAP_TICKS
            elif tick - last > _WRAP_TICKS // 2:
                self._arrival_base -= _WRAP_TICKS
        self._last_tick = tick
        return self._arrival_base

    def bytes_between(self, first: int, last: int) -> int:
        """Return the bytes of the packets after index `first` up to and with `last`, both still in the log."""
        return self._totals[last & _MASK] - self._totals[first & _MASK]

    @property
    def in_flight_bytes(self) -> int:
        """Return the bytes sent after the newest packet that feedback told of.

        What was sent before it and never told of is not on its way any more: its feedback was lost.
        """
        return self.sent_bytes - self.told_bytes

    @property
    def oldest_in_flight_s(self) -> float | None:
        """Return when the oldest packet left that feedback may still tell of; None: nothing is on its way."""
        if self.highest_told >= self.next_index - 1:
            return None
        left = self._sent[max(self.highest_told + 1, self.next_index - LOG_PACKETS) & _MASK]
        return left if left > _RESENT else _RESENT - left
