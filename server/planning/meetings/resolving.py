"""What meetings resolve: who does it until when; done is what has evidence."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import select

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons import tables as lesson_tables
from server.lessons.model import PersonRef
from server.lessons.page_files import PageFiles
from server.library.resources import tables as resources
from server.planning.groups import tables as groups
from server.planning.log import ActivityLog
from server.planning.meetings import tables
from server.planning.meetings.model import MAX_FILE_BYTES, MAX_RESOLUTIONS, Evidence, Meeting, Resolution
from server.planning.meetings.service import MeetingService
from server.planning.plans.tables import plan_versions, plans
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

DUE_LISTED = 100
DAY_END_MS = 86_399_999
# What a browser shows or hands to the right program; anything else is kept as a file to be saved.
MIMES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ResolutionService:
    """Resolutions of meetings."""

    def __init__(
        self,
        database: Database,
        meetings: MeetingService,
        activity: ActivityLog,
        files: PageFiles,
        zone: ZoneInfo,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._meetings = meetings
        self._activity = activity
        self._files = files
        self._zone = zone
        self._clock = clock

    @property
    def today(self) -> str:
        """Return the day in the server's time zone."""
        return self._clock().astimezone(self._zone).date().isoformat()

    async def make(self, person: Person, meeting_id: str, text: str, owner_id: str, due: str) -> Resolution:
        """Write down what was resolved.

        Raises:
            Refused: `field_invalid`, `resolutions_full`, or what `MeetingService.require_in` raises.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            meeting, _ = await self._meetings.require_in(tx, person, meeting_id, Right.RECORD_MINUTES)
            owner = await self._owner(tx, meeting, owner_id)
            made = tables.resolutions.c.meeting_id == meeting_id
            if len(await tables.resolutions_where(tx, made, MAX_RESOLUTIONS)) >= MAX_RESOLUTIONS:
                raise Refused("resolutions_full", f"一次会议最多 {MAX_RESOLUTIONS} 条决议。")
            one = Resolution(
                id=new_id(), meeting_id=meeting_id, meeting=meeting.room.title, group_id=meeting.group_id,
                text=_said(text), owner=owner, due=_day(due), made_by=PersonRef(person.id, person.name), made_ms=now,
            )  # fmt: skip
            await tables.add_resolution(tx, one)
            data = {"text": one.text, "person": owner.id, "name": owner.name, "due_ms": self._due_ms(one.due)}
            await self._note(tx, "resolution.made", person, meeting, one, data)
        return one

    async def change(self, person: Person, resolution_id: str, text: str, owner_id: str, due: str) -> Resolution:
        """Change an open resolution.

        Raises:
            Refused: `resolution_unknown`, `resolution_closed`, `field_invalid`, or what `require_in` raises.
        """
        async with self._database.write() as tx:
            one, meeting = await self._open(tx, person, resolution_id, Right.RECORD_MINUTES)
            owner = await self._owner(tx, meeting, owner_id)
            one = replace(one, text=_said(text), owner=owner, due=_day(due))
            await tables.change_resolution(tx, one.id, text=one.text, owner_id=owner.id, due=one.due)
        return one

    async def keep_file(self, person: Person, resolution_id: str, name: str, data: bytes) -> Evidence:
        """Store a file that is to be given as evidence; it counts once the resolution is closed with it.

        Raises:
            Refused: `resolution_unknown`, `resolution_closed`, `field_invalid`, or what `require_in` raises.
            Unavailable: `disk_full` or `storage_failed`.
        """
        if not 0 < len(data) <= MAX_FILE_BYTES:
            raise field_invalid("files", f"文件不能是空的，最大 {MAX_FILE_BYTES >> 20} MB。更大的材料请先上传为资源。")
        async with self._database.read() as tx:
            await self._open(tx, person, resolution_id, Right.CLOSE_RESOLUTION)
        sha256 = await self._files.put(data)
        title = re.sub(r"[\x00-\x1f/\\]", "", name).strip()[:100] or "附件"
        return Evidence(kind="file", id=sha256, title=title, mime=mime_of(title), bytes=len(data))

    async def close(self, person: Person, resolution_id: str, given: Evidence) -> Resolution:
        """Close a resolution with what shows that it was carried out.

        Raises:
            Refused: `resolution_unknown`, `resolution_closed`, `evidence_unknown`, or what `require_in` raises.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            one, meeting = await self._open(tx, person, resolution_id, Right.CLOSE_RESOLUTION)
            evidence = await self._checked(tx, person, meeting, given)
            await tables.change_resolution(tx, one.id, evidence=evidence, closed_by_id=person.id, closed_ms=now)
            key = f"resolution:{one.id}"
            await self._note(tx, "resolution.closed", person, meeting, one, {"text": one.text}, idem=key)
        return replace(one, evidence=evidence, closed_by=PersonRef(person.id, person.name), closed_ms=now)

    async def due(self, person: Person) -> list[Resolution]:
        """Return what is open in the person's groups: their own first, then by day."""
        async with self._database.read() as tx:
            own = [group.id for group, _ in await groups.groups_of(tx, person.id)]
            mine = tables.resolutions.c.owner_id == person.id
            where = (tables.meetings.c.group_id.in_(own) | mine) & (tables.resolutions.c.evidence == "")
            found = await tables.resolutions_where(tx, where, DUE_LISTED)
        return sorted(found, key=lambda one: (one.owner.id != person.id, one.due))

    async def file(self, person: Person, resolution_id: str) -> Evidence:
        """Return the file that a resolution was closed with.

        Raises:
            Refused: `resolution_unknown` or `file_unknown`.
        """
        async with self._database.read() as tx:
            one, _ = await self._find(tx, person, resolution_id, Right.READ_PLAN)
        if one.evidence is None or one.evidence.kind != "file" or not self._files.path(one.evidence.id).is_file():
            raise Refused("file_unknown", "这条决议没有附件，或者附件已不在服务器上。")
        return one.evidence

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _find(
        self, tx: Transaction, person: Person, resolution_id: str, right: Right
    ) -> tuple[Resolution, Meeting]:
        found = await tables.resolutions_where(tx, tables.resolutions.c.id == resolution_id, 1)
        if not found:
            raise Refused("resolution_unknown", "没有找到这条决议，请刷新。")
        meeting, _ = await self._meetings.require_in(tx, person, found[0].meeting_id, right)
        return found[0], meeting

    async def _open(
        self, tx: Transaction, person: Person, resolution_id: str, right: Right
    ) -> tuple[Resolution, Meeting]:
        one, meeting = await self._find(tx, person, resolution_id, right)
        if one.evidence is not None:
            raise Refused("resolution_closed", "这条决议已经落实，不能再改。")
        return one, meeting

    async def _owner(self, tx: Transaction, meeting: Meeting, owner_id: str) -> PersonRef:
        members = {one.person.id for one in await groups.members_of(tx, meeting.group_id)}
        known = members | meeting.guests | {one.person_id for one in meeting.room.people}
        found = await tables.seated(tx, [owner_id]) if owner_id in known else {}
        if owner_id not in found:
            raise field_invalid("owner_id", "请从教研组成员或参会的人里选一位负责人。")
        return found[owner_id].person

    async def _checked(self, tx: Transaction, person: Person, meeting: Meeting, given: Evidence) -> Evidence:
        """Return the evidence as it is now; what does not exist, or is none of the person's business, is none."""
        title: str | None = None
        match given.kind:
            case "plan_version":
                title = await _version_title(tx, meeting.group_id, given)
            case "lesson":
                lesson = await lesson_tables.find_lesson(tx, given.id)
                title = None if lesson is None or lesson.kind != "lesson" or lesson.state != "ended" else lesson.title
            case "resource":
                resource = await resources.find(tx, given.id)
                title = None if resource is None else resource.title
            case "file":
                if not re.fullmatch("[0-9a-f]{64}", given.id) or not self._files.renew(given.id):
                    _no_evidence()
                return replace(given, mime=mime_of(given.title))
        if not title:
            _no_evidence()
        return Evidence(kind=given.kind, id=given.id, number=given.number, title=title)

    async def _note(
        self, tx: Transaction, kind: str, person: Person, meeting: Meeting, one: Resolution, data: dict[str, object],
        idem: str | None = None,
    ) -> None:  # fmt: skip
        await self._activity.note(
            tx, kind, person.id, group_id=meeting.group_id, plan_id=meeting.plan_id or "", object_id=one.id,
            data=data, idem=idem,
        )  # fmt: skip

    def _due_ms(self, due: str) -> int:
        return epoch_ms(datetime.fromisoformat(due).replace(tzinfo=self._zone)) + DAY_END_MS

    def path(self, evidence: Evidence) -> str:
        """Return where the file of an evidence lies."""
        return str(self._files.path(evidence.id))


def mime_of(name: str) -> str:
    """Return the media type by the name's end."""
    found = (mime for end, mime in MIMES.items() if name.lower().endswith(end))
    return next(found, "application/octet-stream")


async def _version_title(tx: Transaction, group_id: str, given: Evidence) -> str | None:
    query = (
        select(plans.c.title, plan_versions.c.name)
        .join(plan_versions, plan_versions.c.plan_id == plans.c.id)
        .where(plans.c.id == given.id, plans.c.group_id == group_id, plan_versions.c.number == given.number)
    )
    row = (await tx.execute(query)).first()
    return None if row is None else f"{row.title} · {row.name}"


def _no_evidence() -> NoReturn:
    raise Refused(
        "evidence_unknown", "没有找到这份依据。请选择本组教案的一个版本、上过的一节课、一份资源，或者上传文件。"
    )


def _said(text: str) -> str:
    if not text.strip():
        raise field_invalid("text", "请写下决议的内容。")
    return text.strip()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise field_invalid("due", "请选一个日期。") from error
