"""Everything of meetings that is made once a server."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from server.accounts.service import Clock, utc_now
from server.lessons.page_files import PageFiles
from server.lessons.service import LessonService
from server.planning.log import ActivityLog
from server.planning.meetings.guests import GuestService
from server.planning.meetings.resolving import ResolutionService
from server.planning.meetings.service import MeetingService
from server.storage.database import Database


@dataclass(frozen=True)
class Meetings:
    """The services of meetings."""

    service: MeetingService
    resolutions: ResolutionService
    guests: GuestService


def make_meetings(
    database: Database, activity: ActivityLog, lessons: LessonService, files: PageFiles, zone: ZoneInfo,
    clock: Clock = utc_now,
) -> Meetings:  # fmt: skip
    """Return the services of meetings; the end of a meeting's room is logged from now on."""
    service = MeetingService(database, activity, clock)
    lessons.when_ended(service.on_ended)
    resolutions = ResolutionService(database, service, activity, files, zone, clock)
    return Meetings(service, resolutions, GuestService(database, service, clock))
