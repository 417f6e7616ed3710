"""What a classroom saw and heard: the figures of `bench.weaklink`, with its own functions for what they mean."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec

from bench.link_figures import Frame, outage_figures, settle_figures, stalls, video_figures
from bench.link_trace import Trace
from tests.scenarios.twin.lesson import Classroom, Lesson

RUNGS = ((600, 4.0), (300, 3.0), (1, 2.0))  # lines -> hd, clear, smooth
PAUSED_RUNG = 1.0  # slides and audio
MOVING_S = 1.0  # a picture that stands still for longer is one of the past


class Sample(msgspec.Struct, frozen=True):
    """How things stood at the end of an interval; rates are means over it."""

    at_s: float
    capacity_kbps: float
    sent_kbps: float
    estimate_kbps: float
    lines: int  # 0: no picture came
    queue_s: float
    state: str


class Figures(msgspec.Struct):
    """One run. Percentages are of the time from the first frame to the end, lines are averaged over shown frames."""

    video_stall_pct: float
    audio_stall_pct: float
    mean_height: float
    mean_rung: float  # 4 hd, 3 clear, 2 smooth, 1 slides and audio; over time
    used_kbps: float  # that arrived
    offered_kbps: float  # that the link could have carried
    first_frame_s: float | None
    to_720_s: float | None
    worst_stall_s: float
    concealed_s: float  # sound made up
    settle: list[dict[str, Any]]
    outages: list[dict[str, Any]]
    stalls: list[tuple[float, float]]  # (begin, end)
    keyframes: int
    plis: int
    nacks: int
    corrupt: int  # frames decoded without what they refer to: always 0 behind a forwarder that keeps the rules
    dropped_pct: float  # of the datagrams into the link, at its queue
    series: list[Sample]

    @property
    def settle_s(self) -> list[float]:
        """Return how long each lasting step of the rate took to settle."""
        return [step["settle_s"] for step in self.settle]

    @property
    def live_edge_s(self) -> list[float | None]:
        """Return how long after each outage the picture was live again."""
        return [outage["live_edge_s"] for outage in self.outages]

    def as_row(self) -> dict[str, Any]:
        """Return everything but the series, rounded."""
        row = {name: getattr(self, name) for name in self.__struct_fields__ if name != "series"}
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}


def measure(lesson: Lesson, classroom: Classroom, trace: Trace, series: list[Sample]) -> Figures:
    """Return the figures of a classroom now."""
    start = classroom.joined_at
    seconds = lesson.clock.now - start
    audio, down, video = classroom.audio, classroom.down, classroom.video
    frames = [Frame(shown.at - start, shown.height, shown.timestamp & 0xFFFFFFFF) for shown in video.shown]
    seen = video_figures(frames, seconds)
    return Figures(
        video_stall_pct=seen["video_stall_pct"],
        audio_stall_pct=100 * audio.concealed_s / audio.played_s if audio.played_s else 100.0,
        mean_height=sum(frame.height for frame in frames) / len(frames) if frames else 0.0,
        mean_rung=_mean_rung(frames, seconds),
        used_kbps=down.delivered_bytes * 8 / seconds / 1000,
        offered_kbps=down.capacity_bits(lesson.clock.now) / seconds / 1000,
        first_frame_s=seen["first_frame_s"],
        to_720_s=seen["to_720_s"],
        worst_stall_s=seen.get("worst_stall_s", seconds),
        concealed_s=audio.concealed_s,
        settle=settle_figures(trace, frames, seconds),
        outages=outage_figures(trace, frames, seconds),
        stalls=[(round(stall.begin, 2), round(stall.end, 2)) for stall in stalls(frames, seconds)],
        keyframes=lesson.browser.keyframes,
        plis=video.plis,
        nacks=video.nacks,
        corrupt=video.assembler.corrupt,
        dropped_pct=100 * down.dropped / max(1, down.sent),
        series=series,
    )


def _rung(lines: int) -> float:
    return next((rung for least, rung in RUNGS if lines >= least), PAUSED_RUNG)


def _mean_rung(frames: list[Frame], seconds: float) -> float:
    """Return the mean over time: the rung of what moves, that of a pause else."""
    total = 0.0
    for frame, after in pairwise([*frames, Frame(seconds, 0, None)]):
        moving = min(after.t - frame.t, MOVING_S)
        total += _rung(frame.height) * moving + PAUSED_RUNG * (after.t - frame.t - moving)
    return total / (seconds - frames[0].t) if frames else PAUSED_RUNG
