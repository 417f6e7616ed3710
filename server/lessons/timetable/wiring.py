"""The timetable's services, made once."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from server.accounts.service import Clock, utc_now
from server.lessons.timetable.changes import LessonChanges
from server.lessons.timetable.feed_service import FeedService
from server.lessons.timetable.feeds import FeedAddresses
from server.lessons.timetable.importing import TimetableFiles
from server.lessons.timetable.reading import TimetableReader
from server.lessons.timetable.service import TimetableService
from server.storage.database import Database


@dataclass(frozen=True)
class Timetables:
    """Everything of the timetable that routes work with."""

    service: TimetableService
    changes: LessonChanges
    reader: TimetableReader
    files: TimetableFiles
    feeds: FeedService


def make_timetables(database: Database, timezone: str, secret: bytes, clock: Clock = utc_now) -> Timetables:
    """Return the timetable's services; `timezone` is an IANA name, `secret` the server's own."""
    service = TimetableService(database, ZoneInfo(timezone), clock)
    reader = TimetableReader(database, service)
    return Timetables(
        service,
        LessonChanges(database, service),
        reader,
        TimetableFiles(database, service),
        FeedService(database, reader, FeedAddresses(secret)),
    )
