"""Who may watch, rate and read what of a lesson's reviews: found and checked in the caller's transaction.

A review lives in a group, whose rights are asked (`server/planning/rights.py`); the lesson and its recording keep their
own rules beside (`server/lessons/access.py`, `server/library/access.py`): who may not watch a lesson rates nothing of
it, whatever group they are in. Blindness is kept here, for every way out: until a review is opened a rater sees their
own work and nobody else's, and whoever taught the lesson sees how many rate, not who.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from server.accounts import tables as accounts
from server.accounts.model import Asker, Person
from server.lessons import tables as lesson_tables
from server.lessons.access import entries, may_see, seat_for
from server.lessons.model import Lesson
from server.lessons.rooms import admission_of
from server.library import holdings, tables as library_tables
from server.library.access import Act, acts
from server.planning.groups import desk as group_desk
from server.planning.groups.model import Group
from server.planning.reviews import tables
from server.planning.reviews.model import Rater, Review
from server.planning.rights import Right, Role, has_right
from server.storage.database import Transaction
from signaling.errors import Refused
from signaling.messages import ParticipantJoined
from signaling.roles import Role as LessonRole
from signaling.seats import peer_id

_TEACHING = frozenset({LessonRole.LECTURER, LessonRole.LOCAL_TEACHER})


class Access(msgspec.Struct, frozen=True):
    """A review, and what the person who asks is to it."""

    person: Person
    review: Review
    lesson: Lesson
    recording_id: str | None  # that is ready
    group: Group
    role: Role
    is_taught_by: bool  # the person gave the lesson, or led in a classroom of it
    raters: tuple[Rater, ...]
    own: Rater | None

    def may(self, right: Right) -> bool:
        """Return whether the group lets the person do this."""
        return has_right(self.role, right, is_closed=self.group.is_closed)

    @property
    def leads(self) -> bool:
        """Return whether the person keeps the review going: who began it, or leads the group. Who taught never does."""
        began = self.review.by.id == self.person.id and self.may(Right.REVIEW)
        return not self.is_taught_by and (began or self.may(Right.MANAGE_GROUP))

    @property
    def sees_names(self) -> bool:
        """Return whether the person may know who rates."""
        return self.review.is_open or not self.is_taught_by


async def lesson_to_watch(tx: Transaction, person: Person, lesson_id: str) -> tuple[Lesson, str | None]:
    """Return the lesson and its finished recording when the person may watch it.

    Raises:
        Refused: `lesson_unknown`.
    """
    lesson = await lesson_tables.find_lesson(tx, lesson_id)
    if lesson is not None:
        recordings = await library_tables.recordings_of(tx, [lesson.id])
        ready = next((one.id for one in recordings if one.state == "ready"), None)
        if may_see(Asker(person), lesson):
            return lesson, ready
        held = None if ready is None else await holdings.of_recording(tx, ready)
        if held is not None and Act.PLAY in acts(Asker(person), held.holding):
            return lesson, ready
    raise Refused("lesson_unknown", "没有找到这节课，或者它的课堂和录像不向您开放。")


async def taught(tx: Transaction, person: Person, lesson: Lesson) -> bool:
    """Return whether the person gave the lesson or led in one of its classrooms: the lesson's log knows who was in."""
    if person.id == lesson.lecturer.id:
        return True
    ways = [entry for entry in entries(Asker(person), lesson) if entry.role in _TEACHING]
    if not ways:
        return False
    own = {peer_id(lesson.id, admission_of(seat_for(entry, lesson))) for entry in ways}
    events = await lesson_tables.events_of(tx, lesson.id)
    return any(isinstance(one.body, ParticipantJoined) and one.body.participant.peer in own for one in events)


async def access_to(tx: Transaction, person: Person, review_id: str) -> Access:
    """Return what the person is to the review, when it is their business: of its group, a rater, or who taught.

    Raises:
        Refused: `review_unknown`.
    """
    review = await tables.find_review(tx, review_id)
    if review is None:
        raise _unknown()
    group = await group_desk.group_in(tx, review.group_id)
    role = await group_desk.role_in(tx, person, group.id)
    raters = tuple(await tables.raters_of(tx, review.id))
    try:
        lesson, recording = await lesson_to_watch(tx, person, review.lesson_id)
    except Refused as error:
        raise _unknown() from error
    is_taught_by = await taught(tx, person, lesson)
    if not is_taught_by and not has_right(role, Right.READ_PLAN):
        raise _unknown()
    own = next((one for one in raters if one.person.id == person.id), None)
    return Access(person, review, lesson, recording, group, role, is_taught_by, raters, own)


async def require_rating(tx: Transaction, person: Person, review_id: str) -> Access:
    """Pass when the person may write into the review now, for themselves.

    Raises:
        Refused: `review_unknown`, `not_allowed`, `group_closed`, `rater_unfit` or `review_state`.
    """
    access = await access_to(tx, person, review_id)
    if access.own is None:
        raise Refused("not_allowed", "您不是这次评课的评课人。需要参加时，请联系发起评课的老师。")
    await group_desk.require_in(tx, person, access.group.id, Right.RATE)
    if access.is_taught_by:
        raise Refused("rater_unfit", "您参与了这节课的教学，不能给它打分。请发起人另请一位评课人。")
    if access.own.handed_ms is not None or access.review.is_open:
        raise Refused("review_state", "您已经交了评课表，不能再改。")
    return access


async def fit_raters(tx: Transaction, group: Group, lesson: Lesson, person_ids: Sequence[str]) -> list[Person]:
    """Return the people when each of them may rate the lesson.

    Raises:
        Refused: `rater_unfit`, which names the first who may not.
    """
    known = await accounts.people_by_id(tx, person_ids)
    found: list[Person] = []
    for person_id in dict.fromkeys(person_ids):
        person = known.get(person_id)
        role = Role.STRANGER if person is None else await group_desk.role_in(tx, person, group.id)
        if person is None or not has_right(role, Right.RATE):
            raise Refused("rater_unfit", f"{person.name if person else '有一位'}不是这个教研组的成员，不能评课。")
        try:
            await lesson_to_watch(tx, person, lesson.id)
        except Refused as error:
            text = f"{person.name}看不到这节课的课堂和录像。请先开放观摩，或者发布录像，再请他评课。"
            raise Refused("rater_unfit", text) from error
        if await taught(tx, person, lesson):
            raise Refused("rater_unfit", f"{person.name}参与了这节课的教学，不能给它打分。")
        found.append(person)
    return found


def _unknown() -> Refused:
    return Refused("review_unknown", "没有找到这次评课，或者它不向您开放。")
