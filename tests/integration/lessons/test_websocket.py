"""The lesson's socket with real sockets and real children."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from server.lean_websocket import LeanWebSocket
from signaling import messages as m
from signaling.roles import Role
from tests.integration.lessons.live_server import LESSON, Live, MemoryStore, live_server


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_server(tmp_path) as live:
        yield live


async def test_two_participants_share_one_state(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        assert lecturer.welcome is not None
        assert lecturer.welcome.snapshot.lead == lecturer.welcome.you
        async with live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
            joined = await lecturer.event(m.ParticipantJoined)
            assert joined.participant.classroom == "c1"
            assert live.host.seats(LESSON).online_classrooms == {"c1"}
            await lecturer.send(m.TurnPage(7, 2))
            assert (await classroom.event(m.PageTurned)) == m.PageTurned(2, "观察")
            assert (await lecturer.hear(m.Ok)).id == 7
            await classroom.send(m.TurnPage(8, 3))
            error = await classroom.hear(m.Error)
            assert (error.id, error.code, error.fatal) == (8, "not_allowed", False)
            await classroom.send(m.Ping(3))
            assert (await classroom.hear(m.Pong)).n == 3
        assert not (await lecturer.event(m.OnlineChanged)).online
    async with asyncio.timeout(5):
        while not any(isinstance(body, m.PageTurned) for body in live.store.bodies()):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("token", "code"), [("expired", "token_expired"), ("junk", "token_invalid"), ("", "token_invalid")]
)
async def test_wrong_tokens_are_told_and_closed(live: Live, token: str, code: str) -> None:
    async with live.socket() as client:
        await client.send(m.Hello(m.PROTOCOL_VERSION, token))
        error = await client.hear(m.Error)
        assert (error.code, error.fatal) == (code, True)
        assert await client.closed() == 1008


async def test_page_of_another_version_is_told_to_reload(live: Live) -> None:
    async with live.socket() as client:
        await client.send(m.Hello(99, live.token(Role.LECTURER)))
        assert (await client.hear(m.Error)).code == "version_unsupported"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "message_malformed"),
        (b"\xff\xfe", "message_malformed"),
        (b'{"type":"nothing"}', "message_malformed"),
        (b'{"type":"ping","n":1}', "hello_expected"),
        (b"[" * 5000, "message_malformed"),
    ],
)
async def test_nonsense_is_answered_and_closed(live: Live, frame: bytes, code: str) -> None:
    async with live.socket() as client:
        await client.socket.send(frame)
        error = await client.hear(m.Error)
        assert (error.code, error.fatal) == (code, True)
        assert await client.closed() == 1008


async def test_mutilated_messages_hurt_nobody(live: Live) -> None:
    rng = random.Random(4)
    whole = m.encode(m.SetHand(5, True, "李小雨"))
    async with live.joined(Role.LECTURER) as lecturer:
        for _ in range(40):
            async with live.joined(Role.CLASSROOM, "device:1", "c1") as client:
                spoilt = bytearray(whole)
                for _ in range(rng.randint(1, 6)):
                    spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
                await client.socket.send(bytes(spoilt[: rng.randint(0, len(spoilt))]))
        await lecturer.send(m.Ping(1))
        assert (await lecturer.hear(m.Pong)).n == 1


async def test_message_that_is_too_large_closes(live: Live) -> None:
    async with live.joined(Role.LECTURER) as client:
        await client.socket.send(b" " * (m.MAX_MESSAGE_BYTES + 1))
        assert await client.closed() == 1009


async def test_flood_is_cut_off_and_the_seat_waits(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer, live.joined(Role.CLASSROOM, "device:1", "c1") as flood:
        for n in range(200):
            await flood.send(m.SetHand(n, n % 2 == 0))
        assert await flood.closed() == 1008
        errors = [message for message in flood.heard if isinstance(message, m.Error)]
        assert (errors[-1].code, errors[-1].fatal) == ("too_many_messages", True)
        assert not (await lecturer.event(m.OnlineChanged)).online


async def test_resume_after_a_drop_brings_what_was_missed(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        async with live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
            assert classroom.welcome is not None
            welcome = classroom.welcome
        await lecturer.event(m.OnlineChanged)
        await lecturer.send(m.TurnPage(1, 3))
        await lecturer.hear(m.Ok)
        async with live.socket() as back:
            await back.send(m.Hello(m.PROTOCOL_VERSION, "expired", welcome.resume, welcome.snapshot.seq))
            resumed = await back.hear(m.Resumed)
            assert resumed.you == welcome.you
            bodies = [(await back.hear(m.Event)).body for _ in range(3)]
            assert bodies == [
                m.OnlineChanged(welcome.you, False),
                m.PageTurned(3, "练习"),
                m.OnlineChanged(welcome.you, True),
            ]


async def test_what_was_missed_comes_in_one_compressed_message_to_who_knows_it(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        async with live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
            assert classroom.welcome is not None and classroom.binary_frames == 0
            welcome = classroom.welcome
        for n in range(30):
            await lecturer.send(m.TurnPage(n, n % 2 + 2))
            await lecturer.hear(m.Ok)
        hello = m.Hello(m.PROTOCOL_VERSION, "expired", welcome.resume, welcome.snapshot.seq)
        for inflates in (False, True):
            async with live.socket() as back:
                await back.send(msgspec.structs.replace(hello, inflates=inflates))
                await back.hear(m.Resumed)
                if inflates:
                    missed = list((await back.hear(m.Events)).events)
                    assert back.binary_frames == 1
                else:
                    missed = [await back.hear(m.Event) for _ in range(32)]
                assert [event.seq for event in missed] == list(
                    range(welcome.snapshot.seq + 1, welcome.snapshot.seq + 1 + len(missed))
                )
                assert sum(isinstance(event.body, m.PageTurned) for event in missed) == 30


async def test_large_welcome_is_compressed_for_who_inflates(live: Live) -> None:
    room = await live.host.room_of(LESSON)
    room.set_deck(m.Deck("d2", "光的折射", 60, "/p/{page}", tuple(f"第 {n} 页：光从空气斜射入水中" for n in range(60))))
    snapshots = []
    for inflates in (False, True):
        async with live.socket() as client:
            await client.send(m.Hello(m.PROTOCOL_VERSION, live.token(Role.LECTURER), inflates=inflates))
            snapshots.append((await client.hear(m.Welcome)).snapshot)
            assert client.binary_frames == inflates
    assert snapshots[0].deck == snapshots[1].deck


async def test_the_handshake_is_forgotten_once_it_is_over(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        held = [one for one in gc.get_objects() if type(one) is LeanWebSocket and one.handshake_complete]
        assert held, "uvicorn uses our protocol"
        for one in held:
            assert one.scope["headers"] == [] and not hasattr(one, "request") and not hasattr(one, "response")
        await lecturer.send(m.Ping(1))
        await lecturer.hear(m.Pong)


async def test_second_window_replaces_the_first(live: Live) -> None:
    async with live.joined(Role.LECTURER) as first, live.joined(Role.LECTURER) as second:
        assert (await first.hear(m.Bye)).code == "replaced"
        assert await first.closed() == 1000
        assert first.welcome is not None and second.welcome is not None
        assert first.welcome.you == second.welcome.you
        await second.send(m.Ping(1))
        await second.hear(m.Pong)


async def test_stalled_client_is_closed_and_others_do_not_notice(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1024)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        hello = m.encode(m.Hello(1, live.token(Role.LECTURER, "person:2")))
        frame = bytes([0x81, 0x80 | 126]) + len(hello).to_bytes(2, "big") + bytes(4) + hello  # masked with zeros
        writer.write(frame)
        stalled = (await lecturer.event(m.ParticipantJoined)).participant.peer
        room = await live.host.room_of(LESSON)
        line = "光" * 400
        for n in range(4000):  # it reads nothing of what everybody says
            room.carry_out(room.room.set_deck(m.Deck(f"d{n}", line, 1, ""), 1e9))
            if n % 100 == 0:
                await lecturer.send(m.Ping(n))
                await lecturer.hear(m.Pong)
        changed = await lecturer.event(m.OnlineChanged)
        assert (changed.peer, changed.online) == (stalled, False)
        writer.transport.abort()


async def test_end_of_class_says_good_bye(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer, live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
        await lecturer.send(m.StartLesson(1))
        await classroom.event(m.LessonStarted)
        await lecturer.send(m.EndLesson(2))
        await classroom.event(m.LessonEnded)
        assert (await classroom.hear(m.Bye)).code == "lesson_ended"
        assert await lecturer.closed() == 1000
    async with live.socket() as late:
        await late.send(m.Hello(m.PROTOCOL_VERSION, live.token(Role.LECTURER)))
        assert (await late.hear(m.Error)).code == "lesson_ended"


async def test_database_that_is_down_delays_nobody_and_loses_nothing(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        live.store.is_down = True
        await lecturer.send(m.TurnPage(1, 2))
        await lecturer.hear(m.Ok)
        live.store.is_down = False
        async with asyncio.timeout(5):
            while m.PageTurned(2, "观察") not in live.store.bodies():
                await asyncio.sleep(0.05)
    assert [event.seq for event in live.store.lessons[LESSON].events] == list(
        range(1, len(live.store.lessons[LESSON].events) + 1)
    )


async def test_restarted_server_opens_the_live_lesson_again(tmp_path: Path) -> None:
    store = MemoryStore()
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(1))
        await lecturer.send(m.TurnPage(2, 2))
        await lecturer.hear(m.Ok)
        await lecturer.hear(m.Ok)
        assert lecturer.welcome is not None
        you = lecturer.welcome.you
    async with live_server(tmp_path, store) as live:
        async with asyncio.timeout(5):
            while LESSON not in live.host._rooms:
                await asyncio.sleep(0.02)
        async with live.joined(Role.LECTURER) as lecturer:
            assert lecturer.welcome is not None
            snapshot = lecturer.welcome.snapshot
            assert (snapshot.lesson.state, snapshot.page, lecturer.welcome.you) == ("live", 2, you)


async def test_a_clock_set_back_during_class_does_not_stop_the_lessons_time(tmp_path: Path) -> None:
    store = MemoryStore()
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(1))
        await lecturer.hear(m.Ok)
        await asyncio.sleep(0.3)
        await lecturer.send(m.TurnPage(2, 2))
        await lecturer.hear(m.Ok)
    told_ms = store.lessons[LESSON].events[-1].t_ms
    opened_ms = store.lessons[LESSON].opened_wallclock_ms
    assert opened_ms is not None
    store.lessons[LESSON] = msgspec.structs.replace(store.lessons[LESSON], opened_wallclock_ms=opened_ms + 3_600_000)
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        times = []
        for page in (3, 1):
            await asyncio.sleep(0.3)
            await lecturer.send(m.TurnPage(page, page))
            while not isinstance((event := await lecturer.hear(m.Event)).body, m.PageTurned):
                pass
            times.append(event.t_ms)
    assert told_ms <= times[0] <= times[1] - 250, "it goes on from what was told last"


async def test_a_lesson_left_over_from_yesterday_is_ended_and_its_recording_finished(tmp_path: Path) -> None:
    store = MemoryStore()
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(1))
        await lecturer.hear(m.Ok)
    opened_ms = store.lessons[LESSON].opened_wallclock_ms
    assert opened_ms is not None
    store.lessons[LESSON] = msgspec.structs.replace(
        store.lessons[LESSON], opened_wallclock_ms=opened_ms - 24 * 3_600_000
    )
    async with live_server(tmp_path, store) as live:
        async with asyncio.timeout(10):
            while not live.library.news or live.library.news[-1].state not in ("ready", "failed"):
                await asyncio.sleep(0.02)
        assert store.lessons[LESSON].info.state == "ended"
        async with live.socket() as late:
            await late.send(m.Hello(m.PROTOCOL_VERSION, live.token(Role.LECTURER)))
            assert (await late.hear(m.Error)).code == "lesson_ended"
