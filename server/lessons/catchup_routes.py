"""HTTP of catching up on a running lesson (docs/recording.md).

`GET /api/lessons/{id}/catchup` says what there is of a stretch, and `…/catchup/parts/{part}` hands out its bytes, as
slowly as live needs.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from recorder.growing import GrowingRecording, Missed
from server.asking import asker_of
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer
from server.lessons.access import entries, seat_for
from server.lessons.catchup import (
    CHUNK_BYTES,
    MAX_RANGE_BYTES,
    MIMES,
    PATIENCE_S,
    STREAMS,
    Spare,
    check_window,
    offer_tracks,
    require_spare,
)
from server.lessons.live_room import LiveRoom
from server.lessons.rooms import RoomHost, admission_of
from signaling.errors import Refused
from signaling.messages import PeerId, RoomId
from signaling.replica import find
from signaling.roles import Capability, require
from signaling.seats import peer_id

KEPT = 50  # recordings that are kept open to be read; the one that was asked for the longest ago is dropped
_RANGE = re.compile(r"^bytes=(\d{1,12})-(\d{1,12})$")
_RANGE_DETAIL = "只能取清单里列出的整段内容。"


class _Source:
    """A growing recording, read in a thread, one at a time."""

    def __init__(self, folder: str) -> None:
        self.recording = GrowingRecording(Path(folder))
        self.lock = asyncio.Lock()


class _PacedResponse(StreamingResponse):
    """Bytes that leave no faster than live leaves room for."""

    def __init__(self, data: bytes, spare: Spare, headers: dict[str, str], on_end: Callable[[], None]) -> None:
        super().__init__(_paced(data, spare), 206, headers, media_type="application/octet-stream")
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; however it ends, that is told."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()


async def _paced(data: bytes, spare: Spare) -> AsyncIterator[bytes]:
    """Yield `data` as live leaves room for it; end early when it leaves none for long."""
    for start in range(0, len(data), CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        patience = time.monotonic() + PATIENCE_S
        while delay_s := spare.take(len(chunk), now := time.monotonic()):
            if now >= patience:
                return
            await asyncio.sleep(delay_s)
        yield chunk


class _CatchUp:
    """What is being caught up on."""

    def __init__(self, host: RoomHost) -> None:
        self._host = host
        self._sources: dict[str, _Source] = {}
        self._streams: Counter[tuple[RoomId, PeerId]] = Counter()

    async def get_manifest(self, request: Request) -> Response:
        """`GET /api/lessons/{id}/catchup?from_ms=&to_ms=&peer=`."""
        room, peer = await self._seated(request)
        source = self._source(room)
        asked = _number(request, "from_ms"), _number(request, "to_ms")
        recording = source.recording
        async with source.lock:
            await asyncio.to_thread(recording.refresh)
            now = time.monotonic()
            now_ms = room.room.t_ms(now)
            t_ms = recording.t_ms(int(now * 1e9))
            shift_ms = 0.0 if t_ms is None else now_ms - t_ms
            begins_ms = None if recording.begins_ms is None else recording.begins_ms + shift_ms
            window = check_window(*asked, now_ms, begins_ms)
            stretch = window.from_ms - shift_ms, window.to_ms - shift_ms
            found = await asyncio.to_thread(recording.missed, *stretch)
            turns = recording.turns(*stretch)
        spare = room.spare.of(peer, now)
        spare_bps = spare.rate_bps(now)
        offered = offer_tracks(found, spare_bps, video_allowed=room.room.media.cap_of(peer).video_allowed)
        spare.wish(offered.wish_bps, now)
        return answer(
            {
                "now_ms": now_ms,
                "from_ms": window.from_ms,
                "to_ms": window.to_ms,
                "offer": offered.offer,
                "spare_bps": spare_bps,
                "tracks": [_track(one, shift_ms) for one in offered.tracks],
                "pages": [{"t_ms": round(turn.t_ms + shift_ms), "page": turn.page} for turn in turns],
            }
        )

    async def get_part(self, request: Request) -> Response:
        """`GET /api/lessons/{id}/catchup/parts/{part}` with one Range: the part's head, or whole clusters."""
        room, peer = await self._seated(request)
        start, end = _range(request)
        source, part = self._source(room), int(request.path_params["part"])
        spare, seat = room.spare.of(peer, time.monotonic()), (room.room.id, peer)
        require_spare(spare, time.monotonic())
        async with source.lock:
            data = await asyncio.to_thread(source.recording.read, part, start, end)
        if data is None:
            raise Refused("catchup_range", _RANGE_DETAIL)
        if self._streams[seat] >= STREAMS:
            raise Refused("catchup_busy", "补看的请求太多，请等前面的传完。")
        self._streams[seat] += 1
        room.room.media.on_download([peer], len(data))
        headers = {"content-range": f"bytes {start}-{end - 1}/*", "cache-control": "no-store"}
        return _PacedResponse(data, spare, headers, lambda: self._ended(seat))

    def _ended(self, seat: tuple[RoomId, PeerId]) -> None:
        self._streams[seat] -= 1
        if not self._streams[seat]:
            del self._streams[seat]

    def _source(self, room: LiveRoom) -> _Source:
        folder = room.recording_folder
        if not folder:
            raise Refused("catchup_not_recorded", "这节课现在没有在录制，不能补看。")
        source = self._sources.pop(folder, None) or _Source(folder)
        self._sources[folder] = source
        while len(self._sources) > KEPT:
            del self._sources[next(iter(self._sources))]
        return source

    async def _seated(self, request: Request) -> tuple[LiveRoom, PeerId]:
        """Return the running room and the seat in it that the asker holds.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `token_invalid`, `token_expired`, `not_allowed`, `seat_lost` or
                `catchup_not_recorded`.
        """
        lesson = RoomId(request.path_params["lesson"])
        peers = await self._peers(request, lesson)
        room = self._host.open_room(lesson)
        if room is None:
            raise Refused("catchup_not_recorded", "这节课现在没有在上课，不能补看。")
        wanted = request.query_params.get("peer", "")
        for peer in peers:
            one = find(room.room.state, peer)
            if one is not None and wanted in ("", peer):
                require(one.role, Capability.WATCH)
                return room, peer
        raise Refused("seat_lost", "您不在这节课里，请重新进入。")

    async def _peers(self, request: Request, lesson: RoomId) -> list[PeerId]:
        """Return the seats that the asker may hold in `lesson`: by room token, or by session or screen."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer:
            seat = self._host.tokens.verify(bearer)
            if seat.room != lesson:
                raise Refused("token_invalid", "这个凭证属于另一节课。")
            return [peer_id(lesson, admission_of(seat))]
        asker = await asker_of(request)
        found = await services_of(request).lessons.see(asker, lesson)
        seats = [seat_for(entry, found) for entry in entries(asker, found)]
        if not seats:
            raise Refused("not_allowed", "您不能进入这节课。")
        return [peer_id(lesson, admission_of(seat)) for seat in seats]


def _track(one: Missed, shift_ms: float) -> dict[str, Any]:
    return {
        "role": one.role,
        "peer": one.peer,
        "part": one.part,
        "mime": MIMES[one.codec],
        "width": one.width,
        "height": one.height,
        "header_bytes": one.header_bytes,
        "shift_ms": round(one.shift_ms + shift_ms),
        "clusters": [(c.ms, c.end_ms, c.offset, c.end, int(c.keyframe)) for c in one.clusters],
    }


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise field_invalid(name, "这里要填毫秒数。")
    return int(text)


def _range(request: Request) -> tuple[int, int]:
    found = _RANGE.match(request.headers.get("range", ""))
    start, end = (int(found[1]), int(found[2]) + 1) if found else (0, 0)
    if not 0 < end - start <= MAX_RANGE_BYTES:
        raise Refused("catchup_range", _RANGE_DETAIL)
    return start, end


def routes(host: RoomHost) -> list[BaseRoute]:
    """Return the routes."""
    catch_up = _CatchUp(host)
    return [
        Route("/api/lessons/{lesson}/catchup", catch_up.get_manifest, methods=["GET"]),
        Route("/api/lessons/{lesson}/catchup/parts/{part:int}", catch_up.get_part, methods=["GET"]),
    ]
