"""Where on the recording's time a frame of a part belongs. Pure.

`arrival − stamp` of a packet is the offset of the sender's clock plus what the way took. The delay of the way goes up
and comes back; the clock's offset does not. So each map's offset is replaced by the least of the minute after it: a
queue disappears, a sender that stalled (its stamps went on where they had stopped: janus#2292 shortened a recording
by 244 s that way) keeps its step. Sender reports then move sound and picture of one peer against each other: they
tell both in the same wall clock, and so leave out that a picture is encoded and sent longer than a sound.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from statistics import median

from recorder.story import Epoch, PartRecord, SenderReport

HORIZON_MS = 60_000.0  # a queue that stands longer than this is taken for a step
LEAP_MS = 300.0  # as in recorder.track_tap: larger changes are steps, smaller ones drift
MAX_SKEW_MS = 1_000.0  # no sender's pipeline takes longer; a report that says so comes from a wrong clock


class PartClock:
    """Place the frames of one part."""

    def __init__(self, part: PartRecord) -> None:
        self._rate = part.clock_rate
        self._epochs = part.epochs
        self._starts = [epoch.ms0 for epoch in part.epochs]
        self._tables = [_Table(epoch, part.clock_rate) for epoch in part.epochs]
        self.skew_ms = 0.0

    def place(self, ms: int) -> float:
        """Return the recording time of the part's time `ms`."""
        table = self._tables[max(0, bisect_right(self._starts, ms) - 1)]
        return ms + table.offset(ms) + self.skew_ms

    def place_stamp(self, epoch: int, ticks: int) -> float:
        """Return the recording time of a stamp of an epoch."""
        ms = _part_ms(self._epochs[epoch], ticks, self._rate)
        return ms + self._tables[epoch].offset(ms) + self.skew_ms


class _Table:
    """The offset of an epoch over the part's time."""

    def __init__(self, epoch: Epoch, rate: int) -> None:
        points = sorted((_part_ms(epoch, ticks, rate), at_ms) for ticks, at_ms in epoch.maps)
        self._times = [ms for ms, _ in points]
        self._offsets = _settle([(ms, at_ms - ms) for ms, at_ms in points])

    def offset(self, ms: float) -> float:
        """Return recording time − part time at `ms`."""
        times, offsets = self._times, self._offsets
        after = bisect_right(times, ms)
        if after == 0:
            return offsets[0]
        if after == len(times):
            return offsets[-1]
        before = after - 1
        step = offsets[after] - offsets[before]
        if abs(step) > LEAP_MS or times[after] == times[before]:
            return offsets[before]
        return offsets[before] + step * (ms - times[before]) / (times[after] - times[before])


def _part_ms(epoch: Epoch, ticks: int, rate: int) -> float:
    return epoch.ms0 + (ticks - epoch.ticks0) * 1000.0 / rate


def _settle(points: list[tuple[float, float]]) -> list[float]:
    """Return for each `(time, offset)` the least offset within the horizon after it."""
    settled: list[float] = [0.0] * len(points)
    window: list[tuple[float, float]] = []  # rising offsets, nearest last: the classic sliding minimum
    head = 0
    for index in range(len(points) - 1, -1, -1):
        time, offset = points[index]
        while len(window) > head and window[-1][1] >= offset:
            window.pop()
        window.append((time, offset))
        while window[head][0] > time + HORIZON_MS:
            head += 1
        settled[index] = window[head][1]
    return settled


def align_clocks(parts: Iterable[PartRecord]) -> dict[int, PartClock]:
    """Return the clocks of all parts, those of one peer aligned by its sender reports."""
    clocks: dict[int, PartClock] = {}
    by_peer: dict[str, list[PartRecord]] = {}
    for part in parts:
        clocks[part.part] = PartClock(part)
        by_peer.setdefault(part.peer, []).append(part)
    for records in by_peer.values():
        reports = sorted((report.at_ms, report.at_ms - report.ntp_ms) for part in records for report in part.reports)
        if len({part.source for part in records if part.reports}) < 2:
            continue  # nothing to align with: reports of one track alone would only move it
        for part in records:
            skew_ms = _skew(clocks[part.part], part.reports, reports)
            if abs(skew_ms) <= MAX_SKEW_MS:
                clocks[part.part].skew_ms = skew_ms
    return clocks


def _skew(clock: PartClock, reports: list[SenderReport], peer: list[tuple[float, float]]) -> float:
    """Return by how much the part's arrival times must be moved to fit its sender's reports."""
    skews: list[float] = []
    for report in reports:
        low = bisect_right(peer, (report.at_ms - HORIZON_MS, float("-inf")))
        high = bisect_right(peer, (report.at_ms + HORIZON_MS, float("inf")))
        delay = min(offset for _, offset in peer[low:high])
        skews.append(report.ntp_ms + delay - clock.place_stamp(report.epoch, report.ticks))
    return median(skews) if skews else 0.0
