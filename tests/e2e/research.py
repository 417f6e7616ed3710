"""A research group of two schools with a plan, and a browser whose link to it can be cut."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, WebSocketRoute

from tests.e2e.browser import Screen
from tests.e2e.school import PASSWORD, Person, Region, eventually

_HAS_CARET = """
(selector) => document.querySelector(selector)?.contains(getSelection().anchorNode)
  && document.activeElement?.isContentEditable
"""
_TEXT = """
(selector) => {
  const place = document.querySelector(selector);
  if (!place) return '';
  const copy = place.cloneNode(true);
  for (const caret of copy.querySelectorAll('.caret')) caret.remove();
  return copy.textContent.replaceAll('\\u2060', '');
}
"""


@dataclass(frozen=True)
class Research:
    """A group with a plan that its two members write."""

    plan: str
    group: str


def found_research(school: Region, title: str = "光的折射") -> Research:
    """Let the lecturer found a group, invite the first rural teacher, and begin a plan."""
    lecturer = school.lecturer
    wanted = {"kind": "jiaoyanzu", "name": "云岭科学教研组", "subject": "科学"}
    group = str(lecturer.post("/api/groups", wanted)["group"]["id"])
    guest = Person(school.server.url, "he")
    try:
        person = guest.get("/api/hello")["me"]["id"]
        lecturer.post(f"/api/groups/{group}/invitations", {"person_id": person})
        invitation = guest.get("/api/groups")["invitations"][0]["id"]
        guest.answer(f"/api/invitations/{invitation}/accept")
    finally:
        guest.close()
    plan = {"group_id": group, "title": title, "subject": "科学", "grade": "五年级"}
    return Research(str(lecturer.post("/api/plans", plan)["id"]), group)


class PlanScreen(Screen):
    """A page with a plan open."""

    def __init__(self, browser: Browser, school: Region, size: dict[str, int], *, is_phone: bool = False) -> None:
        super().__init__(browser, school.server.url, size, is_phone=is_phone)
        self._watch_lines()

    def another_tab(self) -> PlanScreen:
        """Return one more tab of the same browser, which shares its log-in; closing either closes both."""
        tab = copy.copy(self)
        tab.adopt(self._context.new_page())
        tab._watch_lines()
        return tab

    def _watch_lines(self) -> None:
        self._lines: list[WebSocketRoute] = []
        self._is_cut = False
        self.page.route_web_socket(re.compile("/api/plans/.*/socket"), self._line)

    def open_plan(self, username: str, plan: str) -> None:
        self.log_in(username, PASSWORD)
        self.page.goto(f"/plans/{plan}")
        self.is_saved()

    def is_saved(self) -> None:
        """Pass when the page says that everything is saved."""
        self.page.wait_for_selector("[data-save=saved][data-unsaved='0']")

    def cut(self) -> None:
        """Cut the link, as a pulled cable would."""
        self._is_cut = True
        self._context.set_offline(True)
        for line in self._lines:
            line.close()
        self._lines.clear()

    def mend(self) -> None:
        self._is_cut = False
        self._context.set_offline(False)

    def text(self, field: str) -> str:
        """Return what stands in a field, without the names at carets."""
        return self.text_of(f"[data-field={field}] .field__body")

    def text_of(self, selector: str) -> str:
        """Return what stands at a place, without the names at carets."""
        found: Any = self.page.evaluate(_TEXT, selector)
        return str(found)

    def reads(self, field: str, words: str) -> None:
        """Pass when the words stand in a field, and stand there once."""
        seen: list[str] = []

        def right() -> bool:
            seen[:] = [self.text(field)]
            return seen[0].count(words) == 1

        try:
            eventually(f"{field} reads {words}", right, 15)
        except AssertionError as error:
            raise AssertionError(f"{error}; it reads {seen}") from None

    def put_caret(self, field: str) -> None:
        """Click into a field's last line, and pass when the caret is there: what is clicked may just have moved."""
        line = f"[data-field={field}] .field__body p >> nth=-1"

        def there() -> bool:
            self.page.click(line)
            return bool(self.page.evaluate(_HAS_CARET, f"[data-field={field}] .field__body"))

        eventually(f"the caret is in {field}", there, 15)

    def write(self, field: str, words: str) -> None:
        """Type at the end of a field's last line."""
        self.put_caret(field)
        self.page.keyboard.press("End")
        self.page.keyboard.type(words)

    def select(self, letters: int) -> None:
        """Select as many letters before the caret."""
        for _ in range(letters):
            self.page.keyboard.press("Shift+ArrowLeft")
        # The editor hears of it by an event of its own, which a busy browser handles after the keys that follow.
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.page.wait_for_function("(letters) => getSelection().toString().length === letters", arg=letters)

    def _line(self, line: WebSocketRoute) -> None:
        if self._is_cut:
            line.close()
        else:
            line.connect_to_server()
            self._lines.append(line)
