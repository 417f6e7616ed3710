"""Run traces through the cores in virtual time: `python -m tests.scenarios.twin.run --trace FILE [FILE …] [--table]`.

The twin of `python -m bench.weaklink`: no browser, no socket, no clock, and the same figures in a second or two. Prints
one JSON line a trace, or a table with `--table`; with `--series` what happened in each half second.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Collection
from pathlib import Path

from bench.link_trace import Trace, read_trace
from tests.scenarios.twin.figures import Figures, Sample, measure
from tests.scenarios.twin.lesson import Classroom, Lesson

SAMPLE_S = 0.5


def run(trace: Trace, seconds: float, seed: int = 1, rids: Collection[str] = ("q", "h", "f")) -> Figures:
    """Return the figures of one classroom behind `trace`; the lecturer's camera is sent in the layers `rids`."""
    lesson = Lesson(seed, rids)
    return follow(lesson, lesson.join(trace), seconds)


def follow(lesson: Lesson, classroom: Classroom, seconds: float) -> Figures:
    """Let `seconds` pass and return the figures of a classroom, with its series."""
    series: list[Sample] = []
    down, link = classroom.down, classroom.subscriber.link
    sent, bits = down.sent_bytes, down.capacity_bits(lesson.clock.now)
    for _ in range(round(seconds / SAMPLE_S)):
        lesson.play(SAMPLE_S)
        now = lesson.clock.now
        shown = classroom.video.shown
        series.append(
            Sample(
                round(now - classroom.joined_at, 3),
                (down.capacity_bits(now) - bits) / SAMPLE_S / 1000,
                (down.sent_bytes - sent) * 8 / SAMPLE_S / 1000,
                link.estimate_bps(now) / 1000,
                shown[-1].height if shown and now - shown[-1].at < SAMPLE_S else 0,
                down.queued_s(now),
                link.state.value,
            )
        )
        sent, bits = down.sent_bytes, down.capacity_bits(now)
    return measure(lesson, classroom, classroom.trace, series)


def main() -> None:
    """Run the traces of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, nargs="+", required=True, help="files of bench/traces' format")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--baseline", action="store_true", help="one fixed layer of 1.2 Mbit/s, no adaptation")
    parser.add_argument("--table", action="store_true", help="a table instead of JSON lines")
    parser.add_argument("--series", action="store_true", help="with the series (half seconds)")
    options = parser.parse_args()
    for path in options.trace:
        began = time.process_time()
        trace = read_trace(path)
        lesson = Lesson(options.seed, is_baseline=options.baseline)
        figures = follow(lesson, lesson.join(trace), options.seconds)
        cpu_s = round(time.process_time() - began, 2)
        if options.table:
            print(_row(trace.name, figures, cpu_s), flush=True)
        else:
            print(json.dumps({"trace": trace.name, **figures.as_row(), "cpu_s": cpu_s}), flush=True)
        if options.series:
            print("\n".join(_line(sample) for sample in figures.series), flush=True)


def _row(name: str, figures: Figures, cpu_s: float) -> str:
    return (
        f"{name:12} video {figures.video_stall_pct:5.1f}% audio {figures.audio_stall_pct:5.2f}% "
        f"height {figures.mean_height:3.0f} rung {figures.mean_rung:.2f} "
        f"used {figures.used_kbps:4.0f}/{figures.offered_kbps:5.0f} 720 after {figures.to_720_s} s, "
        f"keys {figures.keyframes} pli {figures.plis} nacks {figures.nacks} drop {figures.dropped_pct:.1f}% "
        f"corrupt {figures.corrupt} settle {figures.settle_s} edge {figures.live_edge_s} cpu {cpu_s} s"
    )


def _line(sample: Sample) -> str:
    return (
        f"  t={sample.at_s:6.1f} capacity={sample.capacity_kbps:6.0f} sent={sample.sent_kbps:6.0f} "
        f"estimate={sample.estimate_kbps:6.0f} lines={sample.lines:4} queue={sample.queue_s:6.2f}s {sample.state}"
    )


if __name__ == "__main__":
    main()
