"""A real Chromium sends camera and voice through a real worker, another page sees and hears them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from bench.worker_process import WorkerProcess, running_worker
from media.control import (
    AcceptSubscribe,
    Done,
    FillSlot,
    LimitSlot,
    OpenRoom,
    PeerReport,
    Publish,
    RestartSubscribe,
    Sdp,
    SetMute,
    SlotSpec,
    SourceLine,
    Subscribe,
    TrackChanged,
)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
]
SLOTS = (SlotSpec("lecturer", "video"), SlotSpec("screen", "video"), SlotSpec("audio0", "audio"))

PUBLISH = """async (codec) => {
  const stream = await navigator.mediaDevices.getUserMedia({video: {width: 1280, height: 720}, audio: true});
  const pc = window.pub = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  const encodings = codec === 'VP8' ? [
    {rid: 'q', scaleResolutionDownBy: 8, maxBitrate: 55000, maxFramerate: 7.5, scalabilityMode: 'L1T2'},
    {rid: 'h', scaleResolutionDownBy: 4, maxBitrate: 180000, maxFramerate: 15, scalabilityMode: 'L1T3'},
    {rid: 'f', scaleResolutionDownBy: 2, maxBitrate: 700000, maxFramerate: 24, scalabilityMode: 'L1T3'},
  ] : undefined;
  const camera = pc.addTransceiver(stream.getVideoTracks()[0], {direction: 'sendonly', sendEncodings: encodings});
  const codecs = RTCRtpSender.getCapabilities('video').codecs;
  camera.setCodecPreferences(codecs.filter(c => c.mimeType === 'video/' + codec || /rtx/.test(c.mimeType)));
  const mic = pc.addTransceiver(stream.getAudioTracks()[0], {direction: 'sendonly'});
  await pc.setLocalDescription();
  return {sdp: pc.localDescription.sdp, camera: camera.mid, mic: mic.mid};
}"""
SUBSCRIBE = """async (offer) => {
  const pc = window.sub = window.sub || new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  pc.ontrack = (event) => {
    const element = document.createElement(event.track.kind);
    element.autoplay = true; element.muted = event.track.kind === 'video';
    element.srcObject = new MediaStream([event.track]);
    element.dataset.mid = event.transceiver.mid;
    document.body.append(element);
  };
  await pc.setRemoteDescription({type: 'offer', sdp: offer});
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
ACCEPT = "async (sdp) => { await window.pub.setRemoteDescription({type: 'answer', sdp}); }"
RESTART = """async () => {
  const offer = await window.pub.createOffer({iceRestart: true});
  await window.pub.setLocalDescription(offer);
  return window.pub.localDescription.sdp;
}"""
STATS = """async () => {
  const out = {};
  for (const item of (await window.sub.getStats()).values()) {
    if (item.type === 'inbound-rtp') out[item.mid] = {...item};
    if (item.type === 'candidate-pair' && item.nominated) out.pair = {...item};
  }
  out.state = window.sub.connectionState;
  return out;
}"""
SENT = """async () => {
  const out = {layers: {}};
  for (const item of (await window.pub.getStats()).values()) {
    if (item.type === 'outbound-rtp' && item.kind === 'video') out.layers[item.rid || ''] = {...item};
    if (item.type === 'candidate-pair' && item.nominated) out.pair = {...item};
  }
  return out;
}"""


class Scene:
    """Two pages and the worker between them."""

    def __init__(self, worker: WorkerProcess, teacher: Page, pupil: Page) -> None:
        self.worker = worker
        self.teacher = teacher
        self.pupil = pupil
        self.mids: dict[str, str] = {}

    async def publish(self, codec: str) -> None:
        offer = await self.teacher.evaluate(PUBLISH, codec)
        await self._answer(offer["sdp"], (SourceLine(offer["camera"], "camera"), SourceLine(offer["mic"], "mic")))

    async def restart_publisher(self) -> None:
        await self._answer(await self.teacher.evaluate(RESTART), ())

    async def _answer(self, offer: str, sources: tuple[SourceLine, ...]) -> None:
        answer = await self.worker.request(lambda n: Publish(n, "r", "teacher", offer, sources))
        assert isinstance(answer, Sdp), answer
        await self.teacher.evaluate(ACCEPT, answer.sdp)

    async def subscribe(self) -> None:
        offer = await self.worker.request(lambda n: Subscribe(n, "r", "pupil", SLOTS))
        assert isinstance(offer, Sdp), offer
        self.mids = {item.slot: item.mid for item in offer.mids}
        await self._accept(offer.sdp)

    async def restart_subscriber(self) -> None:
        offer = await self.worker.request(lambda n: RestartSubscribe(n, "r", "pupil"))
        assert isinstance(offer, Sdp), offer
        await self._accept(offer.sdp)

    async def _accept(self, offer: str) -> None:
        text = await self.pupil.evaluate(SUBSCRIBE, offer)
        answer = await self.worker.request(lambda n: AcceptSubscribe(n, "r", "pupil", text))
        assert isinstance(answer, Done), answer

    async def stats(self, slot: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.pupil.evaluate(STATS)).get(self.mids[slot], {})
        return found

    async def until(self, slot: str, fits: Callable[[dict[str, Any]], bool], seconds: float = 12.0) -> dict[str, Any]:
        """Return the slot's stats once they fit."""
        stats: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    stats = await self.stats(slot)
                    if fits(stats):
                        return stats
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"{slot} stays at {stats}; {self.worker.messages[-8:]}") from None

    async def advances(self, slot: str, key: str = "framesDecoded", by: int = 10) -> None:
        before = (await self.stats(slot)).get(key, 0)
        await self.until(slot, lambda stats: stats.get(key, 0) >= before + by)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def scene(browser: Browser) -> AsyncIterator[Scene]:
    async with running_worker(0) as worker:
        context = await browser.new_context(permissions=["camera", "microphone"])
        teacher, pupil = await context.new_page(), await context.new_page()
        for page in (teacher, pupil):
            await page.route("http://localhost:9/**", lambda route: route.fulfill(body="<body></body>"))
            await page.goto("http://localhost:9/")
        await worker.command(OpenRoom("r"))
        try:
            yield Scene(worker, teacher, pupil)
        finally:
            await context.close()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_camera_and_voice_reach_the_other_page(browser: Browser, codec: str) -> None:
    async with scene(browser) as live:
        await live.publish(codec)
        await live.subscribe()
        await live.worker.command(
            FillSlot("r", "pupil", "lecturer", "teacher", "camera"),
            FillSlot("r", "pupil", "audio0", "teacher", "mic"),
        )
        await live.until("lecturer", lambda stats: stats.get("framesDecoded", 0) > 20)
        await live.until("audio0", lambda stats: stats.get("totalAudioEnergy", 0) > 0)
        await live.worker.wait(
            lambda item: isinstance(item, TrackChanged) and item.active and item.codec == codec.lower()
        )
        if codec == "VP8":
            await live.until("lecturer", lambda stats: stats.get("frameHeight") == 360)
            await live.worker.command(LimitSlot("r", "pupil", "lecturer", 100))
            await live.until("lecturer", lambda stats: stats.get("frameHeight") == 90)
            await live.worker.command(LimitSlot("r", "pupil", "lecturer", 720))
            await live.until("lecturer", lambda stats: stats.get("frameHeight") == 360)
        await live.advances("lecturer")
        stats = await live.stats("lecturer")
        assert stats["packetsLost"] == 0
        assert stats["freezeCount"] <= 1
        await live.worker.wait(lambda item: isinstance(item, PeerReport) and item.peer == "pupil" and item.sent_bps > 0)


async def test_ice_restarts_keep_the_media(browser: Browser) -> None:
    async with scene(browser) as live:
        await live.publish("VP8")
        await live.subscribe()
        await live.worker.command(FillSlot("r", "pupil", "lecturer", "teacher", "camera"))
        await live.until("lecturer", lambda stats: stats.get("framesDecoded", 0) > 5)
        await live.restart_publisher()
        await live.advances("lecturer")
        await live.restart_subscriber()
        await live.advances("lecturer")


async def test_mute_is_kept_by_the_worker_and_slots_take_other_sources(browser: Browser) -> None:
    async with scene(browser) as live:
        await live.publish("VP8")
        await live.subscribe()
        await live.worker.command(FillSlot("r", "pupil", "lecturer", "teacher", "camera"))
        await live.until("lecturer", lambda stats: stats.get("framesDecoded", 0) > 5)
        await live.worker.command(SetMute("r", "teacher", "camera", True))
        await asyncio.sleep(0.5)
        before = await live.stats("lecturer")
        await asyncio.sleep(0.5)
        assert (await live.stats("lecturer"))["packetsReceived"] == before["packetsReceived"]
        await live.worker.command(SetMute("r", "teacher", "camera", False))
        await live.advances("lecturer")
        await live.worker.command(FillSlot("r", "pupil", "screen", "teacher", "camera"))
        await live.advances("screen")
        await live.worker.command(FillSlot("r", "pupil", "lecturer", None, None))
        await asyncio.sleep(0.5)
        before = await live.stats("lecturer")
        await asyncio.sleep(0.5)
        assert (await live.stats("lecturer"))["packetsReceived"] == before["packetsReceived"]
