"""Somebody who writes on a page of the lesson with the mouse, and who sees what is written there."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page

from tests.e2e.browser import Screen
from tests.e2e.school import eventually

# The colours of what is drawn on a place of the page's picture, of both canvases; [0, 0, 0, 0]: nothing.
_INK_AT = """
([x, y]) => {
  const sum = [0, 0, 0, 0];
  for (const canvas of document.querySelectorAll('.ink canvas')) {
    const pen = canvas.getContext('2d');
    const seen = pen.getImageData(Math.round(x * canvas.width) - 3, Math.round(y * canvas.height) - 3, 7, 7).data;
    for (let n = 0; n < seen.length; n += 4) if (seen[n + 3] > sum[3]) for (let c = 0; c < 4; c++) sum[c] = seen[n + c];
  }
  return sum;
}
"""
Place = tuple[float, float]
_INPUT_METHOD_KEY = 229  # what a key is called while an input method has it (UI Events §7.3.1)


def compose(page: Page, letters: str, words: str) -> None:
    """Type `words` as with a Chinese input method: `letters` under composition, then Enter, which ends it."""
    devtools = page.context.new_cdp_session(page)
    try:
        for end in range(1, len(letters) + 1):
            given = {"text": letters[:end], "selectionStart": end, "selectionEnd": end}
            devtools.send("Input.imeSetComposition", given)
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": _INPUT_METHOD_KEY}
        devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
        devtools.send("Input.insertText", {"text": words})
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    finally:
        devtools.detach()


class Writer:
    """A page on which somebody writes with the mouse."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.page = screen.page

    def take(self, tool: str) -> None:
        self.page.click(f".tools [data-tool={tool}]")

    def draw(self, places: Sequence[Place], lift: bool = True) -> None:
        """Draw through places of the picture, given as fractions of its width and height."""
        box = self.page.locator(".ink").bounding_box()
        assert box is not None
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        for place in at[1:]:
            self.page.mouse.move(*place, steps=8)
        if lift:
            self.page.mouse.up()

    def sees_ink(self, place: Place, there: bool = True, wait_s: float = 5.0) -> None:
        def right() -> bool:
            seen: list[int] = self.page.evaluate(_INK_AT, list(place))
            return (seen[3] > 100) is there

        eventually(f"ink at {place} is {there}", right, wait_s, 0.05)

    def objects(self) -> int:
        return int(self.page.get_attribute(".ink", "data-objects") or 0)
