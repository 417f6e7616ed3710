"""How soon a plan of 25,000 characters can be written in, in Chromium: one JSON line.

    python -m bench.planning_browser

A server of its own, a plan of that size with ten steps, a cold browser. Clocked from the navigation to the moment at
which the text can be written in. Also: how long a letter takes from the
key to the picture, with another page open.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.e2e.browser import LAPTOP, chromium
from tests.e2e.research import PlanScreen, found_research
from tests.e2e.school import PASSWORD, Region, eventually, region

CHARACTERS = 25_000
LINES = 500
KEYS = 40
_SENTENCE = "光从空气斜射入水中时，传播方向会改变，折射光线靠近法线；学生先猜想，再分组实验，最后画出光路图并说明理由。"

# Whether the text can be written in, and since when (performance.now, ms from the navigation).
_READY = """
() => {
  const text = document.querySelector('.ProseMirror[contenteditable=true]');
  return text && text.textContent.length > 20000 ? performance.now() : null;
}
"""
# The time from each key to the next picture that shows it.
_TYPE_WATCH = """
() => {
  window.typed = [];
  document.querySelector('.ProseMirror').addEventListener('beforeinput', () => {
    const began = performance.now();
    requestAnimationFrame(() => setTimeout(() => window.typed.push(performance.now() - began)));
  });
}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, region(Path(folder)) as school:
        print(json.dumps(measure(school)))


def measure(school: Region) -> dict[str, Any]:
    """Return the figures."""
    plan = found_research(school).plan
    with sync_playwright() as playwright:
        with chromium(playwright) as browser:
            first = PlanScreen(browser, school, LAPTOP)
            first.open_plan("lin", plan)
            fill(first)
            first.close()
        with chromium(playwright) as browser:
            page, other = PlanScreen(browser, school, LAPTOP), PlanScreen(browser, school, LAPTOP)
            editable_ms, letters = opened(page, plan)
            other.open_plan("he", plan)
            typed = keys(page, other)
            return {
                "bench": "planning_browser",
                "characters": letters,
                "editable_ms": round(editable_ms),
                "key_p50_ms": round(statistics.median(typed), 1),
                "key_p95_ms": round(sorted(typed)[int(len(typed) * 0.95) - 1], 1),
            }


def fill(screen: PlanScreen) -> None:
    """Paste the plan's words in, as a teacher would from an older one."""
    line = (_SENTENCE * 2)[: CHARACTERS // LINES]
    screen.page.click("[data-field=learners] .field__body p")
    screen.page.evaluate(
        """([line, count]) => {
          const data = new DataTransfer();
          data.setData('text/html', `<p>${line}</p>`.repeat(count));
          const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
          document.querySelector('.ProseMirror').dispatchEvent(paste);
        }""",
        [line, LINES],
    )
    eventually("the words stand there", lambda: len(screen.text("learners")) >= CHARACTERS, 60)
    screen.is_saved()


def opened(screen: PlanScreen, plan: str) -> tuple[float, int]:
    """Open the plan; return after how many ms it could be written in, and how long it is."""
    screen.log_in("lin", PASSWORD)
    screen.page.goto(f"/plans/{plan}", wait_until="commit")
    ready: float = eventually("the plan is there", lambda: _asked(screen.page), 30, 0.01)
    letters: int = screen.page.evaluate("document.querySelector('.ProseMirror').textContent.length")
    return ready, letters


def keys(screen: PlanScreen, other: PlanScreen) -> list[float]:
    """Type in the middle of the plan; return how long each letter took, in ms."""
    screen.page.click("[data-field=goals] .field__body p")
    screen.page.evaluate(_TYPE_WATCH)
    screen.page.keyboard.type("字" * KEYS, delay=60)
    other.reads("goals", "字" * KEYS)
    typed: list[float] = screen.page.evaluate("window.typed")
    return typed


def _asked(page: Page) -> float | None:
    found: float | None = page.evaluate(_READY)
    return found


if __name__ == "__main__":
    main()
