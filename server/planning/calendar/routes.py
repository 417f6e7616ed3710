"""HTTP of groups' calendars: docs/http.md, the rows under `/api/gatherings` and `/api/research/calendars`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, answer_list, no_content, read_json
from server.planning.calendar.feeds import GROUP, WORKSHOP, Feed
from server.planning.calendar.model import MAX_REPEATS, Draft
from server.planning.rights import Right
from signaling.errors import Refused

MAX_STRETCH_MS = 400 * 86_400_000  # a school year and a bit
FIGURE_MONTHS = 6  # that a group's page shows


class NewGathering(Draft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups/{id}/gatherings`."""

    repeats: Annotated[int, msgspec.Meta(ge=1, le=MAX_REPEATS)] = 1  # weeks


class ChangedGathering(Draft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /api/gatherings/{id}`."""

    revision: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class Cancelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/gatherings/{id}/cancel`."""

    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    following: bool = False


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/gatherings/{id}/answer`."""

    comes: bool


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups/{id}/gatherings/clashes`."""

    starts_ms: Annotated[int, msgspec.Meta(ge=0, le=1 << 45)]
    minutes: Annotated[int, msgspec.Meta(ge=10, le=600)]


def _stretch(request: Request) -> tuple[int, int]:
    found = []
    for name in ("from_ms", "to_ms"):
        text = request.query_params.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) <= 14):
            raise field_invalid(name, "请给出时间。")
        found.append(int(text))
    if not 0 < found[1] - found[0] <= MAX_STRETCH_MS:
        raise field_invalid("to_ms", "一次最多查看一年。")
    return found[0], found[1]


async def list_gatherings(request: Request) -> Response:
    """`GET /api/gatherings?from_ms=&to_ms=[&group=]`: of all own groups, or of one."""
    person, (from_ms, to_ms) = await require_person(request), _stretch(request)
    calendar, group = services_of(request).planning.gatherings, request.query_params.get("group")
    if group is None:
        return answer_list(await calendar.mine(person, from_ms, to_ms))
    return answer_list(await calendar.of_group(person, group, from_ms, to_ms))


async def plan_gathering(request: Request) -> Response:
    """`POST /api/groups/{id}/gatherings`."""
    person, body = await require_person(request), await read_json(request, NewGathering)
    made = await services_of(request).planning.gatherings.plan(person, request.path_params["group"], body, body.repeats)
    return answer({"items": made}, 201)


async def find_clashes(request: Request) -> Response:
    """`POST /api/groups/{id}/gatherings/clashes`."""
    person, body = await require_person(request), await read_json(request, Tried)
    group = request.path_params["group"]
    return answer_list(
        await services_of(request).planning.gatherings.clashes(person, group, body.starts_ms, body.minutes)
    )


async def change_gathering(request: Request) -> Response:
    """`PUT /api/gatherings/{id}`."""
    person, body = await require_person(request), await read_json(request, ChangedGathering)
    gathering = request.path_params["gathering"]
    return answer(await services_of(request).planning.gatherings.change(person, gathering, body, body.revision))


async def cancel_gathering(request: Request) -> Response:
    """`POST /api/gatherings/{id}/cancel`."""
    person, body = await require_person(request), await read_json(request, Cancelled)
    gathering = request.path_params["gathering"]
    await services_of(request).planning.gatherings.cancel(person, gathering, body.reason, following=body.following)
    return no_content()


async def answer_gathering(request: Request) -> Response:
    """`PUT /api/gatherings/{id}/answer`."""
    person, body = await require_person(request), await read_json(request, Answered)
    await services_of(request).planning.gatherings.answer(person, request.path_params["gathering"], body.comes)
    return no_content()


async def get_figures(request: Request) -> Response:
    """`GET /api/groups/{id}/figures`: substantive sessions of the last months, by school."""
    person, services, group = await require_person(request), services_of(request), request.path_params["group"]
    await services.planning.groups.require(person, group, Right.READ_GROUP)
    return answer_list(await services.planning.gatherings.figures(group, FIGURE_MONTHS))


async def list_feeds(request: Request) -> Response:
    """`GET /api/research/calendars`."""
    person = await require_person(request)
    return answer_list(_feed(request, one) for one in await services_of(request).planning.gathering_feeds.of(person))


async def renew_feed(request: Request) -> Response:
    """`POST /api/research/calendars/{kind}/{id}/renew`."""
    person, kind = await require_person(request), request.path_params["kind"]
    if kind not in (GROUP, WORKSHOP):
        raise Refused("calendar_unknown", "没有这种日历。")
    feeds = services_of(request).planning.gathering_feeds
    return answer(_feed(request, await feeds.renew(person, kind, request.path_params["id"])))


async def get_calendar(request: Request) -> Response:
    """`GET /calendar/research/{token}.ics`: the address is the key."""
    host, base_url = request.url.hostname or "tongtang", f"{request.url.scheme}://{request.url.netloc}"
    data = await services_of(request).planning.gathering_feeds.read(request.path_params["token"], host, base_url)
    headers = {"cache-control": "private, max-age=300", "content-disposition": "inline; filename=jiaoyan.ics"}
    return Response(data, 200, headers, media_type="text/calendar; charset=utf-8")


def _feed(request: Request, feed: Feed) -> dict[str, Any]:
    url = f"{request.url.scheme}://{request.url.netloc}/calendar/research/{feed.token}.ics"
    return {"kind": feed.kind, "id": feed.id, "name": feed.name, "url": url}


def routes() -> list[Route]:
    """Return the routes of this domain."""
    group, one = "/api/groups/{group}", "/api/gatherings/{gathering}"
    return [
        Route("/api/gatherings", list_gatherings, methods=["GET"]),
        Route(f"{group}/gatherings", plan_gathering, methods=["POST"]),
        Route(f"{group}/gatherings/clashes", find_clashes, methods=["POST"]),
        Route(f"{group}/figures", get_figures, methods=["GET"]),
        Route(one, change_gathering, methods=["PUT"]),
        Route(f"{one}/cancel", cancel_gathering, methods=["POST"]),
        Route(f"{one}/answer", answer_gathering, methods=["PUT"]),
        Route("/api/research/calendars", list_feeds, methods=["GET"]),
        Route("/api/research/calendars/{kind}/{id}/renew", renew_feed, methods=["POST"]),
        Route("/calendar/research/{token}.ics", get_calendar, methods=["GET"]),
    ]
