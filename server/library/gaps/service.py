"""Filling what the network lost: what browsers may record, what they are asked for, and what is taken from them.

Nobody sends anything for a lesson that came through: asked for is what the finished recording lacks
(`recorder.splice.missing`), of those whose browser asks, and what was sent once is not asked for again. A classroom's
screen is nobody's account: it records only when its school said so, and what it sends is sent on behalf of whoever
said so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec

from recorder.splice.gap_parts import GapPart, read_gap_parts
from recorder.splice.step import MISSING, Missing, missing_of
from recorder.step_notes import read_note
from recorder.workshop import FITTED
from server.accounts.model import Asker, Device, Person
from server.accounts.rights import Right, require_right
from server.accounts.service import Clock, epoch_ms, utc_now
from server.accounts.tables import find_school
from server.lessons.access import Entry, entries, require_entry, seat_for
from server.lessons.model import Lesson
from server.lessons.rooms import admission_of
from server.lessons.service import LessonService
from server.library import tables as recording_tables
from server.library.gaps import tables
from server.library.gaps.model import SAME_MS, Asked, Consent, NewPiece, Policy, Wanted, wanted_of
from server.library.gaps.pieces import describe, paused_in, rewrite
from server.library.model import Recording
from server.storage.database import Database
from server.storage.ids import new_id
from server.uploads.service import UploadService
from signaling.errors import Refused
from signaling.ids import PeerId, RoomId
from signaling.roles import Role
from signaling.seats import peer_id

PURPOSE = "gap"  # of uploads
MAX_REWRITES = 1  # at a time: live lessons come first
MAX_PARTS = 500  # of one recording
BESIDE_MS = (
    90_000.0  # a file may reach so far beyond its stretch: a browser's keyframes and cluster are no farther apart
)
SENDERS = frozenset({Role.LECTURER, Role.CLASSROOM})  # whose browsers record themselves

Finalise = Callable[[str, str, str], None]  # recording id, folder, title


class GapService:
    """What the network lost, and the browsers that have it.

    Args:
        folder: of all recordings.
        finalise: has a recording made again.
        is_busy: whether a school is in a lesson now.
        days: for how long browsers keep what they recorded; 0: they record nothing.
    """

    def __init__(
        self,
        database: Database,
        uploads: UploadService,
        lessons: LessonService,
        folder: Path,
        finalise: Finalise,
        is_busy: Callable[[str], bool],
        days: int,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._uploads = uploads
        self._lessons = lessons
        self._folder = folder.absolute()
        self._finalise = finalise
        self._is_busy = is_busy
        self._days = days
        self._clock = clock
        self._rewrites = asyncio.Semaphore(MAX_REWRITES)

    # --- consent --------------------------------------------------------------------------------------------------

    async def policy(self, asker: Asker, lesson_id: str, role: Role, classroom_id: str | None) -> Policy:
        """Return whether the asker's browser may record itself in this role.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `lesson_cancelled` or `not_allowed`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        entry = require_entry(asker, lesson, role, classroom_id)
        return Policy(self._days > 0 and await self._may_record(entry), role is Role.LECTURER, self._days)

    async def _may_record(self, entry: Entry) -> bool:
        if entry.role is not Role.CLASSROOM or entry.classroom is None:
            return entry.role in SENDERS
        consent = await self.consent(entry.classroom.school.id)
        return consent is not None and consent.allowed

    async def consent(self, school_id: str) -> Consent | None:
        """Return what a school said of its classrooms' screens."""
        async with self._database.read() as tx:
            return await tables.consent_of(tx, school_id)

    async def set_consent(self, by: Person, school_id: str, *, allowed: bool) -> Consent:
        """Say for a school whether its classrooms' screens may record themselves.

        Raises:
            Refused: `not_allowed` or `school_unknown`.
        """
        require_right(by, Right.RECORD_CONSENTS, school_id, "只有本校的老师和管理员可以决定教室是否在本机录制。")
        async with self._database.write() as tx:
            if await find_school(tx, school_id) is None:
                raise Refused("school_unknown", "没有这所学校。")
            await tables.set_consent(tx, school_id, by.id, epoch_ms(self._clock()), allowed=allowed)
            consent = await tables.consent_of(tx, school_id)
        assert consent is not None, "it was just stored"
        return consent

    async def sender_for(self, device: Device) -> str | None:
        """Return the id of the person on whose behalf a classroom's screen sends; None: it may not."""
        consent = None if device.classroom is None else await self.consent(device.classroom.school.id)
        return consent.by_id if consent is not None and consent.allowed and self._days > 0 else None

    # --- what is missing ------------------------------------------------------------------------------------------

    async def asked(self, asker: Asker, lesson_id: str) -> Asked:
        """Return what the asker's browser is asked for.

        Raises:
            Refused: `not_logged_in` or `lesson_unknown`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        peers = await self._peers(asker, lesson)
        recording = await self._recording(lesson)
        if not peers or self._days <= 0 or (recording is None and lesson.state == "ended"):
            return Asked("none", peers=tuple(sorted(peers)))
        if lesson.state != "ended" or recording is None or recording.state != "ready":
            return Asked("wait", peers=tuple(sorted(peers)))
        missing = await self._missing(recording.id)
        if missing is None:
            return Asked("none", peers=tuple(sorted(peers)))
        wanted = wanted_of(missing, await self._brought(recording.id), frozenset(peers))
        room_ms = missing.room_ms
        pauses = tuple((since - room_ms, None if until is None else until - room_ms) for since, until in missing.pauses)
        return Asked("open", any(map(self._is_busy, _schools(asker))), wanted, pauses, tuple(sorted(peers)))

    async def _peers(self, asker: Asker, lesson: Lesson) -> dict[PeerId, Entry]:
        """Return who the asker was in the lesson, as far as their browser may send."""
        found = [entry for entry in entries(asker, lesson) if entry.role in SENDERS]
        return {
            peer_id(RoomId(lesson.id), admission_of(seat_for(entry, lesson))): entry
            for entry in found
            if await self._may_record(entry)
        }

    async def _recording(self, lesson: Lesson) -> Recording | None:
        async with self._database.read() as tx:
            found = await recording_tables.recordings_of(tx, [lesson.id])
        return found[0] if found else None

    async def _missing(self, recording_id: str) -> Missing | None:
        note = await asyncio.to_thread(read_note, self._folder / recording_id, MISSING)
        return None if note is None else missing_of(note.facts)

    async def _brought(self, recording_id: str) -> list[GapPart]:
        return await asyncio.to_thread(read_gap_parts, self._folder / recording_id)

    # --- what is sent ---------------------------------------------------------------------------------------------

    async def take(self, asker: Asker, lesson_id: str, piece: NewPiece) -> None:
        """Take a file that was asked for and uploaded.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `gap_unwanted`, `gap_broken`, `upload_unknown`,
                `upload_incomplete` or `local_recording_off`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        entry = (await self._peers(asker, lesson)).get(PeerId(piece.peer))
        recording, missing = await self._recording(lesson), None
        if recording is not None and recording.state == "ready":
            missing = await self._missing(recording.id)
        if entry is None or recording is None or missing is None:
            raise _unwanted()
        brought = await self._brought(recording.id)
        wanted = wanted_of(missing, brought, frozenset({piece.peer}))
        if len(brought) >= MAX_PARTS or not any(_is_this(piece, one) for one in wanted):
            raise _unwanted()
        part = _part(piece, entry, missing.room_ms)
        sender = await self._sender(asker)
        await self._keep(sender, piece.upload, recording, missing, part)

    async def _sender(self, asker: Asker) -> str:
        if asker.person is not None:
            return asker.person.id
        sender = None if asker.device is None else await self.sender_for(asker.device)
        if sender is None:
            raise Refused("local_recording_off", "本校没有允许教室在本机录制，这段录制不会上传。")
        return sender

    async def _keep(self, sender: str, upload_id: str, recording: Recording, missing: Missing, part: GapPart) -> None:
        """Make a part of the upload, let the upload go, and only then let the part be there."""
        sent = await self._uploads.find(sender, upload_id)
        if sent.purpose != PURPOSE:
            raise Refused("upload_unknown", "没有这个上传，可能隔了太久已经清理。")
        if not sent.is_whole:
            raise Refused("upload_incomplete", f"“{sent.name}”还没有传完，请等它传完。")
        folder = self._folder / recording.id
        spans = paused_in(missing.pauses, part.maps)
        async with self._rewrites:
            made = await rewrite(self._uploads.path(upload_id).absolute(), folder / part.file, part.source, spans)
        if not made.codec:
            raise Refused("gap_broken", "这段本机录制打不开，不能用来补录像。已有的录像不受影响。")
        async with self._database.write() as tx:
            await self._uploads.claim(tx, sender, PURPOSE, [upload_id])
        await self._uploads.release([upload_id])
        whole = msgspec.structs.replace(
            part, codec=made.codec, width=made.width, height=made.height, duration_ms=made.duration_ms
        )
        await asyncio.to_thread(describe, folder, whole)

    async def done(self, asker: Asker, lesson_id: str) -> None:
        """Have the recording made again, when something was sent that is not in it yet.

        Raises:
            Refused: `not_logged_in` or `lesson_unknown`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        recording = await self._recording(lesson)
        if recording is None or recording.state != "ready" or not await self._peers(asker, lesson):
            return
        folder = self._folder / recording.id
        if await asyncio.to_thread(_is_new, folder):
            self._finalise(recording.id, str(folder), recording.title)


def _is_new(folder: Path) -> bool:
    """Return whether parts were brought that finalising has not looked at."""
    note = read_note(folder, FITTED)
    facts = {} if note is None else note.facts
    known = {*facts.get("shifts", ()), *facts.get("unfit", ())}
    return any(part.name not in known for part in read_gap_parts(folder))


def _is_this(piece: NewPiece, wanted: Wanted) -> bool:
    return (
        (piece.peer, piece.source) == (wanted.peer, wanted.source)
        and abs(piece.from_t_ms - wanted.from_t_ms) <= SAME_MS
        and abs(piece.to_t_ms - wanted.to_t_ms) <= SAME_MS
    )


def _part(piece: NewPiece, entry: Entry, room_ms: float) -> GapPart:
    """Return what is known of a piece before it is read.

    Raises:
        Refused: `gap_unwanted`: it is from another time than it says.
    """
    maps = tuple((ms, at + room_ms) for ms, at in piece.maps)
    is_rising = all(before[0] < after[0] and before[1] <= after[1] for before, after in pairwise(maps))
    begin, end = min(at - ms for ms, at in maps), maps[-1][1]
    since, until = piece.from_t_ms + room_ms, piece.to_t_ms + room_ms
    if not is_rising or begin < since - BESIDE_MS or end > until + BESIDE_MS:
        raise _unwanted()
    minors = entry.role is Role.CLASSROOM
    return GapPart(new_id(), piece.peer, piece.source, "", 0, 0, minors, piece.browser, since, until, maps, 0)


def _schools(asker: Asker) -> set[str]:
    found = {asker.person.school_id} if asker.person is not None else set()
    if asker.device is not None and asker.device.classroom is not None:
        found.add(asker.device.classroom.school.id)
    return {school for school in found if school}


def _unwanted() -> Refused:
    return Refused("gap_unwanted", "这一段录像不缺，或者已经补上了，不需要再传。")
