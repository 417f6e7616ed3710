"""What came of a meeting, read from its room's log and the activity log in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from server.lessons import tables as lesson_tables
from server.lessons.access import seats_at_table
from server.planning.log import read_in
from server.planning.meetings import tables
from server.planning.meetings.model import Meeting
from server.planning.meetings.substance import Attendance, Attendee, Substance, substance
from server.storage.database import Transaction

UNCOUNTED = ("group.", "gathering.", "meeting.")  # entries of the activity log that are no work in a meeting


def span(meeting: Meeting, now_ms: int) -> tuple[int, int]:
    """Return when the meeting began and ended, or until now, as UTC epoch ms; nothing when it did not begin."""
    room = meeting.room
    opened = room.opened_wallclock_ms or now_ms
    begun = now_ms if room.started_t_ms is None else opened + room.started_t_ms
    return begun, now_ms if room.ended_t_ms is None else opened + room.ended_t_ms


async def attendees(tx: Transaction, meeting: Meeting, now_ms: int) -> list[Attendee]:
    """Return who was in, whoever stayed longest in front."""
    log = Attendance()
    for event in await lesson_tables.events_of(tx, meeting.id):
        log.on_event(event)
    begun, until = span(meeting, now_ms)
    log.until(until - (meeting.room.opened_wallclock_ms or until))
    seats = seats_at_table(meeting.room)
    stayed: dict[str, tuple[int, bool]] = {}
    for peer, one in log.present.items():
        if peer in seats:  # one person has two seats when the lead changed hands meanwhile
            ms, heard = stayed.get(seats[peer], (0, False))
            stayed[seats[peer]] = ms + one.ms, heard or one.was_heard
    entries = await read_in(tx, since_ms=begun, until_ms=until, group_id=meeting.group_id)
    acts = [one.actor_id for one in entries if not one.kind.startswith(UNCOUNTED)]
    found = [
        Attendee(
            key, one.person.name, "" if one.school is None else one.school.name, *stayed[key], acts=acts.count(key)
        )
        for key, one in (await tables.seated(tx, list(stayed))).items()
    ]
    return sorted(found, key=lambda one: -one.ms)


async def substance_of(
    tx: Transaction, meeting: Meeting, present: Sequence[Attendee], resolutions: int, now_ms: int
) -> Substance:
    """Return what the meeting amounts to."""
    begun, until = span(meeting, now_ms)
    kinds = ("plan.version", "plan.finalised")
    named = await read_in(tx, kinds=kinds, since_ms=begun, until_ms=until, plan_id=meeting.plan_id or "-")
    return substance(until - begun, present, meeting.minutes.text, resolutions, len(named))
