"""A room in which nothing happens, and what its sockets carry all the same: the third measurement of bench.events."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import itertools
import statistics
from collections.abc import Awaitable, Callable

import msgspec

from bench.light_socket import LightSocket, open_light
from bench.loop_client import LoopClient, Receiver, secure
from bench.server_process import BenchServer
from media.transport.dtls import Certificate
from signaling import messages as m
from signaling.frames import DEFLATED, unpack
from signaling.roles import Role

CLASSROOMS = 20
SETTLE_S = 20.0  # the first reports of all links, and slots that fill
PING_S, REPORT_S = 5.0, 10.0  # as the page does
ANSWER_S = 10.0
_decode: Callable[[bytes | str], m.ServerMessage] = msgspec.json.Decoder(m.ServerMessage).decode


class _Seat:
    """A participant with a socket and a receiving connection, as a page holds them."""

    def __init__(self, number: int) -> None:
        self.messages = 0
        self._number = number
        self._ids = itertools.count(1)
        self._answer: asyncio.Future[m.ServerMessage] | None = None
        self._media: Receiver | None = None
        self._socket: LightSocket | None = None

    @property
    def socket(self) -> LightSocket:
        assert self._socket is not None
        return self._socket

    async def enter(self, server: BenchServer, token: str, certificate: Certificate, tiles: int) -> None:
        """Join, and make the receiving connection."""
        self._socket = await open_light(server.websocket_url, self._on_message, offers_deflate=True)
        welcome = await self._ask(m.Hello(m.PROTOCOL_VERSION, token, inflates=True))
        assert isinstance(welcome, m.Welcome), welcome
        offer = await self._ask(m.Subscribe(next(self._ids), tiles=tiles))
        assert isinstance(offer, m.SubscribeOffer), offer
        client = LoopClient(certificate, seed=self._number + 1)
        await self._ask(m.SubscribeAnswer(next(self._ids), client.answer(offer.sdp)))
        await secure(client)
        self._media = Receiver(client)
        asyncio.get_running_loop().add_reader(client.socket, self._media.on_readable)

    async def stay(self) -> None:
        """Do for ever what an open page does by itself."""
        assert self._media is not None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._media.answer())
            tasks.create_task(_each(PING_S, lambda n: self.socket.send(m.Ping(n))))
            tasks.create_task(_each(REPORT_S, lambda n: self.socket.send(self._report(n))))

    def leave(self) -> None:
        """Close everything."""
        if self._media is not None:
            self._media.is_over = True
            asyncio.get_running_loop().remove_reader(self._media.client.socket)
            self._media.client.socket.close()
        self.socket.close()

    def _report(self, number: int) -> m.ReportPlayback:
        audio_ms = round(number * REPORT_S * 1000)
        return m.ReportPlayback(f"bench{self._number:06d}", 0, 0, 0, audio_ms, 0, 40_000 * number, "udp")

    async def _ask(self, message: m.ClientMessage) -> m.ServerMessage:
        self._answer = asyncio.get_running_loop().create_future()
        self.socket.send(message)
        async with asyncio.timeout(ANSWER_S):
            return await self._answer

    def _on_message(self, _: LightSocket, data: bytes) -> None:
        self.messages += 1
        if self._answer is None or self._answer.done():
            return
        message = _decode(unpack(data) if data[0] == DEFLATED else data)
        if isinstance(message, m.Error | m.Bye):
            self._answer.set_exception(ConnectionError(f"{message.code}: {message.detail}"))
        elif isinstance(message, m.Welcome | m.SubscribeOffer | m.Ok):
            self._answer.set_result(message)


async def _each(every_s: float, act: Callable[[int], None]) -> None:
    for number in itertools.count(1):
        await asyncio.sleep(every_s)
        act(number)


async def idle_room(server: BenchServer, last_s: float) -> dict[str, float]:
    """Return what the sockets of an idle room carry, over `last_s`."""
    certificate = Certificate(datetime.datetime.now(datetime.UTC))
    lecturer = _Seat(0)
    entering: list[Awaitable[None]] = [
        lecturer.enter(server, server.token(Role.LECTURER, "周明远"), certificate, tiles=6)
    ]
    others: list[_Seat] = []
    for n in range(CLASSROOMS):
        for role, tiles in ((Role.CLASSROOM, 6), (Role.LOCAL_TEACHER, 0)):
            seat = _Seat(len(others) + 1)
            others.append(seat)
            token = server.token(role, f"教室{n}")
            entering.append(seat.enter(server, token, certificate, tiles))
    everyone = [lecturer, *others]
    try:
        for entry in entering:
            await entry
        return await _measure(lecturer, others, last_s)
    finally:
        for seat in everyone:
            with contextlib.suppress(AssertionError):
                seat.leave()


async def _measure(lecturer: _Seat, others: list[_Seat], last_s: float) -> dict[str, float]:
    everyone = [lecturer, *others]
    async with asyncio.TaskGroup() as tasks:
        staying = [tasks.create_task(seat.stay()) for seat in everyone]
        await asyncio.sleep(SETTLE_S)
        before = [(seat.socket.wire(), seat.messages) for seat in everyone]
        await asyncio.sleep(last_s)
        rates = [
            8 * (seat.socket.wire().bytes - wire.bytes) / last_s
            for seat, (wire, _) in zip(everyone, before, strict=True)
        ]
        heard = [seat.messages - messages for seat, (_, messages) in zip(everyone, before, strict=True)]
        for task in staying:
            task.cancel()
    return {
        "idle_bps": round(max(rates[1:])),
        "idle_mean_bps": round(statistics.mean(rates[1:])),
        "idle_lecturer_bps": round(rates[0]),
        "idle_messages_a_minute": round(60 * statistics.mean(heard[1:]) / last_s, 1),
    }
