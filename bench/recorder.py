"""CPU that recording costs: `python -m bench.recorder [--minutes 10] [--realtime 20]`.

A real recorder process records 1.2 Mbit/s of VP8 at 720p and Opus from a real tap and finalises it. Two runs:
`--minutes` of lesson pushed through as fast as the recorder takes them (what the packets and finalising cost), and
`--realtime` seconds at the pace of a lesson (what waking up for few packets at a time costs). The figure is the dearer
live cost plus finalising, for an hour. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from recorder.control import StartRecording, StopRecording

BPS = 1_200_000
CLIP_S = 12.0
_TICKS = os.sysconf("SC_CLK_TCK")


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, all threads, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _record(scratch: Path, clip: Clip, seconds: float, *, is_paced: bool) -> dict[str, float]:
    """Record and finalise `seconds`; return CPU seconds of the live part and of all, and how long it took."""
    recorder = RecorderProcess(scratch)
    pid = recorder.process.pid
    folder = scratch / f"lesson-{pid}"
    recorder.send(StartRecording("bench", "room", "一节课", str(folder)))
    recorder.wait_for_state("recording")
    idle_s = _cpu_s(pid)
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening())
    start_ns = time.monotonic_ns()
    done_s = 0.0
    while done_s < seconds:
        done_s = min(seconds, done_s + 0.04)
        tap.sendall(stream.until(done_s, start_ns))
        if is_paced:
            time.sleep(max(0.0, done_s - (time.monotonic_ns() - start_ns) / 1e9))
    tap.sendall(stream.closing())
    time.sleep(1.0)  # the recorder takes its last packets
    live_s = _cpu_s(pid) - idle_s
    stopped = time.monotonic()
    recorder.send(StopRecording("bench"))
    ready = recorder.wait_for_state("ready", 600)
    ready_s = time.monotonic() - stopped
    all_s = _cpu_s(pid) - idle_s
    tap.close()
    recorder.end()
    return {"live_s": live_s, "finalise_s": all_s - live_s, "ready_s": ready_s, "media_s": ready.duration_ms / 1000,
            "bytes": ready.renditions[0].bytes}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.recorder")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--realtime", type=float, default=20.0)
    options = parser.parse_args()
    clip = make_clip(CLIP_S, BPS)
    with tempfile.TemporaryDirectory() as scratch:
        fast = _record(Path(scratch), clip, options.minutes * 60, is_paced=False)
        paced = _record(Path(scratch), clip, options.realtime, is_paced=True)
    per_hour = 3600 / fast["media_s"]
    live = max(fast["live_s"] * per_hour, paced["live_s"] * 3600 / paced["media_s"])
    print(
        json.dumps(
            {
                "bench": "recorder",
                "cpu_s_per_hour": round(live + fast["finalise_s"] * per_hour, 1),
                "live_cpu_s_per_hour": round(live, 1),
                "packets_cpu_s_per_hour": round(fast["live_s"] * per_hour, 1),
                "finalise_cpu_s_per_hour": round(fast["finalise_s"] * per_hour, 1),
                "ready_s": round(fast["ready_s"], 2),
                "minutes": options.minutes,
                "kbps": round(fast["bytes"] * 8 / fast["media_s"] / 1000),
                "rss_peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
            }
        )
    )


if __name__ == "__main__":
    main()
