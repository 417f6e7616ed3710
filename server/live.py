"""The live plane as the rest of the server sees it: rooms, media workers, recorder and library, wired."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

from server.addresses import media_addresses
from server.settings import Settings


class _Seats:
    classrooms_online = 0
    people_online = 0
    online_classrooms: frozenset[str] = frozenset()


class LivePlane:
    """Not wired yet."""

    is_media_ready = False
    is_recorder_ready = False

    def seats(self, lesson: str) -> _Seats:
        """Return nobody."""
        return _Seats()

    async def test_path(self, offer: str) -> str:
        """Not yet."""
        raise NotImplementedError

    async def ids_by_lesson(self, lessons: tuple[str, ...]) -> dict[str, str]:
        """None yet."""
        return {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run."""
        yield

    def routes(self) -> list[BaseRoute]:
        """None yet."""
        return []


def worker_count(settings: Settings) -> int:
    """Return how many media workers run: one for each core that the web process leaves over, at least one."""
    return settings.media_workers or max(1, (os.cpu_count() or 1) - 1)


def media_bind(settings: Settings) -> str:
    """Return the address that the media workers bind: all, since Firefox cannot use loopback alone."""
    addresses = media_addresses(settings)
    return addresses[0] if len(addresses) == 1 else "0.0.0.0"
