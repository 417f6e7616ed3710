"""The roster of a classroom as its pack has it: the own room's pupils and seats, nobody else's."""

from __future__ import annotations

import msgspec

from server.lessons.model import Lesson
from server.lessons.packs.contents import Prepared
from server.lessons.rosters.service import RosterService


class RosterSource:
    """Adds the roster to a classroom's pack."""

    def __init__(self, rosters: RosterService) -> None:
        self._rosters = rosters

    async def prepared(self, lesson: Lesson, classroom_id: str | None) -> Prepared | None:
        """Return the roster of the classroom; nothing for others, and nothing when it has none."""
        if classroom_id is None:
            return None
        pupils = (await self._rosters.pupils_of([classroom_id])).get(classroom_id, ())
        if not pupils:
            return None
        return Prepared("roster", msgspec.json.encode({"classroom": classroom_id, "pupils": pupils}), classroom_id)
