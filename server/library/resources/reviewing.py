"""The reviewers' side: taking a resource, notes at time codes, and the verdict by the audit standard."""

from __future__ import annotations

from collections.abc import Sequence

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.library.resources import desk, papers
from server.library.resources.life import Step
from server.library.resources.model import Resource
from server.library.resources.papers import Note, Review
from server.library.resources.service import store
from server.library.resources.standard import Mark, check_marks
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_NOTES = 300  # of one resource: six a minute of a lesson
MAX_NOTE = 1_000  # characters


class ReviewService:
    """Reviews of resources."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, person: Person, resource_id: str, revision: int) -> Resource:
        """Take a resource that waits; of two reviewers at once the second is told who was faster.

        Raises:
            Refused: `review_taken`, or what `desk.take` raises.
        """
        async with self._database.write() as tx:
            # Not compared with the page's revision before: "somebody reviews it" tells more than "it was changed".
            resource, state = await desk.take(tx, person, resource_id, Step.BEGIN, None)
            if revision != resource.revision:
                raise Refused("resource_changed", "作者刚才改过这份资源。请刷新页面，再开始审核。")
            reviewer = PersonRef(person.id, person.name)
            return await store(tx, resource, self._now(), state=state, reviewer=reviewer)

    async def release(self, person: Person, resource_id: str) -> Resource:
        """Let a resource go again, so that another reviewer can take it.

        Raises:
            Refused: what `desk.take` raises.
        """
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, Step.RELEASE, None)
            return await store(tx, resource, self._now(), state=state)

    async def add_note(self, person: Person, resource_id: str, at_ms: int | None, text: str) -> tuple[Note, ...]:
        """Note something at a moment of the recording, or about the whole; return all notes.

        Raises:
            Refused: `field_invalid` (empty, or beyond the end), `notes_full`, or what `desk.take` raises.
        """
        async with self._database.write() as tx:
            resource, _ = await desk.take(tx, person, resource_id, Step.NOTE, None)
            if not (text := text.strip()):
                raise field_invalid("text", "请写下发现的问题。")
            if at_ms is not None and not 0 <= at_ms <= resource.duration_ms:
                raise field_invalid(
                    "at_ms", f"录像只有 {_clock(resource.duration_ms)}，没有 {_clock(at_ms)} 这个时间点。"
                )
            if len(await papers.notes_of(tx, resource_id)) >= MAX_NOTES:
                raise Refused("notes_full", f"一份资源最多 {MAX_NOTES} 条意见。请合并几条。")
            by = PersonRef(person.id, person.name)
            note = Note(id=new_id(), version=resource.version, by=by, at_ms=at_ms, text=text, created_ms=self._now())
            await papers.add_note(tx, resource_id, note)
            return await papers.notes_of(tx, resource_id)

    async def remove_note(self, person: Person, resource_id: str, note_id: str) -> tuple[Note, ...]:
        """Take one of one's own notes back while one reviews; return the others.

        Raises:
            Refused: `note_unknown`, or what `desk.take` raises.
        """
        async with self._database.write() as tx:
            await desk.take(tx, person, resource_id, Step.NOTE, None)
            note = await _note(tx, resource_id, note_id)
            if note.by.id != person.id:
                raise Refused("not_allowed", "别人写的意见不能删除。")
            await papers.remove_note(tx, note_id)
            return await papers.notes_of(tx, resource_id)

    async def resolve(
        self, person: Person, resource_id: str, note_id: str, answer: str, *, is_done: bool
    ) -> tuple[Note, ...]:
        """Say what was done about a note; return all notes.

        Raises:
            Refused: `note_unknown`, or what `desk.take` raises.
        """
        async with self._database.write() as tx:
            await desk.take(tx, person, resource_id, Step.EDIT, None)
            await _note(tx, resource_id, note_id)
            await papers.set_resolved(tx, note_id, answer.strip(), self._now() if is_done else None)
            return await papers.notes_of(tx, resource_id)

    async def give_back(
        self, person: Person, resource_id: str, standard: str, marks: Sequence[Mark], remark: str
    ) -> Resource:
        """Return the resource to its maker, with notes or a remark that says why.

        Raises:
            Refused: `field_invalid`, or what `desk.take` raises.
        """
        check_marks(standard, marks, is_approval=False)
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, Step.RETURN, None)
            is_open = any(note.resolved_ms is None for note in await papers.notes_of(tx, resource_id))
            if not remark.strip() and not is_open:
                raise field_invalid("remark", "请写明要改什么，或者在时间点上写下意见。")
            review = self._review(person, resource, standard, marks, remark, is_approved=False)
            await papers.add_review(tx, resource_id, review)
            return await store(tx, resource, self._now(), state=state)

    async def approve(
        self, person: Person, resource_id: str, standard: str, marks: Sequence[Mark], remark: str
    ) -> Resource:
        """Approve the resource by a form that is filled in whole and met.

        Raises:
            Refused: `field_invalid`, `notes_open`, or what `desk.take` raises.
        """
        check_marks(standard, marks, is_approval=True)
        async with self._database.write() as tx:
            resource, state = await desk.take(tx, person, resource_id, Step.APPROVE, None)
            notes = await papers.notes_of(tx, resource_id)
            if left := sum(1 for note in notes if note.resolved_ms is None):
                raise Refused("notes_open", f"还有 {left} 条意见没有处理。请删掉它们，或者退回修改。")
            review = self._review(person, resource, standard, marks, remark, is_approved=True)
            await papers.add_review(tx, resource_id, review)
            return await store(tx, resource, self._now(), state=state)

    def _review(
        self,
        person: Person,
        resource: Resource,
        standard: str,
        marks: Sequence[Mark],
        remark: str,
        *,
        is_approved: bool,
    ) -> Review:
        return Review(
            id=new_id(),
            version=resource.version,
            reviewer=PersonRef(person.id, person.name),
            verdict="approved" if is_approved else "returned",
            standard=standard,
            marks=tuple(marks),
            remark=remark.strip(),
            done_ms=self._now(),
        )

    def _now(self) -> int:
        return epoch_ms(self._clock())


async def _note(tx: Transaction, resource_id: str, note_id: str) -> Note:
    found = [note for note in await papers.notes_of(tx, resource_id) if note.id == note_id]
    if not found:
        raise Refused("note_unknown", "这条意见已经不在了，请刷新页面。")
    return found[0]


def _clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1_000 % 60:02d}"
