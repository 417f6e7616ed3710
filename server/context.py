"""What the routes of every domain work with, made once by `server/app.py`."""

# ruff: noqa: D102

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from starlette.requests import HTTPConnection

from server.accounts.devices import DeviceService
from server.accounts.model import Person
from server.accounts.service import AccountService
from server.lessons.decks.service import DeckService
from server.lessons.packs.clips import ClipService
from server.lessons.packs.service import PackService
from server.lessons.page_files import PageFiles
from server.lessons.questions.service import QuestionService
from server.lessons.rosters.service import RosterService
from server.lessons.service import LessonService
from server.lessons.timetable.wiring import Timetables
from server.lessons.tokens import SignedRoomTokens
from server.lessons.wiring import Preparing
from server.library.gaps.service import GapService
from server.library.resources.consenting import ConsentService
from server.library.resources.material import MaterialService
from server.library.resources.reviewing import ReviewService
from server.library.resources.service import ResourceService
from server.library.wiring import Library
from server.live_ports import Live, Presence, RecordingIndex, Rooms
from server.planning.authorship.service import SharesService
from server.planning.calendar.feeds import GatheringFeeds
from server.planning.calendar.service import GatheringService
from server.planning.credits.service import CreditService
from server.planning.export.service import ExportService
from server.planning.groups.joining import JoiningService
from server.planning.groups.service import GroupService
from server.planning.log import ActivityLog
from server.planning.meetings.wiring import Meetings
from server.planning.plans.wiring import Plans
from server.planning.reviews.wiring import Observing
from server.planning.search.making import IndexMaker
from server.planning.search.service import SearchService
from server.planning.teaching.service import TeachingService
from server.planning.templates.service import TemplateService
from server.planning.wiring import Planning
from server.settings import Settings
from server.storage.database import Database
from server.uploads.service import UploadService


class DemoAccounts(Protocol):
    """The accounts that anybody may use on a demonstration server."""

    def visit(self) -> None:
        """Note that somebody is there."""

    async def accounts_shown(self) -> list[dict[str, str]]:
        """Return the accounts to offer on the log-in page."""

    async def account(self, username: str) -> Person:
        """Return a demo account; Refused `not_allowed` for any other."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """The services of one server."""

    settings: Settings
    database: Database
    accounts: AccountService
    devices: DeviceService
    lessons: LessonService
    files: PageFiles  # the pages of lessons
    tokens: SignedRoomTokens
    live: Live
    demo: DemoAccounts | None
    uploads: UploadService
    preparing: Preparing
    library: Library
    planning: Planning

    # The names of before, until every caller goes through its domain.

    @property
    def rosters(self) -> RosterService:
        return self.preparing.rosters

    @property
    def timetables(self) -> Timetables:
        return self.preparing.timetables

    @property
    def packs(self) -> PackService:
        return self.preparing.packs

    @property
    def clips(self) -> ClipService:
        return self.preparing.clips

    @property
    def questions(self) -> QuestionService:
        return self.preparing.questions

    @property
    def decks(self) -> DeckService:
        return self.preparing.decks

    @property
    def resources(self) -> ResourceService:
        return self.library.resources

    @property
    def reviews(self) -> ReviewService:
        return self.library.reviews

    @property
    def consents(self) -> ConsentService:
        return self.library.consents

    @property
    def material(self) -> MaterialService:
        return self.library.material

    @property
    def gaps(self) -> GapService:
        return self.library.gaps

    @property
    def activity(self) -> ActivityLog:
        return self.planning.activity

    @property
    def groups(self) -> GroupService:
        return self.planning.groups

    @property
    def joining(self) -> JoiningService:
        return self.planning.joining

    @property
    def templates(self) -> TemplateService:
        return self.planning.templates

    @property
    def gatherings(self) -> GatheringService:
        return self.planning.gatherings

    @property
    def gathering_feeds(self) -> GatheringFeeds:
        return self.planning.gathering_feeds

    @property
    def plans(self) -> Plans:
        return self.planning.plans

    @property
    def authorship(self) -> SharesService:
        return self.planning.authorship

    @property
    def search(self) -> SearchService:
        return self.planning.search

    @property
    def search_maker(self) -> IndexMaker:
        return self.planning.search_maker

    @property
    def teaching(self) -> TeachingService:
        return self.planning.teaching

    @property
    def observing(self) -> Observing:
        return self.planning.observing

    @property
    def meetings(self) -> Meetings:
        return self.planning.meetings

    @property
    def credits(self) -> CreditService:
        return self.planning.credits

    @property
    def exports(self) -> ExportService:
        return self.planning.exports

    @property
    def presence(self) -> Presence:
        return self.live

    @property
    def rooms(self) -> Rooms:
        return self.live

    @property
    def recordings(self) -> RecordingIndex:
        return self.live


def services_of(connection: HTTPConnection) -> Services:
    """Return the services that serve this connection."""
    return cast("Services", connection.app.state.services)
