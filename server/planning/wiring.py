"""Everything of the research workshop that is made once a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.accounts.service import AccountService
from server.ground import Ground
from server.lessons.questions.service import QuestionService
from server.lessons.timetable.feeds import FeedAddresses
from server.live_ports import Live
from server.planning.authorship.finals import FinalCounts
from server.planning.authorship.service import SharesService
from server.planning.calendar.feeds import GatheringFeeds
from server.planning.calendar.service import GatheringService
from server.planning.credits.badges import Issuer
from server.planning.credits.service import CreditService
from server.planning.export.service import ExportService
from server.planning.groups.joining import JoiningService
from server.planning.groups.service import GroupService
from server.planning.log import ActivityLog
from server.planning.meetings.wiring import Meetings
from server.planning.plans.wiring import Plans, open_plans
from server.planning.reviews.wiring import Observing, open_observing
from server.planning.search.making import IndexMaker
from server.planning.search.service import SearchService
from server.planning.teaching.service import TeachingService
from server.planning.templates.service import TemplateService


@dataclass(frozen=True)
class Planning:
    """The services of the workshop."""

    activity: ActivityLog
    groups: GroupService
    joining: JoiningService
    templates: TemplateService
    gatherings: GatheringService
    gathering_feeds: GatheringFeeds
    plans: Plans
    authorship: SharesService
    teaching: TeachingService
    observing: Observing
    meetings: Meetings
    credits: CreditService
    exports: ExportService
    search: SearchService
    search_maker: IndexMaker


@asynccontextmanager
async def open_planning(
    ground: Ground, accounts: AccountService, meetings: Meetings, questions: QuestionService, live: Live
) -> AsyncIterator[Planning]:
    """Yield the services, with the rooms of plans alive; rooms of lessons hear through `live` what is taught there."""
    database, clock, zone = ground.database, ground.clock, ground.zone
    activity, finals, pictures = ActivityLog(database, clock), FinalCounts(), ground.files.plan_pictures
    async with (
        open_plans(database, accounts, activity, pictures, ground.secret, clock) as plans,
        open_observing(database, activity, ground.recordings, clock) as observing,
    ):
        yield Planning(
            activity=activity,
            groups=GroupService(database, activity, clock),
            joining=JoiningService(database, activity, clock),
            templates=TemplateService(database, activity, clock),
            gatherings=GatheringService(database, activity, zone, clock),
            gathering_feeds=GatheringFeeds(database, FeedAddresses(ground.secret), clock),
            plans=plans,
            authorship=SharesService(database, plans.rooms, finals, ground.settings.research_west),
            teaching=TeachingService(database, activity, questions, live.segments_changed, clock),
            observing=observing,
            meetings=meetings,
            credits=CreditService(database, finals, zone, Issuer.load(ground.folder, "同堂"), clock),
            exports=ExportService(database, activity, observing, meetings, pictures, zone, clock),
            search=SearchService(database),
            search_maker=IndexMaker(database, ground.recordings),
        )
