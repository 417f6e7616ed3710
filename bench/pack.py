"""A lesson's pack on a bad night: `python -m bench.pack [--cuts 20] [--seed 1]`.

A deck of 40 pages of text is uploaded, converted by the real converter and given to a lesson. A paired classroom's
screen, a real Chromium with its profile on the disk, fetches the pack over a line that is cut at random bytes: some
cuts just cut, after some the page is closed and opened again, some kill the browser with SIGKILL as a power cut does.
After each cut, with the line still down, the bench reads what the browser has stored; what is asked for again of that
is `refetched_bytes`. At the end every file in the browser is compared with the server's. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Error as BrowserError, Page, Playwright, sync_playwright

from bench.cut_line import CutLine
from bench.text_deck import text_deck
from tests.e2e.browser import executable
from tests.e2e.school import Region, eventually, region

PAGES = 40
LIMIT_BYTES = 4_000_000
CUT_WAIT_S, READY_WAIT_S, DOWN_S = 60.0, 120.0, 0.6
COOKIE_S = 35.0  # Chromium writes cookies to the disk every 30 s: that it is paired, on any day but the first
WAYS = ("cut", "cut", "reload", "cut", "kill")  # how the cuts go, in turn
_STORED = """
() => new Promise((done) => {
  const asked = indexedDB.open('tongtang-packs', 1);
  asked.onupgradeneeded = () => asked.transaction.abort();
  asked.onerror = () => done({});
  asked.onsuccess = () => {
    const found = {};
    const base = asked.result.transaction(['files', 'slices']);
    base.objectStore('slices').openCursor().onsuccess = (event) => {
      const at = event.target.result;
      if (!at) return;
      found[at.value.sha256] = Math.max(found[at.value.sha256] || 0, at.value.offset + at.value.data.byteLength);
      at.continue();
    };
    base.objectStore('files').openCursor().onsuccess = (event) => {
      const at = event.target.result;
      if (!at) return;
      found[at.value.sha256] = at.value.blob.size;
      at.continue();
    };
    base.oncomplete = () => { asked.result.close(); done(found); };
  };
})
"""
_HASHES = """
(names) => Promise.all(names.map((name) => new Promise((done) => {
  const asked = indexedDB.open('tongtang-packs', 1);
  asked.onsuccess = () => {
    const found = asked.result.transaction('files').objectStore('files').get(name);
    found.onsuccess = async () => {
      asked.result.close();
      if (!found.result) return done('missing');
      const hash = await crypto.subtle.digest('SHA-256', await found.result.blob.arrayBuffer());
      done([...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    };
  };
})))
"""


class Room:
    """A classroom's screen, whose profile outlives its browser."""

    def __init__(self, playwright: Playwright, url: str, profile: Path) -> None:
        self._playwright = playwright
        self._url = url
        self._profile = profile
        self._browser: BrowserContext | None = None
        self.page: Page = self._open()

    def _open(self) -> Page:
        self._browser = self._playwright.chromium.launch_persistent_context(
            str(self._profile),
            executable_path=executable(),
            args=["--disable-dev-shm-usage", "--lang=zh-CN"],
            chromium_sandbox=False,
            base_url=self._url,
            viewport={"width": 1280, "height": 720},
        )
        return self._browser.pages[0]

    def stored(self) -> dict[str, int]:
        """Return how many bytes of each file the browser has."""
        return {name: int(size) for name, size in self.page.evaluate(_STORED).items()}

    def reload(self) -> None:
        """Close the page and open it anew; without a line its own worker opens it."""
        assert self._browser is not None
        old, self.page = self.page, self._browser.new_page()
        old.close()
        self.page.goto("/screen")

    def kill(self) -> None:
        """Kill the browser as a power cut does, and start it again."""
        for pid in _processes_of(self._profile):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually("the browser is dead", lambda: not _processes_of(self._profile), 10)
        assert self._browser is not None
        with contextlib.suppress(BrowserError):
            self._browser.close()
        for lock in self._profile.glob("Singleton*"):
            lock.unlink(missing_ok=True)
        self.page = self._open()
        self.page.goto("/screen")

    def close(self) -> None:
        assert self._browser is not None
        self._browser.close()


def _processes_of(profile: Path) -> list[int]:
    """Return our own browser's processes: those that were started with this profile."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if f"--user-data-dir={profile}".encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def _planned(school: Region) -> str:
    """Return a lesson of this hour with the deck."""
    lesson = school.plan_lesson("四十页", rooms=1, has_pages=False)
    upload = school.lecturer.upload("四十页.pdf", text_deck(PAGES))
    deck = school.lecturer.post("/api/decks", {"uploads": [upload]})["id"]
    state = eventually("converted", lambda: _done(school.lecturer.get(f"/api/decks/{deck}")), 180)
    assert state["state"] == "ready", state
    own: dict[str, Any] = {"headers": {"X-Tongtang": "1"}, "cookies": school.lecturer.cookies()}
    answer = httpx.put(f"{school.server.url}/api/lessons/{lesson}/deck", json={"deck_id": deck}, **own)
    assert answer.is_success, answer.text
    return lesson


def _done(deck: dict[str, Any]) -> dict[str, Any] | None:
    return None if deck["state"] == "converting" else deck


def _deliver(room: Room, line: CutLine, items: list[dict[str, Any]], cuts: int, seed: int) -> tuple[int, int]:
    """Cut the delivery `cuts` times; return how many came to pass and the bytes asked for again."""
    rng, total = random.Random(seed), sum(item["bytes"] for item in items)
    kept: dict[str, int] = {}
    seen = refetched = done = 0
    for number in range(cuts):
        line.cut_after(rng.randrange(1, total // cuts))
        line.mend()
        if not line.was_cut.wait(CUT_WAIT_S):
            break
        done += 1
        time.sleep(DOWN_S)
        refetched += _again(line, kept, seen)
        seen = len(line.asked)
        way = WAYS[number % len(WAYS)]
        if way == "reload":
            room.reload()
        elif way == "kill":
            room.kill()
        kept = room.stored()
        print(f"cut {number + 1}: {way}, {sum(kept.values())} of {total} bytes stored", file=sys.stderr)
    line.mend()
    room.page.wait_for_selector("[data-packs=ready]", timeout=READY_WAIT_S * 1000)
    return done, refetched + _again(line, kept, seen)


def _again(line: CutLine, kept: dict[str, int], seen: int) -> int:
    """Return how many bytes of what was `kept` the requests after `seen` asked for, each file's first one."""
    first: dict[str, int] = {}
    for one in line.asked[seen:]:
        head, _, name = one.path.rpartition("/")
        if head.endswith("/pack"):
            first.setdefault(name, one.start)
    return sum(max(0, kept.get(name, 0) - start) for name, start in first.items())


@contextlib.contextmanager
def _world(flags: argparse.Namespace) -> Iterator[tuple[Region, CutLine, Room]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tongtang-pack-")))
        playwright = stack.enter_context(sync_playwright())
        (folder / "server").mkdir()
        school = stack.enter_context(region(folder / "server"))
        line = stack.enter_context(CutLine(school.server.port).serving())
        room = Room(playwright, f"http://127.0.0.1:{line.port}", folder / "profile")
        stack.callback(room.close)
        yield school, line, room


def run(flags: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    with _world(flags) as (school, line, room):
        room.page.goto("/screen")
        code = eventually("a code", lambda: _code(room), 20)
        room.page.wait_for_function("() => navigator.serviceWorker?.controller != null", timeout=120_000)
        school.pair(code, 0)
        time.sleep(COOKIE_S)
        line.cut()
        lesson = _planned(school)
        items = [one for one in school.lecturer.get(f"/api/lessons/{lesson}/pack")["items"] if one["kind"] == "page"]
        room.reload()
        begun = time.monotonic()
        done, refetched = _deliver(room, line, items, flags.cuts, flags.seed)
        seconds = time.monotonic() - begun
        names = [item["sha256"] for item in items]
        wrong = sum(name != found for name, found in zip(names, room.page.evaluate(_HASHES, names), strict=True))
        (ready,) = school.lecturer.get(f"/api/lessons/{lesson}/packs")["items"]
        deck_bytes = sum(item["bytes"] for item in items)
        return {
            "bench": "pack",
            "pages": len(items),
            "deck_bytes": deck_bytes,
            "within_4mb": deck_bytes <= LIMIT_BYTES,
            "cuts": done,
            "survived": ready["state"] == "ready" and wrong == 0 and done == flags.cuts,
            "refetched_bytes": refetched,
            "hash_failures": wrong,
            "seconds": round(seconds, 1),
            "seed": flags.seed,
        }


def _code(room: Room) -> str | None:
    answer = room.page.request.get("/api/devices/me")
    return str(answer.json()["code"]) if answer.ok else None


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    figures = run(parser.parse_args())
    print(json.dumps(figures))
    return 0 if figures["survived"] and not figures["refetched_bytes"] and figures["within_4mb"] else 1


if __name__ == "__main__":
    sys.exit(main())
