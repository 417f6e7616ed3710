"""HTTP of lesson packs (docs/packs.md)."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.model import Classroom
from server.asking import asker_of, require_device, require_person
from server.context import services_of
from server.json_http import answer, answer_list, iso, read_json
from server.lessons.packs.model import PackPolicy, Problem, Readiness, canonical
from server.lessons.packs.pace import PackPaces, lower
from server.lessons.packs.paced import paced_file
from server.lessons.packs.service import LARGEST_BYTES, Coming, require_now, school_of
from signaling.data_caps import MAX_CEILING_BPS, MIN_CEILING_BPS
from signaling.errors import Refused
from signaling.messages import RoomId

AGAIN_S, SOON_AGAIN_S = 300, 30  # a screen asks what is coming this often; the second before and in class
SOON_S = 3_600  # before class: teachers change decks until the bell
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
# What lies in a pack may be a drawing with styles, never with scripts, whoever opens it by itself.
_BLOB_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"

Minute = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class NewPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/schools/{id}/packs`."""

    night_from: Minute
    night_to: Minute
    lead_hours: Annotated[int, msgspec.Meta(ge=0, le=48)]
    ceiling_kbps: Annotated[int, msgspec.Meta(ge=MIN_CEILING_BPS // 1000, le=MAX_CEILING_BPS // 100)] | None


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/screen/packs/{lesson}`."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    have_bytes: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_BYTES)]
    problem: Problem = ""


class _Packs:
    """The packs that are being fetched."""

    def __init__(self) -> None:
        self._paces = PackPaces()

    async def get_blob(self, request: Request) -> Response:
        """`GET /api/lessons/{id}/pack/{sha256}`, with Range and If-Range."""
        services, asker = services_of(request), await asker_of(request)
        lesson_id, sha256 = RoomId(request.path_params["lesson"]), request.path_params["sha256"]
        if not _SHA256.match(sha256):
            raise Refused("blob_unknown", "这个文件不在这节课的课件包里。请刷新页面，重新获取清单。")
        blob = await services.preparing.packs.blob(asker, lesson_id, sha256)
        require_now(asker, blob.when)
        path = services.preparing.packs.files.path(sha256)
        if path is None:
            raise Refused("blob_unknown", "这个文件已不在服务器上，请主讲老师重新上传。")
        school_id = school_of(asker)
        ceiling_bps = lower(*await services.preparing.packs.ceiling_bps(school_id)) if school_id else 0
        # Who leads must see the clip that class sees; the link to spare is the classrooms'.
        spares = (lambda: ()) if blob.is_lecturers else (lambda: services.live.spares(school_id))
        pace = self._paces.pace(school_id, ceiling_bps, spares)
        # Kept by the page itself, slice by slice: a second copy in the browser's cache would cost its quota.
        headers = {"etag": f'"{sha256}"', "cache-control": "private, no-store", "content-security-policy": _BLOB_POLICY}
        return paced_file(request, path, blob.mime, headers, pace)


async def get_manifest(request: Request) -> Response:
    """`GET /api/lessons/{id}/pack?classroom=`: as the asker gets it."""
    asker, lesson_id = await asker_of(request), request.path_params["lesson"]
    pack = await services_of(request).preparing.packs.see(asker, lesson_id, request.query_params.get("classroom"))
    etag = f'"{pack.version}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(canonical(pack), 200, headers, media_type="application/json")


async def list_coming(request: Request) -> Response:
    """`GET /api/screen/packs`: what this classroom's screen should fetch, the next lesson first."""
    device, services = await require_device(request), services_of(request)
    if device.classroom is None:
        raise Refused("device_unknown", "这块屏幕还没有配对，请先配对教室大屏。")
    coming = await services.preparing.packs.coming(device.classroom, await asker_of(request))
    ceiling_bps = lower(*await services.preparing.packs.ceiling_bps(device.classroom.school.id))
    return answer(
        {
            "items": [_coming(one) for one in coming],
            "ceiling_kbps": ceiling_bps // 1000 or None,
            "again_s": SOON_AGAIN_S if any(one.in_s < SOON_S for one in coming) else AGAIN_S,
        }
    )


async def report(request: Request) -> Response:
    """`POST /api/screen/packs/{lesson}`: how far this classroom's screen is."""
    body, services = await read_json(request, NewReport), services_of(request)
    found = await services.preparing.packs.report(
        await asker_of(request),
        request.path_params["lesson"],
        body.version,
        body.have_bytes,
        body.problem,
        time.monotonic(),
    )
    return answer(_readiness(found))


async def list_readiness(request: Request) -> Response:
    """`GET /api/lessons/{id}/packs`: which classrooms are ready."""
    found = await services_of(request).preparing.packs.readiness(await asker_of(request), request.path_params["lesson"])
    return answer_list(_classroom(room) | _readiness(one) | {"total_bytes": total} for room, one, total in found)


async def get_policy(request: Request) -> Response:
    """`GET /api/schools/{id}/packs`."""
    person = await require_person(request)
    return answer(_policy(await services_of(request).preparing.packs.policy(person, request.path_params["school"])))


async def put_policy(request: Request) -> Response:
    """`PUT /api/schools/{id}/packs`."""
    person = await require_person(request)
    body = await read_json(request, NewPolicy)
    policy = PackPolicy(
        _minutes(body.night_from), _minutes(body.night_to), body.lead_hours, (body.ceiling_kbps or 0) * 1000
    )
    return answer(
        _policy(await services_of(request).preparing.packs.set_policy(person, request.path_params["school"], policy))
    )


def _coming(one: Coming) -> dict[str, Any]:
    lesson, pack = one.lesson, one.pack
    return {
        "lesson": lesson.id,
        "title": lesson.title,
        "subject": lesson.subject,
        "starts_at": iso(lesson.starts_at_ms),
        "live": lesson.state == "live",
        "version": pack.version,
        "total_bytes": pack.total_bytes,
        "fetch_in_s": round(one.when.in_s),
        "fetch_for_s": None if one.when.for_s is None else round(one.when.for_s),
        "url": f"/api/lessons/{lesson.id}/pack",
    }


def _classroom(room: Classroom) -> dict[str, Any]:
    return {
        "classroom": {"id": room.id, "name": room.name},
        "school": {"id": room.school.id, "name": room.school.name},
    }


def _readiness(one: Readiness) -> dict[str, Any]:
    return {
        "state": one.state,
        "percent": one.percent,
        "outdated": one.is_outdated,
        "problem": one.problem,
        "seen_at": None if one.seen_ms is None else iso(one.seen_ms),
    }


def _policy(policy: PackPolicy) -> dict[str, Any]:
    return {
        "night_from": _clock(policy.night_from_min),
        "night_to": _clock(policy.night_to_min),
        "lead_hours": policy.lead_hours,
        "ceiling_kbps": policy.ceiling_bps // 1000 or None,
    }


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def routes() -> list[Route]:
    """Return the routes of packs."""
    packs = _Packs()
    return [
        Route("/api/screen/packs", list_coming, methods=["GET"]),
        Route("/api/screen/packs/{lesson}", report, methods=["POST"]),
        Route("/api/lessons/{lesson}/pack", get_manifest, methods=["GET"]),
        Route("/api/lessons/{lesson}/pack/{sha256}", packs.get_blob, methods=["GET"]),
        Route("/api/lessons/{lesson}/packs", list_readiness, methods=["GET"]),
        Route("/api/schools/{school}/packs", get_policy, methods=["GET"]),
        Route("/api/schools/{school}/packs", put_policy, methods=["PUT"]),
    ]
