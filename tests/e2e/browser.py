"""Real Chromium with a fake camera and microphone, and questions to a page about what it shows and plays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

from tests.e2e.pictures import Colour
from tests.e2e.school import ROOT, eventually

SHOTS = ROOT / "test-results"
WALL = {"width": 1920, "height": 1080}
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
FRAMES_S = 20.0
COLOUR_DISTANCE = 70  # of 441: VP8 at a low rate and the way through limited-range YUV cost up to 40

# Keeps hold of the page's peer connections, and sends their media by another port when a relay stands between.
_WATCH_CONNECTIONS = """
(relayPort) => {
  const Native = window.RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...given) { super(...given); window.connections.push(this); }
    setRemoteDescription(description) {
      if (relayPort && description?.sdp) {
        const sdp = description.sdp.replace(/^(a=candidate:\\S+ \\d+ udp \\d+ \\S+) \\d+/gim, `$1 ${relayPort}`);
        return super.setRemoteDescription({ type: description.type, sdp });
      }
      return super.setRemoteDescription(description);
    }
  };
}
"""
# Logs in as the page would, from inside it: for a browser whose every byte must go its own way.
LOG_IN = """
async (body) => {
  const headers = { 'Content-Type': 'application/json', 'X-Tongtang': '1' };
  return (await fetch('/api/session', { method: 'POST', headers, body: JSON.stringify(body) })).status;
}
"""
_COUNT_FRAMES = """
(video, { want, waitMs }) => new Promise((done) => {
  let count = 0;
  const timer = setTimeout(() => done(count), waitMs);
  const next = () => {
    count += 1;
    if (count >= want) { clearTimeout(timer); done(count); } else video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
})
"""
_READ_QUARTERS = """
(video) => {
  if (!video.videoWidth) return null;
  const canvas = new OffscreenCanvas(64, 36);
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 64, 36);
  return [[16, 9], [48, 9], [16, 27], [48, 27]].map(([x, y]) => [...pen.getImageData(x, y, 1, 1).data].slice(0, 3));
}
"""
_AUDIO_ENERGY = """
async () => {
  let energy = 0;
  for (const connection of window.connections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'audio') energy += report.totalAudioEnergy ?? 0;
    }
  }
  return energy;
}
"""

_AUDIO_REPORTS = """
async () => {
  const found = [];
  for (const connection of window.connections) {
    for (const report of (await connection.getStats()).values()) {
      if (!report.type.endsWith('bound-rtp') || report.kind !== 'audio') continue;
      const { type, mid, packetsReceived, packetsSent, totalAudioEnergy, totalSamplesReceived } = report;
      found.push({ type, mid, packetsReceived, packetsSent, totalAudioEnergy, totalSamplesReceived });
    }
  }
  return JSON.stringify(found);
}
"""


def executable() -> str:
    """Return the distribution's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        path = shutil.which(name)
        if path:
            return path
    raise AssertionError("没有找到 Chromium：请运行 .ci/system-packages")


@contextmanager
def chromium(
    playwright: Playwright,
    camera: Path | None = None,
    microphone: Path | None = None,
    program: Path | None = None,
    flags: Sequence[str] = (),
) -> Iterator[Browser]:
    """Run a browser inside the block, with what its fake devices see and hear; `program` starts it elsewhere."""
    arguments = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
        "--disable-dev-shm-usage",
        "--lang=zh-CN",
    ]
    if camera is not None:
        arguments.append(f"--use-file-for-fake-video-capture={camera}")
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}")
    browser = playwright.chromium.launch(
        executable_path=program or executable(), args=[*arguments, *flags], chromium_sandbox=False
    )
    try:
        yield browser
    finally:
        browser.close()


class Screen:
    """One page of one participant."""

    def __init__(
        self, browser: Browser, url: str, size: dict[str, int], *, is_phone: bool = False, relay_port: int | None = None
    ) -> None:
        self._context = browser.new_context(
            base_url=url,
            viewport={"width": size["width"], "height": size["height"]},
            locale="zh-CN",
            has_touch=is_phone,
            is_mobile=is_phone,
            device_scale_factor=2 if is_phone else 1,
        )
        self._context.add_init_script(f"({_WATCH_CONNECTIONS})({relay_port or 0})")
        self.adopt(self._context.new_page())

    def adopt(self, page: Page) -> None:
        """Look at this page from now on."""
        self.page: Page = page
        page.set_default_timeout(20_000)
        problems: list[str] = []
        self.problems = problems
        page.on("pageerror", lambda error: problems.append(str(error)))

    def log_in(self, username: str, password: str) -> None:
        """Log in as the page would."""
        body = {"username": username, "password": password}
        answer = self._context.request.post("/api/session", data=body, headers={"X-Tongtang": "1"})
        assert answer.ok, answer.text()

    def log_out(self) -> None:
        """End the log-in behind the page's back: it runs out."""
        answer = self._context.request.delete("/api/session", headers={"X-Tongtang": "1"})
        assert answer.ok, answer.text()

    def get(self, path: str) -> Any:
        answer = self._context.request.get(path)
        assert answer.ok, answer.text()
        return answer.json()

    def pairing_code(self) -> str:
        """Return the code of an unpaired screen. The page asks: it alone knows where the school's host is."""
        asked = "fetch('/api/devices/me').then((answer) => (answer.ok ? answer.json() : null))"
        found: dict[str, Any] = eventually("the screen has a code", lambda: self.page.evaluate(asked), 15)
        return str(found["code"])

    def shoot(self, name: str) -> None:
        """Keep a picture of the page for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def frames(self, selector: str, want: int = 8, wait_s: float = FRAMES_S) -> None:
        """Pass when the video shows `want` further pictures."""

        def enough() -> bool:  # asked anew each time: the page may have moved the lecturer to another place
            video = self.page.wait_for_selector(selector, state="attached")
            assert video is not None
            return bool(video.evaluate(_COUNT_FRAMES, {"want": want, "waitMs": 3000}) >= want)

        eventually(f"{selector} shows {want} pictures", enough, wait_s)

    def is_moving(self, selector: str, wait_s: float = 0.8) -> bool:
        """Return whether the video shows a further picture now."""
        video = self.page.query_selector(selector)
        return video is not None and bool(video.evaluate(_COUNT_FRAMES, {"want": 2, "waitMs": wait_s * 1000}) >= 2)

    def sees(self, selector: str, colours: tuple[Colour, ...], wait_s: float = FRAMES_S) -> None:
        """Pass when the video shows this colour pattern."""
        seen: list[Any] = []

        def right() -> bool:
            video = self.page.query_selector(selector)
            quarters = video.evaluate(_READ_QUARTERS) if video is not None else None
            seen[:] = [quarters]
            return quarters is not None and all(
                sum((a - b) ** 2 for a, b in zip(got, expected, strict=True)) ** 0.5 < COLOUR_DISTANCE
                for got, expected in zip(quarters, colours, strict=True)
            )

        try:
            eventually(f"{selector} shows {colours}", right, wait_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows {seen}") from None

    def hears(self, wait_s: float = FRAMES_S) -> None:
        """Pass when sound arrives that is more than the hiss of a microphone."""
        before: float = self.page.evaluate(_AUDIO_ENERGY)
        try:
            eventually("sound arrives", lambda: self.page.evaluate(_AUDIO_ENERGY) - before > 0.01, wait_s)
        except AssertionError as error:
            raise AssertionError(f"{error} at {self.page.url}: {self.page.evaluate(_AUDIO_REPORTS)}") from None

    def close(self) -> None:
        self._context.close()
