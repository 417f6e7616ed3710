"""What the media worker costs: `python -m bench.forwarding --subscribers 60 --seconds 10`.

One source of 120 video packets/s of 1,100 bytes (frames of four or five packets, as an encoder sends them) and 50
audio packets/s is forwarded by a real worker to N real DTLS-SRTP receivers on loopback, which count what comes and
send transport-wide feedback as Chromium does. With `--weak M` the last M receivers sit behind a link of 300 kbit/s with
a queue of 20 kB, which is computed in the receiver: what it would lose is not counted, and feedback tells when packets
would have come. The others must not notice: `delivered_pct` is theirs. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import selectors
import sys
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.rtc_client import OpusSource, RtcClient, Vp8Source
from bench.worker_process import WorkerProcess, running_worker
from media.control import AcceptSubscribe, Done, FillSlot, OpenRoom, Publish, Sdp, SlotSpec, Subscribe
from media.twcc import TwccRecorder

VIDEO_SSRC, AUDIO_SSRC = 7_000, 9_000
PACKET_BYTES = 1_100
FRAMES_PER_S = 80 / 3  # frames of 4 and 5 packets in turn: 120 packets/s
SLOTS = (SlotSpec("lecturer", "video"), SlotSpec("audio0", "audio"))
RESEND_TYPES = (97, 99)  # as the worker's offer numbers them
WEAK_BPS, WEAK_QUEUE_BYTES = 300_000, 20_000
FEEDBACK_S = 0.1  # Chromium begins with 100 ms and goes between 50 and 250 ms by bitrate


class _WeakLink:
    """A bottleneck with a drop-tail queue, as it would be before the receiver."""

    def __init__(self) -> None:
        self._free_ns = 0
        self._waiting: deque[tuple[bytes, int]] = deque()

    def take(self, data: bytes, now_ns: int) -> bool:
        """Queue a datagram; return False when the queue is full and it is lost."""
        size = len(data) + 28
        start = max(self._free_ns, now_ns)
        if (start - now_ns) * WEAK_BPS / 8e9 > WEAK_QUEUE_BYTES:
            return False
        self._free_ns = start + size * 8_000_000_000 // WEAK_BPS
        self._waiting.append((data, self._free_ns))
        return True

    def arrived(self, now_ns: int) -> Iterator[tuple[bytes, int]]:
        """Return what came through until now, with its arrival."""
        while self._waiting and self._waiting[0][1] <= now_ns:
            yield self._waiting.popleft()


class _Receiver:
    """One subscriber's receiver: counts packets by SSRC and answers with feedback."""

    def __init__(self, client: RtcClient, *, is_weak: bool) -> None:
        self.client = client
        self.packets = 0
        self.checked = 0
        self.bytes = 0
        self._link = _WeakLink() if is_weak else None
        self._recorder = TwccRecorder(1)
        self._feedback_at = time.monotonic() + FEEDBACK_S

    def on_readable(self, now: float) -> None:
        """Read all that waits."""
        receive = self.client.socket.recv
        while True:
            try:
                data = receive(2048)
            except BlockingIOError:
                return
            if not 128 <= data[0] <= 191 or 192 <= data[1] <= 223:
                continue
            arrival_ns = time.monotonic_ns()
            if self._link is not None and not self._link.take(data, arrival_ns):
                continue
            if self._link is None:
                self._note(data, arrival_ns, now)
            self.bytes += len(data)
            if data[1] & 0x7F in RESEND_TYPES:
                continue  # probes of the estimator: they cost, but they are no packet of the source
            self.packets += 1
            if self.packets % 100 == 1:
                self._check(data)

    def _note(self, data: bytes, arrival_ns: int, now: float) -> None:
        # The header is not encrypted: one extension element, id and length, then the transport-wide number.
        number = data[17] << 8 | data[18]
        self._recorder.on_packet(number, arrival_ns, int.from_bytes(data[8:12], "big"), now)

    def _check(self, data: bytes) -> None:
        """Decrypt a sample."""
        client = self.client
        client._received.view[: len(data)] = data
        assert client.srtp is not None
        self.checked += client.srtp.unprotect(client._received, len(data)) > 0

    def on_time(self, now: float) -> None:
        """Send what is due."""
        self.client.keep_alive()
        if self._link is not None:
            for data, arrival_ns in self._link.arrived(time.monotonic_ns()):
                self._note(data, arrival_ns, now)
        if now >= self._feedback_at:
            self._feedback_at = now + FEEDBACK_S
            for packet in self._recorder.on_timeout(now):
                self.client.send_rtcp(packet)


def _receive(pipe: multiprocessing.connection.Connection, weak: int) -> None:
    """Be all receivers, in a process of their own: answer offers, connect, count until told to stop."""
    clients: list[RtcClient] = []
    certificate = RtcClient().certificate
    for offer in pipe.recv():
        clients.append(RtcClient(certificate, seed=len(clients)))
        pipe.send(clients[-1].answer(offer))
    pipe.recv()
    first_weak = len(clients) - weak
    receivers = [_Receiver(client, is_weak=number >= first_weak) for number, client in enumerate(clients)]
    with selectors.DefaultSelector() as selector:
        for receiver in receivers:
            receiver.client.connect()
            receiver.client.socket.setblocking(False)
            selector.register(receiver.client.socket, selectors.EVENT_READ, receiver)
        pipe.send("connected")
        is_over = False
        turn = 0
        while not is_over:
            for key, _ in selector.select(0.01):
                key.data.on_readable(time.monotonic())
            now = time.monotonic()
            for receiver in receivers[turn % 8 :: 8]:
                receiver.on_time(now)
            turn += 1
            is_over = turn % 50 == 0 and pipe.poll()
        for key in list(selector.get_map().values()):
            key.data.on_readable(time.monotonic())
    pipe.send([(receiver.packets, receiver.checked, receiver.bytes) for receiver in receivers])


def _subscription(request: int, peer: str) -> Subscribe:
    return Subscribe(request, "bench", peer, SLOTS)


def _acceptance(request: int, peer: str, text: str) -> AcceptSubscribe:
    return AcceptSubscribe(request, "bench", peer, text)


async def _subscribe(worker: WorkerProcess, count: int, pipe: multiprocessing.connection.Connection) -> None:
    offers: list[str] = []
    for number in range(count):
        answer = await worker.request(partial(_subscription, peer=f"s{number}"))
        assert isinstance(answer, Sdp), answer
        offers.append(answer.sdp)
    pipe.send(offers)
    for number in range(count):
        text = await asyncio.to_thread(pipe.recv)
        done = await worker.request(partial(_acceptance, peer=f"s{number}", text=text))
        assert isinstance(done, Done), done
    pipe.send("connect")
    assert await asyncio.to_thread(pipe.recv) == "connected"
    for number in range(count):
        await worker.command(
            FillSlot("bench", f"s{number}", "lecturer", "source", "camera"),
            FillSlot("bench", f"s{number}", "audio0", "source", "mic"),
        )


async def _publish(worker: WorkerProcess) -> RtcClient:
    client = RtcClient()
    answer = await worker.request(lambda n: Publish(n, "bench", "source", client.offer(AUDIO_SSRC, VIDEO_SSRC)))
    assert isinstance(answer, Sdp), answer
    client.learn(answer.sdp)
    await asyncio.to_thread(client.connect)
    return client


def _send(client: RtcClient, seconds: float) -> int:
    """Send the source in real time; return the number of packets."""
    video, audio = Vp8Source(VIDEO_SSRC, packet_bytes=PACKET_BYTES), OpusSource(AUDIO_SSRC)
    begin = time.monotonic()
    frames = voices = packets = 0
    while (elapsed := time.monotonic() - begin) < seconds:
        if elapsed >= frames / FRAMES_PER_S:
            for packet in video.frame(4 + frames % 2, int(90_000 / FRAMES_PER_S), key=frames % 100 == 0):
                client.send_rtp(packet)
                packets += 1
            frames += 1
        if elapsed >= voices / 50:
            client.send_rtp(audio.packet())
            voices += 1
            packets += 1
        client.keep_alive()
        while client.receive(0) is not None:
            pass
        time.sleep(0.002)
    return packets


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a process in seconds: run time by the scheduler's count, in ns."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(item for item in status.splitlines() if item.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def run(subscribers: int, seconds: float, port: int, weak: int = 0) -> dict[str, Any]:
    """Run the bench and return its figures."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_receive, args=(theirs, weak), daemon=True)
    child.start()
    try:
        async with running_worker(port) as worker:
            await worker.command(OpenRoom("bench"))
            await _subscribe(worker, subscribers, ours)
            client = await _publish(worker)
            pid = worker.process.pid
            await asyncio.sleep(0.5)
            before = _cpu_s(pid)
            sent = await asyncio.to_thread(_send, client, seconds)
            await asyncio.sleep(0.3)
            used = _cpu_s(pid) - before
            ours.send("stop")
            counts = await asyncio.to_thread(ours.recv)
            rss_mb = _rss_mb(pid)
    finally:
        child.join(2)
        child.kill()
    received = sum(packets for packets, _, _ in counts)
    strong = counts[: subscribers - weak]
    figures: dict[str, Any] = {
        "bench": "forwarding",
        "subscribers": subscribers,
        "seconds": seconds,
        "packets_in": sent,
        "packets_out": received,
        "us_per_packet": round(used / max(received, 1) * 1e6, 2),
        "delivered_pct": round(100 * sum(packets for packets, _, _ in strong) / (sent * len(strong)), 3),
        "rss_mb": round(rss_mb, 1),
        "decrypted": sum(checked for _, checked, _ in counts),
        "feedback_ms": int(FEEDBACK_S * 1000),
    }
    if weak:
        carried = sum(size for _, _, size in counts[-weak:]) * 8 / seconds / weak
        figures |= {"weak": weak, "weak_kbps": round(carried / 1000), "weak_link_kbps": WEAK_BPS // 1000}
    return figures


def main() -> int:
    """Print the figures as one JSON line; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--subscribers", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--weak", type=int, default=0, help="so many of them are on a bad link")
    parser.add_argument("--port", type=int, default=0, help="UDP port of the worker, 0: a free one")
    arguments = parser.parse_args()
    if not 0 <= arguments.weak < arguments.subscribers:
        parser.error("--weak must leave at least one of the subscribers")
    figures = asyncio.run(run(arguments.subscribers, arguments.seconds, arguments.port, arguments.weak))
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
