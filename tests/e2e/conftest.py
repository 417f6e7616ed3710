"""What the end-to-end tests share: a region with its server, and Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from server.bot.clip import ensure_clip
from tests.e2e.pictures import LECTURER, ROOM_ONE, ROOM_TWO, write_camera, write_microphone
from tests.e2e.school import Region, region

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a story that failed be told once more: real browsers, media and links wait for a machine that others use too.

    Both runs are reported. A fault of ours fails twice; one that comes and goes shows as RERUN in the summary.
    """
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what each fake camera sees and the fake microphones hear."""
    folder = tmp_path_factory.mktemp("devices")
    for name, colours in (("lecturer", LECTURER), ("one", ROOM_ONE), ("two", ROOM_TWO)):
        write_camera(folder / f"{name}.y4m", colours)
    write_microphone(folder / "voice.wav")
    return folder


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Region]:
    with region(tmp_path) as people:
        yield people


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_clip(tmp_path_factory.mktemp("clip") / "lesson.mkv")
