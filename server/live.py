"""The live plane as the rest of the server sees it: rooms, media workers, recorder and library, wired."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.routing import BaseRoute

from recorder.settings import FinaliseSettings
from server.addresses import media_addresses
from server.lessons import catchup_routes, websocket, whip
from server.lessons.catchup import Spare
from server.lessons.packs.pace import Pace
from server.lessons.page_files import PageFiles
from server.lessons.ports import LessonStore, RoomTokens, Seat
from server.lessons.rooms import RoomHost, Seats, admission_of
from server.library import caption_routes, routes as library_routes
from server.library.delivery import Delivery
from server.library.feeds import routes as feed_routes
from server.library.feeds.service import FeedService
from server.library.service import LibraryService
from server.library.sharing import routes as sharing_routes
from server.library.sharing.service import SharingService
from server.processes.media import MediaWorkers
from server.processes.recorder import RecorderLink
from server.settings import Settings
from server.storage.database import Database
from signaling.data_caps import DataCap
from signaling.messages import Clip, Deck, RoomId, Roster, Rung, Segment
from signaling.questions import current
from signaling.seats import peer_id


class LivePlane:
    """Everything that lives while lessons do."""

    def __init__(self, host: RoomHost, library: LibraryService, routes: list[BaseRoute]) -> None:
        self._host = host
        self._library = library
        self._routes = routes

    @property
    def is_media_ready(self) -> bool:
        """Return whether the media workers serve."""
        return self._host.media.is_ready

    @property
    def is_recorder_ready(self) -> bool:
        """Return whether the recorder serves."""
        return self._host.recorder.is_ready

    def seats(self, lesson: RoomId) -> Seats:
        """Return who is in the lesson's room."""
        return self._host.seats(lesson)

    def end(self, lesson: RoomId) -> None:
        """End the lesson for everybody."""
        self._host.end(lesson)

    def cap_changed(self, school_id: str, cap: DataCap) -> None:
        """Hold a school to another data cap from now on."""
        self._host.set_cap(school_id, cap)

    def downloaded(self, lesson: RoomId, seats: Sequence[Seat], size_bytes: int) -> None:
        """Count what whoever may hold one of these seats fetched over HTTP."""
        self._host.downloaded(lesson, seats, size_bytes)

    def spares(self, school_id: str) -> list[Spare]:
        """Return what the links of a school have to spare in the lessons that it takes part in now."""
        return self._host.spares(school_id)

    def page_pace(self, lesson: RoomId, seats: Sequence[Seat], page: int) -> Pace | None:
        """Return how fast a page goes to whoever may hold one of these seats; None: at once."""
        return self._host.page_pace(lesson, seats, page)

    def rungs(self) -> list[tuple[str, Rung]]:
        """Return the school and the rung of each classroom that is in."""
        return self._host.rungs()

    def deck_changed(self, lesson: RoomId, deck: Deck | None) -> None:
        """Tell the lesson's room, when it is open, that it has another deck."""
        self._host.deck_changed(lesson, deck)

    def segments_changed(self, lesson: RoomId, segments: tuple[Segment, ...]) -> None:
        """Tell the lesson's room, when it is open, by which segments of a plan it is taught now."""
        self._host.segments_changed(lesson, segments)

    def clips_changed(self, lesson: RoomId, clips: tuple[Clip, ...]) -> None:
        """Tell the lesson's room, when it is open, which clips it has now."""
        self._host.clips_changed(lesson, clips)

    def called_off(self, lesson: RoomId, reason: str) -> None:
        """Send home whoever waits in a lesson that was cancelled."""
        self._host.called_off(lesson, reason)

    def roster_changed(self, roster: Roster) -> None:
        """Tell the open rooms of a classroom who its pupils are now."""
        self._host.roster_changed(roster)

    def photo_shown(self, lesson: RoomId) -> str:
        """Return the pupil's photo that the lesson's walls show now; empty: none."""
        room = self._host.open_room(lesson)
        on = None if room is None else current(room.room.state.quiz)
        return "" if on is None else on.photo

    def is_acting(self, lesson: RoomId, seats: Sequence[Seat]) -> bool:
        """Return whether who may hold one of these seats leads the lesson in the lecturer's place now."""
        room = self._host.open_room(lesson)
        acting = None if room is None else room.room.state.acting
        return acting is not None and acting in [peer_id(lesson, admission_of(seat)) for seat in seats]

    def remake(self, recording: str, folder: str, title: str) -> None:
        """Have a finished recording made again."""
        self._host.recorder.finalise(recording, folder, title)

    async def test_path(self, offer: str) -> str:
        """Answer a throw-away connection's SDP offer."""
        return await self._host.test_path(offer)

    async def ids_by_lesson(self, lessons: tuple[RoomId, ...]) -> dict[str, str]:
        """Return the recording's id for those lessons that have one."""
        return await self._library.ids_by_lesson(lessons)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of rooms and recordings."""
        return self._routes


@asynccontextmanager
async def open_live(
    settings: Settings,
    database: Database,
    store: LessonStore,
    tokens: RoomTokens,
    caps: Mapping[str, DataCap],
    secret: bytes,
) -> AsyncIterator[LivePlane]:
    """Run the live plane inside the block."""
    media = MediaWorkers(
        workers=worker_count(settings),
        port=settings.media_port,
        bind=media_bind(settings),
        addresses=media_addresses(settings),
    )
    # Not in the data folder: the path of a local socket may have 107 characters (unix(7)).
    with tempfile.TemporaryDirectory(prefix="tongtang-") as folder:
        recorder = RecorderLink(Path(folder) / "tap", finalise_settings(settings))
        delivery = Delivery(settings.files_secret, settings.files_url)
        library = LibraryService(
            database, settings.data / "recordings", PageFiles(settings.data / "pages"), delivery=delivery
        )
        host = RoomHost(store, tokens, library, media, recorder, caps=caps)
        routes = [
            *websocket.routes(host),
            *whip.routes(host),
            *catchup_routes.routes(host),
            *library_routes.routes(library),
            *caption_routes.routes(library),
            *feed_routes.routes(FeedService(database)),
            *sharing_routes.routes(library, SharingService(database, secret)),
        ]
        async with host.running():
            await library.draft_missing()
            for recording, path, title in await library.unfinished():
                recorder.finalise(recording, path, title)  # what a crash or a power cut left
            for recording, path, title in await library.night_work():
                recorder.finalise(recording, path, title, night=True)
            yield LivePlane(host, library, routes)


def finalise_settings(settings: Settings) -> FinaliseSettings:
    """Return what the recorder needs to know of the settings."""
    return FinaliseSettings(
        transcriber=settings.recordings_transcriber,
        page_reader=settings.recordings_page_reader,
        low_codec=settings.recordings_low_codec,
        night=settings.recordings_night,
        timezone=settings.timezone,
    )


def worker_count(settings: Settings) -> int:
    """Return how many media workers run: one for each core that the web process leaves over, at least one."""
    return settings.media_workers or max(1, (os.cpu_count() or 1) - 1)


def media_bind(settings: Settings) -> str:
    """Return the address that the media workers bind: the announced one, or all when several are announced."""
    addresses = media_addresses(settings)
    return addresses[0] if len(addresses) == 1 else "0.0.0.0"
