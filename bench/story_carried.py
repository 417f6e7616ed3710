"""The story's pack at a village school: a library in a network of its own, trusted by fingerprint, played, reported."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, Playwright

from bench.link_namespace import Namespace, namespace
from tests.e2e.browser import LAPTOP, Screen, chromium, executable
from tests.e2e.pack_page import PLAYED, READY, START
from tests.e2e.school import ROOT, Person, Region, eventually
from tests.ports import free_port

CLASS = "五年级1班"
WAIT_S = 30.0


@contextmanager
def library_of(school: Namespace, folder: Path) -> Iterator[str]:
    """Run `tongtang library` in the school's network; yield its address there."""
    port = free_port()
    command = [sys.executable, "-m", "server.cli", "library", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "library.log").open("wb") as log:
        process = subprocess.Popen(
            school.command(*command, "--data", str(folder / "library")), cwd=ROOT, stdout=log, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def carried(playwright: Playwright, hub: Region, resource: str, pack: Path, folder: Path) -> dict[str, Any]:
    """Bring the pack to the school, play it there, and bring back what was played."""
    print_of_root = httpx.get(f"{hub.server.url}/api/packs/trust").json()["fingerprint"]
    with (
        namespace("school") as school,
        library_of(school, folder) as url,
        school.inside(),
        httpx.Client(base_url=url, timeout=10) as client,
        chromium(playwright, program=school.wrap(executable(), folder)) as browser,
    ):
        eventually("the library serves", lambda: answers(client), WAIT_S)
        with_no_way_out(hub.server.url)
        screen = Screen(browser, url, LAPTOP)
        brought(screen.page, pack, print_of_root)
        seen = played_in_class(screen.page, client)
        brought_back = client.get("/api/uses.json").text
        assert not screen.problems, screen.problems
    (pack.parent / "tongtang-uses.json").write_text(brought_back)  # on the stick
    return {"library_played_s": round(seen, 1)} | reported(hub, resource, pack.parent / "tongtang-uses.json")


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/state").is_success
    except httpx.HTTPError:
        return False


def with_no_way_out(hub: str) -> None:
    try:
        httpx.get(hub, timeout=2)
    except httpx.TransportError:
        return
    raise AssertionError("the school reaches the platform: this story would prove nothing")


def brought(page: Page, pack: Path, fingerprint: str) -> None:
    """Choose the file on the stick, compare the fingerprint as with the platform's manager, trust it, choose again."""
    page.goto("/")
    page.locator("#import-panel summary").click()
    page.set_input_files("#file", str(pack))
    page.locator("#believe").wait_for(timeout=WAIT_S * 1000)
    assert page.locator("#stranger-print").text_content() == fingerprint
    page.locator("#believe").click()
    page.locator("#believe").wait_for(state="hidden", timeout=WAIT_S * 1000)
    page.set_input_files("#file", str(pack))
    page.get_by_role("link", name="播放").wait_for(timeout=WAIT_S * 1000)


def played_in_class(page: Page, client: httpx.Client) -> float:
    """Play it for a class until the library knows; return the seconds that were played."""
    page.get_by_role("link", name="播放").click()
    page.get_by_label("播放的班级").fill(CLASS)
    page.get_by_label("播放的班级").press("Tab")
    until(page, READY)
    page.evaluate(START)
    until(page, f"{PLAYED} > 1.5")
    eventually("the library counts it", lambda: client.get("/api/state").json()["uses"] == 1, WAIT_S)
    return float(page.evaluate(PLAYED))


def until(page: Page, expression: str) -> None:
    end = time.monotonic() + WAIT_S
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(100)


def reported(hub: Region, resource: str, file: Path) -> dict[str, Any]:
    """Hand the stick's file in twice, by a teacher of the school; return what was counted."""
    teacher = Person(hub.server.url, "he")
    try:
        exported = json.loads(file.read_text())
        bodies = [{"signed": one} for one in exported.get("signed", ())] or [{"uses": exported["uses"]}]
        added = [sum(teacher.post("/api/packs/uses", body)["added"] for body in bodies) for _ in range(2)]
    finally:
        teacher.close()
    assert added == [1, 0], added
    counted = hub.lecturer.get(f"/api/packs/{resource}/uses")["items"]
    assert [(one["school"], one["class_name"], one["times"]) for one in counted] == [("河口小学", CLASS, 1)], counted
    return {"uses_counted": len(counted), "uses_seconds": counted[0]["seconds"]}
