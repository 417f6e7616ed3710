"""The server: everything made and wired once, alive as long as the block of `open_services` runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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
from server.demo.material import share_material
from server.demo.research import ResearchStory
from server.demo.school_year import seed_school_year
from server.demo.seed import Demo
from server.ground import Ground
from server.lessons import figure_routes, routes as lesson_routes
from server.lessons.cards import routes as card_routes
from server.lessons.decks import routes as deck_routes
from server.lessons.decks.worker import converting
from server.lessons.packs import clip_routes, routes as pack_routes
from server.lessons.questions import routes as question_routes
from server.lessons.rosters import routes as roster_routes
from server.lessons.rosters.service import RosterService
from server.lessons.service import LessonService
from server.lessons.timetable import day_routes as timetable_day_routes, routes as timetable_routes
from server.lessons.timetable.service import TimetableService
from server.lessons.tokens import SignedRoomTokens
from server.lessons.wiring import make_preparing, upload_limits
from server.library.gaps import routes as gap_routes
from server.library.packs import routes as offline_routes
from server.library.resources import routes as resource_routes
from server.library.wiring import UPLOAD_LIMITS, make_library
from server.live import open_live
from server.live_ports import Live
from server.middleware import BodyLimit, OwnHeader, SecurityHeaders
from server.objects.copier import Copier, copying_to
from server.objects.opening import open_objects
from server.objects.store import ObjectStore
from server.orphans import OrphanSweep, folders, sweeping
from server.planning.authorship import routes as authorship_routes
from server.planning.calendar import routes as gathering_routes
from server.planning.chain import routes as chain_routes
from server.planning.credits import routes as credit_routes
from server.planning.credits.service import banking
from server.planning.export import routes as export_routes
from server.planning.groups import routes as group_routes
from server.planning.log import ActivityLog
from server.planning.meetings import routes as meeting_routes
from server.planning.meetings.wiring import Meetings, make_meetings
from server.planning.plans import paper_routes as plan_paper_routes, routes as plan_routes
from server.planning.reviews import routes as review_routes
from server.planning.search import routes as search_routes
from server.planning.search.making import making
from server.planning.teaching import routes as teaching_routes
from server.planning.templates import routes as template_routes
from server.planning.wiring import open_planning
from server.problems import on_error
from server.settings import Settings
from server.storage.database import open_database, sqlite_url
from server.uploads import routes as upload_routes
from server.uploads.service import UploadService
from signaling.errors import TongtangError


@dataclass(frozen=True)
class Basis:
    """What the live plane itself needs: who people are, which lessons there are, and who hears of their ends."""

    accounts: AccountService
    lessons: LessonService
    tokens: SignedRoomTokens
    meetings: Meetings


def make_basis(ground: Ground, passwords: Passwords) -> Basis:
    """Return the services that come before the live plane."""
    database, clock = ground.database, ground.clock
    lessons = LessonService(database, ground.files.pages, clock)
    return Basis(
        AccountService(database, passwords, clock),
        lessons,
        SignedRoomTokens(ground.secret, clock),
        make_meetings(database, ActivityLog(database, clock), lessons, ground.files.evidence, ground.zone, clock),
    )


@asynccontextmanager
async def open_domains(ground: Ground, basis: Basis, live: Live, demo: Demo | None) -> AsyncIterator[Services]:
    """Yield the services of all domains, without what works in the background by itself (`_working`)."""
    database, clock = ground.database, ground.clock
    limits = upload_limits(ground.settings) | UPLOAD_LIMITS
    uploads = UploadService(database, ground.folder / "uploads", limits, clock)
    preparing = make_preparing(ground, basis.lessons, uploads, live)
    async with open_planning(ground, basis.accounts, basis.meetings, preparing.questions, live) as planning:
        yield Services(
            settings=ground.settings,
            database=database,
            accounts=basis.accounts,
            devices=DeviceService(database, clock),
            lessons=basis.lessons,
            files=ground.files.pages,
            tokens=basis.tokens,
            live=live,
            demo=demo,
            uploads=uploads,
            preparing=preparing,
            library=make_library(ground, basis.lessons, uploads, live),
            planning=planning,
        )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the data folder and the database, start the live plane, and yield the services.

    Raises:
        Unavailable: the data folder or the database cannot be used; `detail` says what to do.
    """
    with data_folder(settings.data) as folder:
        secret = load_secret(folder)
        async with open_database(settings.database or sqlite_url(folder / "tongtang.db")) as database:
            ground = Ground(settings, database, folder, secret)
            basis = make_basis(ground, Passwords())
            demo = await _seeded(ground, basis) if settings.demo else None
            caps, objects = await basis.accounts.caps(), open_objects(settings)
            async with (
                open_live(settings, database, basis.lessons, basis.tokens, caps, secret) as live,
                open_domains(ground, basis, live, demo) as services,
                _working(ground, services, objects),
            ):
                if demo is not None:
                    await ResearchStory(database, demo, services.planning.plans.rooms, ground.zone, utc_now()).tell()
                    await share_material(demo, services.library, services.uploads)
                    await services.planning.credits.sweep()
                yield services


async def _seeded(ground: Ground, basis: Basis) -> Demo:
    """Make what is missing of the demonstration's people, school year and lesson."""
    demo = Demo(basis.accounts, basis.lessons)
    await demo.seed()
    timetable = TimetableService(ground.database, ground.zone, ground.clock)
    await seed_school_year(basis.accounts, demo, timetable, RosterService(ground.database, ground.clock))
    await demo.lesson()
    return demo


@asynccontextmanager
async def _working(ground: Ground, services: Services, objects: ObjectStore | None) -> AsyncIterator[None]:
    """Keep what works in the background running inside the block."""
    async with (
        copying_to(None if objects is None else Copier(ground.database, objects, ground.recordings)),
        converting(services.preparing.deck_worker, services.uploads),
        banking(services.planning.credits),
        making(services.planning.search_maker),
        sweeping(OrphanSweep(ground.database, folders(ground.files))),
    ):
        yield


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
