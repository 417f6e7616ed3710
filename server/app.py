"""The server: everything made and wired once, alive as long as the block of `open_services` runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from server import hello, web_build
from server.accounts import routes as account_routes
from server.accounts.devices import DeviceService
from server.accounts.passwords import Passwords
from server.accounts.service import AccountService, utc_now
from server.context import Services
from server.data_folder import data_folder, load_secret
from server.demo.research import ResearchStory
from server.demo.school_year import seed_school_year
from server.demo.seed import Demo
from server.lessons import figure_routes, routes as lesson_routes
from server.lessons.cards import routes as card_routes
from server.lessons.decks import routes as deck_routes
from server.lessons.decks.service import PURPOSE as DECK_PURPOSE, DeckService
from server.lessons.decks.worker import DeckWorker, converting
from server.lessons.orphans import OrphanSweep, folders, sweeping
from server.lessons.packs import clip_routes, routes as pack_routes
from server.lessons.packs.clips import MAX_CLIP_BYTES, PURPOSE as CLIP_PURPOSE, ClipService
from server.lessons.packs.contents import PackFiles, PackSource
from server.lessons.packs.rosters import RosterSource
from server.lessons.packs.service import PackService
from server.lessons.page_files import PageFiles
from server.lessons.questions import routes as question_routes
from server.lessons.questions.pack import QuestionSource
from server.lessons.questions.service import QuestionService
from server.lessons.rosters import routes as roster_routes
from server.lessons.rosters.service import RosterService
from server.lessons.segments import SegmentSource
from server.lessons.service import LessonService
from server.lessons.timetable import day_routes as timetable_day_routes, routes as timetable_routes
from server.lessons.timetable.feeds import FeedAddresses
from server.lessons.timetable.wiring import make_timetables
from server.lessons.tokens import SignedRoomTokens
from server.library.gaps import routes as gap_routes
from server.library.gaps.pieces import MAX_PIECE_BYTES
from server.library.gaps.service import PURPOSE as GAP_PURPOSE, GapService
from server.library.packs import routes as offline_routes
from server.library.resources import routes as resource_routes
from server.library.resources.consenting import ConsentService
from server.library.resources.material import MAX_FILE_BYTES, PURPOSE as MATERIAL_PURPOSE, MaterialService
from server.library.resources.reviewing import ReviewService
from server.library.resources.service import ResourceService
from server.live import open_live
from server.middleware import BodyLimit, OwnHeader, SecurityHeaders
from server.objects.copier import Copier, copying_to
from server.objects.opening import open_objects
from server.planning.authorship import routes as authorship_routes
from server.planning.authorship.finals import FinalCounts
from server.planning.authorship.service import SharesService
from server.planning.calendar import routes as gathering_routes
from server.planning.calendar.feeds import GatheringFeeds
from server.planning.calendar.service import GatheringService
from server.planning.chain import routes as chain_routes
from server.planning.credits import routes as credit_routes
from server.planning.credits.badges import Issuer
from server.planning.credits.service import CreditService, banking
from server.planning.export import routes as export_routes
from server.planning.export.service import ExportService
from server.planning.groups import routes as group_routes
from server.planning.groups.joining import JoiningService
from server.planning.groups.service import GroupService
from server.planning.log import ActivityLog
from server.planning.meetings import routes as meeting_routes
from server.planning.meetings.wiring import make_meetings
from server.planning.plans import paper_routes as plan_paper_routes, routes as plan_routes
from server.planning.plans.wiring import open_plans
from server.planning.reviews import routes as review_routes
from server.planning.reviews.wiring import open_observing
from server.planning.search import routes as search_routes
from server.planning.search.making import IndexMaker, making
from server.planning.search.service import SearchService
from server.planning.teaching import routes as teaching_routes
from server.planning.teaching.service import TeachingService
from server.planning.templates import routes as template_routes
from server.planning.templates.service import TemplateService
from server.problems import on_error
from server.settings import Settings
from server.storage.database import open_database, sqlite_url
from server.uploads import routes as upload_routes
from server.uploads.service import UploadService
from signaling.errors import TongtangError


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the data folder and the database, start the live plane, and yield the services.

    Raises:
        Unavailable: the data folder or the database cannot be used; `detail` says what to do.
    """
    with data_folder(settings.data) as folder:
        secret = load_secret(folder)
        async with open_database(settings.database or sqlite_url(folder / "tongtang.db")) as database:
            files, photo_files = PageFiles(folder / "pages"), PageFiles(folder / "photos")
            clip_files, made_files = PageFiles(folder / "clips"), PageFiles(folder / "packs")
            material_files, plan_pictures = PageFiles(folder / "material"), PageFiles(folder / "plan_pictures")
            lessons = LessonService(database, files)
            accounts = AccountService(database, Passwords())
            demo = Demo(accounts, lessons) if settings.demo else None
            timetables = make_timetables(database, settings.timezone, secret)
            devices, rosters = DeviceService(database), RosterService(database)
            if demo is not None:
                await demo.seed()
                await seed_school_year(accounts, demo, timetables.service, rosters)
                await demo.lesson()
            zone = ZoneInfo(settings.timezone)
            meetings = make_meetings(database, ActivityLog(database), lessons, folder / "evidence", zone)
            tokens = SignedRoomTokens(secret)
            limits = {DECK_PURPOSE: settings.decks_max_mb << 20, CLIP_PURPOSE: MAX_CLIP_BYTES}
            limits |= {MATERIAL_PURPOSE: MAX_FILE_BYTES, GAP_PURPOSE: MAX_PIECE_BYTES}
            objects = open_objects(settings)
            finals = FinalCounts()
            credits = CreditService(database, finals, ZoneInfo(settings.timezone), Issuer.load(folder, "同堂"))
            uploads = UploadService(database, folder / "uploads", limits)
            decks = DeckService(database, uploads, lessons, folder / "decks")
            search_maker = IndexMaker(database, folder / "recordings")
            async with (
                open_live(settings, database, lessons, tokens, await accounts.caps(), secret) as live,
                copying_to(None if objects is None else Copier(database, objects, folder / "recordings")),
                converting(DeckWorker(database, decks, uploads, lessons, files, live.deck_changed), uploads),
                open_plans(database, accounts, ActivityLog(database), plan_pictures, secret) as plans,
                banking(credits),
                making(search_maker),
                open_observing(database, ActivityLog(database), folder / "recordings") as observing,
                sweeping(OrphanSweep(database, folders(files, photo_files, clip_files, made_files, material_files))),
            ):
                questions = QuestionService(database, photo_files)
                pack_files = PackFiles(files, clip_files, made_files)
                activity = ActivityLog(database)
                sources: list[PackSource] = [RosterSource(rosters), QuestionSource(questions), SegmentSource(database)]
                if demo is not None:
                    await ResearchStory(database, demo, plans.rooms, zone, utc_now()).tell()
                    await credits.sweep()
                yield Services(
                    settings,
                    database,
                    accounts,
                    devices,
                    lessons,
                    files,
                    tokens,
                    live,
                    live,
                    live,
                    live,
                    demo,
                    rosters=rosters,
                    timetables=timetables,
                    packs=PackService(database, lessons, pack_files, sources, zone=ZoneInfo(settings.timezone)),
                    clips=ClipService(database, uploads, lessons, clip_files, live.clips_changed),
                    questions=questions,
                    uploads=uploads,
                    gaps=GapService(
                        database,
                        uploads,
                        lessons,
                        folder / "recordings",
                        live.remake,
                        lambda school: bool(live.spares(school)),
                        settings.recordings_local_days,
                    ),
                    decks=decks,
                    resources=ResourceService(database),
                    reviews=ReviewService(database),
                    consents=ConsentService(database),
                    material=MaterialService(database, uploads, material_files),
                    activity=activity,
                    groups=GroupService(database, activity),
                    joining=JoiningService(database, activity),
                    templates=TemplateService(database, activity),
                    gatherings=GatheringService(database, activity, ZoneInfo(settings.timezone)),
                    gathering_feeds=GatheringFeeds(database, FeedAddresses(secret)),
                    plans=plans,
                    authorship=SharesService(database, plans.rooms, finals, settings.research_west),
                    search=SearchService(database),
                    search_maker=search_maker,
                    teaching=TeachingService(database, activity, questions, live.segments_changed),
                    observing=observing,
                    meetings=meetings,
                    credits=credits,
                    exports=ExportService(
                        database,
                        activity,
                        observing,
                        meetings,
                        plan_pictures,
                        ZoneInfo(settings.timezone),
                    ),
                )


def build_app(services: Services, dist: Path = web_build.DIST) -> Starlette:
    """Return the ASGI application of these services."""
    routes: list[BaseRoute] = [
        *hello.routes(),
        *account_routes.routes(),
        *lesson_routes.routes(),
        *figure_routes.routes(),
        *roster_routes.routes(),
        *question_routes.routes(),
        *card_routes.routes(),
        *timetable_routes.routes(),
        *timetable_day_routes.routes(),
        *upload_routes.routes(),
        *gap_routes.routes(),
        *deck_routes.routes(),
        *pack_routes.routes(),
        *clip_routes.routes(),
        *resource_routes.routes(),
        *offline_routes.routes(services, dist),
        *group_routes.routes(),
        *gathering_routes.routes(),
        *template_routes.routes(),
        *plan_routes.routes(),
        *plan_paper_routes.routes(),
        *authorship_routes.routes(),
        *search_routes.routes(),
        *teaching_routes.routes(),
        *review_routes.routes(),
        *chain_routes.routes(),
        *meeting_routes.routes(),
        *credit_routes.routes(),
        *export_routes.routes(),
        *services.live.routes(),
        *web_build.routes(dist),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityHeaders, files=services.settings.files_url),
            Middleware(OwnHeader),
            Middleware(BodyLimit),
        ],
        exception_handlers={TongtangError: on_error, HTTPException: on_error, Exception: on_error},
    )
    app.state.services = services
    app.state.dist = dist
    return app
