"""A school whose firewall lets no UDP through: picture and sound come by the relay, over TCP or over TLS on 443."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from bench.link_namespace import TOWN_ADDRESS, emulated_link, missing
from bench.link_viewer import Probe
from tests.e2e.browser import LOG_IN, Screen, chromium, executable
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.school import PASSWORD, eventually, region
from tests.e2e.turn_relay import is_installed, turn_relay

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
    pytest.mark.skipif(not is_installed(), reason="coturn is not installed: .ci/system-packages"),
]

FACE = "[data-slot=lecturer] video"
WINDOW = {"width": 960, "height": 540}


@pytest.mark.parametrize("way", ["tcp", "tls"])
def test_lesson_reaches_a_school_without_udp(
    playwright: Playwright, devices: Path, clip: Path, tmp_path: Path, way: str
) -> None:
    with (
        emulated_link() as link,
        link.town.inside(),
        turn_relay(TOWN_ADDRESS, tmp_path) as relay,
        region(tmp_path, TOWN_ADDRESS, relay.flags(relay.tcp_url if way == "tcp" else relay.tls_url)) as school,
    ):
        link.drop_udp()
        lesson = school.plan_lesson(rooms=1)
        log = tmp_path / "teach.log"
        village = link.village.wrap(executable(), tmp_path)
        flags = [f"--unsafely-treat-insecure-origin-as-secure={school.server.url}", "--ignore-certificate-errors"]
        with (
            bot(*teaching(school, lesson, clip), log=log),
            chromium(playwright, devices / "one.y4m", devices / "voice.wav", village, flags) as browser,
        ):
            eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 30)
            classroom = Screen(browser, school.server.url, WINDOW)
            probe = Probe(classroom.page)
            probe.install()
            classroom.page.goto("/login")  # logged in by the page itself: every byte crosses the firewall
            assert classroom.page.evaluate(LOG_IN, {"username": "he", "password": PASSWORD}) in (200, 201, 204)
            classroom.page.goto(f"/lesson/{lesson}/classroom")
            classroom.frames(FACE)
            classroom.hears()
            paths = eventually("both connections have a path", lambda: _both(probe), 20)
            assert {(path["type"], path["relay"]) for path in paths} == {("relay", way)}, paths
            assert not classroom.problems, classroom.problems


def _both(probe: Probe) -> list[dict[str, object]] | None:
    paths = probe.paths()
    return paths if len(paths) == 2 and all(path["state"] == "connected" for path in paths) else None
