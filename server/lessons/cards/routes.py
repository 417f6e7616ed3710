"""HTTP of the printed answer cards (docs/http.md)."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer
from server.lessons.cards.fonts import chinese_fonts, font_folders, open_faces
from server.lessons.cards.sheet import MARKER_MM, PER_PAGE, READ_TO_M, Printed, Title, print_cards
from signaling.class_list import Roster
from signaling.errors import Refused

_MAX_FACES = 2  # opened, a quarter of a second each: what the best two fonts lack is written by hand


@cache
def _fonts() -> tuple[Path, ...]:
    """Return the machine's Chinese fonts; looked for once, since it walks through thousands of files."""
    return tuple(chinese_fonts(font_folders())[:_MAX_FACES])


async def get_cards(request: Request) -> Response:
    """`GET /api/classrooms/{id}/cards`: what can be printed."""
    person = await require_person(request)
    _, page = await services_of(request).preparing.rosters.see(person, request.path_params["classroom"])
    fonts = await asyncio.to_thread(_fonts)
    return answer(
        {
            "pupils": len(page.pupils),
            "cards": sum(pupil.card >= 0 for pupil in page.pupils),
            "names": bool(fonts),
            "sizes": [
                {"per_page": count, "marker_mm": MARKER_MM[count], "read_to_m": READ_TO_M[count]} for count in PER_PAGE
            ],
        }
    )


async def cards_pdf(request: Request) -> Response:
    """`GET /api/classrooms/{id}/cards.pdf?per_page=2&backs=0`: the cards of all pupils who have one, by number."""
    person = await require_person(request)
    room, page = await services_of(request).preparing.rosters.see(person, request.path_params["classroom"])
    per_page, backs = _choice(request, "per_page", PER_PAGE, 2), _choice(request, "backs", (0, 1), 0)
    cards = [Printed(pupil.card, pupil.name, pupil.number) for pupil in page.pupils if pupil.card >= 0]
    if not cards:
        raise Refused("cards_none", "这个班还没有学生领到答题卡。请先在花名册里录入学生，再打印。")
    title = (room.school.name, room.name)
    data = await asyncio.to_thread(_print, cards, per_page, title, bool(backs))
    if not page.has_cards:
        services = services_of(request)
        await services.preparing.rosters.printed(room.id)
        services.live.roster_changed(Roster(page.classroom, page.pupils, True))
    name = quote(f"答题卡-{room.school.name}-{room.name}.pdf", safe="")
    headers = {
        "content-disposition": f"inline; filename=cards.pdf; filename*=UTF-8''{name}",  # RFC 6266 §5
        "cache-control": "no-store",  # names of minors
    }
    return Response(data, 200, headers, media_type="application/pdf")


def _print(cards: list[Printed], per_page: int, title: Title, backs: bool) -> bytes:
    with open_faces(_fonts()) as faces:
        return print_cards(cards, per_page, title, faces, backs)


def _choice(request: Request, name: str, allowed: tuple[int, ...], default: int) -> int:
    given = request.query_params.get(name, str(default))
    for one in allowed:
        if given == str(one):
            return one
    raise field_invalid(name, f"这一项只能是 {'、'.join(map(str, allowed))}。")


def routes() -> list[Route]:
    """Return the routes of answer cards."""
    return [
        Route("/api/classrooms/{classroom}/cards", get_cards, methods=["GET"]),
        Route("/api/classrooms/{classroom}/cards.pdf", cards_pdf, methods=["GET"]),
    ]
