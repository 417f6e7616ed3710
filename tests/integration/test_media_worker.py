"""A real worker process, real handshakes, real media; and everything that should not disturb it."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from bench.rtc_client import OpusSource, RtcClient, Vp8Source
from bench.worker_process import ROOT, WorkerProcess, running_worker
from media import rtcp, tap
from media.control import (
    AcceptSubscribe,
    ClosePeer,
    CloseRoom,
    Done,
    Failed,
    FillSlot,
    OpenRoom,
    Publish,
    RestartSubscribe,
    Sdp,
    SetTap,
    SlotSpec,
    Subscribe,
    SubscribeWithOffer,
    TransportChanged,
    WorkerReport,
)

SLOTS = (SlotSpec("lecturer", "video"), SlotSpec("audio0", "audio"))


@pytest.fixture
async def worker() -> AsyncIterator[WorkerProcess]:
    async with running_worker(0) as process:
        await process.command(OpenRoom("r"))
        yield process


async def publish(worker: WorkerProcess, client: RtcClient, peer: str = "teacher") -> None:
    offer = client.offer(2000, 1000)
    answer = await worker.request(lambda n: Publish(n, "r", peer, offer))
    assert isinstance(answer, Sdp), answer
    client.learn(answer.sdp)


async def subscribe(worker: WorkerProcess, client: RtcClient, peer: str = "pupil") -> None:
    offer = await worker.request(lambda n: Subscribe(n, "r", peer, SLOTS, known_bps=4_000_000))
    assert isinstance(offer, Sdp), offer
    text = client.answer(offer.sdp)
    done = await worker.request(lambda n: AcceptSubscribe(n, "r", peer, text))
    assert isinstance(done, Done), done


async def pair(worker: WorkerProcess) -> tuple[RtcClient, RtcClient]:
    """Return a connected sender and receiver, the receiver's slots filled."""
    teacher, pupil = RtcClient(seed=1), RtcClient(seed=2)
    await publish(worker, teacher)
    await subscribe(worker, pupil)
    await asyncio.to_thread(teacher.connect)
    await asyncio.to_thread(pupil.connect)
    await worker.command(
        FillSlot("r", "pupil", "lecturer", "teacher", "camera"), FillSlot("r", "pupil", "audio0", "teacher", "mic")
    )
    await asyncio.sleep(0.05)
    return teacher, pupil


def flows(teacher: RtcClient, pupil: RtcClient, video: Vp8Source, voice: OpusSource, *, key: bool = True) -> bool:
    """Send for a while; return whether video and audio came through."""
    types = set()
    for number in range(20):
        for packet in video.frame(2, 3000, key=key and number == 0):
            teacher.send_rtp(packet)
        teacher.send_rtp(voice.packet())
        end = time.monotonic() + 0.03
        while (left := end - time.monotonic()) > 0:
            got = pupil.receive_media(left)
            if got is not None and not 192 <= got[1] <= 223:
                types.add(got[1] & 0x7F)
    return types == {96, 111}


async def test_media_crosses_and_the_worker_ends_with_its_parent() -> None:
    async with running_worker(0) as worker:
        await worker.command(OpenRoom("r"))
        teacher, pupil = await pair(worker)
        assert await asyncio.to_thread(flows, teacher, pupil, Vp8Source(1000), OpusSource(2000))
        await worker.wait(lambda item: isinstance(item, WorkerReport) and item.packets_out > 20)
        process = worker.process
    assert process.returncode == 0


async def test_ice_restart_and_a_new_address_keep_keys_and_tracks(worker: WorkerProcess) -> None:
    teacher, pupil = await pair(worker)
    video, voice = Vp8Source(1000), OpusSource(2000)
    assert await asyncio.to_thread(flows, teacher, pupil, video, voice)
    teacher.restart_ice()
    teacher.move()
    await publish(worker, teacher)
    teacher.check()
    pupil.restart_ice()
    pupil.move()
    offer = await worker.request(lambda n: RestartSubscribe(n, "r", "pupil"))
    assert isinstance(offer, Sdp)
    text = pupil.answer(offer.sdp)
    assert isinstance(await worker.request(lambda n: AcceptSubscribe(n, "r", "pupil", text)), Done)
    pupil.check()
    await asyncio.sleep(0.1)
    assert await asyncio.to_thread(flows, teacher, pupil, video, voice, key=False), "no new keyframe was needed"


async def test_what_was_lost_is_sent_again(worker: WorkerProcess) -> None:
    teacher, pupil = await pair(worker)
    video, voice = Vp8Source(1000), OpusSource(2000)
    assert await asyncio.to_thread(flows, teacher, pupil, video, voice)
    for packet in video.frame(2, 3000):
        teacher.send_rtp(packet)
    got = await asyncio.to_thread(pupil.receive_media, 1.0)
    while got is not None and got[1] & 0x7F != 96:
        got = await asyncio.to_thread(pupil.receive_media, 1.0)
    assert got is not None
    ssrc, seq = int.from_bytes(got[8:12], "big"), got[2] << 8 | got[3]
    await asyncio.sleep(0.05)
    pupil.send_rtcp(rtcp.build_rr(1) + rtcp.build_nack(1, ssrc, [seq]))
    for _ in range(20):
        again = await asyncio.to_thread(pupil.receive_media, 1.0)
        assert again is not None
        if again[1] & 0x7F == 97:
            assert again[20:22] == got[2:4]
            assert again[22:] == got[20:]
            return
    raise AssertionError("not sent again")


async def test_a_client_with_another_certificate_is_shut_out(worker: WorkerProcess) -> None:
    thief, victim = RtcClient(), RtcClient()
    offer = victim.offer(2000, 1000)
    answer = await worker.request(lambda n: Publish(n, "r", "teacher", offer))
    assert isinstance(answer, Sdp)
    thief.ufrag, thief.pwd = victim.ufrag, victim.pwd
    thief.learn(answer.sdp)
    with pytest.raises(Exception, match=r"no transport|.*"):
        await asyncio.to_thread(thief.connect, 1.0)
    closed = await worker.wait(lambda item: isinstance(item, TransportChanged) and item.state == "closed")
    assert isinstance(closed, TransportChanged)
    assert not any(isinstance(item, TransportChanged) and item.state == "connected" for item in worker.messages)


async def test_refusals_name_their_code(worker: WorkerProcess) -> None:
    async def code(answer: Sdp | Done | Failed) -> str:
        assert isinstance(answer, Failed), answer
        assert answer.detail
        return answer.code

    request = worker.request
    good = RtcClient().offer(2000, 1000)
    assert await code(await request(lambda n: Publish(n, "r", "x", "nonsense"))) == "sdp_malformed"
    assert await code(
        await request(lambda n: Publish(n, "r", "x", good.replace("VP8", "X9").replace("opus", "y")))
    ) in (
        "codec_unsupported",
        "sdp_malformed",
    )
    assert await code(await request(lambda n: Publish(n, "nowhere", "x", good))) == "room_unknown"
    assert await code(await request(lambda n: RestartSubscribe(n, "r", "x"))) == "peer_unknown"
    assert await code(await request(lambda n: AcceptSubscribe(n, "r", "x", good))) == "peer_unknown"
    await worker.command(ClosePeer("r", "x"), ClosePeer("nowhere", "x"), FillSlot("r", "x", "y", "z", "mic"))
    await worker.command(CloseRoom("nowhere"), OpenRoom("r"), CloseRoom("r"), CloseRoom("r"), OpenRoom("r"))
    assert isinstance(await request(lambda n: Publish(n, "r", "x", good)), Sdp)


def malformed(seed: int) -> list[bytes]:
    """Return datagrams of every kind that should not be there."""
    rng = random.Random(seed)
    made = [b"", b"\x00", b"\x80", bytes(12), bytes(1500), b"\x16" * 20, b"\x16\xfe\xfd" + bytes(30)]
    for first in range(256):
        made.append(bytes([first]) + rng.randbytes(rng.randrange(0, 60)))
    stun = bytes.fromhex("000100002112a442") + bytes(12)
    made += [stun, stun[:19], stun[:2] + b"\xff\xff" + stun[4:], stun + b"\x00\x06\xff\xff" + bytes(4)]
    made += [bytes([0x80, kind]) + rng.randbytes(rng.randrange(0, 100)) for kind in range(192, 224)]
    corpus = Path(__file__).parent.parent / "unit" / "media" / "corpus"
    made += [path.read_bytes()[:1400] for path in sorted(corpus.rglob("*")) if path.is_file()][:200]
    return made


async def test_malformed_datagrams_from_anyone_disturb_nobody(worker: WorkerProcess) -> None:
    teacher, pupil = await pair(worker)
    video, voice = Vp8Source(1000), OpusSource(2000)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with stranger:
        for seed in range(3):
            for datagram in malformed(seed):
                stranger.sendto(datagram, ("127.0.0.1", worker.port))
                pupil.send_raw(datagram)
                if not 20 <= (datagram or b"\0")[0] <= 63:
                    teacher.send_raw(datagram)
            # the same, but encrypted by someone who is let in
            for datagram in malformed(seed + 10):
                if len(datagram) >= 12 and datagram[0] >> 6 == 2:
                    teacher.send_rtcp(bytes([0x81, 200 + datagram[1] % 8]) + datagram[2:])
                    pupil.send_rtcp(bytes([0x81, 200 + datagram[1] % 8]) + datagram[2:])
                    head = bytes([0x80, 96]) + seed.to_bytes(2, "big") + bytes(4) + (1000).to_bytes(4, "big")
                    teacher.send_rtp(head + datagram[12:])
            await asyncio.sleep(0.05)
    video.seq = 3000
    assert await asyncio.to_thread(flows, teacher, pupil, video, voice)
    assert worker.process.poll() is None


async def test_a_killed_worker_is_seen_at_once() -> None:
    async with running_worker(0) as worker:
        await worker.command(OpenRoom("r"))
        os.kill(worker.process.pid, 9)
        begin = time.monotonic()
        while not worker.ended:
            await asyncio.sleep(0.01)
            assert time.monotonic() - begin < 2


def test_a_taken_port_is_said_and_ends_with_code_3() -> None:
    ours, theirs = socket.socketpair()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken, ours, theirs:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "media.transport.worker", "--control-fd", str(theirs.fileno())]
        command += ["--port", str(port), "--bind", "127.0.0.1", "--address", "127.0.0.1"]
        done = subprocess.run(
            command, pass_fds=[theirs.fileno()], cwd=ROOT, capture_output=True, timeout=20, check=False
        )
    assert done.returncode == 3
    assert str(port) in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1


async def test_the_recorder_may_come_late_and_come_back(worker: WorkerProcess, tmp_path: Path) -> None:
    path = tmp_path / "tap"
    teacher, pupil = await pair(worker)
    video, voice = Vp8Source(1000), OpusSource(2000)
    await worker.command(SetTap("r", str(path)))
    assert await asyncio.to_thread(flows, teacher, pupil, video, voice)
    for _ in range(2):
        items: list[tap.TapItem] = []
        wanted = asyncio.Event()

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, items: list[tap.TapItem] = items
        ) -> None:
            parser = tap.TapReader()
            while data := await reader.read(65536):
                items += parser.feed(data)
                if any(isinstance(item, tap.Packet) for item in items):
                    wanted.set()  # noqa: B023 - the event of this turn
            writer.close()

        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(serve, path)
        await asyncio.sleep(0.7)
        for _ in range(8):
            await asyncio.to_thread(flows, teacher, pupil, video, voice)
            if wanted.is_set() and len({type(item) for item in items}) > 1:
                break
        server.close()
        opened = {item.track: item.description.source for item in items if isinstance(item, tap.Opened)}
        assert "mic" in opened.values()
        assert {item.track for item in items if isinstance(item, tap.Packet)} <= set(opened)
        await worker.command(SetTap("r", ""))
        await asyncio.sleep(0.2)
        await worker.command(SetTap("r", str(path)))


async def test_aiortc_clients_send_and_receive(worker: WorkerProcess) -> None:
    """Another implementation, without simulcast, MID or transport-wide feedback."""
    sender, receiver = RTCPeerConnection(), RTCPeerConnection()
    try:
        sender.addTrack(AudioStreamTrack())
        sender.addTrack(VideoStreamTrack())
        await sender.setLocalDescription(await sender.createOffer())
        offer = sender.localDescription.sdp
        answer = await worker.request(lambda n: Publish(n, "r", "teacher", offer))
        assert isinstance(answer, Sdp), answer
        await sender.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        receiver.addTransceiver("video", direction="recvonly")
        receiver.addTransceiver("audio", direction="recvonly")
        await receiver.setLocalDescription(await receiver.createOffer())
        wish = receiver.localDescription.sdp
        answer = await worker.request(lambda n: SubscribeWithOffer(n, "r", "pupil", wish))
        assert isinstance(answer, Sdp), answer
        await receiver.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        await worker.command(
            FillSlot("r", "pupil", "lecturer", "teacher", "camera"), FillSlot("r", "pupil", "audio0", "teacher", "mic")
        )
        for transceiver in receiver.getTransceivers():
            async with asyncio.timeout(20):
                stamps = [(await transceiver.receiver.track.recv()).pts or 0 for _ in range(10)]
            assert stamps == sorted(stamps)
    finally:
        await sender.close()
        await receiver.close()
