"""HTTP of a school's library: pages and lessons for everybody on the local network, settings for who keeps it.

Who keeps it is whoever sits at this computer (loopback), or knows the word that it said at its first start. Lessons are
open to the network, as the stick that they could have come on would be.
"""

from __future__ import annotations

import hmac
import mimetypes
import time
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from recorder.pack.digests import Source
from recorder.pack.manifest import MIME
from recorder.pack.pieces import source_range
from recorder.pack.trust import fingerprint
from server.accounts.limits import AttemptLimit
from server.accounts.service import digest, too_many
from server.asking import address_of
from server.json_http import answer, answer_list, no_content, read_json
from server.library.naming import attachment, saved_as
from server.library.packs.model import Use
from server.ranges import ranged
from server.school_library import links, sticks
from server.school_library.bodies import FetchBody, NewUpload, PairBody, StickExport, StickImport, TrustBody
from server.school_library.incoming import Incoming
from server.school_library.jobs import Jobs
from server.school_library.lan import Neighbours
from server.school_library.model import Plan
from server.school_library.qr import qr_svg
from server.school_library.shelf import Lesson
from server.school_library.sticks import FOLDER, Stick, title_of
from server.school_library.uses import reports
from signaling.errors import ProtocolViolation, Refused

PAGE = Path(__file__).parent / "page"
WORD_HEADER = "x-library-word"
WORD_TRIES, WINDOW_S = 10, 600.0
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_MIMES = {".webm": "video/webm", ".vtt": "text/vtt", ".webp": "image/webp", ".mp4": "video/mp4"}


class Desk:
    """The routes of one library."""

    def __init__(self, jobs: Jobs, neighbours: Neighbours, incoming: Incoming, roots: list[Path]) -> None:
        self._jobs = jobs
        self._neighbours = neighbours
        self._incoming = incoming
        self._roots = roots
        self._words = AttemptLimit(WORD_TRIES, WINDOW_S)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/", self.page),
            Route("/page/{name}", self.page_file),
            Route("/qr.svg", self.qr),
            Route("/lessons", self.lessons),
            Route("/lessons/{pack}/manifest", self.manifest),
            Route("/lessons/{pack}/cas/{sha256}", self.object),
            Route("/lessons/{pack}/uses", self.use, methods=["POST"]),
            Route("/lessons/{pack}.pack.zip", self.zip),
            Route("/lessons/{pack}/{path:path}", self.lesson_file),
            Route("/api/state", self.state),
            Route("/api/pair", self.pair, methods=["POST"]),
            Route("/api/trust", self.trust, methods=["POST"]),
            Route("/api/plan", self.plan, methods=["PUT"]),
            Route("/api/offered", self.offered),
            Route("/api/fetch", self.fetch, methods=["POST"]),
            Route("/api/stop", self.stop, methods=["POST"]),
            Route("/api/peers", self.peers),
            Route("/api/peer", self.peer_lessons),
            Route("/api/lessons/{pack}", self.drop, methods=["DELETE"]),
            Route("/api/uploads", self.begin_upload, methods=["POST"]),
            Route("/api/uploads/{upload}", self.upload, methods=["PATCH"]),
            Route("/api/uploads/{upload}/import", self.import_upload, methods=["POST"]),
            Route("/api/sticks", self.sticks),
            Route("/api/sticks/import", self.import_stick, methods=["POST"]),
            Route("/api/sticks/export", self.export_stick, methods=["POST"]),
            Route("/api/uses/report", self.report, methods=["POST"]),
            Route("/api/uses.json", self.uses_file),
        ]

    # --- for everybody --------------------------------------------------------------------------------------------

    async def page(self, request: Request) -> Response:
        """Answer `GET /`."""
        return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})

    async def page_file(self, request: Request) -> Response:
        """Answer `GET /page/{name}`."""
        name = request.path_params["name"]
        if name not in ("library.js", "library.css"):
            raise Refused("path_unknown", "没有这个地址，请检查网址。")
        return FileResponse(PAGE / name, headers={"cache-control": "no-cache"})

    async def qr(self, request: Request) -> Response:
        """Answer `GET /qr.svg`: the address of this library as others type it."""
        addresses = self._neighbours.own_addresses
        return Response(qr_svg(addresses[0] if addresses else str(request.base_url)), media_type="image/svg+xml")

    async def lessons(self, request: Request) -> Response:
        """Answer `GET /lessons`."""
        return answer_list(_shown(one) for one in self._jobs.shelf.lessons.values())

    async def manifest(self, request: Request) -> Response:
        """Answer `GET /lessons/{pack}/manifest`, for neighbours."""
        return Response(self._lesson(request).raw, media_type="application/json")

    async def object(self, request: Request) -> Response:
        """Answer `GET /lessons/{pack}/cas/{sha256}`, for neighbours."""
        wanted = request.path_params["sha256"]
        entry = next((one for one in self._lesson(request).manifest.files.values() if one.sha256 == wanted), None)
        if entry is None:
            raise Refused("file_unknown", "离线包里已经没有这个文件。请重新取目录再下载。")
        return self._ranged(request, wanted, entry.size, "application/octet-stream")

    async def zip(self, request: Request) -> Response:
        """Answer `GET /lessons/{pack}.pack.zip`."""
        lesson = self._lesson(request)
        layout = await self._jobs.layout(lesson)
        name = attachment(saved_as("", lesson.manifest.title, "离线包", "x.zip"))
        tag = digest(lesson.raw.decode())[:32]
        headers = {"content-disposition": name}
        return ranged(request, layout.size, layout.read, etag=tag, mime=MIME, headers=headers)

    async def lesson_file(self, request: Request) -> Response:
        """Answer `GET /lessons/{pack}/{path}`: the lesson's page and all that it plays."""
        path = request.path_params["path"] or "index.html"
        entry = self._lesson(request).manifest.files.get(path)
        if entry is None:
            raise Refused("file_unknown", "这一课里没有这个文件。")
        suffix = Path(path).suffix
        mime = _MIMES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        return self._ranged(request, entry.sha256, entry.size, mime)

    def _ranged(self, request: Request, sha256: str, size: int, mime: str) -> Response:
        source = Source("", self._jobs.shelf.store.path(sha256))
        read = lambda start, end: source_range(source, start, end)  # noqa: E731
        return ranged(request, size, read, etag=sha256, mime=mime, headers={"cache-control": "no-cache"})

    async def use(self, request: Request) -> Response:
        """Answer `POST /lessons/{pack}/uses`."""
        use = await read_json(request, Use)
        lesson = self._lesson(request)
        if use.pack != lesson.manifest.id:
            raise Refused("lesson_unknown", "这条记录不是这一课的。")
        await self._jobs.note(use)
        return no_content()

    def _lesson(self, request: Request) -> Lesson:
        return self._jobs.lesson(request.path_params["pack"])

    async def state(self, request: Request) -> Response:
        """Answer `GET /api/state`."""
        jobs, state = self._jobs, self._jobs.shelf.state
        stranger = "" if state.trust.root else jobs.shelf.stranger
        shown: dict[str, Any] = {
            "name": state.name,
            "is_keeper": self._is_keeper(request),
            "lessons": [_shown(one) for one in jobs.shelf.lessons.values()],
            "progress": jobs.progress,
            "last": jobs.last,
            "waiting": jobs.waiting,
            "free_bytes": jobs.shelf.store.free_bytes(),
            "addresses": self._neighbours.own_addresses,
            "uses": len(jobs.uses.waiting()),
            "fingerprint": fingerprint(state.trust.root) if state.trust.root else "",
            "stranger": {"root": stranger, "fingerprint": fingerprint(stranger)} if stranger else None,
            "hub": {"url": state.hub.url, "school": state.hub.school, "is_paired": bool(state.hub.secret)},
            "plan": state.plan,
        }
        return answer(shown)

    # --- for who keeps it -----------------------------------------------------------------------------------------

    def _is_keeper(self, request: Request) -> bool:
        if address_of(request) in _LOOPBACK:
            return True
        word, wanted = request.headers.get(WORD_HEADER, ""), self._jobs.shelf.state.admin
        return bool(wanted and word) and hmac.compare_digest(digest(word), wanted)

    def _require_keeper(self, request: Request) -> None:
        """Pass who keeps the library.

        Raises:
            Refused: `library_word_wrong` or `too_many_attempts`.
        """
        now, key = time.monotonic(), address_of(request)
        if not self._words.is_allowed(key, now):
            raise too_many(self._words.wait_s(key, now))
        if self._is_keeper(request):
            return
        if request.headers.get(WORD_HEADER):
            self._words.count(key, now)
        raise Refused("library_word_wrong", "这一步要管理口令，或者在资源库那台电脑上操作。口令在它第一次启动时显示。")

    async def pair(self, request: Request) -> Response:
        """Answer `POST /api/pair`."""
        self._require_keeper(request)
        body = await read_json(request, PairBody)
        await self._jobs.pair(links.checked_url(body.url), body.code)
        return no_content()

    async def trust(self, request: Request) -> Response:
        """Answer `POST /api/trust`: believe a platform whose fingerprint somebody compared."""
        self._require_keeper(request)
        body = await read_json(request, TrustBody)
        self._jobs.trust_root(body.root)
        return no_content()

    async def plan(self, request: Request) -> Response:
        """Answer `PUT /api/plan`."""
        self._require_keeper(request)
        plan = await read_json(request, Plan)
        self._jobs.shelf.change(plan=plan)
        return answer(plan)

    async def offered(self, request: Request) -> Response:
        """Answer `GET /api/offered`: what the platform has for this school."""
        self._require_keeper(request)
        return answer_list(await self._jobs.offered())

    async def fetch(self, request: Request) -> Response:
        """Answer `POST /api/fetch`: fetch a lesson now, from the platform or from the neighbour that was chosen."""
        self._require_keeper(request)
        body = await read_json(request, FetchBody)
        link = links.peer_link(body.peer) if body.peer else self._jobs.hub
        self._jobs.ask(link, body.pack, with_low=self._jobs.shelf.state.plan.with_low)
        return no_content()

    async def stop(self, request: Request) -> Response:
        """Answer `POST /api/stop`."""
        self._require_keeper(request)
        self._jobs.stop()
        return no_content()

    async def peers(self, request: Request) -> Response:
        """Answer `GET /api/peers`: libraries that were heard on the local network."""
        return answer_list(self._neighbours.heard())

    async def peer_lessons(self, request: Request) -> Response:
        """Answer `GET /api/peer?address=`: what a neighbour has."""
        self._require_keeper(request)
        link = links.peer_link(request.query_params.get("address", ""))
        return answer(await self._jobs.lessons_of(link))

    async def drop(self, request: Request) -> Response:
        """Answer `DELETE /api/lessons/{pack}`."""
        self._require_keeper(request)
        await self._jobs.drop(self._lesson(request).manifest.id)
        return no_content()

    async def begin_upload(self, request: Request) -> Response:
        """Answer `POST /api/uploads`: begin or go on; `received` says where."""
        self._require_keeper(request)
        body = await read_json(request, NewUpload)
        return answer(self._incoming.begin(body.name, body.bytes))

    async def upload(self, request: Request) -> Response:
        """Answer `PATCH /api/uploads/{id}`: the next piece."""
        self._require_keeper(request)
        offset = request.headers.get("upload-offset", "")
        if not (offset.isascii() and offset.isdigit() and len(offset) <= 15):
            raise ProtocolViolation("upload_offset_missing", "上传的一段要说明从哪里开始（Upload-Offset）。")
        return answer(await self._incoming.append(request.path_params["upload"], int(offset), request.stream()))

    async def import_upload(self, request: Request) -> Response:
        """Answer `POST /api/uploads/{id}/import`."""
        self._require_keeper(request)
        path = self._incoming.whole(request.path_params["upload"])
        lesson = await self._jobs.take_zip(path)
        path.unlink(missing_ok=True)
        return answer(_shown(lesson), 201)

    # --- sticks ---------------------------------------------------------------------------------------------------

    async def sticks(self, request: Request) -> Response:
        """Answer `GET /api/sticks`."""
        self._require_keeper(request)
        found = [
            {"stick": one, "packs": sticks.packs_on(Path(one.path), title_of)} for one in sticks.mounted(self._roots)
        ]
        return answer_list(found)

    def _stick(self, path: str) -> Stick:
        found = next((one for one in sticks.mounted(self._roots) if one.path == path), None)
        if found is None:
            raise Refused("stick_unknown", "找不到这个 U 盘，可能已经拔出。请插好再刷新。")
        return found

    async def import_stick(self, request: Request) -> Response:
        """Answer `POST /api/sticks/import`."""
        self._require_keeper(request)
        body = await read_json(request, StickImport)
        root = Path(self._stick(body.stick).path)
        packs = sticks.packs_on(root, title_of)
        if all(one.path != body.path for one in packs):
            raise Refused("stick_unknown", "U 盘上没有这一课，可能已经换了 U 盘。请刷新再选。")
        path = root / body.path
        lesson = await (self._jobs.take_zip(path) if path.is_file() else self._jobs.take_folder(path))
        return answer(_shown(lesson), 201)

    async def export_stick(self, request: Request) -> Response:
        """Answer `POST /api/sticks/export`: the lessons, and what waits to be carried to the platform."""
        self._require_keeper(request)
        body = await read_json(request, StickExport)
        stick = self._stick(body.stick)
        await self._jobs.export(stick, body.packs, as_zip=body.as_zip)
        return answer({"folder": FOLDER})

    # --- what was played ------------------------------------------------------------------------------------------

    async def report(self, request: Request) -> Response:
        """Answer `POST /api/uses/report`: tell the platform now."""
        self._require_keeper(request)
        return answer({"added": await self._jobs.report()})

    async def uses_file(self, request: Request) -> Response:
        """Answer `GET /api/uses.json`: what waits, to be carried on a stick; signed when the platform knows our key."""
        self._require_keeper(request)
        waiting, hub = self._jobs.uses.waiting(), self._jobs.shelf.state.hub
        body: dict[str, object] = {"kind": "tongtang-uses", "version": 1}
        if hub.library:
            body["signed"] = [envelope for envelope, _ in reports(hub.library, waiting, self._jobs.key)]
        else:  # never paired: whoever brings it to the platform vouches for it
            body["uses"] = waiting
        headers = {"content-disposition": attachment("tongtang-uses.json")}
        return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")


def _shown(lesson: Lesson) -> dict[str, Any]:
    manifest = lesson.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "title": manifest.title,
        "subject": manifest.subject,
        "tier": manifest.tier,
        "signer": manifest.signer.name,
        "renditions": manifest.renditions,
        "duration_ms": manifest.duration_ms,
        "bytes": manifest.bytes,
    }
