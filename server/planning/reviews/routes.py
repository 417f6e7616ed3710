"""HTTP of 听评课: docs/http.md, the rows of reviews."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.json_http import answer, answer_list, no_content, read_json
from server.planning.reviews import shown
from server.planning.reviews.model import Clock
from server.planning.reviews.notes import MAX_NOTE, Evidence
from server.planning.reviews.rubric import MAX_ITEMS, RubricItem
from server.planning.reviews.service import MAX_RATERS, MAX_REMARK
from signaling.errors import Refused

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
_MaybeId = Annotated[str, msgspec.Meta(max_length=16)]
_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NOTE)]
_Ids = Annotated[tuple[_Id, ...], msgspec.Meta(max_length=MAX_RATERS)]
_Version = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]


class NewReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/reviews`; version 0 is the newest."""

    group_id: _Id
    rater_ids: _Ids
    rubric_id: _Id = "dual_teacher"
    rubric_version: _Version = 0


class Raters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/reviews/{id}/raters`."""

    rater_ids: _Ids


class Scores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/reviews/{id}/scores`: all of the own ones."""

    scores: Annotated[dict[_Key, Annotated[int, msgspec.Meta(ge=1, le=10)]], msgspec.Meta(max_length=MAX_ITEMS)]


class HandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/reviews/{id}/hand-in`."""

    remark: Annotated[str, msgspec.Meta(max_length=MAX_REMARK)] = ""


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/reviews/{id}/notes`."""

    at_ms: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
    clock: Clock
    text: _Text
    item: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Rewritten(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/reviews/{id}/notes/{note}`."""

    text: _Text
    item: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/reviews/{id}/notes/{note}/accept`."""

    text: _Text
    owner_id: _Id
    due_day: Annotated[str, msgspec.Meta(max_length=10)]


class Declined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/reviews/{id}/notes/{note}/decline`."""

    answer: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/improvements/{id}/close`: a version of a plan, or a lesson."""

    plan_id: _MaybeId = ""
    version: _Version = 0
    lesson_id: _MaybeId = ""
    how: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""


class NewRubric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups/{id}/rubrics`: with `id` the next version of that one."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    items: Annotated[tuple[RubricItem, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    levels: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=20)], ...], msgspec.Meta(min_length=2, max_length=10)
    ]
    id: _MaybeId = ""


async def list_reviews(request: Request) -> Response:
    """`GET /api/lessons/{id}/reviews`."""
    person = await require_person(request)
    lesson, found = await services_of(request).planning.observing.reviews.of_lesson(
        person, request.path_params["lesson"]
    )
    return answer({"lesson": shown.lesson(lesson), "items": [shown.brief(one) for one in found]})


async def begin_review(request: Request) -> Response:
    """`POST /api/lessons/{id}/reviews`."""
    person, services = await require_person(request), services_of(request)
    body = await read_json(request, NewReview)
    review = await services.planning.observing.reviews.begin(
        person, request.path_params["lesson"], body.group_id, body.rater_ids, body.rubric_id, body.rubric_version
    )
    return answer(shown.sheet(await services.planning.observing.reviews.see(person, review.id)), 201)


async def get_review(request: Request) -> Response:
    """`GET /api/reviews/{id}`."""
    person = await require_person(request)
    return answer(
        shown.sheet(await services_of(request).planning.observing.reviews.see(person, request.path_params["review"]))
    )


async def set_raters(request: Request) -> Response:
    """`PUT /api/reviews/{id}/raters`."""
    person, body = await require_person(request), await read_json(request, Raters)
    await services_of(request).planning.observing.reviews.set_raters(
        person, request.path_params["review"], body.rater_ids
    )
    return await get_review(request)


async def set_scores(request: Request) -> Response:
    """`PUT /api/reviews/{id}/scores`."""
    person, body = await require_person(request), await read_json(request, Scores)
    await services_of(request).planning.observing.reviews.score(person, request.path_params["review"], body.scores)
    return no_content()


async def hand_in(request: Request) -> Response:
    """`POST /api/reviews/{id}/hand-in`."""
    person, body = await require_person(request), await read_json(request, HandIn)
    await services_of(request).planning.observing.reviews.hand_in(person, request.path_params["review"], body.remark)
    return await get_review(request)


async def open_review(request: Request) -> Response:
    """`POST /api/reviews/{id}/open`."""
    person = await require_person(request)
    await services_of(request).planning.observing.reviews.open(person, request.path_params["review"])
    return await get_review(request)


async def add_note(request: Request) -> Response:
    """`POST /api/reviews/{id}/notes`."""
    person, body = await require_person(request), await read_json(request, NewNote)
    note = await services_of(request).planning.observing.notes.add(
        person, request.path_params["review"], body.at_ms, body.clock, body.item, body.text
    )
    return answer(shown.note(note), 201)


async def change_note(request: Request) -> Response:
    """`PUT /api/reviews/{id}/notes/{note}`."""
    person, body, params = await require_person(request), await read_json(request, Rewritten), request.path_params
    await services_of(request).planning.observing.notes.change(
        person, params["review"], params["note"], body.item, body.text
    )
    return no_content()


async def remove_note(request: Request) -> Response:
    """`DELETE /api/reviews/{id}/notes/{note}`."""
    person, params = await require_person(request), request.path_params
    await services_of(request).planning.observing.notes.remove(person, params["review"], params["note"])
    return no_content()


async def accept_note(request: Request) -> Response:
    """`POST /api/reviews/{id}/notes/{note}/accept`."""
    person, body, params = await require_person(request), await read_json(request, Accepted), request.path_params
    item = await services_of(request).planning.observing.notes.accept(
        person, params["review"], params["note"], body.text, body.owner_id, body.due_day
    )
    return answer(shown.item(item), 201)


async def decline_note(request: Request) -> Response:
    """`POST /api/reviews/{id}/notes/{note}/decline`."""
    person, body, params = await require_person(request), await read_json(request, Declined), request.path_params
    await services_of(request).planning.observing.notes.decline(person, params["review"], params["note"], body.answer)
    return no_content()


async def get_picture(request: Request) -> Response:
    """`GET /api/reviews/{id}/picture[?again=1]`: computed when nobody asked for it before; ask again soon."""
    person, services = await require_person(request), services_of(request)
    sheet = await services.planning.observing.reviews.see(person, request.path_params["review"])
    recording = sheet.access.recording_id
    if recording is None:
        raise Refused("review_state", "这节课还没有可以播放的录像，录像好了再看课堂概况。")
    heard = await services.planning.observing.listener.picture(
        recording, again=request.query_params.get("again") == "1"
    )
    picture = None if heard.picture is None else msgspec.to_builtins(heard.picture)
    return answer({"state": heard.state, "detail": heard.detail, "picture": picture})


async def list_plan_items(request: Request) -> Response:
    """`GET /api/plans/{id}/improvements`."""
    person = await require_person(request)
    items = await services_of(request).planning.observing.notes.of_plan(person, request.path_params["plan"])
    return answer_list(shown.item(one) for one in items)


async def list_lesson_items(request: Request) -> Response:
    """`GET /api/lessons/{id}/improvements`."""
    person = await require_person(request)
    items = await services_of(request).planning.observing.notes.of_lesson(person, request.path_params["lesson"])
    return answer_list(shown.item(one) for one in items)


async def list_review_items(request: Request) -> Response:
    """`GET /api/reviews/{id}/improvements`."""
    person = await require_person(request)
    items = await services_of(request).planning.observing.notes.of_review(person, request.path_params["review"])
    return answer_list(shown.item(one) for one in items)


async def close_item(request: Request) -> Response:
    """`POST /api/improvements/{id}/close`."""
    person, body = await require_person(request), await read_json(request, Closed)
    evidence = Evidence(body.plan_id, body.version, body.lesson_id)
    item = await services_of(request).planning.observing.notes.close(
        person, request.path_params["item"], evidence, body.how
    )
    return answer(shown.item(item))


async def list_rubrics(request: Request) -> Response:
    """`GET /api/groups/{id}/rubrics`."""
    person = await require_person(request)
    rubrics = await services_of(request).planning.observing.reviews.rubrics(person, request.path_params["group"])
    return answer_list(msgspec.to_builtins(one) for one in rubrics)


async def save_rubric(request: Request) -> Response:
    """`POST /api/groups/{id}/rubrics`."""
    person, body = await require_person(request), await read_json(request, NewRubric)
    rubric = await services_of(request).planning.observing.reviews.save_rubric(
        person, request.path_params["group"], body.id, body.title, body.items, body.levels
    )
    return answer(msgspec.to_builtins(rubric), 201)


def routes() -> list[Route]:
    """Return the routes of reviews."""
    one, note = "/api/reviews/{review}", "/api/reviews/{review}/notes/{note}"
    return [
        Route("/api/lessons/{lesson}/reviews", list_reviews, methods=["GET"]),
        Route("/api/lessons/{lesson}/reviews", begin_review, methods=["POST"]),
        Route("/api/lessons/{lesson}/improvements", list_lesson_items, methods=["GET"]),
        Route("/api/plans/{plan}/improvements", list_plan_items, methods=["GET"]),
        Route("/api/improvements/{item}/close", close_item, methods=["POST"]),
        Route("/api/groups/{group}/rubrics", list_rubrics, methods=["GET"]),
        Route("/api/groups/{group}/rubrics", save_rubric, methods=["POST"]),
        Route(one, get_review, methods=["GET"]),
        Route(f"{one}/raters", set_raters, methods=["PUT"]),
        Route(f"{one}/scores", set_scores, methods=["PUT"]),
        Route(f"{one}/hand-in", hand_in, methods=["POST"]),
        Route(f"{one}/open", open_review, methods=["POST"]),
        Route(f"{one}/picture", get_picture, methods=["GET"]),
        Route(f"{one}/improvements", list_review_items, methods=["GET"]),
        Route(f"{one}/notes", add_note, methods=["POST"]),
        Route(note, change_note, methods=["PUT"]),
        Route(note, remove_note, methods=["DELETE"]),
        Route(f"{note}/accept", accept_note, methods=["POST"]),
        Route(f"{note}/decline", decline_note, methods=["POST"]),
    ]
