"""The story's recording played to its end from the site, from the folder and from the single file, in two browsers."""

from __future__ import annotations

import itertools
import time
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Playwright

from bench.link_namespace import TOWN_ADDRESS, Namespace
from tests.e2e.browser import LAPTOP, LOG_IN, Screen, chromium, executable
from tests.e2e.firefox import Firefox, firefox
from tests.e2e.school import PASSWORD, Region, eventually
from tests.e2e.viewer import NEAR_MS, Viewer

SPEED = 2
WAIT_S = 40.0  # beyond the lesson's length at this speed
BEFORE_MS, AFTER_MS = 250, 80  # of an event: it is not there yet, and it is there
MOST_LOOKED_AT = 4  # events of a kind: each costs seconds of seeking
_MUTED = "document.querySelectorAll('audio, video').forEach((one) => { one.muted = true; })"
_READY = "[...document.querySelectorAll('audio, video')].some((one) => one.readyState >= 2)"
_MS = "Number(document.querySelector('.tp')?.dataset.ms ?? -1)"
_LENGTH_MS = "Number(document.querySelector('.seek__input')?.max ?? 0)"
_CHOOSE = """
(() => {
  const speed = document.querySelector('[data-choice=speed]');
  speed.value = '%d';
  speed.dispatchEvent(new Event('change', { bubbles: true }));
  const bar = document.querySelector('.seek__input');
  bar.value = String(Number(bar.max) * %f);
  bar.dispatchEvent(new Event('input', { bubbles: true }));
  document.querySelector('[data-act=play]').click();
})()
"""


class Places(NamedTuple):
    """Where the lesson can be played from."""

    site: str
    folder: Path
    light: Path
    pack: Path  # the ZIP, as it goes on a stick

    @classmethod
    def laid_out(cls, school: Region, recording: str, resource: str, folder: Path) -> Places:
        """Take the pack and the single file from the server and unpack the pack as any program does."""
        stick = folder / "stick"
        stick.mkdir()
        places = cls(
            f"{school.server.url}/recordings/{recording}", stick / "lesson", stick / "light.html", stick / "lesson.zip"
        )
        places.pack.write_bytes(school.lecturer.download(f"/api/packs/{resource}.zip?tiers=light,original"))
        places.light.write_bytes(school.lecturer.download(f"/api/packs/{resource}/light.html"))
        with zipfile.ZipFile(places.pack) as pack:
            pack.extractall(places.folder)
        return places

    def urls(self) -> dict[str, str]:
        return {"site": self.site, "folder": (self.folder / "index.html").as_uri(), "light": self.light.as_uri()}


def played_in_chromium(
    playwright: Playwright, town: Namespace, school: Region, places: Places, folder: Path
) -> dict[str, Any]:
    """Play all three at once to the end, and on the site look at pages, ink and chapters at their times."""
    files = places.site.replace("/recordings/", "/api/recordings/").removeprefix(school.server.url) + "/files"
    events: list[dict[str, Any]] = school.lecturer.get(f"{files}/events.json")["events"]
    chapters: list[dict[str, Any]] = school.lecturer.get(f"{files}/resource.json")["chapters"]
    with chromium(playwright, program=town.wrap(executable(), folder)) as browser:
        screens = {name: Screen(browser, school.server.url, LAPTOP) for name in places.urls()}
        # From the page: Playwright itself is in another network.
        screens["site"].page.goto("/login")
        assert screens["site"].page.evaluate(LOG_IN, {"username": "lin", "password": PASSWORD}) in (200, 201, 204)
        viewers = {}
        for name, url in places.urls().items():
            screens[name].page.goto(url)
            viewers[name] = Viewer(screens[name].page)
        shown_at_its_time(viewers["site"], events)
        goes_to_its_chapters(viewers["site"], chapters)
        for viewer in viewers.values():
            viewer.seek(0)
            viewer.page.evaluate(_MUTED)
            viewer.choose("speed", str(SPEED))
            viewer.page.keyboard.press("k")
        length_s = max(viewer.duration_ms for viewer in viewers.values()) / 1000
        for name, viewer in viewers.items():
            end = f"{name} is played to its end, it is at {viewer.ms} of {viewer.duration_ms}"
            eventually(end, lambda one=viewer: one.has_ended, length_s / SPEED + WAIT_S)  # type: ignore[misc]
            assert not screens[name].problems, (name, screens[name].problems)
    return {"chromium": list(places.urls())}


def shown_at_its_time(viewer: Viewer, events: list[dict[str, Any]]) -> None:
    """Pass when pages turn and ink appears when the log says so."""
    page = viewer.page
    eventually("the log is there", lambda: page.get_attribute(".leaf", "data-surface"), 20)
    turned = [one for one in events if one["body"]["kind"] == "page_turned" and one["t_ms"] > BEFORE_MS]
    for before, one in itertools.islice(itertools.pairwise(turned), MOST_LOOKED_AT):
        viewer.seek(one["t_ms"] - BEFORE_MS)
        page.wait_for_selector(f".leaf[data-page='{before['body']['page']}']")
        viewer.seek(one["t_ms"] + AFTER_MS)
        page.wait_for_selector(f".leaf[data-page='{one['body']['page']}']")
    for one in first_ink(events):
        viewer.seek(one["t_ms"] - BEFORE_MS)
        viewer.sees_ink(end=False)  # it grows until then
        viewer.seek(one["t_ms"] + AFTER_MS)
        viewer.sees_ink(begin=True, middle=True, end=True)


def goes_to_its_chapters(viewer: Viewer, chapters: list[dict[str, Any]]) -> None:
    """Pass when the list has them all, and each leads to its begin."""
    entries = viewer.page.locator(".tp-entries .tp-entry")
    assert entries.count() == len(chapters) > 0
    for number, chapter in list(enumerate(chapters))[-MOST_LOOKED_AT:]:
        assert chapter["title"] in str(entries.nth(number).text_content())
        entries.nth(number).click()
        begun = f"chapter {number + 1} begins at {chapter['start_ms']} ms"
        eventually(begun, lambda at=chapter["start_ms"]: at - 50 <= viewer.ms < at + 3_000, 5, 0.05)  # type: ignore[misc]
        viewer.page.keyboard.press("k")


def first_ink(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first stroke of each page, without those that came as soon as its page."""
    found, page, turned_ms, written = [], 1, 0, set()
    for one in events:
        kind = one["body"]["kind"]
        if kind == "page_turned":
            page, turned_ms = one["body"]["page"], one["t_ms"]
        if kind == "ink_added" and page not in written:
            written.add(page)
            if one["t_ms"] - BEFORE_MS > turned_ms:
                found.append(one)
    assert found, "something was written"
    return found[:MOST_LOOKED_AT]


def played_in_firefox(school: Region, places: Places, folder: Path, leave_out: float) -> dict[str, Any]:
    """Play one after the other to the end; `leave_out` is the share of the lesson that is jumped over."""
    with firefox(folder) as browser:
        for name, value in school.lecturer.cookies().items():
            browser.set_cookie(name, value, TOWN_ADDRESS)
        for name, url in places.urls().items():
            browser.open(url)
            eventually(f"{name} is loaded", lambda: bool(browser.run(_READY)), WAIT_S)
            browser.run(_MUTED)
            browser.run(_CHOOSE % (SPEED, leave_out))
            played_to_its_end(browser, name)
    return {"firefox": list(places.urls()), "firefox_left_out": leave_out}


def played_to_its_end(browser: Firefox, name: str) -> None:
    length_ms = float(browser.run(_LENGTH_MS))
    until = time.monotonic() + length_ms / 1000 / SPEED + WAIT_S
    at = -1.0
    while at < length_ms - NEAR_MS:
        at = float(browser.run(_MS))
        assert time.monotonic() < until, f"Firefox plays {name} to its end: it is at {at:.0f} of {length_ms:.0f} ms"
        time.sleep(0.2)
