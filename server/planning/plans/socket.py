"""A plan's WebSocket, `/api/plans/{id}/socket`: from sockets to rooms and back.

The handshake is always accepted and a refusal told by a close code: scripts in a browser are not told the status of a
handshake that failed. It speaks ASGI itself: a frame of a plan may be larger than that of a lesson, and says so.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Receive, Scope, Send

from server.accounts.model import Person
from server.asking import SESSION_COOKIE, secret_in
from server.context import services_of
from server.planning.plans.core import Expelled
from server.planning.plans.links import Link, cut
from server.planning.plans.room import Room
from server.planning.plans.wire import MAX_FRAME_BYTES, Close, close_of
from server.planning.rights import Right
from signaling.errors import Refused, TongtangError

log = logging.getLogger(__name__)

_MAX_GENERATION = 1 << 31
_SIGNED_OUT = frozenset({"not_logged_in", "token_invalid", "token_expired"})


class _Way(msgspec.Struct, frozen=True):
    """Who comes in, and what they may do."""

    person: Person
    session: str
    writes: bool
    generation: int


class _Over(Exception):
    """The socket is over; its tasks end with it."""


class PlanDoor:
    """The WebSocket as an ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one socket from its handshake to its end."""
        connection = HTTPConnection(scope)
        plan_id = str(connection.path_params["plan"])
        await receive()  # websocket.connect
        way: _Way | TongtangError
        try:
            way = await self._way(connection, plan_id)
        except TongtangError as error:
            way = error
        await send({"type": "websocket.accept", "max_size": MAX_FRAME_BYTES})
        try:
            if isinstance(way, TongtangError):
                raise way
            async with services_of(connection).planning.plans.rooms.using(plan_id) as room:
                await self._hold(room, way, receive, send)
        except Expelled as error:
            await send(_close(error.code, error.detail))
        except TongtangError as error:
            await send(_close(_code_of(error), error.detail))

    async def _way(self, connection: HTTPConnection, plan_id: str) -> _Way:
        """Return who comes in.

        Raises:
            Refused: the ticket is not good, it is another person who is logged in, or they may not read the plan.
        """
        services = services_of(connection)
        ticket = services.planning.plans.tickets.read(connection.query_params.get("ticket", ""), plan_id)
        session = secret_in(connection, SESSION_COOKIE) or ""
        person = await services.accounts.person_of(session) if session else None
        if person is None or person.id != ticket.person_id:
            raise Refused("not_logged_in", "登录已过期，请重新登录。您写的内容还在这个页面里。")
        access = await services.planning.plans.service.require(person, plan_id, Right.READ_PLAN)
        generation = connection.query_params.get("generation", "0")
        known = int(generation) if generation.isascii() and generation.isdigit() and len(generation) < 10 else 0
        return _Way(person, session, access.may_write, min(known, _MAX_GENERATION))

    async def _hold(self, room: Room, way: _Way, receive: Receive, send: Send) -> None:
        person = way.person
        link = Link(person.id, way.session, asyncio.get_running_loop().time())
        school = person.school.name if person.school else ""
        user = {"id": person.id, "name": person.name, "school": school}
        connection = room.join(link, user, way.generation, writes=way.writes)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_write(link, send))
                await _read(room, connection, link, receive)
        except* _Over:
            pass
        finally:
            room.leave(connection)


async def _write(link: Link, send: Send) -> None:
    try:
        await link.write(send)
    except (TimeoutError, OSError, RuntimeError):
        log.info("the socket of %s at a plan stands still and is closed", link.person_id)
    raise _Over


async def _read(room: Room, connection: int, link: Link, receive: Receive) -> None:
    loop = asyncio.get_running_loop()
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            raise _Over
        if link.ending is not None:
            continue  # what a page says after the last word is read until it hangs up, and not heard
        link.heard = loop.time()
        data: bytes | None = message.get("bytes")
        try:
            if data is None:
                raise Expelled(Close.MALFORMED, "服务器无法理解这个页面发来的内容，请刷新页面。")
            room.on_frame(connection, data)
        except Expelled as error:
            log.info("a page of %s at plan %s is closed: %s", link.person_id, room.plan_id, error.code.name)
            link.end(error.code, error.detail)


def _code_of(error: TongtangError) -> Close:
    if error.code in _SIGNED_OUT:
        return Close.SIGNED_OUT
    return Close.FORBIDDEN if isinstance(error, Refused) else close_of(error.code)


def _close(code: Close, reason: str) -> dict[str, object]:
    return {"type": "websocket.close", "code": int(code), "reason": cut(reason)}


def routes() -> list[BaseRoute]:
    """Return the route of plans' sockets."""
    return [WebSocketRoute("/api/plans/{plan}/socket", PlanDoor())]
