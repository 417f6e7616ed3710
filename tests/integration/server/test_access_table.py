"""Every route × every kind of asker: the one place where a hole would be seen."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.routing import Route

from server import hello
from server.accounts import routes as account_routes
from server.lessons import figure_routes, routes as lesson_routes
from server.lessons.cards import routes as card_routes
from server.lessons.decks import routes as deck_routes
from server.lessons.packs import clip_routes, routes as pack_routes
from server.lessons.questions import routes as question_routes
from server.lessons.rosters.model import Wanted
from server.uploads import routes as upload_routes
from tests.integration.server.conftest import PASSWORD, World
from tests.unit.server.lessons.test_pictures import png

# Askers: nobody · lin its lecturer · zhou's colleague is not needed · yang of the invited school · ma of a foreign one
# · wang manager of the region · screen of the invited classroom · blank unpaired screen
ASKERS = ("nobody", "lin", "yang", "ma", "wang", "screen", "blank")
OK, NEW, GONE, LOGIN, NO, HIDDEN, BUSY = 200, 201, 204, 401, 403, 404, 409

TABLE: dict[tuple[str, str], tuple[int, int, int, int, int, int, int]] = {
    ("GET", "/api/hello"): (OK, OK, OK, OK, OK, OK, OK),
    ("POST", "/api/session"): (OK, OK, OK, OK, OK, OK, OK),
    ("POST", "/api/session/demo"): (OK, OK, OK, OK, OK, OK, OK),
    ("DELETE", "/api/session"): (LOGIN, GONE, GONE, GONE, GONE, LOGIN, LOGIN),
    ("POST", "/api/people"): (LOGIN, NO, NO, NO, NEW, LOGIN, LOGIN),
    ("GET", "/api/schools"): (LOGIN, OK, OK, OK, OK, LOGIN, LOGIN),
    ("POST", "/api/schools"): (LOGIN, NO, NO, NO, NEW, LOGIN, LOGIN),
    ("POST", "/api/schools/{school}/classrooms"): (LOGIN, NO, NEW, NO, NEW, LOGIN, LOGIN),
    ("PUT", "/api/schools/{school}/data-cap"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("POST", "/api/devices"): (NEW, NEW, NEW, NEW, NEW, NEW, NEW),
    ("GET", "/api/devices/me"): (HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN, OK, OK),
    ("DELETE", "/api/devices/me"): (HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN, GONE, GONE),
    ("POST", "/api/devices/pair"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("GET", "/api/lessons"): (LOGIN, OK, OK, OK, OK, OK, OK),
    ("POST", "/api/lessons"): (LOGIN, NEW, NEW, NEW, NO, LOGIN, LOGIN),
    ("GET", "/api/lessons/{lesson}"): (LOGIN, OK, OK, HIDDEN, OK, OK, HIDDEN),
    ("DELETE", "/api/lessons/{lesson}"): (LOGIN, GONE, NO, HIDDEN, NO, NO, HIDDEN),
    ("GET", "/api/lessons/{lesson}/deck"): (LOGIN, OK, OK, HIDDEN, OK, OK, HIDDEN),
    ("PUT", "/api/lessons/{lesson}/deck"): (LOGIN, OK, NO, HIDDEN, NO, NO, HIDDEN),
    ("POST", "/api/uploads"): (LOGIN, NEW, NEW, NEW, NEW, LOGIN, LOGIN),
    ("GET", "/api/uploads/{upload}"): (LOGIN, OK, HIDDEN, HIDDEN, HIDDEN, LOGIN, LOGIN),
    ("PATCH", "/api/uploads/{upload}"): (LOGIN, OK, HIDDEN, HIDDEN, HIDDEN, LOGIN, LOGIN),
    ("DELETE", "/api/uploads/{upload}"): (LOGIN, GONE, HIDDEN, HIDDEN, HIDDEN, LOGIN, LOGIN),
    ("GET", "/api/decks"): (LOGIN, OK, OK, OK, OK, LOGIN, LOGIN),
    ("POST", "/api/decks"): (LOGIN, NEW, HIDDEN, HIDDEN, HIDDEN, LOGIN, LOGIN),
    ("GET", "/api/decks/{deck}"): (LOGIN, OK, HIDDEN, HIDDEN, OK, LOGIN, LOGIN),
    ("DELETE", "/api/decks/{deck}"): (LOGIN, GONE, HIDDEN, HIDDEN, GONE, LOGIN, LOGIN),
    ("POST", "/api/decks/{deck}/again"): (LOGIN, OK, HIDDEN, HIDDEN, OK, LOGIN, LOGIN),
    ("GET", "/api/decks/{deck}/pages/{page:int}"): (LOGIN, OK, HIDDEN, HIDDEN, OK, LOGIN, LOGIN),
    ("GET", "/api/decks/{deck}/originals/{number:int}"): (LOGIN, OK, HIDDEN, HIDDEN, OK, LOGIN, LOGIN),
    ("GET", "/api/lessons/{lesson}/pages/{page:int}"): (LOGIN, OK, OK, HIDDEN, OK, OK, HIDDEN),
    ("POST", "/api/lessons/{lesson}/token"): (LOGIN, NO, OK, HIDDEN, NO, OK, HIDDEN),
    ("POST", "/api/lessons/{lesson}/whip-token"): (LOGIN, OK, NO, HIDDEN, NO, NO, HIDDEN),
    ("GET", "/api/lessons/{lesson}/figures"): (LOGIN, OK, OK, HIDDEN, OK, LOGIN, HIDDEN),
    ("GET", "/api/lessons/{lesson}/figures.csv"): (LOGIN, OK, OK, HIDDEN, OK, LOGIN, HIDDEN),
    ("GET", "/api/figures.csv"): (LOGIN, NO, NO, NO, OK, LOGIN, LOGIN),
    ("GET", "/api/screen/packs"): (HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN, OK, HIDDEN),
    ("POST", "/api/screen/packs/{lesson}"): (HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN, OK, HIDDEN),
    ("GET", "/api/lessons/{lesson}/pack"): (LOGIN, OK, OK, HIDDEN, NO, OK, HIDDEN),
    ("GET", "/api/lessons/{lesson}/pack/{sha256}"): (LOGIN, OK, OK, HIDDEN, NO, OK, HIDDEN),
    ("GET", "/api/lessons/{lesson}/packs"): (LOGIN, OK, OK, HIDDEN, OK, LOGIN, HIDDEN),
    ("GET", "/api/lessons/{lesson}/clips"): (LOGIN, OK, OK, HIDDEN, OK, OK, HIDDEN),
    ("POST", "/api/lessons/{lesson}/clips"): (LOGIN, HIDDEN, NO, HIDDEN, NO, NO, HIDDEN),  # lin: no such upload
    ("DELETE", "/api/lessons/{lesson}/clips/{sha256}"): (LOGIN, HIDDEN, NO, HIDDEN, NO, NO, HIDDEN),
    ("GET", "/api/schools/{school}/packs"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("PUT", "/api/schools/{school}/packs"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("GET", "/api/lessons/{lesson}/questions"): (LOGIN, OK, OK, HIDDEN, NO, NO, HIDDEN),
    ("PUT", "/api/lessons/{lesson}/questions"): (LOGIN, OK, NO, HIDDEN, NO, NO, HIDDEN),
    ("POST", "/api/lessons/{lesson}/questions/copy"): (LOGIN, OK, NO, HIDDEN, NO, NO, HIDDEN),
    ("GET", "/api/lessons/{lesson}/results"): (LOGIN, OK, OK, HIDDEN, OK, NO, HIDDEN),
    ("GET", "/api/lessons/{lesson}/results.{kind}"): (LOGIN, OK, OK, HIDDEN, OK, NO, HIDDEN),
    # 409: the lesson has not ended, so that whoever may answer is told to do so in it
    ("POST", "/api/lessons/{lesson}/answers"): (LOGIN, BUSY, BUSY, HIDDEN, NO, BUSY, HIDDEN),
    ("POST", "/api/lessons/{lesson}/photos"): (LOGIN, NEW, NEW, HIDDEN, NO, NEW, HIDDEN),
    ("GET", "/api/lessons/{lesson}/photos/{photo}"): (LOGIN, OK, OK, HIDDEN, OK, OK, HIDDEN),
    ("GET", "/api/classrooms/{classroom}/cards"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("GET", "/api/classrooms/{classroom}/cards.pdf"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("GET", "/api/ice-servers"): (LOGIN, OK, OK, OK, OK, OK, LOGIN),
    ("POST", "/api/path-test"): (LOGIN, OK, OK, OK, OK, OK, OK),
    ("GET", "/healthz"): (OK, OK, OK, OK, OK, OK, OK),
    ("GET", "/metrics"): (OK, OK, OK, OK, OK, OK, OK),
}


def test_the_table_has_every_route() -> None:
    routes: list[Route] = [
        *hello.routes(),
        *account_routes.routes(),
        *lesson_routes.routes(),
        *figure_routes.routes(),
        *upload_routes.routes(),
        *deck_routes.routes(),
        *pack_routes.routes(),
        *clip_routes.routes(),
        *question_routes.routes(),
        *card_routes.routes(),
    ]
    found = {(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"}
    assert found == set(TABLE)


async def body_of(world: World, method: str, path: str, lesson: str, upload: str, deck: str) -> dict[str, Any]:
    """Return the keywords of a good request."""
    code = (await (await world.new_client()).post("/api/devices")).json()["code"]
    bodies: dict[str, dict[str, Any]] = {
        "/api/session": {"username": "chen", "password": PASSWORD},
        "/api/session/demo": {"username": "lin"},
        "/api/people": {"username": "new", "password": PASSWORD, "name": "新", "school_id": None},
        "/api/schools": {"name": "新校", "kind": "rural", "region": "云岭县"},
        "/api/schools/{school}/classrooms": {"name": "新教室"},
        "/api/devices/pair": {"code": code, "classroom_id": await world.classroom_id("红星小学")},
        "/api/lessons": {"title": "课", "subject": "科学", "starts_at": "2026-11-22T09:00:00Z", "planned_minutes": 40},
        "/api/lessons/{lesson}/token": {"role": "classroom"},
        "/api/path-test": {"sdp": "v=0"},
        "/api/uploads": {"name": "课件.pdf", "bytes": 4, "purpose": "deck"},
        "/api/decks": {"uploads": [upload]},
        "/api/lessons/{lesson}/clips": {"upload": "none"},
        "/api/screen/packs/{lesson}": {"version": "0" * 64, "have_bytes": 0},
    }
    if path.endswith("/data-cap"):
        return {"json": {"ceiling_kbps": 300, "video": True}}
    if path == "/api/schools/{school}/packs":
        policy = {"night_from": "22:00", "night_to": "06:00", "lead_hours": 4, "ceiling_kbps": None}
        return {"json": policy} if method == "PUT" else {}
    if path == "/api/figures.csv":
        return {"params": {"from": "2026-11-01", "to": "2026-11-30"}}
    if path.endswith("/answers"):
        return {"json": await given_answers(world)}
    if path.endswith("/photos"):
        return {"params": {"classroom": await world.classroom_id("红星小学")}, "content": photo()}
    if path.endswith("/questions") and method == "PUT":
        known = await (await world.client("lin")).get(f"/api/lessons/{lesson}/questions")
        return {"json": {"version": known.json()["version"], "items": [{"kind": "text", "title": "为什么？"}]}}
    if path.endswith("/copy"):
        return {"json": {"lesson_id": lesson}}
    if method == "PATCH":
        return {"content": b"", "headers": {"Upload-Offset": "4", "Content-Type": "application/offset+octet-stream"}}
    if method == "PUT":
        return {"json": {"deck_id": deck}}
    return {"json": bodies[path]} if method == "POST" and path in bodies else {}


def photo() -> bytes:
    """Return a small photo."""
    made = io.BytesIO()
    Image.new("RGB", (32, 24), "white").save(made, "JPEG")
    return made.getvalue()


async def given_answers(world: World) -> dict[str, Any]:
    """Return a batch of answers of the invited classroom."""
    classroom = await world.classroom_id("红星小学")
    common = {"id": 0, "question": "question-1", "source": "phone-1234", "revision": 1, "classroom": classroom}
    return common | {"type": "give_answers", "answers": [{"pupil": "p1", "value": "A"}]}


async def given_photo(world: World, lesson: str) -> str:
    """Return the id of a photo that the invited classroom sent."""
    classroom = await world.classroom_id("红星小学")
    sent = await (await world.client("lin")).post(
        f"/api/lessons/{lesson}/photos", params={"classroom": classroom}, content=photo()
    )
    return str(sent.json()["id"])


async def uploaded(client: httpx.AsyncClient, name: str = "页.png", data: bytes = b"page") -> str:
    """Return an upload that is whole."""
    asked = await client.post("/api/uploads", json={"name": name, "bytes": len(data), "purpose": "deck"})
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    address = f"/api/uploads/{asked.json()['id']}"
    assert (await client.patch(address, content=data, headers=headers)).status_code == 200
    return str(asked.json()["id"])


async def made_deck(world: World, client: httpx.AsyncClient, *, is_broken: bool) -> str:
    """Return a deck of one page, or one that could not be converted."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 36), "white").save(picture, "PNG")
    upload = await uploaded(client, "页.png", b"nothing" if is_broken else picture.getvalue())
    deck = (await client.post("/api/decks", json={"uploads": [upload]})).json()["id"]
    await world.convert()
    return str(deck)


async def page_sha256(world: World, lesson: str) -> str:
    """Return the name of a page's file in the lesson's pack."""
    pack = await (await world.client("lin")).get(f"/api/lessons/{lesson}/pack")
    return str(pack.json()["items"][0]["sha256"])


@pytest.mark.parametrize(("method", "path"), TABLE, ids=[f"{method} {path}" for method, path in TABLE])
async def test_who_may(world: World, method: str, path: str) -> None:
    await world.services.accounts.enrol("chen", PASSWORD, "陈", None)
    if "cards" in path:
        await world.services.preparing.rosters.fill(await world.classroom_id("红星小学"), [Wanted(1, "李小雨")])
    for asker, expected in zip(ASKERS, TABLE[method, path], strict=True):
        lesson = (await world.lesson())["id"]
        lecturer = await world.client("lin")
        await world.give_pages(lesson, png(9, 9))
        upload, deck = await uploaded(lecturer), "none"
        if "deck" in path:
            deck = await made_deck(world, lecturer, is_broken=path.endswith("/again"))
        if asker == "screen":
            client = await world.screen(await world.classroom_id("红星小学"))
        elif asker in ("nobody", "blank"):
            client = await world.new_client() if asker == "nobody" else await world.screen(None)
        else:
            client = await world.new_client()
            await client.post("/api/session/demo", json={"username": asker})
        address = path.replace("{lesson}", lesson).replace("{page:int}", "1")
        address = address.replace("{upload}", upload).replace("{deck}", deck).replace("{number:int}", "1")
        address = address.replace("{sha256}", await page_sha256(world, lesson))
        if "{photo}" in path:
            address = address.replace("{photo}", await given_photo(world, lesson))
        address = address.replace("{kind}", "csv")
        address = address.replace("{classroom}", await world.classroom_id("红星小学"))
        address = address.replace("{school}", await world.school_id("红星小学"))
        answer = await client.request(method, address, **await body_of(world, method, path, lesson, upload, deck))
        if asker == "wang" and path.endswith("/classrooms"):
            assert answer.status_code == 409  # yang has made it already
            continue
        assert answer.status_code == expected, f"{asker}: {answer.text}"
        if expected >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
