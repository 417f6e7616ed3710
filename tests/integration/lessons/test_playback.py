"""How a lesson plays, from a page's report to the store and over a restart; and a data cap in the middle of one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack

from server.lessons.ports import Seat
from signaling import messages as m
from signaling.data_caps import DataCap
from signaling.playback import Playback
from signaling.roles import Role
from tests.integration.lessons.live_server import LESSON, Client, MemoryStore, live_server
from tests.integration.lessons.test_media_of_rooms import connection

PATIENCE_S = 15.0


def report(watched_ms: int, session: str = "page0001", stall_ms: int = 0) -> m.ReportPlayback:
    return m.ReportPlayback(session, watched_ms, stall_ms, 0, watched_ms, 7, watched_ms * 40, "turn_tcp", 360)


async def kept(store: MemoryStore, watched_ms: int) -> Playback:
    """Return the classroom's stored figures once they say that it watched so long."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for row in store.lessons[LESSON].playback:
                if row.role is Role.CLASSROOM and row.watched_ms == watched_ms:
                    return row
            await asyncio.sleep(0.05)


async def test_reports_are_stored_at_the_end_and_go_on_after_a_restart(tmp_path: Path) -> None:
    store = MemoryStore()
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(1))
        async with live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
            await lecturer.event(m.ParticipantJoined)
            await classroom.send(report(2_000, stall_ms=500))
            await classroom.send(report(1_000_000))  # not possible by the clock
            await classroom.send(m.Ping(1))
            await classroom.hear(m.Pong)
    row = await kept(store, 2_000)
    assert (row.video_stall_ms, row.path, row.school, row.classroom) == (500, "turn_tcp", "实验小学", "c1")
    async with live_server(tmp_path, store) as live, live.joined(Role.LECTURER) as lecturer:
        async with live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
            await classroom.send(report(1_500, "page0002"))
            await classroom.send(m.Ping(1))
            await classroom.hear(m.Pong)
        await lecturer.send(m.EndLesson(2))
        await lecturer.event(m.LessonEnded)
        assert (await kept(store, 3_500)).video_stall_ms == 500


async def test_a_report_that_no_page_makes_ends_the_socket_and_nothing_else(tmp_path: Path) -> None:
    async with live_server(tmp_path) as live, live.joined(Role.CLASSROOM, "device:1", "c1") as classroom:
        await classroom.send(m.ReportPlayback("page0001", -5, 0, 0, 0, 0, 0))
        error = await classroom.hear(m.Error)
        assert (error.code, error.fatal) == ("message_malformed", True)
        assert await classroom.closed() == 1008
        async with live.joined(Role.CLASSROOM, "device:1", "c1"):
            assert live.host.seats(LESSON).classrooms_online == 1


async def publish_picture(client: Client, pc: RTCPeerConnection) -> None:
    pc.addTrack(VideoStreamTrack())
    await pc.setLocalDescription(await pc.createOffer())
    await client.send(m.Publish(1, pc.localDescription.sdp, (m.SourceLine("0", "camera"),)))
    answer = await client.hear(m.PublishAnswer)
    await pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
    await client.event(m.SourcePublished)


async def watch(client: Client, pc: RTCPeerConnection) -> None:
    await client.send(m.Subscribe(2))
    offer = await client.hear(m.SubscribeOffer)
    await pc.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    await client.send(m.SubscribeAnswer(3, pc.localDescription.sdp))
    await client.hear(m.Ok)


async def picture(client: Client, *, flows: bool) -> None:
    """Return when the lecturer's picture flows, or stands still."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            fills = {fill.slot: fill for fill in (await client.hear(m.Slots)).slots}
            lecturer = fills["lecturer"]
            if (lecturer.height > 0 and not lecturer.paused) is flows:
                return


async def own_link(client: Client, limited: bool, *rungs: m.Rung) -> m.Link:
    """Return the own link once it says so; a rung is told as worse by the second report."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for link in (await client.hear(m.Links)).links:
                if link.limited is limited and (not rungs or link.rung in rungs):
                    return link


async def test_a_cap_takes_and_gives_the_picture_in_the_middle_of_a_lesson(tmp_path: Path) -> None:
    async with live_server(tmp_path) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(9))
        async with connection() as sending, connection() as receiving, live.socket() as classroom:
            await publish_picture(lecturer, sending)
            seat = Seat(LESSON, "device:1", Role.CLASSROOM, "五年级", "河口小学", "c1", "school1")
            await classroom.send(m.Hello(m.PROTOCOL_VERSION, live.tokens.issue(seat)))
            await classroom.hear(m.Welcome)
            await watch(classroom, receiving)
            await picture(classroom, flows=True)
            live.host.set_cap("school1", DataCap(0, video_allowed=False))
            await picture(classroom, flows=False)
            assert (await own_link(classroom, True, "slides_audio")).bytes_down > 0
            live.host.set_cap("school1", DataCap(0, video_allowed=True))
            await picture(classroom, flows=True)
            await own_link(classroom, False)


async def test_a_cap_of_before_holds_from_the_first_picture(tmp_path: Path) -> None:
    async with live_server(tmp_path) as live, live.joined(Role.LECTURER) as lecturer:
        await lecturer.send(m.StartLesson(9))
        live.host.set_cap("school1", DataCap(0, video_allowed=False))
        async with connection() as sending, connection() as receiving, live.socket() as classroom:
            await publish_picture(lecturer, sending)
            seat = Seat(LESSON, "device:1", Role.CLASSROOM, "五年级", "河口小学", "c1", "school1")
            await classroom.send(m.Hello(m.PROTOCOL_VERSION, live.tokens.issue(seat)))
            await classroom.hear(m.Welcome)
            await watch(classroom, receiving)
            await own_link(classroom, True)
            await asyncio.sleep(4.5)  # two more reports; a link that stays as it is is not told again
            await classroom.send(m.Ping(1))
            await classroom.hear(m.Pong)
            heard = [one for one in classroom.heard if isinstance(one, m.Slots)]
            assert all(fill.height == 0 for notice in heard for fill in notice.slots)
