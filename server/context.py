"""What the routes of every domain work with, made once by `server/app.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from server.accounts.devices import DeviceService
from server.accounts.model import Person
from server.accounts.service import AccountService
from server.lessons.catchup import Spare
from server.lessons.decks.service import DeckService
from server.lessons.packs.clips import ClipService
from server.lessons.packs.pace import Pace
from server.lessons.packs.service import PackService
from server.lessons.page_files import PageFiles
from server.lessons.ports import Seat
from server.lessons.questions.service import QuestionService
from server.lessons.rosters.service import RosterService
from server.lessons.service import LessonService
from server.lessons.timetable.wiring import Timetables
from server.lessons.tokens import SignedRoomTokens
from server.library.gaps.service import GapService
from server.library.resources.consenting import ConsentService
from server.library.resources.material import MaterialService
from server.library.resources.reviewing import ReviewService
from server.library.resources.service import ResourceService
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
from server.settings import Settings
from server.storage.database import Database
from server.uploads.service import UploadService
from signaling.data_caps import DataCap
from signaling.messages import Clip, Deck, RoomId, Roster, Rung, Segment


class SeatCount(Protocol):
    """Who is in a lesson now."""

    @property
    def classrooms_online(self) -> int:
        """Return how many classrooms are in."""

    @property
    def people_online(self) -> int:
        """Return how many people are in."""

    @property
    def online_classrooms(self) -> frozenset[str]:
        """Return the ids of the classrooms that are in."""


class Presence(Protocol):
    """Who is in the live rooms now."""

    def seats(self, lesson: RoomId) -> SeatCount:
        """Return who is in the lesson's room; nobody when it is not open."""


class Rooms(Protocol):
    """What may be asked of live rooms from outside."""

    def end(self, lesson: RoomId) -> None:
        """End the lesson for everybody."""


class Live(Protocol):
    """The live plane: media workers, recorder, and the throw-away connection of the device check."""

    @property
    def is_media_ready(self) -> bool:
        """Return whether the media workers serve."""

    @property
    def is_recorder_ready(self) -> bool:
        """Return whether the recorder serves."""

    async def test_path(self, offer: str) -> str:
        """Answer a throw-away connection's SDP offer."""

    def cap_changed(self, school_id: str, cap: DataCap) -> None:
        """Hold a school to another data cap from now on."""

    def downloaded(self, lesson: RoomId, seats: Sequence[Seat], size_bytes: int) -> None:
        """Count what whoever may hold one of these seats fetched over HTTP."""

    def spares(self, school_id: str) -> Sequence[Spare]:
        """Return what the links of a school have to spare in the lessons that it takes part in now."""

    def page_pace(self, lesson: RoomId, seats: Sequence[Seat], page: int) -> Pace | None:
        """Return how fast a page goes to whoever may hold one of these seats; None: at once."""

    def rungs(self) -> list[tuple[str, Rung]]:
        """Return the school and the rung of each classroom that is in."""

    def deck_changed(self, lesson: RoomId, deck: Deck | None) -> None:
        """Tell the lesson's room, when it is open, that it has another deck."""

    def clips_changed(self, lesson: RoomId, clips: tuple[Clip, ...]) -> None:
        """Tell the lesson's room, when it is open, which clips it has now."""

    def segments_changed(self, lesson: RoomId, segments: tuple[Segment, ...]) -> None:
        """Tell the lesson's room, when it is open, by which segments of a plan it is taught now."""

    def called_off(self, lesson: RoomId, reason: str) -> None:
        """Send home whoever waits in a lesson that was cancelled."""

    def roster_changed(self, roster: Roster) -> None:
        """Tell the open rooms of a classroom who its pupils are now."""

    def photo_shown(self, lesson: RoomId) -> str:
        """Return the pupil's photo that the lesson's walls show now; empty: none."""

    def remake(self, recording: str, folder: str, title: str) -> None:
        """Have a finished recording made again."""

    def is_acting(self, lesson: RoomId, seats: Sequence[Seat]) -> bool:
        """Return whether who may hold one of these seats leads the lesson in the lecturer's place now."""

    def routes(self) -> list[BaseRoute]:
        """Return the routes of rooms and recordings."""


class DemoAccounts(Protocol):
    """The accounts that anybody may use on a demonstration server."""

    def visit(self) -> None:
        """Note that somebody is there."""

    async def accounts_shown(self) -> list[dict[str, str]]:
        """Return the accounts to offer on the log-in page."""

    async def account(self, username: str) -> Person:
        """Return a demo account; Refused `not_allowed` for any other."""


class RecordingIndex(Protocol):
    """Which recording belongs to which lesson."""

    async def ids_by_lesson(self, lessons: tuple[RoomId, ...]) -> dict[str, str]:
        """Return the recording's id for those lessons that have one."""


@dataclass(frozen=True)
class Services:
    """The services of one server."""

    settings: Settings
    database: Database
    accounts: AccountService
    devices: DeviceService
    lessons: LessonService
    files: PageFiles
    tokens: SignedRoomTokens
    presence: Presence
    live: Live
    rooms: Rooms
    recordings: RecordingIndex
    demo: DemoAccounts | None = None
    rosters: RosterService = field(kw_only=True)
    timetables: Timetables = field(kw_only=True)
    packs: PackService = field(kw_only=True)
    clips: ClipService = field(kw_only=True)
    questions: QuestionService = field(kw_only=True)
    uploads: UploadService = field(kw_only=True)
    gaps: GapService = field(kw_only=True)
    decks: DeckService = field(kw_only=True)
    resources: ResourceService = field(kw_only=True)
    reviews: ReviewService = field(kw_only=True)
    consents: ConsentService = field(kw_only=True)
    material: MaterialService = field(kw_only=True)
    activity: ActivityLog = field(kw_only=True)
    groups: GroupService = field(kw_only=True)
    joining: JoiningService = field(kw_only=True)
    templates: TemplateService = field(kw_only=True)
    gatherings: GatheringService = field(kw_only=True)
    gathering_feeds: GatheringFeeds = field(kw_only=True)
    plans: Plans = field(kw_only=True)
    authorship: SharesService = field(kw_only=True)
    search: SearchService = field(kw_only=True)
    search_maker: IndexMaker = field(kw_only=True)
    teaching: TeachingService = field(kw_only=True)
    observing: Observing = field(kw_only=True)
    meetings: Meetings = field(kw_only=True)
    credits: CreditService = field(kw_only=True)
    exports: ExportService = field(kw_only=True)


def services_of(connection: HTTPConnection) -> Services:
    """Return the services that serve this connection."""
    return cast("Services", connection.app.state.services)
