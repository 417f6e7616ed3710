"""How soon media comes: `python -m bench.join --receivers 50`.

A real server (its command line, web process, media worker and recorder) holds one live lesson, whose lecturer sends
VP8 and Opus. N classrooms join by the real WebSocket, spread evenly over 2 s, with the slots of a classroom's screen,
and each over its own DTLS-SRTP transport. Measured for each: from the call that opens the WebSocket to the first media
packet that decrypts, and to the first packet of a keyframe. All stay and give feedback until the last has joined.
Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.loop_client import LoopClient, Receiver, secure
from bench.rtc_client import VP8, OpusSource, Vp8Source
from bench.server_process import BenchServer, running_server
from media import vp8
from media.rtcp import Pli, parse_compound
from media.rtp import payload_span, read_fixed
from media.transport.dtls import Certificate
from signaling import messages as m
from signaling.roles import Role

SPREAD_S = 2.0
TILES = 6  # a classroom's screen
JOIN_LIMIT_S = 10.0
FRAME_S, VOICE_S = 1 / 25, 0.02
PACKETS_PER_KEYFRAME = 5
VIDEO_SSRC, AUDIO_SSRC = 7_000, 9_000
_decode: Callable[[bytes | str], m.ServerMessage] = msgspec.json.Decoder(m.ServerMessage).decode


@dataclass
class Joined:
    """When things happened to one receiver, in seconds since it began to open its WebSocket."""

    welcome_s: float = 0.0
    answered_s: float = 0.0
    secured_s: float = 0.0
    media_s: float = 0.0
    picture_s: float = 0.0


class _Socket:
    """One seat's WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def hello(self, token: str) -> m.Welcome:
        await self._socket.send(m.encode(m.Hello(m.PROTOCOL_VERSION, token)).decode())
        answer = await self._next(lambda item: isinstance(item, m.Welcome))
        assert isinstance(answer, m.Welcome)
        return answer

    async def request(self, make: Callable[[int], m.ClientMessage]) -> m.ServerMessage:
        number = next(self._ids)
        await self._socket.send(m.encode(make(number)).decode())
        kinds = (m.Ok, m.PublishAnswer, m.SubscribeOffer, m.Error)
        return await self._next(lambda item: isinstance(item, kinds) and item.id == number)

    async def _next(self, fits: Callable[[m.ServerMessage], bool]) -> m.ServerMessage:
        while True:
            item = _decode(await self._socket.recv())
            if isinstance(item, m.Error) and item.code:
                raise ConnectionError(f"{item.code}: {item.detail}")
            if fits(item):
                return item

    async def drain(self) -> None:
        """Read and throw away, so that the server is not held up; ping as a client does."""
        for number in itertools.count(1):
            try:
                async with asyncio.timeout(5):
                    while True:
                        await self._socket.recv()
            except TimeoutError:
                await self._socket.send(m.encode(m.Ping(number)).decode())


def _begins_keyframe(packet: bytes) -> bool:
    start, end = payload_span(packet)
    if read_fixed(packet)[1] & 0x7F != VP8 or start == end:
        return False
    return vp8.parse(packet, start, end).is_keyframe


async def _first_media(receiver: Receiver, joined: Joined, begin: float) -> None:
    """Return when both a packet and a keyframe have come."""
    complete = asyncio.Event()

    def note(packet: bytes) -> None:
        start, end = payload_span(packet)
        if start == end:
            return  # a probe is no media
        now = time.monotonic() - begin
        joined.media_s = joined.media_s or now
        if not joined.picture_s and _begins_keyframe(packet):
            joined.picture_s = now
            complete.set()

    receiver.on_packet = note
    receiver.on_readable()
    await complete.wait()
    receiver.on_packet = lambda packet: None


async def _join(server: BenchServer, number: int, certificate: Certificate, everyone: asyncio.Barrier) -> Joined:
    """Take a seat as a classroom and stay until everyone is there."""
    token = server.token(Role.CLASSROOM, f"教室{number}")
    client = LoopClient(certificate, seed=number)
    await asyncio.sleep(SPREAD_S * number / (everyone.parties - 1 or 1))
    loop, joined, begin = asyncio.get_running_loop(), Joined(), time.monotonic()
    async with connect(server.websocket_url, compression=None, proxy=None, max_size=4 << 20, close_timeout=1) as raw:
        socket = _Socket(raw)
        async with asyncio.timeout(JOIN_LIMIT_S):
            await socket.hello(token)
            joined.welcome_s = time.monotonic() - begin
            offer = await socket.request(lambda n: m.Subscribe(n, tiles=TILES))
            assert isinstance(offer, m.SubscribeOffer), offer
            answer = client.answer(offer.sdp)
            await socket.request(lambda n: m.SubscribeAnswer(n, answer))
            joined.answered_s = time.monotonic() - begin
            await secure(client)
            joined.secured_s = time.monotonic() - begin
        receiver = Receiver(client)
        loop.add_reader(client.socket, receiver.on_readable)
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(socket.drain()), tasks.create_task(receiver.answer())]
            try:
                async with asyncio.timeout(JOIN_LIMIT_S):
                    await _first_media(receiver, joined, begin)
                await everyone.wait()
            finally:
                receiver.is_over = True
                loop.remove_reader(client.socket)
                for task in beside:
                    task.cancel()
    client.socket.close()
    return joined


async def _teach(client: LoopClient) -> None:
    """Send 25 pictures and 50 voice packets a second for ever, a keyframe first and whenever one is asked for."""
    video, audio = Vp8Source(VIDEO_SSRC, packet_bytes=1000), OpusSource(AUDIO_SSRC)
    begin, is_key = time.monotonic(), True
    for tick in itertools.count():
        client.send_rtp(audio.packet())
        if tick % 2 == 0:
            for packet in video.frame(PACKETS_PER_KEYFRAME if is_key else 1, 3600, key=is_key):
                client.send_rtp(packet)
            is_key = False
        while (packet_read := _receive(client)) is not None:
            is_key = is_key or any(isinstance(item, Pli) for item in parse_compound(packet_read)[0])
        client.keep_alive()
        await asyncio.sleep(max(0.0, begin + (tick + 1) * VOICE_S - time.monotonic()))


def _receive(client: LoopClient) -> bytes | None:
    """Return the next waiting RTCP packet, b"" for another datagram, None when nothing waits."""
    try:
        data = client.socket.recv(2048)
    except BlockingIOError:
        return None
    return (client.decrypt(data) or b"") if 128 <= data[0] <= 191 else b""


async def _measure(server: BenchServer, receivers: int) -> list[Joined]:
    certificate = Certificate(datetime.datetime.now(datetime.UTC))
    everyone = asyncio.Barrier(receivers)
    lecturer = LoopClient(certificate)
    sources = (m.SourceLine("0", "mic"), m.SourceLine("1", "camera"))
    async with connect(server.websocket_url, compression=None, proxy=None, max_size=4 << 20, close_timeout=1) as raw:
        socket = _Socket(raw)
        await socket.hello(server.token(Role.LECTURER, "周明远"))
        await socket.request(m.TakeLead)
        offer = lecturer.offer(AUDIO_SSRC, VIDEO_SSRC)
        answer = await socket.request(lambda n: m.Publish(n, offer, sources))
        assert isinstance(answer, m.PublishAnswer), answer
        lecturer.learn(answer.sdp)
        await secure(lecturer)
        await socket.request(m.StartLesson)
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(_teach(lecturer)), tasks.create_task(socket.drain())]
            await asyncio.sleep(1.0)  # the lesson goes on when the first classroom comes
            joins = [tasks.create_task(_join(server, n, certificate, everyone)) for n in range(receivers)]
            joined = [await join for join in joins]
            for task in beside:
                task.cancel()
    return joined


def _percentile(values: Sequence[float], share: float) -> int:
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))])


def _report(joined: Sequence[Joined]) -> dict[str, int | float]:
    media = [one.media_s for one in joined]
    return {
        "receivers": len(joined),
        "p95_ms": _percentile(media, 0.95),
        "median_ms": round(1000 * statistics.median(media)),
        "max_ms": round(1000 * max(media)),
        "picture_p95_ms": _percentile([one.picture_s for one in joined], 0.95),
        "welcome_median_ms": round(1000 * statistics.median(one.welcome_s for one in joined)),
        "answered_median_ms": round(1000 * statistics.median(one.answered_s for one in joined)),
        "secured_median_ms": round(1000 * statistics.median(one.secured_s for one in joined)),
    }


async def _run(receivers: int, port: int, media_port: int) -> list[Joined]:
    async with running_server(port, media_port) as server:
        return await _measure(server, receivers)


def main() -> int:
    """Run the bench; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--receivers", type=int, default=50)
    parser.add_argument("--port", type=int, default=41100)
    parser.add_argument("--media-port", type=int, default=41101)
    options = parser.parse_args()
    report = _report(asyncio.run(_run(options.receivers, options.port, options.media_port)))
    print(json.dumps({"bench": "join", **report}))
    return 0 if report["p95_ms"] <= 500 else 1


if __name__ == "__main__":
    sys.exit(main())
