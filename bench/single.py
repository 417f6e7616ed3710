"""`light.html` of a lesson of an hour, built once and opened: `python -m bench.single [--minutes 60]`.

40 pages, 2,000 strokes and an hour of voice in one file. It is built as the server sends it and opened over file:// in
Chromium and in Firefox: `*_ready_s` from asking for the page until the voice can be played, `*_sound_s` until it plays,
`*_seek_s` from a leap to its last quarter until it plays there. `chromium_heap_bytes` is what the page's scripts hold
then. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import sync_playwright

from bench.finished_lesson import write_lesson
from server.library.packs.contents import Lesson
from server.library.packs.single import MAX_BYTES, single_file
from server.web_build import DIST
from tests.e2e.browser import LAPTOP, chromium
from tests.e2e.firefox import firefox
from tests.e2e.pack_page import PLAYED, READY, START
from tests.e2e.school import eventually

STROKES, PAGES = 2_000, 40
WAIT_S = 120.0
_LEAP = """
(() => {
  const bar = document.querySelector('.seek__input');
  bar.value = String(Number(bar.max) * 0.75);
  bar.dispatchEvent(new Event('input', { bubbles: true }));
  return Number(bar.max) * 0.75 / 1000;
})()
"""


def built(folder: Path, minutes: float) -> tuple[Path, dict[str, Any]]:
    """Write the lesson and its single file; return the file."""
    write_lesson(folder / "lesson", round(minutes * 60), STROKES, PAGES, has_picture=False)
    resource = msgspec.json.decode((folder / "lesson" / "resource.json").read_bytes())
    events = msgspec.json.decode((folder / "lesson" / "events.json").read_bytes())
    begun = time.perf_counter()
    made = single_file(Lesson("bench", 1, folder / "lesson", resource, events, {}), DIST / "player")
    file = folder / "light.html"
    with file.open("wb") as out:
        for piece in made.read():
            out.write(piece)
    assert file.stat().st_size == made.size <= MAX_BYTES, "phones open it"
    return file, {"bytes": made.size, "build_s": round(time.perf_counter() - begun, 2)}


def opened(name: str, go: Callable[[], object], run: Callable[[str], Any]) -> dict[str, float]:
    """Open the page, play, leap; return how long each took."""
    begun = time.monotonic()
    go()
    eventually(f"{name} is ready", lambda: bool(run(READY)), WAIT_S, 0.02)
    ready_s = time.monotonic() - begun
    run(START)
    eventually(f"{name} plays", lambda: float(run(PLAYED)) > 0.1, WAIT_S, 0.02)
    sound_s = time.monotonic() - begun
    begun = time.monotonic()
    to_s = float(run(_LEAP))
    eventually(f"{name} plays there", lambda: float(run(PLAYED)) > to_s + 0.1, WAIT_S, 0.02)
    times = {"ready": ready_s, "sound": sound_s, "seek": time.monotonic() - begun}
    return {f"{name}_{what}_s": round(value, 2) for what, value in times.items()}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.single")
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        file, figures = built(Path(name), options.minutes)
        with sync_playwright() as playwright, chromium(playwright) as browser:
            page = browser.new_page(viewport={"width": LAPTOP["width"], "height": LAPTOP["height"]})
            figures |= opened("chromium", lambda: page.goto(file.as_uri()), page.evaluate)
            figures["chromium_heap_bytes"] = page.evaluate("performance.memory.usedJSHeapSize")
        with firefox(Path(name)) as other:
            figures |= opened("firefox", lambda: other.open(file.as_uri()), other.run)
    print(json.dumps({"bench": "single", "minutes": options.minutes, **figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
