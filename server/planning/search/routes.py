"""HTTP of search: docs/http.md, `GET /api/research/search`."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer
from server.planning.search.service import MAX_START, Wanted
from server.planning.search.terms import MAX_QUERY

_KINDS: dict[str, Wanted] = {"": "", "plan": "plan", "resource": "resource"}
_MAX_NAME = 20  # characters of a subject or grade


async def search(request: Request) -> Response:
    """`GET /api/research/search?q=&kind=&subject=&grade=&start=`."""
    person, params = await require_person(request), request.query_params
    typed, start, kind = params.get("q", ""), params.get("start", "0"), params.get("kind", "")
    if not typed.strip() or len(typed) > MAX_QUERY:
        raise field_invalid("q", f"请输入要找的字词，最多 {MAX_QUERY} 个字。")
    if kind not in _KINDS:
        raise field_invalid("kind")
    if not (start.isascii() and start.isdigit() and int(start) <= MAX_START):
        raise field_invalid("start")
    services = services_of(request)
    found = await services.planning.search.find(
        person,
        typed,
        kind=_KINDS[kind],
        subject=params.get("subject", "")[:_MAX_NAME],
        grade=params.get("grade", "")[:_MAX_NAME],
        start=int(start),
    )
    return answer({**msgspec.to_builtins(found), "is_whole": services.planning.search_maker.is_whole})


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("/api/research/search", search, methods=["GET"])]
