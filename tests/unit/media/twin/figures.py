"""What a classroom saw and heard, as the figures of `bench.weaklink` define it."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from tests.unit.media.twin.lesson import Classroom, Lesson
from tests.unit.media.twin.trace import Step
from tests.unit.media.twin.video import Shown

STALL_S = 0.5  # a gap between presented frames that is longer is a stall, in full
OUTAGE_S = 0.8  # so long without any rate is an outage
HELD_S = 5.0  # a rate that lasts so long after a change is a step of a staircase
LIVE_S = 1.0  # a frame presented within this time of its capture is at the live edge
RUNGS = ((600, 4.0), (300, 3.0), (1, 2.0))  # lines -> hd, clear, smooth
PAUSED_RUNG = 1.0  # slides and audio


class Figures(msgspec.Struct):
    """One run. Percentages are of the time from the first frame to the end."""

    video_stall_pct: float
    audio_stall_pct: float
    mean_height: float  # lines, over presented frames
    mean_rung: float  # 4 hd, 3 clear, 2 smooth, 1 slides and audio; over time
    used_kbps: float
    offered_kbps: float
    first_frame_s: float
    hd_after_s: float  # first frame of 720 lines
    settle_s: list[float]  # after each lasting step of the rate: the last change of rung before the next one
    live_edge_s: list[float]  # after each outage: first frame that is not old
    stalls: list[tuple[float, float]]  # (when it began, seconds)
    keyframes: int
    plis: int
    nacks: int
    corrupt: int  # frames decoded without what they refer to: always 0 with a forwarder that keeps the rules
    dropped_pct: float  # of the datagrams into the link, at its queue
    # (s, capacity, sent, estimate in kbit/s, lines shown, queue in s), every half second
    series: list[tuple[float, float, float, float, int, float]] = []

    def as_row(self) -> dict[str, object]:
        """Return everything but the series, rounded."""
        row = {name: getattr(self, name) for name in self.__struct_fields__ if name != "series"}
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}


def gaps_of(shown: list[Shown], end: float) -> list[tuple[float, float]]:
    """Return the stalls as `(begin, seconds)`; the one at the end counts while it is open."""
    times = [frame.at for frame in shown] + [end]
    return [(before, after - before) for before, after in pairwise(times) if after - before > STALL_S]


def measure(
    lesson: Lesson, classroom: Classroom, series: list[tuple[float, float, float, float, int, float]]
) -> Figures:
    """Return the figures of a classroom now."""
    start, end = classroom.joined_at, lesson.clock.now
    shown, audio = classroom.video.shown, classroom.audio
    first = shown[0].at if shown else start
    watched = max(end - first, 1e-9)
    stalls = gaps_of(shown, end) if shown else [(start, end - start)]
    stalled = sum(length for _, length in stalls)
    sent = len(classroom.sent)
    seconds = end - start
    return Figures(
        video_stall_pct=100 * stalled / watched,
        audio_stall_pct=100 * audio.concealed_s / audio.played_s if audio.played_s else 100.0,
        mean_height=sum(frame.height for frame in shown) / len(shown) if shown else 0.0,
        mean_rung=_mean_rung(shown, end),
        used_kbps=classroom.down.delivered_bytes * 8 / seconds / 1000,
        offered_kbps=classroom.down.capacity_bits(end) / seconds / 1000,
        first_frame_s=first - start if shown else -1.0,
        hd_after_s=next((frame.at - start for frame in shown if frame.height >= RUNGS[0][0]), -1.0),
        settle_s=_settling(classroom, start, end),
        live_edge_s=_live_edges(lesson, classroom, start, end),
        stalls=[(round(at - start, 2), round(length, 2)) for at, length in stalls],
        keyframes=lesson.browser.keyframes,
        plis=classroom.video.plis,
        nacks=classroom.video.nacks,
        corrupt=classroom.video.assembler.corrupt,
        dropped_pct=100 * classroom.down.dropped / sent if sent else 0.0,
        series=series,
    )


def rung_of(height: int) -> float:
    """Return the rung that a picture of so many lines is."""
    return next((rung for lines, rung in RUNGS if height >= lines), PAUSED_RUNG)


def _mean_rung(shown: list[Shown], end: float) -> float:
    """Return the mean over time; what stands still for more than a second is a picture of the past."""
    if not shown:
        return PAUSED_RUNG
    times = [frame.at for frame in shown] + [end]
    total = 0.0
    for frame, after in zip(shown, times[1:], strict=True):
        gap = after - frame.at
        moving = gap if gap <= 1.0 else 1.0
        total += rung_of(frame.height) * moving + PAUSED_RUNG * (gap - moving)
    return total / (end - shown[0].at)


def _lasting(steps: tuple[Step, ...], start: float, end: float) -> list[tuple[float, float]]:
    """Return `(begin, end)` of each rate that came after another one and lasted."""
    changes = [steps[0], *(after for before, after in pairwise(steps) if after.rate_bps != before.rate_bps)]
    times = [start + step.at_s for step in changes] + [end]
    spans = list(pairwise(times))[1:]
    return [(begin, min(stop, end)) for begin, stop in spans if begin < end and stop - begin >= HELD_S]


def _settling(classroom: Classroom, start: float, end: float) -> list[float]:
    settled = []
    for begin, stop in _lasting(classroom.down.steps, start, end):
        inside = [frame for frame in classroom.video.shown if begin <= frame.at < stop]
        changes = [after.at for before, after in pairwise(inside) if rung_of(before.height) != rung_of(after.height)]
        settled.append(round(changes[-1] - begin, 2) if changes else 0.0)
    return settled


def _live_edges(lesson: Lesson, classroom: Classroom, start: float, end: float) -> list[float]:
    """Return how long after each outage of the down link the first picture of the present was shown; -1: never."""
    steps = classroom.down.steps
    edges = []
    began: float | None = None
    for step in steps:
        if not step.rate_bps:
            began = began if began is not None else step.at_s
            continue
        if began is not None and step.at_s - began >= OUTAGE_S and start + step.at_s < end:
            edges.append(_edge(classroom, start + step.at_s))
        began = None
    return edges


def _edge(classroom: Classroom, back: float) -> float:
    for frame in classroom.video.shown:
        if frame.at >= back and frame.at - frame.captured_at <= LIVE_S:
            return round(frame.at - back, 2)
    return -1.0
