"""Every route × every kind of asker: the one place where a hole would be seen."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.routing import Route

from server import hello
from server.accounts import routes as account_routes
from server.lessons import figure_routes
from server.lessons import routes as lesson_routes
from server.lessons.packs import routes as pack_routes
from tests.integration.server.conftest import PASSWORD, World
from tests.unit.server.lessons.test_pictures import png

# Askers: nobody · lin its lecturer · zhou's colleague is not needed · yang of the invited school · ma of a foreign one
# · wang manager of the region · screen of the invited classroom · blank unpaired screen
ASKERS = ("nobody", "lin", "yang", "ma", "wang", "screen", "blank")
OK, NEW, GONE, LOGIN, NO, HIDDEN = 200, 201, 204, 401, 403, 404

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
    ("PUT", "/api/lessons/{lesson}/pages"): (LOGIN, OK, NO, HIDDEN, NO, NO, HIDDEN),
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
    ("GET", "/api/schools/{school}/packs"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
    ("PUT", "/api/schools/{school}/packs"): (LOGIN, NO, OK, NO, OK, LOGIN, LOGIN),
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
        *pack_routes.routes(),
    ]
    found = {(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"}
    assert found == set(TABLE)


async def body_of(world: World, method: str, path: str, lesson: str) -> dict[str, Any]:
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
        "/api/screen/packs/{lesson}": {"version": "0" * 64, "have_bytes": 0},
    }
    if path.endswith("/data-cap"):
        return {"json": {"ceiling_kbps": 300, "video": True}}
    if path == "/api/schools/{school}/packs":
        policy = {"night_from": "22:00", "night_to": "06:00", "lead_hours": 4, "ceiling_kbps": None}
        return {"json": policy} if method == "PUT" else {}
    if path == "/api/figures.csv":
        return {"params": {"from": "2026-11-01", "to": "2026-11-30"}}
    if method == "PUT":
        return {"files": [("page", ("a.png", png(9, 9)))]}
    return {"json": bodies[path]} if method == "POST" and path in bodies else {}


async def page_sha256(world: World, lesson: str) -> str:
    """Return the name of a page's file in the lesson's pack."""
    pack = await (await world.client("lin")).get(f"/api/lessons/{lesson}/pack")
    return str(pack.json()["items"][0]["sha256"])


@pytest.mark.parametrize(("method", "path"), TABLE, ids=[f"{method} {path}" for method, path in TABLE])
async def test_who_may(world: World, method: str, path: str) -> None:
    await world.services.accounts.enrol("chen", PASSWORD, "陈", None)
    for asker, expected in zip(ASKERS, TABLE[method, path], strict=True):
        lesson = (await world.lesson())["id"]
        lecturer = await world.client("lin")
        await lecturer.put(f"/api/lessons/{lesson}/pages", files=[("page", ("a.png", png(9, 9)))])
        if asker == "screen":
            client = await world.screen(await world.classroom_id("红星小学"))
        elif asker in ("nobody", "blank"):
            client = await world.new_client() if asker == "nobody" else await world.screen(None)
        else:
            client = await world.new_client()
            await client.post("/api/session/demo", json={"username": asker})
        address = path.replace("{lesson}", lesson).replace("{page:int}", "1")
        address = address.replace("{sha256}", await page_sha256(world, lesson))
        address = address.replace("{school}", await world.school_id("红星小学"))
        answer = await client.request(method, address, **await body_of(world, method, path, lesson))
        if asker == "wang" and path.endswith("/classrooms"):
            assert answer.status_code == 409  # yang has made it already
            continue
        assert answer.status_code == expected, f"{asker}: {answer.text}"
        if expected >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
