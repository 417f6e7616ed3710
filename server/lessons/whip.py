"""WHIP (RFC 9725) and WHEP: HTTP doors for OBS, FFmpeg, GStreamer and players without our page.

`POST /whip/{lesson}` with an SDP offer and a room token as Bearer makes a seat that teaches with its camera and
microphone; `POST /whep/{lesson}` one that watches the lead. The session's URL takes `PATCH` (ICE restart; our side is
ICE-lite and needs no candidates of the client) and `DELETE`, from whoever holds the token that opened it, or another
of the same person (RFC 9725 §4.2: all requests are authorised). WHEP is draft-ietf-wish-whep, client-offer mode.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.lessons import sdp_fragment
from server.lessons.live_room import LiveRoom
from server.lessons.ports import Seat
from server.lessons.rooms import RoomHost
from signaling import messages as m
from signaling.errors import ProtocolViolation, Refused
from signaling.frames import Encoded
from signaling.roles import Capability, Role, require
from signaling.seats import Admission

log = logging.getLogger(__name__)

Door = Literal["whip", "whep"]
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"  # RFC 8840
MAX_SESSIONS = 500  # of one process, both doors
_CORS = {  # a WHIP page of another site may teach: it holds a token and no cookie of ours
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "location, etag, link",
}


@dataclass(slots=True)
class _Session:
    """A seat that came through a door (`server.lessons.live_room.Connection`): it has no socket and hears nothing."""

    door: Door
    lesson: m.RoomId
    subject: str
    token: bytes  # digest of the token that opened it
    offer: str
    forget: Callable[[], None]
    room: LiveRoom | None = None
    peer: m.PeerId | None = None
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    lives_by_media: bool = True
    inflates: bool = False

    def send(self, message: Encoded) -> None:
        """Hear nothing: there is nobody to tell."""

    def relay(self, frame: bytes) -> None:
        """See nothing written."""

    def close(self, code: str, detail: str) -> None:
        """End the session: its seat is gone."""
        self.forget()


class _Doors:
    """All sessions of both doors."""

    def __init__(self, host: RoomHost) -> None:
        self._host = host
        self._sessions: dict[str, _Session] = {}

    async def options(self, request: Request) -> Response:
        """Answer what may be sent here (RFC 9725 §4.2) and a browser's preflight."""
        allowed = "PATCH, DELETE, OPTIONS" if "session" in request.path_params else "POST, OPTIONS"
        headers = {
            **_CORS,
            "allow": allowed,
            "accept-post": SDP,
            "accept-patch": FRAGMENT,
            "access-control-allow-methods": allowed,
            "access-control-allow-headers": "authorization, content-type, if-match",
        }
        return Response(None, 204, headers)

    async def post(self, request: Request) -> Response:
        """Open a session."""
        door = _door(request)
        lesson = m.RoomId(request.path_params["lesson"])
        seat = self._seat(request, lesson)
        require(seat.role, Capability.PUBLISH_CAMERA if door == "whip" else Capability.WATCH)
        if door == "whip" and seat.role is not Role.LECTURER:
            raise Refused("not_allowed", "只有主讲教师可以用推流软件上课。")
        offer = await _body(request, SDP)
        if door == "whip":
            sdp_fragment.sources_of(offer)  # nonsense is refused before it takes the seat of a session that runs
        if len(self._sessions) >= MAX_SESSIONS:
            raise Refused("room_full", "推流和拉流的连接已满，请稍后再试。")
        room = await self._host.room_of(lesson)
        key = secrets.token_urlsafe(16)
        session = _Session(door, lesson, seat.subject, _digest(_bearer(request)), offer, lambda: self._forget(key))
        self._enter(room, seat, session)
        self._sessions[key] = session
        try:
            answer = await self._negotiate(session)
        except BaseException:
            self._leave(session)
            raise
        headers = {**_CORS, "location": f"/{door}/{lesson}/{key}", "etag": session.etag}
        return Response(answer, 201, headers, media_type=SDP)

    async def patch(self, request: Request) -> Response:
        """Restart ICE, or take candidates of the client, which an ICE-lite server has no use for."""
        session = self._session(request)
        fragment = await _body(request, FRAGMENT)
        match = request.headers.get("if-match")
        if match is None:
            return Response(None, 428, _CORS)  # RFC 9725 §4.3.1: conditional requests only
        if match not in ("*", session.etag):
            return Response(None, 412, _CORS)
        restarted = sdp_fragment.with_credentials(session.offer, fragment)
        if match != "*" and restarted == session.offer:
            return Response(None, 204, _CORS)
        session.offer = restarted
        answer = await self._negotiate(session)
        session.etag = f'"{secrets.token_hex(8)}"'
        return Response(sdp_fragment.of_answer(answer), 200, {**_CORS, "etag": session.etag}, media_type=FRAGMENT)

    async def delete(self, request: Request) -> Response:
        """End a session."""
        self._leave(self._session(request))
        return Response(None, 200, _CORS)

    # --- inside

    def _enter(self, room: LiveRoom, seat: Seat, session: _Session) -> None:
        """Take a seat beside the one that the same person may have in a browser."""
        role = Role.LECTURER if session.door == "whip" else Role.OBSERVER
        joined, _ = room.join(
            Admission(f"{seat.subject}#{session.door}", role, seat.name, seat.school, None, seat.school_id), session
        )
        session.room, session.peer = room, joined.you
        lead = next((one for one in room.room.state.participants if one.peer == room.room.state.lead), None)
        if session.door == "whip" and (lead is None or (not lead.sources and lead.peer != joined.you)):
            room.handle(joined.you, m.TakeLead(0))  # a lecturer who steers in a browser and sends from elsewhere

    async def _negotiate(self, session: _Session) -> str:
        room = session.room
        assert room is not None and session.peer is not None
        if session.door == "whep":
            return await room.watch(session.peer, session.offer)
        return await room.publish(session.peer, session.offer, sdp_fragment.sources_of(session.offer))

    def _seat(self, request: Request, lesson: m.RoomId) -> Seat:
        seat = self._host.tokens.verify(_bearer(request))
        if seat.room != lesson:
            raise Refused("not_allowed", "这个令牌不属于这节课。")
        return seat

    def _session(self, request: Request) -> _Session:
        """Return the session of the URL, when the request is its owner's.

        The token that opened it stays good for it when its time is over: a lesson is longer than a token's life.
        """
        token, lesson = _bearer(request), m.RoomId(request.path_params["lesson"])
        session = self._sessions.get(request.path_params["session"])
        if session is not None and hmac.compare_digest(_digest(token), session.token):
            subject = session.subject
        else:
            subject = self._seat(request, lesson).subject
        if session is None or (session.door, session.lesson) != (_door(request), lesson):
            raise Refused("session_unknown", "没有这个推流会话，可能已经结束。")
        if subject != session.subject:
            raise Refused("not_allowed", "这个推流会话不是您打开的。")
        return session

    def _leave(self, session: _Session) -> None:
        if session.room is not None and session.peer is not None:
            session.room.leave(session.peer)
        session.forget()

    def _forget(self, key: str) -> None:
        self._sessions.pop(key, None)


def routes(host: RoomHost) -> list[BaseRoute]:
    """Return the routes of both doors."""
    doors = _Doors(host)
    routes: list[BaseRoute] = []
    for door in ("whip", "whep"):
        lesson, session = f"/{door}/{{lesson}}", f"/{door}/{{lesson}}/{{session}}"
        routes += [
            Route(lesson, doors.post, methods=["POST"]),
            Route(lesson, doors.options, methods=["OPTIONS"]),
            Route(session, doors.patch, methods=["PATCH"]),
            Route(session, doors.delete, methods=["DELETE"]),
            Route(session, doors.options, methods=["OPTIONS"]),
        ]
    return routes


def _door(request: Request) -> Door:
    return "whip" if request.url.path.startswith("/whip/") else "whep"


def _bearer(request: Request) -> str:
    """Return the token of the request (RFC 6750 §2.1).

    Raises:
        Refused: `token_invalid`: there is none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("token_invalid", "缺少推流令牌，请在课堂页面里复制。")
    return token.strip()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _body(request: Request, kind: str) -> str:
    """Return the body, of the type `kind`, no larger than a message of the socket.

    Raises:
        ProtocolViolation: `content_type_unsupported`, `body_too_large` or `sdp_malformed`.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != kind:
        raise ProtocolViolation("content_type_unsupported", f"请求的内容类型应为 {kind}。")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > m.MAX_MESSAGE_BYTES:
            raise ProtocolViolation("body_too_large", "请求内容太大。")
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise ProtocolViolation("sdp_malformed", "会话描述格式不对。") from error
