"""From what a viewer saw to the figures of a run. Pure; times are seconds since the trace began."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.link_trace import Trace

STALL_S = 0.5  # the issue: a gap between presented frames longer than this counts, all of it
LIVE_SLACK_S = 0.5  # later than before the outage by no more than this is the live edge again
GONE_S = 1.0  # without a frame for longer there is no height to stand on
RTP_HZ, RTP_WRAP = 90_000, 1 << 32
SAMPLE_RATE_HZ = 48_000
CLOCK_GRAIN_S = 0.5  # sound that is missing for less is the grain of two clocks
_COUNTERS = ("totalSamplesReceived", "concealedSamples", "silentConcealedSamples")
RUNGS = ("audio", "slides_audio", "smooth", "clear", "hd")  # 0..4 in `mean_rung`


@dataclass(frozen=True)
class Frame:
    """A picture when it was shown."""

    t: float
    height: int
    timestamp: int | None


@dataclass(frozen=True)
class Stall:
    """Time without a new picture."""

    begin: float
    end: float


def stalls(frames: Sequence[Frame], seconds: float) -> list[Stall]:
    """Return the gaps longer than 0.5 s from the first frame to the end of the lesson."""
    times = [frame.t for frame in frames] + [seconds]
    return [Stall(a, b) for a, b in itertools.pairwise(times) if b - a > STALL_S]


def video_figures(frames: Sequence[Frame], seconds: float) -> dict[str, Any]:
    """Return what the issue asks of the picture."""
    if not frames:
        return {"video_stall_pct": 100.0, "mean_height": 0, "first_frame_s": None, "to_720_s": None, "stalls": 0}
    found = stalls(frames, seconds)
    length = max(seconds - frames[0].t, 1e-9)
    tall = next((frame.t for frame in frames if frame.height >= 700), None)
    return {
        "video_stall_pct": round(100 * sum(stall.end - stall.begin for stall in found) / length, 2),
        "mean_height": round(statistics.fmean(frame.height for frame in frames)),
        "first_frame_s": round(frames[0].t, 2),
        "to_720_s": None if tall is None else round(tall, 2),
        "stalls": len(found),
        "worst_stall_s": round(max((stall.end - stall.begin for stall in found), default=0.0), 2),
        "frames_per_s": round(len(frames) / length, 1),
    }


def audio_figures(samples: Sequence[Mapping[str, Any]], begin: float, seconds: float) -> dict[str, Any]:
    """Return the share of made-up sound: concealed of all samples, time without any sample counted as concealed."""
    within = [sample for sample in samples if begin <= sample["t"] <= seconds + 1]
    everything = concealed = silent = 0.0
    for _, _, total, made_up, quiet in _sound(within):
        everything, concealed, silent = everything + total, concealed + made_up, silent + quiet
    elapsed = within[-1]["t"] - within[0]["t"] if len(within) > 1 else 0.0
    missing_s = max(elapsed - everything / SAMPLE_RATE_HZ, 0.0)
    missing_s = missing_s if missing_s > CLOCK_GRAIN_S else 0.0
    counted = everything + missing_s * SAMPLE_RATE_HZ
    if counted <= 0:
        return {"audio_stall_pct": 100.0, "audio_stall_not_silent_pct": 100.0, "audio_missing_s": 0.0}
    lost = concealed + missing_s * SAMPLE_RATE_HZ
    return {
        "audio_stall_pct": round(100 * lost / counted, 2),
        "audio_stall_not_silent_pct": round(100 * max(lost - silent, 0) / counted, 2),
        "audio_missing_s": round(missing_s, 1),
    }


def concealment(samples: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float]]:
    """Return `(begin, end, share of made-up sound)` of each second."""
    return [(begin, end, made_up / total) for begin, end, total, made_up, _ in _sound(samples) if total > 0]


def _sound(samples: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float, float, float]]:
    """Return `(begin, end, samples, concealed, of them silent)` between samples of the lecturer's audio slot.

    Only the lecturer speaks: of each connection's audio slots the one with the most packets is meant.
    """
    packets: dict[tuple[int, str], int] = {}
    for sample in samples:
        for key, stream in _audio(sample):
            packets[key] = max(packets.get(key, 0), stream.get("packetsReceived", 0))
    meant = {key for key in packets if packets[key] and packets[key] == _most(packets, key[0])}
    found: list[tuple[float, float, float, float, float]] = []
    last: dict[tuple[int, str], tuple[float, Mapping[str, Any]]] = {}
    for sample in samples:
        for key, stream in _audio(sample):
            if key not in meant:
                continue
            if key in last:
                since, before = last[key]
                grown = [max(float(stream.get(name, 0) - before.get(name, 0)), 0.0) for name in _COUNTERS]
                found.append((since, sample["t"], grown[0], grown[1], grown[2]))
            last[key] = sample["t"], stream
    return found


def _most(packets: Mapping[tuple[int, str], int], connection: int) -> int:
    return max(count for (of, _), count in packets.items() if of == connection)


def _audio(sample: Mapping[str, Any]) -> list[tuple[tuple[int, str], Mapping[str, Any]]]:
    return [
        ((stream["of"], stream.get("mid", "")), stream)
        for stream in sample["streams"]
        if stream["way"] == "in" and stream.get("kind") == "audio"
    ]


def return_figures(teaching: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """Return what the lecturer's page gets of the classroom's own picture and sound; None: nothing came.

    Where it is shown in two places the better one counts; sound counts from its first second on.
    """
    within = [sample for sample in teaching if 0 <= sample["t"] <= seconds]
    pictures = [max((_picture(stream) for stream in sample["streams"]), default=(0, 0)) for sample in within]
    shown = sum(rate for rate, _ in pictures)
    spoke = next((begin for begin, _, total, _, _ in _sound(within) if total > 0), None)
    return {
        "return_frames_per_s": round(shown / len(within), 1) if shown else None,
        "return_mean_height": round(sum(rate * height for rate, height in pictures) / shown) if shown else None,
        "return_audio_stall_pct": None if spoke is None else audio_figures(within, spoke, seconds)["audio_stall_pct"],
    }


def _picture(stream: Mapping[str, Any]) -> tuple[int, int]:
    """Return pictures a second and lines of a picture that is received."""
    if stream["way"] != "in" or stream.get("kind") != "video":
        return 0, 0
    return stream.get("framesPerSecond") or 0, stream.get("frameHeight") or 0


def rung_figures(samples: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """Return the mean rung (0 sound only … 4 high definition) and the share of each, as the page was told."""
    said = [str(sample["link"]["rung"]) for sample in samples if 0 <= sample["t"] <= seconds and sample.get("link")]
    if not said:
        return {"mean_rung": None, "rungs": {}}
    return {
        "mean_rung": round(statistics.fmean(RUNGS.index(rung) for rung in said), 2),
        "rungs": {rung: round(said.count(rung) / len(said), 3) for rung in reversed(RUNGS) if rung in said},
    }


def link_figures(trace: Trace, report: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return what the link offered, what was pushed into it, and what of that arrived, in kbit/s over the run."""
    found: dict[str, Any] = {}
    for name, prefix, direction in (("down", "", trace.down), ("up", "up_", trace.up)):
        counted = report[name]["seconds"][: int(seconds)]
        found[f"{prefix}offered_kbps"] = round(direction.bits(0, seconds) / seconds / 1e3, 1)
        for what, key in (("used", "delivered"), ("pushed", "offered"), ("dropped", "dropped")):
            found[f"{prefix}{what}_kbps"] = _kbps(sum(second[key] for second in counted), seconds)
    late = max(report["down"]["late_p99_ms"], report["up"]["late_p99_ms"])
    found["link_late_p99_ms"] = late
    found["link_late_max_ms"] = max(report["down"]["late_max_ms"], report["up"]["late_max_ms"])
    return found


def _kbps(count: int, seconds: float) -> float:
    return round(count * 8 / seconds / 1e3, 1)


def _delays(frames: Iterable[Frame]) -> list[tuple[float, float]]:
    """Return `(shown at, shown at - its time on the sender's clock)`, the clocks' zero unknown but one for all."""
    found: list[tuple[float, float]] = []
    index: int | None = None
    for frame in frames:
        if frame.timestamp is None:
            continue
        if index is None:
            index = frame.timestamp
        else:
            step = (frame.timestamp - index) % RTP_WRAP
            index += step if step < RTP_WRAP // 2 else step - RTP_WRAP
        found.append((frame.t, frame.t - index / RTP_HZ))
    return found


def outage_figures(trace: Trace, frames: Sequence[Frame], seconds: float) -> list[dict[str, Any]]:
    """Return for each outage when the first frame came after it, and when the picture was live again."""
    delays = _delays(frames)
    found = []
    for begin, end in trace.outages(seconds):
        before = [delay for t, delay in delays if begin - 10 <= t <= begin]
        usual = statistics.median(before) if before else None
        after = [(t, delay) for t, delay in delays if t > end]
        live = next((t for t, delay in after if usual is not None and delay <= usual + LIVE_SLACK_S), None)
        first = next((frame.t for frame in frames if frame.t > end), None)
        found.append(
            {
                "at_s": round(begin, 1),
                "outage_s": round(end - begin, 1),
                "first_frame_s": None if first is None else round(first - end, 2),
                "live_edge_s": None if live is None else round(live - end, 2),
            }
        )
    return found


def settle_figures(trace: Trace, frames: Sequence[Frame], seconds: float) -> list[dict[str, Any]]:
    """Return for each lasting step of the rate how long the picture's height went on changing, and where it settled."""
    heights = _height_changes(frames, seconds)
    found = []
    for begin, end, before_bps, after_bps in trace.steps(seconds):
        changes = [(t, height) for t, height in heights if begin < t <= end]
        stands = next((height for t, height in reversed(heights) if t <= end), 0)
        found.append(
            {
                "at_s": round(begin, 1),
                "from_kbps": round(before_bps / 1e3),
                "to_kbps": round(after_bps / 1e3),
                "settle_s": round(changes[-1][0] - begin, 2) if changes else 0.0,
                "height": stands,
            }
        )
    return found


def _height_changes(frames: Sequence[Frame], seconds: float) -> list[tuple[float, int]]:
    """Return `(at, lines)` of each change; 0 lines once there was no picture for a second."""
    changes: list[tuple[float, int]] = []
    for frame, following in itertools.pairwise([*frames, Frame(seconds, 0, None)]):
        if not changes or changes[-1][1] != frame.height:
            changes.append((frame.t, frame.height))
        if following.t - frame.t > GONE_S:
            changes.append((frame.t + GONE_S, 0))
    return changes
