"""A lesson over a weak link: `python -m bench.weaklink --trace FILE [--baseline] [--seconds N] [--picture OUT.svg]`.

A real Chromium teaches through the lecturer's page, with a clip and a voice from fake devices. A real Chromium in a
network namespace watches as a paired classroom: its pages, its WebSocket and its media all cross an emulated link that
follows the trace. The trace begins when the classroom opens the lesson; the program of the page is in its cache by
then, as on any day but the first. Prints one JSON line; needs root. What the figures mean: `docs/weaklink.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as BrowserError, Playwright, sync_playwright

from bench import link_clip, link_namespace
from bench.link_baseline import BASELINE_BPS, fix_one_layer, fixed_rate
from bench.link_cpu import CpuWatch, cpu_figures
from bench.link_figures import (
    Frame,
    audio_figures,
    link_figures,
    outage_figures,
    return_figures,
    rung_figures,
    settle_figures,
    video_figures,
)
from bench.link_namespace import TOWN_ADDRESS, EmulatedLink, emulated_link
from bench.link_picture import draw
from bench.link_trace import Trace, read_trace
from bench.link_tune import dipping_link, tune
from bench.link_viewer import Probe
from tests.e2e.browser import Screen, chromium, executable
from tests.e2e.school import PASSWORD, Region, eventually, region

WINDOW = {"width": 1280, "height": 720}  # a wall of 720 lines: the full layer is asked for, and drawn without a GPU
ROOM_LINES = 360  # of the classroom's own camera
PULL_S = 5.0
CALL_ON_S = 8.0  # the classroom has come in
DEFAULT_S = 120.0
TUNE_S = 60.0
LATE_LIMIT_MS = 5.0


@dataclass
class Run:
    """What a run was asked to do."""

    trace: Trace
    path: Path
    seconds: float
    is_baseline: bool
    seed: int
    warm_s: float = 12.0  # the lecturer's encoder reaches its full layer
    packets: Path | None = None  # where the head of each RTP packet is written
    camera_lines: int = 720  # of the lecturer's camera
    calls_on: bool = False  # the lecturer calls on the classroom: its own sound and picture go to everybody


@dataclass
class Stage:
    """Everybody who takes part."""

    link: EmulatedLink
    school: Region
    lesson: str
    lecturer: Screen
    teaching: Probe
    viewer: Screen
    watching: Probe


@contextmanager
def _staged(run: Run, playwright: Playwright, link: EmulatedLink, folder: Path) -> Iterator[Stage]:
    """Serve a region in town and open both browsers, the classroom's in the village."""
    voice, _ = link_clip.voice_clip()
    with ExitStack() as open_:
        with fixed_rate(run.is_baseline):
            school = open_.enter_context(region(folder, TOWN_ADDRESS))
        # Cameras need a secure origin; TLS would add its handshakes to every figure.
        flags = [f"--unsafely-treat-insecure-origin-as-secure={school.server.url}"]
        town = link.town.wrap(executable(), folder)
        village = link.village.wrap(executable(), folder)
        one = open_.enter_context(chromium(playwright, link_clip.camera_clip(run.camera_lines), voice, town, flags))
        room = link_clip.camera_clip(ROOM_LINES)
        two = open_.enter_context(chromium(playwright, room, voice, village, flags))
        lecturer, viewer = Screen(one, school.server.url, WINDOW), Screen(two, school.server.url, WINDOW)
        teaching, watching = Probe(lecturer.page), Probe(viewer.page)
        lesson = school.plan_lesson(rooms=1, has_pages=False)  # the picture is what is measured: it has the whole wall
        yield Stage(link, school, lesson, lecturer, teaching, viewer, watching)


def _begin(stage: Stage, run: Run) -> None:
    """Let the lesson be taught, and the classroom's screen be ready to open it."""
    page = stage.viewer.page
    page.goto("/screen")
    code = eventually("the screen has a code", lambda: _code(stage.viewer), 20)
    stage.school.pair(code, 0)
    page.goto("/lesson/none/classroom")  # the wall's program comes into the cache
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")
    stage.watching.install()
    stage.teaching.install()
    if run.is_baseline:
        fix_one_layer(stage.lecturer.page)
    stage.lecturer.log_in("lin", PASSWORD)
    stage.lecturer.page.goto(f"/lesson/{stage.lesson}/lecturer")
    stage.lecturer.page.click("[data-act=start]")
    stage.lecturer.page.wait_for_selector("[data-act=end]")
    time.sleep(run.warm_s)
    stage.teaching.take()
    stage.teaching.forget()


def _code(screen: Screen) -> str | None:
    answer = screen.page.request.get("/api/devices/me")
    return str(answer.json()["code"]) if answer.ok else None


@dataclass
class Seen:
    """What a run has shown, in seconds since the trace began."""

    frames: list[Frame]
    samples: list[dict[str, Any]]
    teaching: list[dict[str, Any]]
    cpu: CpuWatch
    reloads: int


def _watch(stage: Stage, seconds: float, calls_on: bool) -> Seen:
    """Let the trace run and the classroom watch."""
    loads: list[str] = []
    page = stage.viewer.page
    page.on("domcontentloaded", lambda loaded: loads.append(loaded.url))
    cpu = CpuWatch()
    began = stage.link.start()
    with contextlib.suppress(BrowserError):  # on a link that never passes anything: the figures will say so
        page.goto(f"/lesson/{stage.lesson}/classroom", wait_until="commit", timeout=seconds * 1000)
    last_pull = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        time.sleep(min(1.0, began + seconds - now))
        cpu.sample(time.monotonic() - began)
        if calls_on and now - began > CALL_ON_S:
            calls_on = False
            with contextlib.suppress(BrowserError):  # it is not there yet, or its link is away
                stage.lecturer.page.locator("[data-act=call-on]").first.click(timeout=1000)
        if now - last_pull > PULL_S:
            last_pull = now
            stage.watching.take()
    stage.watching.take()
    stage.teaching.take()
    frames = [Frame(t - began, height, stamp) for t, height, stamp in stage.watching.frames]
    return Seen(
        [frame for frame in frames if 0 <= frame.t <= seconds],
        [{**one, "t": one["t"] - began} for one in stage.watching.samples],
        [{**one, "t": one["t"] - began} for one in stage.teaching.samples],
        cpu,
        max(len(loads) - 1, 0),
    )


def measure(run: Run) -> tuple[dict[str, Any], Seen, dict[str, Any]]:
    """Run it and return the figures, what was seen, and the link's report.

    Raises:
        OSError: no link can be made here.
    """
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="tongtang-weaklink-")))
        link = open_.enter_context(emulated_link(run.path, run.seed, run.packets))
        with link.town.inside(), sync_playwright() as playwright, _staged(run, playwright, link, folder) as stage:
            _begin(stage, run)
            seen = _watch(stage, run.seconds, run.calls_on)
    return figures(run, seen, link.report), seen, link.report


def figures(run: Run, seen: Seen, report: dict[str, Any]) -> dict[str, Any]:
    """Return the line that a run prints."""
    seconds, trace = run.seconds, run.trace
    first = seen.frames[0].t if seen.frames else 0.0
    found: dict[str, Any] = {
        "bench": "weaklink",
        "trace": trace.name,
        "baseline": run.is_baseline,
        "seconds": round(seconds, 1),
        "speech": link_clip.voice_clip()[1],
        **video_figures(seen.frames, seconds),
        **audio_figures(seen.samples, first, seconds),
        **rung_figures(seen.samples, seconds),
        **return_figures(seen.teaching, seconds),
        **link_figures(trace, report, seconds),
        "outages": outage_figures(trace, seen.frames, seconds),
        "steps": settle_figures(trace, seen.frames, seconds),
        "share_under_60_kbps": round(trace.share_under(60e3, seconds), 3),
        "share_under_32_kbps": round(trace.share_under(32e3, seconds), 3),
        "reloads": seen.reloads,
        "darkest": min((one["light"] for one in seen.samples if one["t"] > first + 1), default=None),
        **cpu_figures(seen.cpu, seen.samples, seen.teaching),
    }
    if run.is_baseline:
        found["baseline_kbps"] = BASELINE_BPS / 1e3
    found["rejected"] = found["link_late_p99_ms"] > LATE_LIMIT_MS
    return found


def _frames_of(samples: Path | None) -> list[Frame] | None:
    """Return the frames of another run, by what it kept beside its picture."""
    if samples is None:
        return None
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    return [Frame(row["t"], row["height"], None) for row in rows if row["who"] == "frame"]


def _write(
    run: Run, found: dict[str, Any], seen: Seen, report: dict[str, Any], picture: Path, beside: Path | None
) -> None:
    """Draw the run, and keep what it is drawn from beside it."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(draw(run.trace, found, seen.frames, seen.samples, report, _frames_of(beside)))
    with picture.with_suffix(".jsonl").open("w") as file:
        for sample in seen.samples:
            file.write(json.dumps({"who": "classroom", **sample}, ensure_ascii=False) + "\n")
        for sample in seen.teaching:
            file.write(json.dumps({"who": "lecturer", **sample}, ensure_ascii=False) + "\n")
        for second, down in enumerate(report["down"]["seconds"]):
            file.write(json.dumps({"who": "link", "t": second, "down": down}) + "\n")
        for frame in seen.frames:
            file.write(
                json.dumps({"who": "frame", "t": round(frame.t, 3), "height": frame.height, "rtp": frame.timestamp})
                + "\n"
            )


def _tune(file: Path, target_pct: float, seed: int, warm_s: float) -> tuple[float, float]:
    """Write the link on which a fixed push stalls for about `target_pct` of a minute; return its dips and the stall."""

    def stall_pct(dip_s: float) -> float:
        file.write_text(json.dumps(dipping_link(dip_s, TUNE_S), indent=1))
        found, _, _ = measure(Run(read_trace(file), file, TUNE_S, True, seed, warm_s))
        print(json.dumps({"dip_s": dip_s, "video_stall_pct": found["video_stall_pct"]}), file=sys.stderr)
        return float(found["video_stall_pct"])

    dip_s, stall = tune(stall_pct, target_pct)
    file.write_text(json.dumps(dipping_link(dip_s, DEFAULT_S), indent=1))
    return dip_s, stall


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="a lesson over a weak link, with real browsers")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--trace", type=Path, help="a link over time, see bench/traces")
    what.add_argument("--tune", type=Path, metavar="FILE", help="find a link that stalls a fixed push, write its trace")
    parser.add_argument("--target", type=float, default=28.0, help="of --tune, per cent")
    parser.add_argument("--baseline", action="store_true", help="one fixed layer, adaptation off")
    parser.add_argument("--seconds", type=float, help="how long; as long as the trace without it")
    parser.add_argument("--picture", type=Path, help="an SVG of the run; samples go into a .jsonl beside it")
    parser.add_argument("--beside", type=Path, metavar="JSONL", help="draw the stalls of that run below: a baseline's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--camera", type=int, default=720, metavar="LINES", help="of the lecturer's camera")
    parser.add_argument("--call-on", action="store_true", help="let the classroom speak: for links with a weak way up")
    parser.add_argument("--packets", type=Path, help="write the head of each RTP packet that enters the link")
    parser.add_argument("--warm", type=float, default=12.0, help="seconds of teaching before the trace begins")
    return parser.parse_args()


def main() -> int:
    """Measure and print; 2: it cannot run here, 3: the link's process was too late to be believed."""
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave every block, so that nothing is left behind
    reason = link_namespace.missing()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    if given.tune is not None:
        dip_s, stall = _tune(given.tune, given.target, given.seed, given.warm)
        print(json.dumps({"bench": "weaklink tune", "dip_s": dip_s, "fixed_push_stall_pct": stall}))
        return 0
    trace = read_trace(given.trace)
    seconds = given.seconds or (round(trace.ends_s) if trace.ends_s >= 10 else DEFAULT_S)
    run = Run(
        trace, given.trace, seconds, given.baseline, given.seed, given.warm, given.packets, given.camera, given.call_on
    )
    found, seen, report = measure(run)
    if given.picture is not None:
        _write(run, found, seen, report, given.picture, given.beside)
    print(json.dumps(found, ensure_ascii=False))
    return 3 if found["rejected"] else 0


if __name__ == "__main__":
    sys.exit(main())
