"""What lesson events cost: `python -m bench.events`.

Real servers (the command line, web process, media worker, recorder) and light clients over real WebSockets, on one
machine. Three measurements, one JSON line:

- fan-out: a lecturer turns pages, 10 a second, before 200 classrooms in one room. `p99_ms` is over all pairs of page
  and classroom, from the call that writes the lecturer's request to the call that gives the classroom the event;
  `last_p99_ms` the same for the slowest classroom of each page.
- crowd: 5,000 participants in 25 rooms, who only ping. `kb_per_client` is by how much the web process grew in RAM
  (kB = 1,000 bytes), against the process that was ready and had met nobody; `broadcast_s` from the first of 25 pages
  turned at once to the last of 5,000 receipts, the slowest of five.
- idle: a room of 20 classrooms, each with a phone, and a lecturer; all with a receiving connection, nobody sends.
  `idle_bps` is what the socket of the busiest classroom or phone carries in both directions, on average: WebSocket
  frames, and 52 bytes for each TCP segment (IPv4, TCP, time stamps), acknowledgements too, as the kernel counts them.
  `idle_lecturer_bps` is the lecturer's.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.idle_room import idle_room
from bench.light_socket import LightSocket, open_light
from bench.server_process import BenchServer, running_server
from signaling import messages as m
from signaling.messages import RoomId
from signaling.roles import Role

PAGES = 40
TURN_S = 0.1
TURNS = 200
BROADCASTS = 5
JOINING = 64  # at a time
JOIN_S = 30.0
PING_S, PING_SLICES = 5.0, 100
SETTLE_S = 12.0  # two pings each
EVENT_S = 10.0  # a receipt later than this is a loss

MOST_MS, MOST_KB, MOST_BROADCAST_S, MOST_IDLE_BPS = 100.0, 30.0, 1.0, 1_000.0


class Crowd:
    """Participants of one server, and when they heard of the page that is awaited."""

    def __init__(self, server: BenchServer, *, offers_deflate: bool) -> None:
        self._server = server
        self._offers = offers_deflate
        self._joining = asyncio.Semaphore(JOINING)
        self._awaited = b""
        self._missing = 0
        self._all_heard = asyncio.Event()
        self.members: list[LightSocket] = []
        self.receipts: list[float] = []

    async def join(self, role: Role, name: str, lesson: RoomId) -> LightSocket:
        """Take a seat and wait for the welcome."""
        welcomed = asyncio.get_running_loop().create_future()

        def first(one: LightSocket, message: bytes) -> None:
            one.heard = self._on_message
            if not welcomed.done():
                welcomed.set_result(message)

        async with self._joining:
            one = await open_light(self._server.websocket_url, first, offers_deflate=self._offers)
            token = self._server.token(role, name, lesson)
            one.send(m.Hello(m.PROTOCOL_VERSION, token, inflates=True))
            async with asyncio.timeout(JOIN_S):
                greeting = await welcomed
        if b'"error"' in greeting[:20] or b'"bye"' in greeting[:20]:
            raise ConnectionError(greeting.decode())
        if role is not Role.LECTURER:
            self.members.append(one)
        return one

    async def broadcast(self, lecturers: Sequence[LightSocket], page: int) -> list[float]:
        """Turn to `page` in all rooms at once; return each member's delay in seconds."""
        self._awaited = f'"page_turned","page":{page},'.encode()
        self._missing, self.receipts = len(self.members), []
        self._all_heard.clear()
        begin = time.perf_counter()
        for lecturer in lecturers:
            lecturer.send(m.TurnPage(page, page))
        async with asyncio.timeout(EVENT_S):
            await self._all_heard.wait()
        return [at - begin for at in self.receipts]

    @asynccontextmanager
    async def pinging(self, others: Sequence[LightSocket]) -> AsyncIterator[None]:
        """Keep everyone alive inside the block, as clients do, evenly spread."""
        async with asyncio.TaskGroup() as tasks:
            pings = tasks.create_task(self._ping(others))
            yield
            pings.cancel()

    async def _ping(self, others: Sequence[LightSocket]) -> None:
        for tick in itertools.count():
            number = tick // PING_SLICES + 1
            for one in itertools.chain(
                itertools.islice(self.members, tick % PING_SLICES, None, PING_SLICES),
                itertools.islice(others, tick % PING_SLICES, None, PING_SLICES),
            ):
                if not one.is_open:
                    raise ConnectionError("a participant was put out")
                one.send(m.Ping(number))
            await asyncio.sleep(PING_S / PING_SLICES)

    def _on_message(self, one: LightSocket, message: bytes) -> None:
        if self._missing and self._awaited in message:
            self.receipts.append(time.perf_counter())
            self._missing -= 1
            if self._missing == 0:
                self._all_heard.set()


async def _fan_out(server: BenchServer, clients: int, *, offers_deflate: bool) -> dict[str, float]:
    crowd = Crowd(server, offers_deflate=offers_deflate)
    lecturer = await crowd.join(Role.LECTURER, "周明远", server.lesson)
    async with asyncio.TaskGroup() as tasks:
        for n in range(clients):
            tasks.create_task(crowd.join(Role.CLASSROOM, f"教室{n}", server.lesson))
    delays: list[float] = []
    slowest: list[float] = []
    async with crowd.pinging([lecturer]):
        await asyncio.sleep(1.0)
        begun, cpu = time.perf_counter(), server.cpu_s()
        for turn in range(TURNS):
            await asyncio.sleep(max(0.0, begun + turn * TURN_S - time.perf_counter()))
            delays += (these := await crowd.broadcast([lecturer], turn % (PAGES - 1) + 2))
            slowest.append(max(these))
        took = time.perf_counter() - begun
        cpu = server.cpu_s() - cpu
    return {
        "clients": clients,
        "p99_ms": _percentile_ms(delays, 0.99),
        "median_ms": _percentile_ms(delays, 0.5),
        "last_p99_ms": _percentile_ms(slowest, 0.99),
        "cpu_us_a_message": round(1e6 * cpu / (TURNS * clients), 1),
        "events_a_s": round(TURNS / took, 1),
    }


async def _crowd(server: BenchServer, people: int, *, offers_deflate: bool) -> dict[str, float]:
    before = server.rss_bytes()
    crowd = Crowd(server, offers_deflate=offers_deflate)
    rooms = len(server.lessons)
    lecturers = [await crowd.join(Role.LECTURER, f"主讲{n}", lesson) for n, lesson in enumerate(server.lessons)]
    begun = time.perf_counter()
    async with crowd.pinging(lecturers):
        async with asyncio.TaskGroup() as tasks:
            for n in range(people - rooms):
                tasks.create_task(crowd.join(Role.CLASSROOM, f"教室{n}", server.lessons[n % rooms]))
        joined_s = time.perf_counter() - begun
        await asyncio.sleep(SETTLE_S)
        grown = server.rss_bytes() - before
        wire = [one.wire() for one in crowd.members]
        cpu = server.cpu_s()
        await asyncio.sleep(2 * PING_S)
        cpu = (server.cpu_s() - cpu) / (2 * PING_S)
        pings_bps = [
            8 * (one.wire().bytes - then.bytes) / (2 * PING_S) for one, then in zip(crowd.members, wire, strict=True)
        ]
        slowest: list[float] = []
        for n in range(BROADCASTS):
            slowest.append(max(await crowd.broadcast(lecturers, n + 2)))
            await asyncio.sleep(1.0)
        after = server.rss_bytes() - before
    return {
        "people": people,
        "rooms": rooms,
        "kb_per_client": round(grown / people / 1000, 1),
        "kb_per_client_after": round(after / people / 1000, 1),
        "broadcast_s": round(max(slowest), 3),
        "broadcast_median_s": round(statistics.median(slowest), 3),
        "joined_s": round(joined_s, 1),
        "ping_bps": round(statistics.mean(pings_bps)),
        "idle_cpu_share": round(cpu, 3),
    }


def _percentile_ms(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


async def _run(options: argparse.Namespace) -> dict[str, float]:
    figures: dict[str, float] = {}
    ports, deflate = (options.port, options.media_port), options.offers_deflate
    parts = {options.only} if options.only else {"fan_out", "idle", "crowd"}
    if "fan_out" in parts:
        async with running_server(*ports, pages=PAGES) as server:
            figures |= await _fan_out(server, options.clients, offers_deflate=deflate)
    if "idle" in parts:
        async with running_server(*ports, pages=PAGES) as server:
            figures |= await idle_room(server, options.idle_s)
    if "crowd" in parts:
        async with running_server(*ports, lessons=options.rooms, pages=PAGES) as server:
            figures |= await _crowd(server, options.people, offers_deflate=deflate)
    return figures


def main() -> int:
    """Run the bench; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--rooms", type=int, default=25)
    parser.add_argument("--idle-s", type=float, default=60.0)
    parser.add_argument("--only", choices=("", "fan_out", "crowd", "idle"), default="")
    parser.add_argument("--no-deflate", dest="offers_deflate", action="store_false", help="offer no permessage-deflate")
    parser.add_argument("--port", type=int, default=42250)
    parser.add_argument("--media-port", type=int, default=42251)
    figures = asyncio.run(_run(parser.parse_args()))
    print(json.dumps({"bench": "events", **figures}, ensure_ascii=False))
    limits = {
        "p99_ms": MOST_MS,
        "kb_per_client": MOST_KB,
        "broadcast_s": MOST_BROADCAST_S,
        "idle_bps": MOST_IDLE_BPS,
        "idle_lecturer_bps": MOST_IDLE_BPS,
    }
    return 0 if all(figures.get(name, 0.0) <= most for name, most in limits.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
