"""Run a trace through the cores in virtual time: `python -m tests.unit.media.twin.run --trace FILE [FILE …]`.

The twin of `python -m bench.weaklink`: no browser, no socket, no clock, and the same figures in a few seconds. Prints
one JSON line a trace, or a table with `--table`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from tests.unit.media.twin.figures import Figures, measure
from tests.unit.media.twin.lesson import Classroom, Lesson
from tests.unit.media.twin.trace import Trace, load

SAMPLE_S = 0.5


def run(trace: Trace, seconds: float, seed: int = 1) -> Figures:
    """Return the figures of one classroom behind `trace`."""
    lesson = Lesson(seed)
    classroom = lesson.join(trace)
    return follow(lesson, classroom, seconds)


def follow(lesson: Lesson, classroom: Classroom, seconds: float) -> Figures:
    """Let `seconds` pass and return the figures of a classroom, with its series."""
    series: list[tuple[float, float, float, float, int, float]] = []
    last_sent, last_bits = 0, 0.0
    for number in range(round(seconds / SAMPLE_S)):
        lesson.play(SAMPLE_S)
        now = lesson.clock.now
        bits = classroom.down.capacity_bits(now)
        sent = sum(size for _, size in classroom.sent[last_sent:])
        last_sent = len(classroom.sent)
        shown = classroom.video.shown
        height = shown[-1].height if shown and now - shown[-1].at < SAMPLE_S else 0
        estimate = classroom.subscriber.estimate_bps(now) / 1000
        series.append(
            (
                (number + 1) * SAMPLE_S,
                round((bits - last_bits) / SAMPLE_S / 1000, 1),
                round(sent * 8 / SAMPLE_S / 1000, 1),
                round(estimate, 1),
                height,
                round(classroom.down.queued_s(now), 3),
            )
        )
        last_bits = bits
    return measure(lesson, classroom, series)


def main() -> None:
    """Run the traces of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, nargs="+", required=True, help="files of bench/traces' format")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="a table instead of JSON lines")
    parser.add_argument("--series", action="store_true", help="with the series (half seconds)")
    options = parser.parse_args()
    for path in options.trace:
        began = time.process_time()
        figures = run(load(path), options.seconds, options.seed)
        row = {"trace": path.stem, **figures.as_row(), "cpu_s": round(time.process_time() - began, 2)}
        if options.table:
            _print_row(row, figures)
        else:
            print(json.dumps(row), flush=True)
        if options.series:
            for at, capacity, sent, estimate, lines, queue in figures.series:
                print(
                    f"  t={at:6.1f} capacity={capacity:7.0f} sent={sent:7.0f} estimate={estimate:7.0f} "
                    f"lines={lines:4} queue={queue:5.2f}s"
                )


def _print_row(row: dict[str, object], figures: Figures) -> None:
    print(
        f"{row['trace']!s:14} video {figures.video_stall_pct:5.1f}% audio {figures.audio_stall_pct:5.2f}% "
        f"height {figures.mean_height:4.0f} rung {figures.mean_rung:.2f} "
        f"used {figures.used_kbps:5.0f}/{figures.offered_kbps:5.0f} hd {figures.hd_after_s:4.1f}s "
        f"keys {figures.keyframes:3} pli {figures.plis:2} nacks {figures.nacks:5} drop {figures.dropped_pct:4.1f}% "
        f"corrupt {figures.corrupt} settle {figures.settle_s} edge {figures.live_edge_s} cpu {row['cpu_s']}s",
        flush=True,
    )


if __name__ == "__main__":
    main()
