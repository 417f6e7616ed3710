"""Rooms with real media: a worker that is killed, and the WHIP and WHEP doors."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from recorder.journal import read_journal
from signaling import messages as m
from signaling.roles import Role
from tests.integration.lessons.live_server import LESSON, Client, Live, MemoryStore, live_server

SDP = {"content-type": "application/sdp"}


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_server(tmp_path) as live:
        yield live


@asynccontextmanager
async def connection() -> AsyncIterator[RTCPeerConnection]:
    # MAX_COMPAT: otherwise aiortc 1.16 takes the candidates of the last description of a bundle, which has none
    pc = RTCPeerConnection(RTCConfiguration([], bundlePolicy=RTCBundlePolicy.MAX_COMPAT))
    try:
        yield pc
    finally:
        await pc.close()


async def publish(client: Client, pc: RTCPeerConnection) -> None:
    pc.addTrack(AudioStreamTrack())
    await pc.setLocalDescription(await pc.createOffer())
    mid = pc.getTransceivers()[0].mid
    assert mid is not None
    await client.send(m.Publish(1, pc.localDescription.sdp, (m.SourceLine(mid, "mic"),)))
    answer = await client.hear(m.PublishAnswer)
    await pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))


async def subscribe(client: Client, pc: RTCPeerConnection) -> None:
    await client.send(m.Subscribe(2, video=False))
    offer = await client.hear(m.SubscribeOffer)
    assert [line.slot for line in offer.slots] == ["audio0", "audio1", "audio2"]
    await pc.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    await client.send(m.SubscribeAnswer(3, pc.localDescription.sdp))
    await client.hear(m.Ok)


async def hears(pc: RTCPeerConnection) -> None:
    """Return when sound arrives."""
    async with asyncio.timeout(10):
        while True:
            reports = [await one.receiver.getStats() for one in pc.getTransceivers()]
            if any(getattr(line, "packetsReceived", 0) > 5 for report in reports for line in report.values()):
                return
            await asyncio.sleep(0.02)


async def test_killed_worker_is_back_with_the_lesson_within_three_seconds(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer, live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
        await lecturer.send(m.StartLesson(9))
        async with connection() as sending, connection() as receiving:
            await publish(lecturer, sending)
            await lecturer.event(m.SourcePublished)
            await subscribe(classroom, receiving)
            await hears(receiving)
            (pid,) = live.host.media.pids
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            await asyncio.gather(lecturer.hear(m.MediaReset), classroom.hear(m.MediaReset))
        async with connection() as sending, connection() as receiving:
            await asyncio.gather(publish(lecturer, sending), subscribe(classroom, receiving))
            await hears(receiving)
            assert time.monotonic() - killed < 3.0
    assert live.host.media.is_ready


async def test_killed_recorder_is_back_and_told_everything_again(live: Live, tmp_path: Path) -> None:
    async with live.joined(Role.LECTURER) as lecturer, connection() as sending:
        await lecturer.send(m.StartLesson(9))
        await publish(lecturer, sending)
        assert (await lecturer.event(m.RecordingChanged)).recording
        await asyncio.sleep(2.5)  # of sound, so that something is synced
        pid = live.host.recorder.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await lecturer.send(m.TurnPage(10, 2))
        assert not (await lecturer.event(m.RecordingChanged)).recording
        assert (await lecturer.event(m.RecordingChanged)).recording
        await asyncio.sleep(1.5)  # of sound for the second part
        await lecturer.send(m.EndLesson(11))
        await lecturer.event(m.LessonEnded)
        async with asyncio.timeout(20):
            while not live.library.news or live.library.news[-1].state not in ("ready", "failed"):
                await asyncio.sleep(0.05)
    journal = (tmp_path / LESSON / "journal.jsonl").read_text(encoding="utf-8")
    assert [journal.count(kind) for kind in ("lesson_started", "page_turned", "lesson_ended")] == [1, 1, 1]
    assert live.library.news[-1].state == "ready", live.library.news[-1].detail
    states = [one.state for one in live.library.news]
    described = live.library.described_before
    assert described is not None and described <= states.index("ended"), "finalising finds what it needs"
    assert {one.step for one in live.library.news if one.state == "finalising"} >= {"lecturer", "light", "chapters"}


async def test_a_pause_outlives_the_recorder_and_leaves_no_trace_of_itself(live: Live, tmp_path: Path) -> None:
    async with live.joined(Role.LECTURER) as lecturer, connection() as sending:
        await lecturer.send(m.StartLesson(9))
        await publish(lecturer, sending)
        assert (await lecturer.event(m.RecordingChanged)).recording
        await asyncio.sleep(1.5)
        await lecturer.send(m.PauseRecording(10, True))
        assert (await lecturer.event(m.RecordingPaused)).paused
        await asyncio.sleep(0.6)
        held = media_bytes(tmp_path / LESSON)
        pid = live.host.recorder.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert not (await lecturer.event(m.RecordingChanged)).recording
        assert (await lecturer.event(m.RecordingChanged)).recording
        await asyncio.sleep(1.0)
        assert media_bytes(tmp_path / LESSON) == held, "a recorder that is started again is still paused"
        await lecturer.send(m.PauseRecording(11, False))
        assert not (await lecturer.event(m.RecordingPaused)).paused
        await asyncio.sleep(1.5)
        await lecturer.send(m.EndLesson(12))
        async with asyncio.timeout(20):
            while not live.library.news or live.library.news[-1].state not in ("ready", "failed"):
                await asyncio.sleep(0.05)
    ready = live.library.news[-1]
    assert ready.state == "ready", ready.detail
    journal = read_journal(tmp_path / LESSON / "journal.jsonl")
    assert journal.is_intact
    at = {line["kind"]: line["t"] for line in journal.lines}
    assert list(at).index("pause") < list(at).index("resume")
    first = min(line["at"] for line in journal.lines if line["kind"] == "part.open")
    recorded_ms = at["pause"] - first + at["session.end"] - at["resume"]
    assert recorded_ms - 2_000 <= ready.duration_ms <= recorded_ms + 200, "two stretches, and nothing of the pause"


async def test_a_pause_outlives_the_server(tmp_path: Path) -> None:
    store = MemoryStore()
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer, connection() as sending:
        await lecturer.send(m.StartLesson(9))
        await publish(lecturer, sending)
        assert (await lecturer.event(m.RecordingChanged)).recording
        await asyncio.sleep(1.0)
        await lecturer.send(m.PauseRecording(10, True))
        assert (await lecturer.event(m.RecordingPaused)).paused
    held = media_bytes(tmp_path / LESSON)
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer, connection() as sending:
        assert lecturer.welcome is not None
        assert lecturer.welcome.snapshot.recording_paused_t_ms is not None
        await publish(lecturer, sending)
        await asyncio.sleep(1.5)
        assert media_bytes(tmp_path / LESSON) == held
        await lecturer.send(m.PauseRecording(11, False))
        async with asyncio.timeout(10):
            while media_bytes(tmp_path / LESSON) == held:
                await asyncio.sleep(0.05)
    kinds = [line["kind"] for line in read_journal(tmp_path / LESSON / "journal.jsonl").lines]
    assert [kind for kind in kinds if kind in ("pause", "resume")] == ["pause", "resume"]


def media_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("tracks/*/*"))


async def test_wrong_offers_are_refused_and_the_socket_stays(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer:
        for sdp in ("", "v=0\r\n", "光"):
            await lecturer.send(m.Publish(4, sdp, (m.SourceLine("0", "mic"),)))
            error = await lecturer.hear(m.Error)
            assert (error.id, error.fatal) == (4, False)
        await lecturer.send(m.Subscribe(5, restart=True))
        assert (await lecturer.hear(m.Error)).code == "not_subscribed"
        await lecturer.send(m.SubscribeAnswer(6, "v=0\r\n"))
        assert not (await lecturer.hear(m.Error)).fatal


async def whip_offer(pc: RTCPeerConnection) -> str:
    pc.addTrack(AudioStreamTrack())
    pc.addTrack(VideoStreamTrack())
    await pc.setLocalDescription(await pc.createOffer())
    return pc.localDescription.sdp


async def test_encoder_teaches_through_whip_and_a_player_watches_through_whep(live: Live) -> None:
    bearer = {"authorization": f"Bearer {live.token(Role.LECTURER)}"}
    async with (
        httpx.AsyncClient(base_url=live.http) as http,
        live.joined(Role.CLASSROOM, "device:1", "c1") as classroom,
        connection() as sending,
        connection() as watching,
    ):
        made = await http.post(f"/whip/{LESSON}", content=await whip_offer(sending), headers=SDP | bearer)
        assert made.status_code == 201, made.text
        assert made.headers["content-type"] == "application/sdp"
        await sending.setRemoteDescription(RTCSessionDescription(made.text, "answer"))
        lead = (await classroom.event(m.LeadChanged)).peer
        published = {(await classroom.event(m.SourcePublished)).source for _ in range(2)}
        assert published == {"camera", "mic"}

        watching.addTransceiver("audio", direction="recvonly")
        watching.addTransceiver("video", direction="recvonly")
        await watching.setLocalDescription(await watching.createOffer())
        player = await http.post(f"/whep/{LESSON}", content=watching.localDescription.sdp, headers=SDP | bearer)
        assert player.status_code == 201, player.text
        await watching.setRemoteDescription(RTCSessionDescription(player.text, "answer"))
        await hears(watching)

        restart = (
            "a=ice-ufrag:neuu\r\na=ice-pwd:neuesneuesneuesneuesneu1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        )
        patched = await http.patch(
            made.headers["location"],
            content=restart,
            headers=bearer | {"content-type": "application/trickle-ice-sdpfrag", "if-match": "*"},
        )
        assert patched.status_code == 200, patched.text
        assert patched.headers["etag"] != made.headers["etag"]
        assert re.search("^a=ice-ufrag:", patched.text, re.M) and re.search("^a=candidate:", patched.text, re.M)

        assert (await http.delete(made.headers["location"], headers=bearer)).status_code == 200
        assert (await classroom.event(m.ParticipantLeft)).peer == lead
        assert (await http.delete(made.headers["location"], headers=bearer)).status_code == 404


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        (f"/whip/{LESSON}", SDP, "v=0\r\n", 401),
        (f"/whip/{LESSON}", SDP | {"authorization": "Bearer junk"}, "v=0\r\n", 401),
        (f"/whip/{LESSON}", SDP | {"authorization": "Bearer expired"}, "v=0\r\n", 401),
        (f"/whip/{LESSON}", {"content-type": "text/plain", "authorization": "L"}, "v=0\r\n", 415),
        (f"/whip/{LESSON}", SDP | {"authorization": "L"}, "v=0\r\n", 400),
        (f"/whip/{LESSON}", SDP | {"authorization": "L"}, "光", 400),
        (f"/whip/{LESSON}", SDP | {"authorization": "L"}, "x" * 70_000, 413),
        (f"/whip/{LESSON}", SDP | {"authorization": "C"}, "v=0\r\n", 403),
        ("/whip/zzzz9999", SDP | {"authorization": "L"}, "v=0\r\n", 403),
        (f"/whep/{LESSON}", SDP | {"authorization": "L"}, "v=0\r\n", 400),
    ],
)
async def test_doors_refuse_with_the_right_status(
    live: Live, path: str, headers: dict[str, str], body: str, status: int
) -> None:
    tokens = {"L": live.token(Role.LECTURER), "C": live.token(Role.CLASSROOM, "device:1", "c1")}
    headers = dict(headers)
    if headers.get("authorization") in tokens:
        headers["authorization"] = f"Bearer {tokens[headers['authorization']]}"
    async with httpx.AsyncClient(base_url=live.http) as http:
        answer = await http.post(path, content=body.encode(), headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert live.host.seats(LESSON).people_online == 0


async def test_doors_say_what_they_take(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.http) as http:
        options = await http.options(f"/whip/{LESSON}")
        assert (options.status_code, options.headers["accept-post"]) == (204, "application/sdp")
        assert (await http.get(f"/whip/{LESSON}")).status_code == 405
        assert (await http.patch(f"/whip/{LESSON}/nothing")).status_code == 401
