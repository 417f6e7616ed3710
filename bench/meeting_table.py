"""Twelve people at one table: `python -m bench.meeting_table [--people 12] [--kbps 300] [--seconds 40]`.

All but one are bots in town with cameras and voices, who speak in turns; the last is a real Chromium behind an emulated
link that is wide for the first half of the time, and of `--kbps` both ways for the second. Prints one JSON line; needs
root. What the page showed and played is counted as in `bench.meeting_link`.

    tiles, moving           small pictures on the page, and how many moved within 2 s, in the wide half
    spoken                  how many people the page marked as speaking at some time
    worker_cpu_pct          of one core, of the media worker; server_cpu_pct: of the server's own process
    weak_...                the same, and the sound, in the narrow half
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from bench import link_clip, link_namespace
from bench.link_cpu import CpuWatch
from bench.link_namespace import ROOT, TOWN_ADDRESS, EmulatedLink, emulated_link
from bench.meeting_figures import Sample, picture_figures, voice_figures
from bench.meeting_link import BUSY, LINES, PROBE, SETTLE_S
from signaling.slots import MAX_TILES
from tests.e2e.browser import LAPTOP, LOG_IN, Screen, chromium, executable
from tests.e2e.school import PASSWORD, Person, Region, eventually, region
from tests.e2e.test_meeting import enter

DELAY_MS = 40.0  # each way
COME_S = 60.0  # for eleven to come in, on a busy machine
GROUP = {"kind": "jiaoyanzu", "name": "云岭小学科学教研组", "subject": "科学", "stage": "小学"}
_TICKS_HZ = os.sysconf("SC_CLK_TCK")
_SEEN = "document.querySelectorAll('.person [data-slot^=tile]').length"
_SPEAKING = "[...document.querySelectorAll('[data-speaks=true]')].map((one) => one.dataset.person)"


@dataclass(frozen=True)
class Run:
    """What a run was asked to do."""

    people: int
    kbps: float
    seconds: float
    tiles: int  # that each bot asks for
    shot: str  # the name of the pictures that are kept; empty: none


def gather(school: Region, people: int) -> tuple[list[str], str]:
    """Make a group of so many teachers and one meeting of them; return their user names, and the meeting."""
    names = [f"t{number:02}" for number in range(1, people - 1)]
    for name in names:
        school.add_teacher(name, f"{name}老师", school.rooms[0]["school"]["id"])
    group = school.lecturer.post("/api/groups", GROUP)["group"]["id"]
    for name in ("he", *names):
        teacher = Person(school.server.url, name)
        me = teacher.get("/api/hello")["me"]["id"]
        invited = school.lecturer.post(f"/api/groups/{group}/invitations", {"person_id": me, "role": "member"})
        invitation = next(one["id"] for one in invited["invitations"] if one["person"]["id"] == me)
        teacher.post_empty(f"/api/invitations/{invitation}/accept")
        teacher.close()
    meeting = school.lecturer.post(
        "/api/meetings", {"title": "联席会议", "kind": "joint", "group_id": group, "minutes": 60}
    )
    return ["he", *names], str(meeting["id"])


@contextmanager
def bots(school: Region, meeting: str, names: Sequence[str], tiles: int) -> Iterator[None]:
    """Let bots sit at the table inside the block."""
    command = [sys.executable, "-m", "bench.meeting_people", "--server", school.server.url, "--room", meeting]
    command += ["--tiles", str(tiles)]
    process = subprocess.Popen([*command, *names], cwd=ROOT, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_HZ


def watch(screen: Screen, school: Region, seconds: float) -> dict[str, Any]:
    """Watch for so long, second by second; return what was seen and what it cost."""
    pids = {"worker": school.server.child("media"), "server": school.server.pid}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    cpu, began = CpuWatch(), time.monotonic()
    spoke: list[str] = []
    while (now := time.monotonic() - began) < seconds:
        time.sleep(min(0.5, seconds - now + 0.01))
        cpu.sample(now)
        spoke += screen.page.evaluate(_SPEAKING)
    elapsed = time.monotonic() - began
    costs = {f"{name}_cpu_pct": round(100 * (cpu_s(pid) - before[name]) / elapsed) for name, pid in pids.items()}
    return {**costs, "spoken": len(set(spoke)), "cpu_full_s": sum(share > BUSY for _, share in cpu.busy) / 2}


def moving(samples: Sequence[Sample]) -> dict[str, int]:
    """Return how many small pictures there are in the last sample, and how many of them moved in the last 2 s."""
    last, before = samples[-1]["tiles"], samples[max(0, len(samples) - 5)]["tiles"]
    moved = [slot for slot, tile in last.items() if slot in before and tile["frames"] > before[slot]["frames"]]
    return {
        "tiles": len(last),
        "moving": len(moved),
        "lines": max((tile["lines"] for tile in last.values()), default=0),
    }


def _take(screen: Screen) -> list[Sample]:
    samples: list[Sample] = screen.page.evaluate("window.table.splice(0)")
    return samples


def _figures(screen: Screen, school: Region, run: Run, half: str) -> dict[str, Any]:
    seconds = run.seconds / 2
    seen = watch(screen, school, seconds)
    if run.shot:
        screen.shoot(f"{run.shot}-{half}")
    samples = _take(screen)
    begin, end = samples[0]["t"] + min(SETTLE_S, seconds / 2), samples[-1]["t"]
    made_up, missing = voice_figures(samples, begin, end)
    kept = picture_figures([one for one in samples if one["t"] >= begin], (begin, end))
    sound = {"voices": len(samples[-1]["voices"]), "voice_made_up_pct": made_up, "voice_missing_s": missing}
    return {**moving(samples), **sound, "unmarked_stills": kept["unmarked_stills"], "darkest": kept["darkest"], **seen}


def measure(run: Run) -> dict[str, Any]:
    """Run it and return its figures.

    Raises:
        OSError: no link can be made here.
    """
    weak = {"rate_kbps": run.kbps, "delay_ms": DELAY_MS, "queue_kb": 30}
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="tongtang-table-")))
        trace = folder / "link.json"
        trace.write_text(json.dumps([{"t": 0, "down": weak, "up": weak}]))
        link = open_.enter_context(emulated_link(trace))
        with link.town.inside(), sync_playwright() as playwright, region(folder, TOWN_ADDRESS) as school:
            return _meet(link, school, playwright, run, folder)


def _meet(link: EmulatedLink, school: Region, playwright: Playwright, run: Run, folder: Path) -> dict[str, Any]:
    names, meeting = gather(school, run.people)
    flags = [f"--unsafely-treat-insecure-origin-as-secure={school.server.url}"]
    camera, voice = link_clip.camera_clip(LINES), link_clip.voice_clip()[0]
    with chromium(playwright, camera, voice, link.village.wrap(executable(), folder), flags) as browser:
        screen = Screen(browser, school.server.url, LAPTOP)
        screen.page.goto("/login")
        assert screen.page.evaluate(LOG_IN, {"username": "lin", "password": PASSWORD}) < 300
        screen.page.goto(f"/meetings/{meeting}")
        enter(screen)
        with bots(school, meeting, names, run.tiles):
            want = min(run.people - 1, MAX_TILES)
            eventually("everybody is seen", lambda: screen.page.evaluate(_SEEN) >= want, COME_S)
            screen.page.evaluate(f"({PROBE})()")
            wide = _figures(screen, school, run, "wide")
            link.start()
            weak = _figures(screen, school, run, "weak")
    return {**wide, **{f"weak_{name}": value for name, value in weak.items()}, "problems": screen.problems}


def main() -> int:
    """Measure and print; 2: it cannot run here."""
    parser = argparse.ArgumentParser(description="many people at one table, with bots and a real browser")
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--kbps", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--tiles", type=int, default=3, help="small pictures that each bot asks for and decodes")
    parser.add_argument("--shot", default="", help="keep pictures of the page by this name")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave every block, so that nothing is left behind
    reason = link_namespace.missing()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    run = Run(given.people, given.kbps, given.seconds, given.tiles, given.shot)
    told = {"bench": "meeting_table", "people": run.people, "kbps": run.kbps, "bot_tiles": run.tiles}
    print(json.dumps({**told, **measure(run)}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
