"""How much speech a lossy link leaves: `python -m bench.audio_repair --loss 0.1 --burst 1 --rtt 100`.

A steady Opus source goes through a real worker and a relay with seeded loss to a real Chromium, once for each mode that
is named and once as the policy chooses ("policy"), all at the same time. Prints one JSON line: for each the share of
samples that Chromium had to invent (`concealed_pct`, from `concealedSamples` and `totalSamplesReceived`), what it cost
on the wire, and how far behind the buffer played.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import heapq
import itertools
import json
import math
import multiprocessing
import multiprocessing.connection
import random
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy
from playwright.async_api import Page, async_playwright

from bench.rtc_client import OPUS, RtcClient
from bench.worker_process import WorkerProcess, running_worker
from media.control import AcceptSubscribe, Done, FillSlot, OpenRoom, Publish, Sdp, SlotSpec, Subscribe
from media.rtp import build_packet
from tests.e2e.browser import executable

ROOM, SSRC, FRAME_S, RATE = "bench", 9_000, 0.02, 48_000
SETTLE_S = 4.0  # loss is on, the buffer finds its depth
MODES = ("plain", "plain+nack", "red1", "red1+red2", "bundle2", "bundle2+red1", "bundle3+red1", "policy")
_RECEIVE = """async ([name, offer, targetMs]) => {
  const pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  (window.receivers ??= {})[name] = pc;
  pc.ontrack = (event) => {
    if (targetMs) event.receiver.jitterBufferTarget = targetMs;
    const element = new Audio();
    element.srcObject = new MediaStream([event.track]);
    (window.elements ??= []).push(element);
    element.play();
  };
  await pc.setRemoteDescription({type: 'offer', sdp: offer});
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
_STATS = """async () => {
  const found = {};
  for (const [name, pc] of Object.entries(window.receivers)) {
    for (const report of (await pc.getStats()).values()) {
      if (report.type === 'inbound-rtp') found[name] = {...report};
    }
  }
  return found;
}"""


class Loss:
    """Two states, after Gilbert: `share` of packets lost in runs of `burst` packets on average; 1: independently."""

    def __init__(self, share: float, burst: float, seed: int) -> None:
        self._rng = random.Random(seed)
        self._leave = min(1 / burst, 1 - share)
        self._enter = share * self._leave / (1 - share) if share < 1 else 1.0
        self._is_bad = False

    def loses(self) -> bool:
        """Return whether the next packet is lost."""
        self._is_bad = self._rng.random() < (1 - self._leave if self._is_bad else self._enter)
        return self._is_bad


def relay(front: socket.socket, to: tuple[str, int], loss: tuple[float, float], delay_s: float, seed: int) -> None:
    """Carry datagrams between many clients and one server, later by `delay_s`; those to a client with loss. Endless."""
    front.setblocking(False)
    backs: dict[tuple[str, int], socket.socket] = {}
    losses: dict[socket.socket, Loss] = {}
    queue: list[tuple[float, int, socket.socket, bytes, tuple[str, int] | None]] = []
    order = itertools.count()
    with selectors.DefaultSelector() as selector:
        selector.register(front, selectors.EVENT_READ, None)
        while True:
            wait = max(0.0, queue[0][0] - time.monotonic()) if queue else 1.0
            for key, _ in selector.select(wait):
                client: tuple[str, int] | None = key.data
                one: socket.socket = key.fileobj  # type: ignore[assignment]
                try:
                    data, address = one.recvfrom(4096)
                except OSError:
                    continue
                due = time.monotonic() + delay_s
                if client is not None:
                    is_media = 128 <= data[0] <= 191 and not 192 <= data[1] <= 223
                    if not (is_media and losses[one].loses()):
                        heapq.heappush(queue, (due, next(order), front, data, client))
                    continue
                if address not in backs:
                    back = backs[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    back.connect(to)
                    back.setblocking(False)
                    losses[back] = Loss(*loss, seed)
                    selector.register(back, selectors.EVENT_READ, address)
                heapq.heappush(queue, (due, next(order), backs[address], data, None))
            now = time.monotonic()
            while queue and queue[0][0] <= now:
                _, _, through, data, to_client = heapq.heappop(queue)
                try:
                    through.send(data) if to_client is None else through.sendto(data, to_client)
                except OSError:
                    continue


def speech(seconds: float, bps: int) -> list[bytes]:
    """Return Opus frames of something that goes on and on like a voice: harmonics that wander, and breath."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", av.AudioFormat("s16"), bps
    encoder.options = {"application": "voip", "frame_duration": "20"}
    rng = numpy.random.default_rng(1)
    times = numpy.arange(int(seconds * RATE)) / RATE
    pitch = 140 + 40 * numpy.sin(2 * math.pi * 0.7 * times)
    phase = 2 * math.pi * numpy.cumsum(pitch) / RATE
    voice = sum(numpy.sin(phase * n + n) / n for n in range(1, 20))
    loud = 0.6 + 0.4 * numpy.sin(2 * math.pi * 3.1 * times)
    sound = (4000 * loud * voice + rng.normal(0, 600, times.size)).clip(-32_000, 32_000).astype(numpy.int16)
    packets: list[bytes] = []
    for begin in range(0, sound.size - 959, 960):
        frame = av.AudioFrame.from_ndarray(sound[None, begin : begin + 960], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, begin
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


@contextmanager
def source(client: RtcClient, bps: int) -> Iterator[None]:
    """Send the source in real time inside the block."""
    frames = speech(20, bps)
    over = threading.Event()

    def run() -> None:
        begin = time.monotonic()
        for number in itertools.count():
            packet = build_packet(OPUS, number & 0xFFFF, number * 960 & 0xFFFFFFFF, SSRC, frames[number % len(frames)])
            client.send_rtp(packet)
            client.keep_alive()
            if over.wait(max(0.0, begin + (number + 1) * FRAME_S - time.monotonic())):
                return

    thread = threading.Thread(target=run, name="source")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)


async def _publish(worker: WorkerProcess) -> RtcClient:
    client = RtcClient()
    answer = await worker.request(lambda n: Publish(n, ROOM, "source", client.offer(SSRC, 7_000)))
    assert isinstance(answer, Sdp), answer
    client.learn(answer.sdp)
    await asyncio.to_thread(client.connect)
    return client


def _subscription(request: int, peer: str) -> Subscribe:
    return Subscribe(request, ROOM, peer, (SlotSpec("audio0", "audio"),), 2_000_000)


def _acceptance(request: int, peer: str, text: str) -> AcceptSubscribe:
    return AcceptSubscribe(request, ROOM, peer, text)


async def _receive(worker: WorkerProcess, page: Page, name: str, relay_port: int, target_ms: float) -> None:
    offer = await worker.request(functools.partial(_subscription, peer=name))
    assert isinstance(offer, Sdp), offer
    text = offer.sdp.replace(f" {worker.port} typ", f" {relay_port} typ")
    text = await page.evaluate(_RECEIVE, [name, text, target_ms])
    done = await worker.request(functools.partial(_acceptance, peer=name, text=text))
    assert isinstance(done, Done), done
    await worker.command(FillSlot(ROOM, name, "audio0", "source", "mic"))


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what each mode left of the speech."""
    modes: list[str] = arguments.modes.split(",")
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", 0))
    async with (
        running_worker(arguments.port, module="bench.audio_repair_worker") as worker,
        async_playwright() as playwright,
    ):
        link = (arguments.loss, arguments.burst)
        path = multiprocessing.Process(
            target=relay,
            args=(front, ("127.0.0.1", worker.port), link, arguments.rtt / 2000, arguments.seed),
            daemon=True,
        )
        path.start()
        browser = await playwright.chromium.launch(
            executable_path=executable(), args=["--autoplay-policy=no-user-gesture-required", "--no-sandbox"]
        )
        try:
            await worker.command(OpenRoom(ROOM))
            client = await _publish(worker)
            with source(client, arguments.bps):
                page = await browser.new_page()
                await page.route("http://localhost:9/**", lambda route: route.fulfill(body="<body></body>"))
                await page.goto("http://localhost:9/")
                for name in modes:
                    await _receive(worker, page, name, front.getsockname()[1], arguments.target)
                await asyncio.sleep(SETTLE_S)
                before = await page.evaluate(_STATS)
                await asyncio.sleep(arguments.seconds)
                after = await page.evaluate(_STATS)
        finally:
            await browser.close()
            path.terminate()
            path.join(5)
            front.close()
    return {name: _compare(before[name], after[name], arguments.seconds) for name in modes}


def _compare(before: dict[str, Any], after: dict[str, Any], seconds: float) -> dict[str, Any]:
    def grew(key: str) -> float:
        return float(after.get(key, 0) - before.get(key, 0))

    packets, samples = grew("packetsReceived"), max(1.0, grew("totalSamplesReceived"))
    heard = (grew("bytesReceived") + grew("headerBytesReceived") + packets * (28 + 16)) * 8 / seconds
    sent = packets + grew("packetsLost")
    return {
        "concealed_pct": round(100 * grew("concealedSamples") / samples, 2),
        "events": int(grew("concealmentEvents")),
        "kbps": round(heard / 1000 * sent / max(1.0, packets)),
        "buffer_ms": round(1000 * grew("jitterBufferDelay") / max(1.0, grew("jitterBufferEmittedCount"))),
        "stretched_pct": round(
            100 * (grew("insertedSamplesForDeceleration") + grew("removedSamplesForAcceleration")) / samples, 2
        ),
        "packets": int(packets),
        "lost": int(grew("packetsLost")),
        "nacks": int(grew("nackCount")),
    }


def main() -> int:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loss", type=float, default=0.1, help="share of packets lost on the way down")
    parser.add_argument("--burst", type=float, default=1.0, help="mean run of losses, in packets")
    parser.add_argument("--rtt", type=float, default=100.0, help="ms")
    parser.add_argument("--bps", type=int, default=24_000, help="of Opus")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--target", type=float, default=0, help="jitterBufferTarget that the page asks for, ms")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--port", type=int, default=42_100)
    arguments = parser.parse_args()
    link = {"loss": arguments.loss, "burst": arguments.burst, "rtt_ms": arguments.rtt, "bps": arguments.bps}
    print(json.dumps({"bench": "audio_repair", **link, "modes": asyncio.run(measure(arguments))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
