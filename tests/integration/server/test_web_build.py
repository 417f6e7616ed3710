from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from server.app import build_app
from tests.integration.server.conftest import World


@pytest.fixture
async def client(world: World, tmp_path: Path) -> httpx.AsyncClient:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>同堂", encoding="utf-8")
    (dist / "icon.svg").write_text("<svg/>")
    (dist / "assets" / "app-1a2b.js").write_text("let a = 1;\n" * 1000)
    (tmp_path / "secret.txt").write_text("secret")
    transport = httpx.ASGITransport(build_app(world.services, dist), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize("path", ["/", "/login", "/lesson/abcdefgh/classroom", "/recordings/x", "/index.html"])
async def test_every_page_of_the_browsers_routing_is_the_one_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200 and "同堂" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_hashed_files_are_kept_for_good_and_sent_small(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/app-1a2b.js")
    assert "immutable" in answer.headers["cache-control"] and answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text == "let a = 1;\n" * 1000


async def test_other_files_are_files(client: httpx.AsyncClient) -> None:
    assert (await client.get("/icon.svg")).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("path", ["/api/x", "/api", "/ws", "/whip/a/b/c", "/assets/old.js", "/assets/../../secret.txt"])
async def test_what_is_none_is_told(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code in (404, 405) or "同堂" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt"])
async def test_nothing_outside_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).text != "secret"


async def test_a_missing_build_says_what_to_do(world: World) -> None:
    answer = await (await world.client()).get("/")
    assert answer.status_code == 503 and "make run" in answer.text
