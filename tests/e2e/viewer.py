"""Somebody who watches a recording in Chromium."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.school import eventually

FROM, TO = (0.2, 0.3), (0.7, 0.3)  # of the stroke that stories write
NEAR_MS = 700  # a film's last picture and its last sound do not end together
# The strongest ink at a place of the page, as a share of its width and height.
_INK_AT = """
([x, y]) => Math.max(...[...document.querySelectorAll('.leaf__ink')].map((canvas) => {
  const pen = canvas.getContext('2d');
  const seen = pen.getImageData(Math.round(x * canvas.width) - 4, Math.round(y * canvas.height) - 4, 9, 9).data;
  return Math.max(...seen.filter((_, n) => n % 4 === 3));
}))
"""
_SEEK = """
(ms) => {
  const bar = document.querySelector('.seek__input');
  bar.value = String(ms);
  bar.dispatchEvent(new Event('input', { bubbles: true }));
}
"""
IS_READY = """
() => document.querySelector('.tp') !== null
  && [...document.querySelectorAll('.tp__face video')].some((one) => one.readyState >= 2)
"""


class Viewer:
    """Somebody who watches a recording."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.wait_for_function(IS_READY)
        page.wait_for_selector(".leaf[data-page='1']", timeout=10_000)

    @property
    def ms(self) -> int:
        return int(self.page.get_attribute(".tp", "data-ms") or -1)

    @property
    def level(self) -> str | None:
        return self.page.get_attribute(".tp", "data-level")

    def seek(self, ms: float) -> None:
        self.page.evaluate(_SEEK, ms)

    def inked(self, place: tuple[float, float]) -> bool:
        return bool(self.page.evaluate(_INK_AT, list(place)) > 100)

    def sees_ink(self, **places: bool) -> None:
        """Pass when the stroke's begin, middle and end are there or not, as told."""
        at = {"begin": 0.25, "middle": 0.43, "end": 0.68}

        def right() -> bool:
            return all(self.inked((at[name], FROM[1])) is there for name, there in places.items())

        eventually(f"ink is {places}", right, 5, 0.05)

    def plays(self) -> None:
        before = self.ms
        eventually("it plays", lambda: self.ms > before + 300, 10, 0.1)

    @property
    def has_ended(self) -> bool:
        return self.page.get_attribute(".tp", "data-playing") == "false" and self.ms >= self.duration_ms - NEAR_MS

    @property
    def duration_ms(self) -> int:
        return int(self.page.get_attribute(".seek__input", "max") or 0)

    def choose(self, what: str, value: str) -> None:
        self.page.select_option(f"[data-choice={what}]", value)
