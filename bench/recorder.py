"""What recording costs, and what a crash costs: `python -m bench.recorder [--minutes 45] [--realtime 20] [--kills 20]`.

- `--minutes` of lesson (720p at 1.2 Mbit/s and its middle layer at 300 kbit/s of VP8, Opus, a page a minute) go through
  the real session and folder in virtual time; then the real finaliser process makes its resource: `ready_s` after the
  lesson's end, and CPU.
- `--realtime` seconds at the pace of a lesson through a real recorder process: what waking up for few packets at a time
  costs. `cpu_s_per_hour` is the dearer live cost plus finalising.
- `--kills`: a real recorder process is killed (SIGKILL) at random moments while a lesson goes on, and started again on
  the same folder: `lost_s` is the most that a kill took, of pictures or of sound. Then the whole is finalised and
  decoded: what cannot be read is counted, and whether the journal's chain is intact.

Prints one JSON line. Wall times mean something on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import av

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from bench.recorder_virtual import START_NS, Finalised, VirtualRecorder, finalise
from recorder.control import NamePeer, StartRecording
from recorder.ebml import PartReader
from recorder.folder import JOURNAL
from recorder.journal import read_journal

HIGH_BPS, MIDDLE_BPS = 1_200_000, 300_000
CLIP_S = 12.0
CHUNK_S = 0.2
STEP_S = 0.04
_TICKS = os.sysconf("SC_CLK_TCK")


class Kills(NamedTuple):
    """What kills took."""

    lost_video_s: float
    lost_audio_s: float
    unreadable: int
    is_intact: bool


def taught(folder: Path, clips: tuple[Clip, Clip], seconds: float) -> float:
    """Record a lesson in virtual time; return the recorder's CPU seconds."""
    with VirtualRecorder(folder) as recorder:
        recorder.name("teacher", "lecturer")
        recorder.event(1, 0.0, kind="lead_changed", peer="teacher")
        high = Stream(clips[0], layer="f")
        middle = Stream(clips[1], layer="h", first_track=5, with_sound=False, stamp0=77)
        recorder.feed(high.opening() + middle.opening())
        done_s = 0.0
        while done_s < seconds:
            if int(done_s) % 60 == 0 and int(done_s) // 60 + 2 > recorder.session.last_event_seq:
                page = int(done_s) // 60 + 1
                recorder.event(page + 1, done_s, kind="page_turned", page=page, title=f"第 {page} 页")
            done_s = min(seconds, done_s + CHUNK_S)
            recorder.feed(high.until(done_s, START_NS) + middle.until(done_s, START_NS))
    return recorder.cpu_s


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _begin(scratch: Path, folder: Path) -> RecorderProcess:
    recorder = RecorderProcess(scratch)
    recorder.send(StartRecording("bench", "room", "光的折射", str(folder)))
    recorder.wait_for_state("recording")
    recorder.send(NamePeer("bench", "teacher", "lecturer", "林", "实验小学"))
    return recorder


def _teach(recorder: RecorderProcess, clip: Clip, seconds: float) -> float:
    """Send a lesson at its pace for `seconds`; return how much was sent."""
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening())
    begin_ns = time.monotonic_ns()
    done_s = 0.0
    while done_s < seconds:
        done_s += STEP_S
        tap.sendall(stream.until(done_s, begin_ns))
        time.sleep(max(0.0, done_s - (time.monotonic_ns() - begin_ns) / 1e9))
    return done_s


def paced(scratch: Path, clip: Clip, seconds: float) -> float:
    """Return the CPU seconds that a real recorder takes for an hour at a lesson's pace."""
    recorder = _begin(scratch, scratch / "paced")
    idle_s = _cpu_s(recorder.process.pid)
    sent_s = _teach(recorder, clip, seconds)
    used_s = _cpu_s(recorder.process.pid) - idle_s
    recorder.end()
    return used_s * 3600 / sent_s


def kept_s(folder: Path, source: str) -> float:
    """Return how much of a source's time lies in its parts."""
    total_ms = 0
    for path in folder.glob(f"tracks/{source}*/*"):
        reader = PartReader(path)
        total_ms += max((block.ms for block in reader.blocks()), default=0)
        reader.close()
    return total_ms / 1000


def killed(scratch: Path, clip: Clip, kills: int) -> Kills:
    """Kill a recorder at random moments of one lesson and say what that took."""
    folder = scratch / "killed"
    chance = random.Random(20)
    lost = {"camera": 0.0, "mic": 0.0}
    for _ in range(kills):
        before = {source: kept_s(folder, source) for source in lost}
        recorder = _begin(scratch, folder)
        sent_s = _teach(recorder, clip, 1.0 + 2.5 * chance.random())
        recorder.kill()
        for source in lost:
            lost[source] = max(lost[source], sent_s - (kept_s(folder, source) - before[source]))
    finalise(folder)
    unreadable = sum(not _is_readable(path) for path in [*folder.glob("tracks/*/*"), folder / "lecturer.webm"])
    return Kills(lost["camera"], lost["mic"], unreadable, read_journal(folder / JOURNAL).is_intact)


def _is_readable(path: Path) -> bool:
    """Return whether all of a file decodes."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(container.streams.get())) > 0
    except av.FFmpegError:
        return False


def _report(options: argparse.Namespace, live_s: float, lesson: Finalised, paced_s: float, kills: Kills) -> None:
    per_hour = 3600 / (lesson.duration_ms / 1000)
    live = max(live_s * per_hour, paced_s)
    line = {
        "bench": "recorder",
        "cpu_s_per_hour": round(live + lesson.cpu_s * per_hour, 1),
        "live_cpu_s_per_hour": round(live, 1),
        "packets_cpu_s_per_hour": round(live_s * per_hour, 1),
        "finalise_cpu_s_per_hour": round(lesson.cpu_s * per_hour, 1),
        "ready_s": round(lesson.wall_s, 2),
        "finalise_cpu_s": round(lesson.cpu_s, 2),
        "lost_s": round(max(kills.lost_video_s, kills.lost_audio_s), 2),
        "lost_video_s": round(kills.lost_video_s, 2),
        "lost_audio_s": round(kills.lost_audio_s, 2),
        "unreadable": kills.unreadable,
        "chain_intact": kills.is_intact,
        "kills": options.kills,
        "minutes": options.minutes,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.recorder")
    parser.add_argument("--minutes", type=float, default=45.0)
    parser.add_argument("--realtime", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    high, middle = make_clip(CLIP_S, HIGH_BPS), make_clip(CLIP_S, MIDDLE_BPS, 640, 360)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        live_s = taught(scratch / "lesson", (high, middle), options.minutes * 60)
        lesson = finalise(scratch / "lesson")
        paced_s = paced(scratch, high, options.realtime)
        kills = killed(scratch, middle, options.kills)
    _report(options, live_s, lesson, paced_s, kills)


if __name__ == "__main__":
    main()
