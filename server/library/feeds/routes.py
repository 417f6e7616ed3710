"""HTTP of feeds: `/feeds/rss.xml` and `/oai` (docs/http.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.accounts.service import utc_now
from server.fields import field_invalid
from server.json_http import read_body
from server.library.feeds import oai, rss
from server.library.feeds.service import FeedService, Told
from server.library.resources.crate import identifier_of

_KEPT = {"cache-control": "public, max-age=300"}  # podcast players ask often, and nothing here is in a hurry
_MAX_FORM = 4096
_MAX_FILTER = 80  # characters of a filter


def routes(feeds: FeedService, clock: Callable[[], datetime] = utc_now) -> list[BaseRoute]:
    """Return the routes."""

    async def get_rss(request: Request) -> Response:
        filters = {name: request.query_params.get(name, "") for name in ("region", "school", "subject")}
        for name, value in filters.items():
            if len(value) > _MAX_FILTER:
                raise field_invalid(name)
        site = _site(request)
        told = await feeds.newest(**filters)
        name = " · ".join(["同堂公开课", *(value for key, value in filters.items() if value and key != "school")])
        if filters["school"] and told:
            name = f"{name} · {told[0].resource.school.name}"
        about = "城乡同堂的公开课：声音和课件，流量很小，可以先下载再听。"
        items = [_item(one, site) for one in told]
        return Response(rss.feed(name, about, site, str(request.url), items), 200, _KEPT, "application/rss+xml")

    async def get_oai(request: Request) -> Response:
        pairs = request.query_params.multi_items()
        if request.method == "POST":
            pairs = parse_qsl((await read_body(request, _MAX_FORM)).decode("utf-8", "replace"), keep_blank_values=True)
        base, now_s = f"{_site(request)}/oai", int(clock().timestamp())
        try:
            content = await _answer(feeds, base, now_s, oai.parse(pairs))
        except oai.OaiError as error:
            content = oai.refused(base, now_s, error)
        return Response(content, media_type="text/xml")

    return [
        Route("/feeds/rss.xml", get_rss),
        Route("/oai", get_oai, methods=["GET", "POST"]),
    ]


async def _answer(feeds: FeedService, base: str, now_s: int, query: oai.Query) -> bytes:
    site = base.removesuffix("/oai")
    if query.verb == "Identify":
        # The protocol wants an address; nobody's own is given away.
        mail = f"admin@{site.partition('://')[2].partition(':')[0]}"
        return oai.identify(base, now_s, query, "同堂 Tongtang", mail, await feeds.earliest_s() or now_s)
    if query.verb in ("ListMetadataFormats", "GetRecord"):
        identifier = query.arguments.get("identifier")
        found = None if identifier is None else await feeds.record(identifier, site)
        if identifier is not None and found is None:
            raise oai.OaiError("idDoesNotExist", "There is no record of this identifier.", query)
        if query.verb == "ListMetadataFormats":
            return oai.formats(base, now_s, query)
        assert found is not None, "GetRecord has its identifier"
        return oai.record(base, now_s, query, found)
    records, total, is_last = await feeds.page(query, site)
    if not records:
        code: oai.Code = "badResumptionToken" if query.after is not None else "noRecordsMatch"
        raise oai.OaiError(code, "Nothing is in this list.", query)
    return oai.listing(base, now_s, query, records, total, is_last=is_last)


def _item(one: Told, site: str) -> rss.Item:
    resource, file = one.resource, one.file
    return rss.Item(
        title=resource.title,
        description=resource.description or f"{resource.grade} {resource.subject}",
        link=f"{site}/resources/{resource.id}",
        guid=identifier_of(resource),
        category=resource.subject,
        author=resource.owner.name,
        published_ms=resource.published_ms,
        duration_ms=resource.duration_ms,
        url=f"{site}/api/recordings/{resource.recording_id}/files/{file.path}",
        mime=file.mime,
        bytes=file.bytes,
    )


def _site(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
