"""From the activity log and the lessons to verified acts. Pure.

Nothing that somebody says of themselves earns anything. A plan counts by who wrote what survives in its final version,
a lesson by both ends having been connected, an observation by notes that somebody else accepted, an improvement by the
later version or lesson that closed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from server.planning.credits.model import Fact
from server.planning.log import Activity

CONNECTED_PCT = 80  # of the planned minutes, at both ends (indicator 2.1 of the evaluation)
REGION_BP = 500  # of a plan, from each of at least two regions, makes it a cross-region one
KINDS = ("plan.finalised", "plan.taught", "review.rated", "note.accepted", "item.closed")


class Authors(msgspec.Struct, frozen=True):
    """Who wrote the final version of a plan."""

    plan_id: str
    lead_id: str
    people_bp: Mapping[str, int]  # person id to share of the surviving characters
    regions_bp: Mapping[str, int]


class Taught(msgspec.Struct, frozen=True):
    """A lesson that is over."""

    lesson_id: str
    title: str
    lecturer_id: str
    local_ids: tuple[str, ...]  # local teachers who were in it
    planned_ms: int
    taught_ms: int
    far_ms: int  # how long the classroom that was connected the longest had the lesson
    ended_ms: int

    @property
    def is_verified(self) -> bool:
        """Return whether both ends were connected for long enough."""
        return min(self.taught_ms, self.far_ms) * 100 >= CONNECTED_PCT * self.planned_ms > 0


def facts(log: Sequence[Activity], authors: Mapping[str, Authors], lessons: Iterable[Taught]) -> list[Fact]:
    """Return every verified act.

    Args:
        log: entries of `KINDS`, in any order.
        authors: by plan id, of plans that are finalised now: one that is a draft again earns nothing meanwhile.
        lessons: lessons that ended; the log's `plan.taught` entries of others do not count.
    """
    taught = {one.lesson_id: one for one in lessons if one.is_verified}
    ordered = sorted(log, key=lambda one: one.id)
    return [
        *_plans(ordered, authors, taught),
        *_lessons(taught.values()),
        *_observations(ordered),
        *_items(ordered),
    ]


def _plans(log: Sequence[Activity], authors: Mapping[str, Authors], taught: Mapping[str, Taught]) -> Iterable[Fact]:
    finals = {one.plan_id: one for one in log if one.kind == "plan.finalised"}  # the last of each
    used: dict[str, Activity] = {}
    for one in log:
        if one.kind == "plan.taught" and one.lesson_id in taught:
            used.setdefault(one.plan_id, one)
    for plan_id, final in finals.items():
        written = authors.get(plan_id)
        if written is None:
            continue
        title = str(final.data.get("title", ""))
        use = used.get(plan_id)
        is_wide = sum(share >= REGION_BP for share in written.regions_bp.values()) >= 2
        for person, share in written.people_bp.items():
            if person != written.lead_id:
                yield Fact(
                    f"co:{plan_id}:{person}", "co_author", person, final.ts_ms, title, share, 0, plan_id,
                    evidence=(final.id,),
                )  # fmt: skip
            elif is_wide and use is not None:
                when = max(final.ts_ms, taught[use.lesson_id].ended_ms)
                yield Fact(
                    f"lead:{plan_id}", "lead_plan", person, when, title, share, 0, plan_id, use.lesson_id,
                    (final.id, use.id),
                )  # fmt: skip


def _lessons(taught: Iterable[Taught]) -> Iterable[Fact]:
    for one in taught:
        if not one.local_ids:
            continue  # a lesson without a local teacher is not taught by two
        for person in dict.fromkeys((one.lecturer_id, *one.local_ids)):
            yield Fact(
                f"dual:{one.lesson_id}:{person}", "dual_lesson", person, one.ended_ms, one.title,
                lesson_id=one.lesson_id,
            )  # fmt: skip


def _observations(log: Sequence[Activity]) -> Iterable[Fact]:
    # By somebody else: two that accept each other's notes are seen in the log, one who accepts the own is not paid.
    accepted: dict[tuple[str, str], Activity] = {}
    for one in log:
        giver = str(one.data.get("person", ""))
        if one.kind == "note.accepted" and giver and giver != one.actor_id:
            accepted.setdefault((giver, one.lesson_id), one)
    seen: Counter[tuple[str, str]] = Counter()
    for one in log:
        place = (one.actor_id, one.lesson_id)
        taken = accepted.get(place)
        if one.kind != "review.rated" or taken is None or seen[place]:
            continue
        seen[place] += 1
        notes = one.data.get("notes")
        yield Fact(
            f"review:{one.lesson_id}:{one.actor_id}", "observation", one.actor_id, max(one.ts_ms, taken.ts_ms),
            str(one.data.get("title", "")), notes=notes if isinstance(notes, int) else 0, lesson_id=one.lesson_id,
            evidence=(one.id, taken.id),
        )  # fmt: skip


def _items(log: Sequence[Activity]) -> Iterable[Fact]:
    for one in log:
        if one.kind == "item.closed" and one.object_id:
            yield Fact(
                f"item:{one.object_id}", "close_item", one.actor_id, one.ts_ms, str(one.data.get("text", "")),
                plan_id=one.plan_id, lesson_id=one.lesson_id, evidence=(one.id,),
            )  # fmt: skip
