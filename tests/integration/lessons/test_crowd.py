"""Many sockets at once, and clients that mean no good, against a whole server over real WebSockets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from bench.light_socket import LightSocket, open_light
from server.lessons.ports import Seat
from signaling import messages as m
from signaling.frames import DEFLATED, unpack
from signaling.roles import Role
from tests.integration.lessons.live_server import LESSON, Live, MemoryStore, live_server

CROWD = 200
PATIENCE_S = 20.0
_decode: Callable[[bytes], m.ServerMessage] = msgspec.json.Decoder(m.ServerMessage).decode


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_server(tmp_path) as live:
        yield live


class Member:
    """A light client that keeps what it heard."""

    def __init__(self, live: Live, subject: str) -> None:
        self.live = live
        self.subject = subject
        self.heard: list[bytes] = []
        self.news = asyncio.Event()

    async def enter(self, resume: str = "", last_seq: int = 0) -> m.Welcome | m.Resumed:
        self.socket = await open_light(self.live.http.replace("http", "ws") + "/ws", self._on_message)
        seat = Seat(LESSON, self.subject, Role.CLASSROOM, "五年级", "青山小学", self.subject)
        self.socket.send(m.Hello(m.PROTOCOL_VERSION, self.live.tokens.issue(seat), resume, last_seq, inflates=True))
        greeting = await self.first(b'"welcome"', b'"resumed"')
        assert isinstance(greeting, m.Welcome | m.Resumed)
        return greeting

    async def first(self, *parts: bytes) -> m.ServerMessage:
        """Return the first message that holds one of `parts`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for text in self.heard:
                    if any(part in text for part in parts):
                        return _decode(text)
                self.news.clear()
                await self.news.wait()

    def _on_message(self, _: LightSocket, data: bytes) -> None:
        self.heard.append(unpack(data) if data[0] == DEFLATED else data)
        self.news.set()


async def crowd_of(live: Live, count: int) -> list[Member]:
    members = [Member(live, f"c{n}") for n in range(count)]
    for first in range(0, count, 50):
        async with asyncio.TaskGroup() as tasks:
            for member in members[first : first + 50]:
                tasks.create_task(member.enter())
    return members


async def test_slow_readers_delay_nobody(live: Live) -> None:
    """Ten of 200 read nothing: the others hear each event as soon as ever, and the room's memory stays bounded."""
    async with live.joined(Role.LECTURER) as lecturer:
        members = await crowd_of(live, CROWD)
        for member in members[:10]:
            member.socket.pause()
        room = await live.host.room_of(LESSON)
        slowest = 0.0
        for n in range(60):
            title = f"第 {n} 份课件" + "光" * 5000
            begin = time.perf_counter()
            room.set_deck(m.Deck(f"deck{n}", title, 3, "/p/{page}"))
            async with asyncio.TaskGroup() as tasks:
                for member in members[10:]:
                    tasks.create_task(member.first(f'"deck{n}"'.encode()))
            slowest = max(slowest, time.perf_counter() - begin)
            for member in members[10:]:
                member.heard.clear()
        assert slowest < 5.0, "seconds, on a machine that does other things too"
        await lecturer.send(m.Ping(1))
        await lecturer.hear(m.Pong)
        for member in members:
            member.socket.close()


async def test_storm_of_returns_after_a_restart_is_weathered(tmp_path: Path) -> None:
    """200 classrooms come back at once to a server that has just started: all are welcome, and the log has no gap."""
    store = MemoryStore()
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(1))
        members = await crowd_of(live, CROWD)
        last = [max(_seqs(member)) for member in members]
        async with asyncio.timeout(PATIENCE_S):
            while len(store.lessons[LESSON].events) < live.host._rooms[LESSON].room.state.seq:
                await asyncio.sleep(0.05)
    async with live_server(tmp_path, store) as live:
        again = [Member(live, f"c{n}") for n in range(CROWD)]
        begin = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            entering = [
                tasks.create_task(member.enter(f"{LESSON}.{'0' * 32}", seq))
                for member, seq in zip(again, last, strict=True)
            ]
        took = time.perf_counter() - begin
        greetings = [entry.result() for entry in entering]
        assert all(isinstance(greeting, m.Welcome) for greeting in greetings), "their tokens died with the server"
        state = live.host._rooms[LESSON].room.state
        assert sum(one.online for one in state.participants) == CROWD
        assert took < 15.0
        async with asyncio.timeout(PATIENCE_S):
            while any(max(_seqs(member)) < state.seq for member in again):
                await asyncio.sleep(0.05)
        for member in again:
            seqs = _seqs(member)
            assert seqs == list(range(seqs[0], state.seq + 1)), "a snapshot, and every event after it, once"
            member.socket.close()


async def test_two_hundred_resume_at_once_and_miss_nothing(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        members = await crowd_of(live, CROWD)
        room = await live.host.room_of(LESSON)
        tokens = []
        for member in members:
            welcome = await member.first(b'"welcome"')
            assert isinstance(welcome, m.Welcome)
            tokens.append((welcome.resume, max(_seqs(member))))
            member.socket.close()
        async with asyncio.timeout(PATIENCE_S):
            while sum(one.online for one in room.room.state.participants) > 1:
                await asyncio.sleep(0.05)
        await lecturer.send(m.TurnPage(1, 2))
        await lecturer.hear(m.Ok)
        again = [Member(live, member.subject) for member in members]
        async with asyncio.TaskGroup() as tasks:
            for member, (token, seq) in zip(again, tokens, strict=True):
                tasks.create_task(member.enter(token, seq))
        async with asyncio.timeout(PATIENCE_S):
            while any(max(_seqs(member), default=0) < room.room.state.seq for member in again):
                await asyncio.sleep(0.05)
        for member, (_, seq) in zip(again, tokens, strict=True):
            assert _seqs(member) == list(range(seq + 1, room.room.state.seq + 1)), "all that was missed, once"
            member.socket.close()


def _seqs(member: Member) -> list[int]:
    """Return the numbers that a client knows: of its snapshot, and of the events that came."""
    found: list[int] = []
    for text in member.heard:
        message = json.loads(text)
        if message["type"] == "welcome":
            found.append(message["snapshot"]["seq"])
        elif message["type"] == "event":
            found.append(message["seq"])
        elif message["type"] == "events":
            found += [event["seq"] for event in message["events"]]
    return found


@pytest.mark.parametrize(
    "request_",
    [
        m.SetMute(9, m.PeerId("forged"), "mic", False),
        m.SetHand(9, True, "李小雨", m.PeerId("forged")),
        m.CallOn(9, m.PeerId("forged")),
        m.TurnPage(9, 2),
        m.SetMute(9, m.PeerId("x" * 60_000), "mic", False),
        m.TurnPage(1 << 62, 1 << 62),
        m.LimitSlot(9, "光" * 5000, 1),
    ],
)
async def test_forged_and_monstrous_requests_are_refused_and_change_nothing(
    live: Live, request_: m.ClientMessage
) -> None:
    async with live.joined(Role.LECTURER) as lecturer, live.joined(Role.CLASSROOM, "device:2", "c2") as victim:
        assert victim.welcome is not None
        async with live.joined(Role.CLASSROOM, "device:1", "c1") as forger:
            asked = request_
            if getattr(asked, "peer", None) == "forged":
                asked = msgspec.structs.replace(asked, peer=victim.welcome.you)
            room = await live.host.room_of(LESSON)
            before = room.room.state
            await forger.send(asked)
            error = await forger.hear(m.Error)
            assert error.id == getattr(asked, "id", None) and not error.fatal
            assert room.room.state is before, "nothing happened"
            await forger.send(m.Ping(1))
            await forger.hear(m.Pong)
        await lecturer.send(m.Ping(1))
        await lecturer.hear(m.Pong)


@pytest.mark.parametrize("number", ["9" * 6000, "-1e999", "1.5", "null", '"7"', "[[[]]]"])
async def test_numbers_that_are_none_are_no_requests(live: Live, number: str) -> None:
    async with live.joined(Role.CLASSROOM, "device:1", "c1") as client:
        await client.socket.send(f'{{"type":"turn_page","id":{number},"page":1}}')
        error = await client.hear(m.Error)
        assert (error.code, error.fatal) == ("message_malformed", True)
        assert await client.closed() == 1008


async def test_replayed_requests_change_nothing_twice(live: Live) -> None:
    """What a client said is said again, as a broken proxy or a liar would: each state is reached once."""
    async with live.joined(Role.LECTURER) as lecturer, live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
        assert classroom.welcome is not None
        said: list[m.ClientMessage] = [m.TurnPage(1, 2), m.CallOn(2, classroom.welcome.you), m.TakeLead(3)]
        for message in said:
            await lecturer.send(message)
            await lecturer.hear(m.Ok)
        room = await live.host.room_of(LESSON)
        before = room.room.state
        for message in said * 3:
            await lecturer.send(message)
            await lecturer.hear(m.Ok)
        assert room.room.state is before
        async with live.socket() as thief:  # an old hello of another's seat takes nothing without its token
            await thief.send(m.Hello(m.PROTOCOL_VERSION, "expired", f"{LESSON}.{'f' * 32}", 3))
            assert (await thief.hear(m.Error)).code == "token_expired"
        assert room.room.state is before
