"""HTTP of decks: docs/http.md, the rows under `/api/decks` and `/api/lessons/{id}/deck`."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.accounts.model import Person
from server.asking import asker_of, require_person
from server.context import services_of
from server.json_http import answer, iso, no_content, read_json
from server.lessons.decks.model import MAX_DECK_PAGES, DeckInfo
from server.lessons.decks.office import find_office
from server.lessons.decks.service import may_remove
from server.lessons.model import PAGE_WIDTHS
from server.lessons.routes import answer_lesson, page_file, wanted_width
from server.lessons.service import deck_of

MAX_WORDS = 100  # characters of a search
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class NewDeck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/decks`."""

    uploads: Annotated[tuple[_Id, ...], msgspec.Meta(min_length=1, max_length=MAX_DECK_PAGES)]
    title: Annotated[str, msgspec.Meta(max_length=80)] = ""


class WantedDeck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/lessons/{id}/deck`."""

    deck_id: _Id


def _shown(person: Person, deck: DeckInfo) -> dict[str, Any]:
    return {
        "id": deck.id,
        "title": deck.title,
        "owner": {"id": deck.owner.id, "name": deck.owner.name},
        "school": {"id": deck.school.id, "name": deck.school.name} if deck.school else None,
        "state": deck.state,
        "pages": deck.pages,
        "done": deck.done,
        "problem": deck.problem,
        "problem_page": deck.problem_page,
        "remarks": deck.remarks,
        "created_at": iso(deck.created_ms),
        "originals": [{"name": one.name, "bytes": one.bytes} for one in deck.originals],
        "page_url": f"/api/decks/{deck.id}/pages/{{page}}?w={{width}}",
        "widths": PAGE_WIDTHS,
        "may_remove": may_remove(person, deck),
    }


async def list_decks(request: Request) -> Response:
    """`GET /api/decks`: one's own and the school's; with `q` those in which the words are found, with the pages."""
    person, services = await require_person(request), services_of(request)
    words = request.query_params.get("q", "")[:MAX_WORDS]
    found = await services.preparing.decks.visible(person, words)
    items = [
        _shown(person, deck) | {"found": [{"page": page, "title": title} for page, title in pages]}
        for deck, pages in found
    ]
    takes = {
        "bytes": services.settings.decks_max_mb << 20,
        "pages": MAX_DECK_PAGES,
        "office": find_office() is not None,
    }
    return answer({"items": items, "takes": takes})


async def add_deck(request: Request) -> Response:
    """`POST /api/decks`: of whole uploads."""
    person = await require_person(request)
    body = await read_json(request, NewDeck)
    deck = await services_of(request).preparing.decks.make(person, body.uploads, body.title)
    return answer(_shown(person, deck), 201)


async def get_deck(request: Request) -> Response:
    """`GET /api/decks/{id}`: polled while it is converted."""
    person, services = await require_person(request), services_of(request)
    deck = await services.preparing.decks.see(person, request.path_params["deck"])
    pages = await services.preparing.decks.pages(deck.id)
    listed = [{"title": page.title, "ratio": page.ratio} for page in pages]
    return answer(_shown(person, deck) | {"page_list": listed, "outline": deck.outline})


async def remove_deck(request: Request) -> Response:
    """`DELETE /api/decks/{id}`."""
    person = await require_person(request)
    await services_of(request).preparing.decks.remove(person, request.path_params["deck"])
    return no_content()


async def convert_again(request: Request) -> Response:
    """`POST /api/decks/{id}/again`: once more, after what stood in the way was mended."""
    person = await require_person(request)
    return answer(_shown(person, await services_of(request).preparing.decks.again(person, request.path_params["deck"])))


async def get_page(request: Request) -> Response:
    """`GET /api/decks/{id}/pages/{n}`."""
    person, services = await require_person(request), services_of(request)
    deck = await services.preparing.decks.see(person, request.path_params["deck"])
    page = await services.preparing.decks.page(deck.id, request.path_params["page"])
    return page_file(services, page.file(wanted_width(request)), is_fixed=deck.state == "ready")


async def get_original(request: Request) -> Response:
    """`GET /api/decks/{id}/originals/{n}`: the file as it was uploaded, to be saved, never shown by the browser."""
    person, services = await require_person(request), services_of(request)
    deck = await services.preparing.decks.see(person, request.path_params["deck"])
    path, name = services.preparing.decks.original(deck, request.path_params["number"])
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "cache-control": "private, no-cache",
    }
    return FileResponse(path, headers=headers, media_type="application/octet-stream")


async def get_lesson_deck(request: Request) -> Response:
    """`GET /api/lessons/{id}/deck`: the lesson's pages, and the deck that is still being converted for it."""
    services, asker = services_of(request), await asker_of(request)
    lesson = await services.lessons.see(asker, request.path_params["lesson"])
    pages = await services.lessons.pages(lesson.id)
    coming = await services.preparing.decks.coming(lesson.id) if asker.person else None
    shown = _shown(asker.person, coming) if asker.person and coming else None
    listed = [{"title": page.title, "ratio": page.ratio} for page in pages]
    return answer({"deck": deck_of(lesson, pages), "page_list": listed, "coming": shown})


async def put_lesson_deck(request: Request) -> Response:
    """`PUT /api/lessons/{id}/deck`: in place of the pages that it has, as soon as the deck is converted."""
    services, asker, lesson_id = services_of(request), await asker_of(request), request.path_params["lesson"]
    await services.lessons.may_set_pages(asker, lesson_id)
    body = await read_json(request, WantedDeck)
    lesson = await services.preparing.decks.attach(asker, await require_person(request), lesson_id, body.deck_id)
    services.live.deck_changed(lesson.id, deck_of(lesson, await services.lessons.pages(lesson.id)))
    return await answer_lesson(request, lesson)


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/decks", list_decks, methods=["GET"]),
        Route("/api/decks", add_deck, methods=["POST"]),
        Route("/api/decks/{deck}", get_deck, methods=["GET"]),
        Route("/api/decks/{deck}", remove_deck, methods=["DELETE"]),
        Route("/api/decks/{deck}/again", convert_again, methods=["POST"]),
        Route("/api/decks/{deck}/pages/{page:int}", get_page, methods=["GET"]),
        Route("/api/decks/{deck}/originals/{number:int}", get_original, methods=["GET"]),
        Route("/api/lessons/{lesson}/deck", get_lesson_deck, methods=["GET"]),
        Route("/api/lessons/{lesson}/deck", put_lesson_deck, methods=["PUT"]),
    ]
