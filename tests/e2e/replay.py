"""A lesson's log, read from the database and played again from the beginning."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace

from server.lessons import tables
from server.lessons.service import deck_of, info_of
from server.storage.database import open_database, sqlite_url
from signaling import messages as m, replica
from signaling.views import Viewer, view_event, view_snapshot


class Replay:
    """What the database has of a lesson: how it began, and its events in order."""

    def __init__(self, beginning: m.Snapshot, events: tuple[m.Event, ...]) -> None:
        self.beginning = beginning
        self.events = events

    def state_at(self, seq: int, viewer: Viewer) -> m.Snapshot:
        """Return the state after event `seq` as `viewer` sees it: all of it played, then cut to that view."""
        return view_snapshot(replica.apply_all(self.beginning, self.events[:seq]), viewer)

    def seen_state_at(self, seq: int, viewer: Viewer) -> m.Snapshot:
        """Return the same, from what `viewer` was sent event by event."""
        sent = (view_event(event, viewer) for event in self.events[:seq])
        return replica.apply_all(view_snapshot(self.beginning, viewer), sent)


def read(data: Path, lesson: str) -> Replay:
    """Read the log from the server's data folder."""
    with ThreadPoolExecutor(1) as pool:  # Playwright's own loop runs in the test's thread
        return pool.submit(lambda: asyncio.run(_read(data, lesson))).result(30)


async def _read(data: Path, lesson: str) -> Replay:
    async with open_database(sqlite_url(data / "tongtang.db")) as database, database.read() as tx:
        found = await tables.find_lesson(tx, lesson)
        assert found is not None
        deck = deck_of(found, await tables.pages_of(tx, lesson))
        events = await tables.events_of(tx, lesson)
    info = replace(info_of(found), state="scheduled", started_t_ms=None, ended_t_ms=None)
    return Replay(replica.initial(info, deck), events)
