"""The doors' rights: who may teach through WHIP, offers that no one here speaks, and two sessions on one seat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiortc import RTCSessionDescription

from server.lessons.ports import Seat
from signaling import messages as m
from signaling.errors import Refused
from signaling.roles import Role
from tests.integration.lessons.live_server import LESSON, Live, live_server
from tests.integration.lessons.test_media_of_rooms import SDP, connection, whip_offer

FOREIGN = (  # G.722 and H.265: codecs that browsers of other systems speak, and we do not
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdabcdabcdabcdabcdab\r\na=setup:actpass\r\na=fingerprint:sha-256 "
    + ":".join(["AB"] * 32)
    + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 9\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"
    "a=rtpmap:9 G722/8000\r\na=ssrc:1 cname:x\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\n"
    "a=rtpmap:96 H265/90000\r\na=ssrc:2 cname:x\r\n"
)


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_server(tmp_path) as live:
        yield live


def bearer(live: Live, role: Role, subject: str = "person:1") -> dict[str, str]:
    classroom = "c1" if role in (Role.CLASSROOM, Role.LOCAL_TEACHER) else None
    return SDP | {"authorization": f"Bearer {live.token(role, subject, classroom)}"}


async def test_only_lecturers_teach_and_only_in_their_lesson(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.http) as http, connection() as sending:
        offer = await whip_offer(sending)
        for role in (Role.CLASSROOM, Role.LOCAL_TEACHER, Role.OBSERVER):
            answer = await http.post(f"/whip/{LESSON}", content=offer, headers=bearer(live, role))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), role
        for door in ("whip", "whep"):
            answer = await http.post(f"/{door}/zzzz9999", content=offer, headers=bearer(live, Role.LECTURER))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert live.host.seats(LESSON).people_online == 0


async def test_observers_publish_nothing_on_the_socket_either(live: Live) -> None:
    async with live.joined(Role.OBSERVER, "person:9") as observer, connection() as sending:
        await observer.send(m.Publish(3, await whip_offer(sending), (m.SourceLine("0", "mic"),)))
        error = await observer.hear(m.Error)
        assert (error.id, error.code, error.fatal) == (3, "not_allowed", False)
        await observer.send(m.SetSource(4, "camera", True))
        assert (await observer.hear(m.Error)).code == "not_allowed"


async def test_an_offer_without_a_codec_of_ours_is_told_in_words(live: Live) -> None:
    async with live.joined(Role.LECTURER) as lecturer, httpx.AsyncClient(base_url=live.http) as http:
        await lecturer.send(m.Publish(4, FOREIGN, (m.SourceLine("0", "mic"), m.SourceLine("1", "camera"))))
        error = await lecturer.hear(m.Error)
        assert (error.id, error.code, error.fatal) == (4, "codec_unsupported", False)
        answer = await http.post(f"/whip/{LESSON}", content=FOREIGN, headers=bearer(live, Role.LECTURER, "person:2"))
        assert (answer.status_code, answer.json()["code"]) == (406, "codec_unsupported")
        for detail in (error.detail, answer.json()["detail"]):
            assert "编码" in detail and any(name in detail for name in ("Opus", "H.264")), detail
        await lecturer.send(m.Ping(1))
        assert (await lecturer.hear(m.Pong)).n == 1


async def test_a_second_encoder_on_one_seat_replaces_the_first_and_nonsense_does_not(live: Live) -> None:
    headers = bearer(live, Role.LECTURER)
    async with (
        httpx.AsyncClient(base_url=live.http) as http,
        live.joined(Role.CLASSROOM, "device:1", "c1") as classroom,
        connection() as first,
        connection() as second,
    ):
        made = await http.post(f"/whip/{LESSON}", content=await whip_offer(first), headers=headers)
        await first.setRemoteDescription(RTCSessionDescription(made.text, "answer"))
        lead = (await classroom.event(m.LeadChanged)).peer
        await classroom.event(m.SourcePublished)
        assert (await http.post(f"/whip/{LESSON}", content="v=0\r\n", headers=headers)).status_code == 400
        again = await http.post(f"/whip/{LESSON}", content=await whip_offer(second), headers=headers)
        assert again.status_code == 201
        assert (await http.delete(made.headers["location"], headers=headers)).status_code == 404
        await second.setRemoteDescription(RTCSessionDescription(again.text, "answer"))
        await classroom.event(m.SourceUnpublished)
        assert (await classroom.event(m.SourcePublished)).peer == lead
        await asyncio.sleep(0.3)  # what the worker still says of the first connection must not end the second
        assert live.host.seats(LESSON).people_online == 1
        assert (await http.delete(again.headers["location"], headers=headers)).status_code == 200


async def test_a_session_is_its_owners(live: Live) -> None:
    owner, other = bearer(live, Role.LECTURER), bearer(live, Role.LECTURER, "person:2")
    foreign = {"authorization": f"Bearer {live.tokens.issue(Seat(m.RoomId('zzzz9999'), 'x', Role.LECTURER, '', ''))}"}
    fragment = {"content-type": "application/trickle-ice-sdpfrag", "if-match": "*"}
    restart = "a=ice-ufrag:efgh\r\na=ice-pwd:efghefghefghefghefghef\r\n"
    async with httpx.AsyncClient(base_url=live.http) as http, connection() as sending:
        made = await http.post(f"/whip/{LESSON}", content=await whip_offer(sending), headers=owner)
        location = made.headers["location"]
        for headers, status in (({}, 401), ({"authorization": "Basic x"}, 401), (foreign, 403), (other, 403)):
            assert (await http.delete(location, headers=headers)).status_code == status
            patched = await http.patch(location, content=restart, headers=headers | fragment)
            assert patched.status_code == status
        assert (await http.delete(location)).headers["www-authenticate"] == "Bearer"
        assert (await http.delete(location.replace("/whip/", "/whep/"), headers=owner)).status_code == 404
        assert live.host.seats(LESSON).people_online == 1
        assert (await http.patch(location, content=restart, headers=owner | fragment)).status_code == 200
        assert (await http.delete(location, headers=owner)).status_code == 200
    assert live.host.seats(LESSON).people_online == 0


async def test_the_token_that_opened_a_session_ends_it_after_its_time(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expired(token: str) -> Seat:
        raise Refused("token_expired", "入课凭证已过期，请重新进入。")

    headers, other = bearer(live, Role.LECTURER), bearer(live, Role.LECTURER, "person:2")
    async with httpx.AsyncClient(base_url=live.http) as http, connection() as sending:
        made = await http.post(f"/whip/{LESSON}", content=await whip_offer(sending), headers=headers)
        monkeypatch.setattr(live.host.tokens, "verify", expired)
        assert (await http.delete(made.headers["location"], headers=other)).status_code == 401
        assert (await http.delete(made.headers["location"], headers=headers)).status_code == 200


async def test_a_screen_takes_the_seat_of_whoever_sat_in_its_classroom(live: Live) -> None:
    async with (
        live.joined(Role.CLASSROOM, "bot:c1", "c1") as bot,
        live.joined(Role.CLASSROOM, "device:1", "c1") as screen,
    ):
        assert (await bot.hear(m.Bye)).code == "replaced"
        assert await bot.closed() == 1000
        assert screen.welcome is not None and bot.welcome is not None
        assert screen.welcome.you == bot.welcome.you
        assert len(screen.welcome.snapshot.participants) == 1
