"""A meeting over a weak link: `python -m bench.meeting_link [--kbps 200] [--loss 2] [--delay 100] [--seconds 60]`.

Three teachers sit beside one plan with cameras and voices. Two are in town; the page of the third, its WebSockets and
its media cross an emulated link of `--kbps` both ways with `--loss` per cent lost and `--delay` ms each way. After half
the time nothing passes for 5 s. All the while the third types a character a second into the plan. Prints one JSON line;
needs root.

    voice_made_up_pct       of the sound that the third's page played before the outage, what the browser had to make up
                            (`concealedSamples` of W3C webrtc-stats, without those in silence)
    voice_missing_s         how much less than the time was played in all, of the voice that had the least
    after_...               the same from 5 s after the link was back
    sound_back_s            from the link's return until a second was played with less than 10 % made up
    picture_back_s          … until a small picture moved again; None: it did not within the run
    tiles_moving_pct        share of samples in which a small picture moved, in the weak time
    unmarked_stills         samples in which a picture had stood still for 3 s, and nothing said so
    darkest                 of the small pictures once they were seen, 0..255
    not_writable            samples in which the plan could not be typed into
    typed, arrived          characters, and how many of them the others had in the end
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from bench import link_clip, link_namespace
from bench.link_cpu import CpuWatch
from bench.link_namespace import TOWN_ADDRESS, EmulatedLink, emulated_link
from bench.meeting_figures import Sample, picture_back_s, picture_figures, sound_back_s, voice_figures
from tests.e2e.browser import LAPTOP, LOG_IN, Screen, chromium, executable
from tests.e2e.school import PASSWORD, eventually, region
from tests.e2e.test_meeting import enter, found_group

OUTAGE_S = 5.0
LINES = 180  # of the cameras: all that a picture beside a plan shows
SETTLE_S = 10.0  # the estimate finds the link
AGAIN_S = 5.0  # after an outage: what was lost in it is made good by then
BUSY = 0.97  # of all cores

PROBE = """
() => {
  if (window.table) return;
  const table = (window.table = []);
  const canvas = new OffscreenCanvas(16, 9);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const light = (element) => {
    if (!element || !(element.videoWidth || element.width)) return null;
    pen.drawImage(element, 0, 0, 16, 9);
    const { data } = pen.getImageData(0, 0, 16, 9);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
    return Math.round(sum / (data.length / 4) / 3);
  };
  const sample = async () => {
    const one = { t: performance.now() / 1000, tiles: {}, voices: {} };
    for (const tile of document.querySelectorAll('[data-slot^=tile]')) {
      const [video, still] = [tile.querySelector('video'), tile.querySelector('canvas')];
      const person = tile.closest('.person');
      one.tiles[tile.dataset.slot] = {
        frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
        lines: video?.videoHeight ?? 0,
        light: still?.offsetParent ? light(still) : light(video),
        note: tile.querySelector('.tile__note')?.textContent ?? '',
      };
    }
    for (const [number, connection] of window.connections.entries()) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp' || report.kind !== 'audio' || !report.packetsReceived) continue;
        const { totalSamplesReceived, concealedSamples, silentConcealedSamples } = report;
        one.voices[`${number}/${report.mid}`] = [totalSamplesReceived, concealedSamples - silentConcealedSamples];
      }
    }
    one.away = document.querySelector('.bar__away')?.textContent ?? '';
    one.link = document.querySelector('.bar .link')?.textContent ?? '';
    one.writable = document.querySelector('.ProseMirror')?.isContentEditable ?? false;
    table.push(one);
  };
  setInterval(() => void sample(), 500);
}
"""


@dataclass(frozen=True)
class Run:
    """What a run was asked to do."""

    kbps: float = 200.0
    loss_pct: float = 2.0
    delay_ms: float = 100.0
    seconds: float = 60.0
    seed: int = 1

    @property
    def gone_s(self) -> float:
        """When the link goes away."""
        return round(self.seconds / 2)

    def trace(self) -> list[dict[str, Any]]:
        """Return the link over time, as bench.link_trace reads it."""
        weak = {"rate_kbps": self.kbps, "delay_ms": self.delay_ms, "loss_pct": self.loss_pct, "queue_kb": 20}
        gone, back = {"rate_kbps": 0}, {"rate_kbps": self.kbps}
        return [
            {"t": 0, "down": weak, "up": weak},
            {"t": self.gone_s, "down": gone, "up": gone},
            {"t": self.gone_s + OUTAGE_S, "down": back, "up": back},
        ]


@dataclass
class Seen:
    """What a run has shown, in seconds since the link became weak."""

    samples: Sequence[Sample]
    typed: str
    arrived: str
    reloads: int
    problems: list[str]
    cpu: CpuWatch = field(default_factory=CpuWatch)


def figures(run: Run, seen: Seen, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the line that a run prints."""
    back = run.gone_s + OUTAGE_S
    made_up, missing = voice_figures(seen.samples, SETTLE_S, run.gone_s)
    after, after_missing = voice_figures(seen.samples, back + AGAIN_S, run.seconds)
    down = [second["delivered"] for second in report["down"]["seconds"][int(SETTLE_S) : int(run.gone_s)]]
    shares = [share for _, share in seen.cpu.busy]
    return {
        "bench": "meeting_link",
        "kbps": run.kbps,
        "loss_pct": run.loss_pct,
        "delay_ms": run.delay_ms,
        "voices": max((len(one["voices"]) for one in seen.samples), default=0),
        "voice_made_up_pct": made_up,
        "voice_missing_s": missing,
        "after_made_up_pct": after,
        "after_missing_s": after_missing,
        "sound_back_s": sound_back_s(seen.samples, back),
        "picture_back_s": picture_back_s(seen.samples, back),
        **picture_figures(seen.samples, (SETTLE_S, run.gone_s)),
        "used_kbps": round(sum(down) * 8 / len(down) / 1e3) if down else None,
        "not_writable": sum(not one["writable"] for one in seen.samples),
        "typed": len(seen.typed),
        "arrived": sum(letter in seen.arrived for letter in seen.typed),
        "reloads": seen.reloads,
        "problems": seen.problems,
        "cpu_full_s": sum(share > BUSY for share in shares),
    }


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass
class Table:
    """Everybody who sits at it: the one behind the link, and those in town."""

    far: Screen
    near: tuple[Screen, Screen]


@contextmanager
def seated(playwright: Playwright, link: EmulatedLink, folder: Path) -> Iterator[Table]:
    """Serve a region in town and let three teachers meet beside a plan, one of them from the village."""
    camera, (voice, _) = link_clip.camera_clip(LINES), link_clip.voice_clip()
    with ExitStack() as open_:
        school = open_.enter_context(region(folder, TOWN_ADDRESS))
        url = school.server.url
        # Cameras need a secure origin; TLS would add its handshakes to every figure.
        flags = [f"--unsafely-treat-insecure-origin-as-secure={url}"]
        town, village = (where.wrap(executable(), folder) for where in (link.town, link.village))
        one = open_.enter_context(chromium(playwright, camera, voice, town, flags))
        two = open_.enter_context(chromium(playwright, camera, voice, village, flags))
        plan = found_group(school)
        lin, ma, he = Screen(one, url, LAPTOP), Screen(one, url, LAPTOP), Screen(two, url, LAPTOP)
        for username, screen in (("lin", lin), ("ma", ma), ("he", he)):
            screen.page.goto("/login")
            assert screen.page.evaluate(LOG_IN, {"username": username, "password": PASSWORD}) < 300
            screen.page.goto(f"/plans/{plan}")
            screen.page.click("[data-tab=meeting]")
            screen.page.click("[data-meet-now]" if screen is lin else "[data-meeting] button")
            enter(screen)
        yield Table(he, (lin, ma))


def _letters() -> Iterator[str]:
    """Yield characters that stand nowhere else in the plan, each once."""
    yield from (chr(code) for code in range(0x3400, 0x4DBF))  # CJK Extension A


def watch(table: Table, link: EmulatedLink, run: Run) -> Seen:
    """Let the link be weak, go, and come back, while the one behind it types."""
    page, loads, cpu = table.far.page, list[str](), CpuWatch()
    for slot in ("tile0", "tile1"):
        table.far.frames(f"[data-slot={slot}] video", want=3)
    table.far.hears()
    page.on("domcontentloaded", lambda loaded: loads.append(loaded.url))
    page.evaluate(f"({PROBE})()")
    page.click(".ProseMirror p")
    began = link.start()
    offset = time.monotonic() - float(page.evaluate("performance.now() / 1000")) - began
    typed = ""
    for letter in _letters():
        now = time.monotonic() - began
        if now >= run.seconds:
            break
        page.keyboard.insert_text(letter)
        typed += letter
        cpu.sample(now)
        time.sleep(max(0.0, min(1.0, began + run.seconds - time.monotonic())))
    samples = [{**one, "t": one["t"] + offset} for one in page.evaluate("window.table")]
    text = "document.querySelector('.ProseMirror').textContent"
    other = table.near[0].page
    eventually("the others have the last letter", lambda: typed[-1] in str(other.evaluate(text)), 20)
    return Seen(samples, typed, str(other.evaluate(text)), len(loads), list(table.far.problems), cpu)


def measure(run: Run) -> dict[str, Any]:
    """Run it and return its figures.

    Raises:
        OSError: no link can be made here.
    """
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="tongtang-meeting-")))
        trace = folder / "link.json"
        trace.write_text(json.dumps(run.trace()))
        link = open_.enter_context(emulated_link(trace, run.seed))
        with link.town.inside(), sync_playwright() as playwright, seated(playwright, link, folder) as table:
            seen = watch(table, link, run)
    return figures(run, seen, link.report)


def main() -> int:
    """Measure and print; 2: it cannot run here."""
    parser = argparse.ArgumentParser(description="a meeting over a weak link, with real browsers")
    for name, kept in (("kbps", 200.0), ("loss", 2.0), ("delay", 100.0), ("seconds", 60.0)):
        parser.add_argument(f"--{name}", type=float, default=kept)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave every block, so that nothing is left behind
    reason = link_namespace.missing()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    run = Run(given.kbps, given.loss, given.delay, given.seconds, given.seed)
    print(json.dumps(measure(run), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
