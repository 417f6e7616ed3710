"""Everything of 听评课 that is made once a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from server.accounts.service import Clock, utc_now
from server.planning.chain.service import ChainService
from server.planning.log import ActivityLog
from server.planning.reviews.listening import Listener, listening
from server.planning.reviews.notes import NoteService
from server.planning.reviews.service import ReviewingService
from server.storage.database import Database


@dataclass(frozen=True)
class Observing:
    """The services of reviews, and of the chain that they stand in."""

    reviews: ReviewingService
    notes: NoteService
    listener: Listener
    chain: ChainService


@asynccontextmanager
async def open_observing(
    database: Database, activity: ActivityLog, recordings: Path, clock: Clock = utc_now
) -> AsyncIterator[Observing]:
    """Yield the services; `recordings` is the folder of all recordings."""
    async with listening(recordings) as listener:
        reviews, notes = ReviewingService(database, activity, clock), NoteService(database, activity, clock)
        yield Observing(reviews, notes, listener, ChainService(database))
