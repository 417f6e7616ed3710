"""The browser client: files of the web build, and its one page for every address of the browser's own routing."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from signaling.errors import Refused

DIST = Path(__file__).parent.parent / "web" / "dist"
_NOT_BUILT = "网页还没有构建。请在项目目录运行 make run，或 cd web && npm ci && npm run build，然后刷新。\n"
_NO_PAGES = ("/api", "/ws", "/whip", "/whep", "/metrics", "/healthz")


class HashedFiles(StaticFiles):
    """Files whose names hold the hash of their content: kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with its cache header."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            raise Refused("path_unknown", "页面已经更新，请刷新。") from error
        if response.status_code in (200, 304):
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def routes(dist: Path = DIST) -> list[Route | Mount]:
    """Return the routes of the web build; they must come last."""

    async def page(request: Request) -> Response:
        path = request.url.path
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in _NO_PAGES):
            raise Refused("path_unknown", "没有这个地址，请检查网址。")
        return page_or_file(dist, path)

    found: list[Route | Mount] = []
    if (dist / "assets").is_dir():
        files = GZipMiddleware(HashedFiles(directory=dist / "assets"), minimum_size=1024, compresslevel=6)
        found.append(Mount("/assets", files))
    return [*found, Route("/{path:path}", page, methods=["GET"])]


def page_or_file(dist: Path, path: str) -> Response:
    """Return a file at the root of the build (icon, manifest), or else the page itself, never cached unasked."""
    name = path.lstrip("/")
    if name and "/" not in name and not name.startswith(".") and name != "index.html" and (dist / name).is_file():
        return FileResponse(dist / name, headers={"cache-control": "public, max-age=3600"})
    if not (dist / "index.html").is_file():
        return PlainTextResponse(_NOT_BUILT, 503)
    return FileResponse(dist / "index.html", headers={"cache-control": "no-cache"})
