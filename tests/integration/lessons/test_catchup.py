"""Catching up over HTTP on a real lesson: rooms, media worker, recorder and the folder that grows."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from aiortc.mediastreams import AudioStreamTrack

from server.lessons.catchup import CHUNK_BYTES, SpareBook
from server.lessons.ports import Seat
from signaling import messages as m
from signaling.roles import Role
from tests.integration.lessons import test_media_of_rooms
from tests.integration.lessons.live_server import LESSON, Client, Live, live_server
from tests.integration.lessons.test_media_of_rooms import connection, hears, publish, subscribe

URL = f"/api/lessons/{LESSON}/catchup"


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_server(tmp_path) as live:
        yield live


@asynccontextmanager
async def in_class(live: Live) -> AsyncIterator[tuple[Client, httpx.AsyncClient]]:
    """Teach with sound into a classroom; yield the lecturer's socket and the classroom's HTTP."""
    bearer = {"authorization": f"Bearer {live.token(Role.CLASSROOM, 'device:1', 'c1')}"}
    async with (
        live.joined(Role.LECTURER) as lecturer,
        live.joined(Role.CLASSROOM, "device:1", "c1") as classroom,
        connection() as sending,
        connection() as receiving,
        httpx.AsyncClient(base_url=live.http, headers=bearer, timeout=20) as http,
    ):
        await lecturer.send(m.StartLesson(9))
        await publish(lecturer, sending)
        await subscribe(classroom, receiving)
        await hears(receiving)
        yield lecturer, http


async def manifest(http: httpx.AsyncClient, from_ms: int = 0, to_ms: int = 60_000) -> dict[str, Any]:
    answer = await http.get(URL, params={"from_ms": from_ms, "to_ms": to_ms})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def voices(http: httpx.AsyncClient, clusters: int, parts: int = 1) -> dict[str, Any]:
    """Return the manifest once the voice has so many clusters."""
    async with asyncio.timeout(25):
        while True:
            answer = await http.get(URL, params={"from_ms": 0, "to_ms": 60_000})
            if answer.status_code == 200:
                tracks = answer.json()["tracks"]
                if len(tracks) >= parts and len(tracks[-1]["clusters"]) >= clusters:
                    found: dict[str, Any] = answer.json()
                    return found
            await asyncio.sleep(0.2)


async def part(http: httpx.AsyncClient, number: int, start: int, end: int) -> httpx.Response:
    return await http.get(f"{URL}/parts/{number}", headers={"range": f"bytes={start}-{end - 1}"})


def seconds_of(data: bytes) -> float:
    """Return how long the sound in a part decodes to."""
    with av.open(io.BytesIO(data), "r") as container:
        seconds = 0.0
        for frame in container.decode(container.streams.audio[0]):
            assert isinstance(frame, av.AudioFrame)
            seconds += frame.samples / frame.sample_rate
        return seconds


class Noise(AudioStreamTrack):
    """A sound that costs what a voice costs."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        assert isinstance(frame, av.AudioFrame)
        for plane in frame.planes:
            plane.update(os.urandom(plane.buffer_size))
        return frame


async def test_what_was_missed_is_listed_and_fetched_while_it_grows(live: Live) -> None:
    async with in_class(live) as (lecturer, http):
        await lecturer.send(m.TurnPage(10, 2))
        found = await voices(http, 4)
        (voice,) = found["tracks"]
        assert (voice["role"], voice["mime"], found["offer"]) == ("voice", "audio/webm; codecs=opus", "all")
        assert found["pages"][-1]["page"] == 2
        first, last = voice["clusters"][0], voice["clusters"][-1]
        assert first[0] + voice["shift_ms"] >= 0
        lag_ms = found["now_ms"] - (last[1] + voice["shift_ms"])
        assert lag_ms < 3_000, "the end of what can be replayed is near live"
        head = await part(http, voice["part"], 0, voice["header_bytes"])
        body = await part(http, voice["part"], first[2], last[3])
        assert (head.status_code, body.status_code) == (206, 206)
        assert len(body.content) == last[3] - first[2]
        assert body.headers["content-range"] == f"bytes {first[2]}-{last[3] - 1}/*"
        assert seconds_of(head.content + body.content) == pytest.approx((last[1] - first[0]) / 1000, abs=0.2)


async def test_a_killed_recorder_leaves_what_was_recorded(live: Live) -> None:
    async with in_class(live) as (_, http):
        await voices(http, 2)
        pid = live.host.recorder.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        found = await voices(http, 1, parts=2)
        before, after = found["tracks"]
        for track in (before, after):
            head = await part(http, track["part"], 0, track["header_bytes"])
            first, last = track["clusters"][0], track["clusters"][-1]
            body = await part(http, track["part"], first[2], last[3])
            assert seconds_of(head.content + body.content) == pytest.approx((last[1] - first[0]) / 1000, abs=0.2)
        assert after["clusters"][0][0] + after["shift_ms"] >= before["clusters"][-1][1] + before["shift_ms"]


async def test_strangers_and_empty_hands_get_nothing(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.http) as http:
        seat = Seat(m.RoomId("other"), "person:9", Role.OBSERVER, "x", "y")
        for token, code in (
            ("junk", "token_invalid"),
            ("expired", "token_expired"),
            (live.tokens.issue(seat), "token_invalid"),
            (live.token(Role.OBSERVER, "person:9"), "catchup_not_recorded"),
        ):
            await refused(http, token, code)
        async with live.joined(Role.LECTURER) as lecturer:
            await refused(http, live.token(Role.OBSERVER, "person:9"), "seat_lost")
            await refused(http, live.token(Role.LECTURER), "catchup_not_recorded")
            await lecturer.send(m.StartLesson(9))
            await lecturer.event(m.RecordingChanged)
            await refused(http, live.token(Role.LECTURER), "catchup_empty")


async def refused(http: httpx.AsyncClient, token: str, code: str, path: str = URL) -> None:
    answer = await http.get(
        path,
        params={"from_ms": 0, "to_ms": 9_000},
        headers={"authorization": f"Bearer {token}", "range": "bytes=0-99"},
    )
    assert answer.json()["code"] == code, answer.text


async def test_live_wins_and_bad_ranges_are_refused(live: Live) -> None:
    async with in_class(live) as (_, http):
        found = await voices(http, 3)
        (voice,) = found["tracks"]
        first = voice["clusters"][0]
        token = live.token(Role.LECTURER)
        await refused(http, token, "catchup_waits", f"{URL}/parts/{voice['part']}")  # it receives nothing: who knows?
        for header in (
            "",
            "bytes=0-",
            "bytes=5-2",
            "bytes=0-1,4-5",
            f"bytes=0-{1 << 20}",
            f"bytes={first[2]}-{first[3]}",
        ):
            answer = await http.get(f"{URL}/parts/{voice['part']}", headers={"range": header})
            assert (answer.status_code, answer.json()["code"]) == (416, "catchup_range"), header
        answer = await http.get(f"{URL}/parts/999", headers={"range": "bytes=0-99"})
        assert answer.json()["code"] == "catchup_range"
        answer = await http.get(URL, params={"from_ms": "x", "to_ms": 1})
        assert answer.json()["code"] == "field_invalid"


async def test_bytes_come_no_faster_than_the_link_has_to_spare(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link carries 150 kbit/s and live sends 40 of them: 63.5 are left, after the reserve."""
    monkeypatch.setattr(test_media_of_rooms, "AudioStreamTrack", Noise)
    report = SpareBook.on_report
    async with in_class(live) as (_, http):
        (voice,) = (await voices(http, 2))["tracks"]
        monkeypatch.setattr(
            SpareBook, "on_report", lambda book, peer, _e, _s, now: report(book, peer, 150_000, 40_000, now)
        )
        async with asyncio.timeout(10):
            while (found := await manifest(http))["spare_bps"] != 63_500:
                await asyncio.sleep(0.2)
        assert (found["offer"], found["tracks"]) == ("wait", []), "noise takes 96 kbit/s"
        _, _, start, end, _ = voice["clusters"][0]
        begun = time.monotonic()
        answers = await asyncio.gather(*(part(http, voice["part"], start, end) for _ in range(4)))
        took_s = time.monotonic() - begun
    whole = [one for one in answers if one.status_code == 206]
    assert [len(one.content) for one in whole] == [end - start] * 2
    assert {one.json()["code"] for one in answers if one not in whole} == {"catchup_busy"}
    assert took_s > (2 * (end - start) - 2 * CHUNK_BYTES) * 8 / 63_500 * 0.8
