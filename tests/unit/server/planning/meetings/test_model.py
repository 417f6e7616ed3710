"""Whether a meeting is still ahead: as long as it is, its guests read the plan."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from server.accounts.model import SchoolRef
from server.lessons.model import Lesson, PersonRef
from server.planning.meetings.model import FORGOTTEN_MS, Meeting
from signaling.messages import RoomId

STARTS_MS = 1_900_000_000_000
ROOM = Lesson(
    id=RoomId("m1"), title="联席会议", subject="科学", state="scheduled", starts_at_ms=STARTS_MS, planned_minutes=60,
    lecturer=PersonRef("p1", "林晓云"), lecturer_school=SchoolRef("s1", "春城实验小学"), paired_school=None,
    classrooms=(), open_to_observers=False, deck_id=None, pages=0, kind="meeting",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "after_ms", "is_ahead"),
    [
        ({}, -86_400_000, True),
        ({}, FORGOTTEN_MS - 1, True),
        ({}, FORGOTTEN_MS, False),  # nobody came
        ({"state": "live"}, 2 * FORGOTTEN_MS, True),
        ({"state": "ended"}, 0, False),
        ({"cancelled": "改期"}, -86_400_000, False),
    ],
)
def test_a_meeting_is_ahead_until_it_is_over_called_off_or_forgotten(
    changes: dict[str, Any], after_ms: int, is_ahead: bool
) -> None:
    meeting = Meeting(id="m1", group_id="g1", plan_id="p1", kind="plan", room=replace(ROOM, **changes))
    assert meeting.is_ahead(STARTS_MS + after_ms) is is_ahead
