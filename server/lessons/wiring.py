"""Everything that a lesson is prepared with, made once a server."""

from __future__ import annotations

from dataclasses import dataclass

from server.ground import Ground
from server.lessons.decks.service import PURPOSE as DECK_PURPOSE, DeckService
from server.lessons.decks.worker import DeckWorker
from server.lessons.packs.clips import MAX_CLIP_BYTES, PURPOSE as CLIP_PURPOSE, ClipService
from server.lessons.packs.contents import PackFiles, PackSource
from server.lessons.packs.rosters import RosterSource
from server.lessons.packs.service import PackService
from server.lessons.questions.pack import QuestionSource
from server.lessons.questions.service import QuestionService
from server.lessons.rosters.service import RosterService
from server.lessons.segments import SegmentSource
from server.lessons.service import LessonService
from server.lessons.timetable.wiring import Timetables, make_timetables
from server.live_ports import Live
from server.settings import Settings
from server.uploads.service import UploadService


@dataclass(frozen=True)
class Preparing:
    """The services of the time before class: the timetable, the pupils, and what is shown, asked and played."""

    timetables: Timetables
    rosters: RosterService
    decks: DeckService
    deck_worker: DeckWorker
    questions: QuestionService
    clips: ClipService
    packs: PackService


def upload_limits(settings: Settings) -> dict[str, int]:
    """Return how many bytes an upload for a lesson may have, by its purpose."""
    return {DECK_PURPOSE: settings.decks_max_mb << 20, CLIP_PURPOSE: MAX_CLIP_BYTES}


def make_preparing(ground: Ground, lessons: LessonService, uploads: UploadService, live: Live) -> Preparing:
    """Return the services; rooms that are open hear through `live` what changes."""
    database, files, clock = ground.database, ground.files, ground.clock
    rosters = RosterService(database, clock)
    questions = QuestionService(database, files.photos, clock)
    decks = DeckService(database, uploads, lessons, ground.folder / "decks", clock)
    sources: list[PackSource] = [RosterSource(rosters), QuestionSource(questions), SegmentSource(database)]
    pack_files = PackFiles(files.pages, files.clips, files.packs)
    return Preparing(
        timetables=make_timetables(database, ground.settings.timezone, ground.secret, clock),
        rosters=rosters,
        decks=decks,
        deck_worker=DeckWorker(database, decks, uploads, lessons, files.pages, live.deck_changed, clock),
        questions=questions,
        clips=ClipService(database, uploads, lessons, files.clips, live.clips_changed),
        packs=PackService(database, lessons, pack_files, sources, clock, ground.zone),
    )
