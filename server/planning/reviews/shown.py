"""Reviews as HTTP tells them."""

from __future__ import annotations

from typing import Any

import msgspec

from server.json_http import iso
from server.lessons.model import Lesson
from server.planning.reviews import desk
from server.planning.reviews.model import Item, Note, Rater
from server.planning.reviews.service import Sheet
from server.planning.rights import Right


def lesson(one: Lesson) -> dict[str, Any]:
    """Return what the pages of reviews say of a lesson."""
    return {
        "id": one.id,
        "title": one.title,
        "subject": one.subject,
        "state": one.state,
        "starts_at": iso(one.starts_at_ms),
        "lecturer": msgspec.to_builtins(one.lecturer),
        "school": one.lecturer_school.name,
        "classrooms": [{"name": room.name, "school": room.school.name} for room in one.classrooms],
    }


def brief(access: desk.Access) -> dict[str, Any]:
    """Return a review in a list."""
    review = access.review
    handed = sum(one.handed_ms is not None for one in access.raters)
    return {
        "id": review.id,
        "lesson_id": review.lesson_id,
        "title": review.title,
        "group": {"id": access.group.id, "name": access.group.name},
        "rubric": {"id": review.rubric.id, "title": review.rubric.title, "version": review.rubric.version},
        "begun_at": iso(review.begun_ms),
        "by": msgspec.to_builtins(review.by),
        "is_open": review.is_open,
        "opened_at": None if review.opened_ms is None else iso(review.opened_ms),
        "handed_in": handed,
        "count": len(access.raters),
        "is_rater": access.own is not None,
        "has_handed_in": access.own is not None and access.own.handed_ms is not None,
        "is_taught_by": access.is_taught_by,
        "may": may(access),
    }


def may(access: desk.Access) -> list[str]:
    """Return what the person may do now: the page offers nothing else."""
    is_open = access.review.is_open
    found = []
    if access.own is not None and access.own.handed_ms is None and not is_open and access.may(Right.RATE):
        found.append("rate")
    if access.leads and not is_open:
        found.append("lead")
    if is_open and access.may(Right.ACCEPT_NOTE):
        found.append("decide")
    if is_open and access.may(Right.CLOSE_ITEM):
        found.append("close")
    return found


def sheet(one: Sheet) -> dict[str, Any]:
    """Return all of a review that the person may see."""
    access = one.access
    return brief(access) | {
        "lesson": lesson(access.lesson),
        "recording_id": access.recording_id,
        "plan_id": access.review.plan_id,
        "plan_title": one.plan_title,
        "plan_version": access.review.plan_version,
        "rubric": msgspec.to_builtins(access.review.rubric),
        "raters": [rater(each) for each in one.raters],
        "own_id": access.person.id if access.own is not None else "",
        "notes": [note(each) for each in one.notes],
        "scores": one.scores,
        "agreement": None if one.agreement is None else msgspec.to_builtins(one.agreement),
    }


def rater(one: Rater) -> dict[str, Any]:
    """Return who rates."""
    return {
        "person": msgspec.to_builtins(one.person),
        "school": one.school,
        "handed_at": None if one.handed_ms is None else iso(one.handed_ms),
        "remark": one.remark,
    }


def note(one: Note) -> dict[str, Any]:
    """Return a note."""
    return {
        "id": one.id,
        "by": msgspec.to_builtins(one.by),
        "at_ms": one.at_ms,
        "clock": one.clock,
        "item": one.item,
        "text": one.text,
        "made_at": iso(one.made_ms),
        "verdict": one.verdict,
        "answer": one.answer,
    }


def item(one: Item) -> dict[str, Any]:
    """Return an improvement item."""
    return {
        "id": one.id,
        "group_id": one.group_id,
        "plan_id": one.plan_id,
        "plan_version": one.plan_version,
        "lesson_id": one.lesson_id,
        "review_id": one.review_id,
        "note_id": one.note_id,
        "text": one.text,
        "owner": msgspec.to_builtins(one.owner),
        "due_day": one.due_day,
        "made_at": iso(one.made_ms),
        "closed_at": None if one.closed_ms is None else iso(one.closed_ms),
        "closed_by": None if one.closed_by is None else msgspec.to_builtins(one.closed_by),
        "by_plan_id": one.by_plan_id,
        "by_version": one.by_version,
        "by_lesson_id": one.by_lesson_id,
        "how": one.how,
    }
