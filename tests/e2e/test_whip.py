"""FFmpeg's own WHIP muxer teaches into a room through the HTTP door, and the lesson becomes a recording."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Playwright

from server.bot import melody
from tests.e2e.browser import WALL, Screen, chromium
from tests.e2e.pictures import LECTURER, quarters
from tests.e2e.school import PASSWORD, Region
from tests.e2e.seat import start_lesson

pytestmark = pytest.mark.e2e

WIDTH, HEIGHT, FPS = 640, 360, 15
FACE = "[data-slot=lecturer] video"


def certificate(folder: Path) -> dict[str, str]:
    """Return the muxer's options for a DTLS certificate on P-256.

    PyAV's FFmpeg is built with GnuTLS and would make one on P-224, a curve that today's OpenSSL is built without.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whip")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "whip.crt", folder / "whip.key"
    cert_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {"cert_file": str(cert_file), "key_file": str(key_file)}


class FFmpeg(threading.Thread):
    """Sends a colour pattern and the tune by WHIP, in real time, until told to stop."""

    def __init__(self, url: str, token: str, folder: Path) -> None:
        super().__init__(name="whip")
        self._url = url
        self._options = {"authorization": token, **certificate(folder)}
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._send()
        except Exception as error:
            self.error = error

    def _send(self) -> None:
        with av.open(self._url, "w", format="whip", options=self._options) as output:
            video = output.add_stream("libx264", rate=FPS)
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            video.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": str(FPS)}
            video.bit_rate = 600_000
            audio = output.add_stream("libopus", rate=melody.SAMPLE_RATE_HZ, layout="stereo")
            tune = (melody.render(20) * 24_000).astype(np.int16)
            began, per_picture, blocks = time.monotonic(), melody.SAMPLE_RATE_HZ // FPS, 0
            for index in range(FPS * 60):
                if self.stopping.is_set():
                    return
                pixels = quarters(LECTURER, WIDTH, HEIGHT)
                pixels[170:190, index * 8 % WIDTH : index * 8 % WIDTH + 40] = 255
                frame = VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                output.mux(video.encode(frame))
                while (blocks + 1) * 960 <= (index + 1) * per_picture:
                    at = blocks * 960 % len(tune)
                    both = np.repeat(tune[at : at + 960], 2)[None, :]
                    sound = AudioFrame.from_ndarray(both, format="s16", layout="stereo")
                    sound.sample_rate = melody.SAMPLE_RATE_HZ
                    sound.pts, sound.time_base = blocks * 960, Fraction(1, melody.SAMPLE_RATE_HZ)
                    output.mux(audio.encode(sound))
                    blocks += 1
                time.sleep(max(0.0, began + index / FPS - time.monotonic()))


def test_ffmpeg_teaches_through_the_whip_door(playwright: Playwright, school: Region, tmp_path: Path) -> None:
    lesson = school.plan_lesson("用编码器上课")
    start_lesson(school.server.url, lesson, "lin")
    door = school.lecturer.post(f"/api/lessons/{lesson}/whip-token", {})
    encoder = FFmpeg(door["url"], door["token"], tmp_path)
    encoder.start()
    try:
        with chromium(playwright) as browser:
            observer = Screen(browser, school.server.url, WALL)
            observer.log_in("he", PASSWORD)
            observer.page.goto(f"/lesson/{lesson}/observe")
            try:
                observer.frames(FACE)
            except AssertionError as error:
                raise AssertionError(f"{error}; FFmpeg: {encoder.error!r}") from None
            observer.sees(FACE, LECTURER)
            observer.shoot("observe")
    finally:
        encoder.stopping.set()
        encoder.join(20)
    assert encoder.error is None, encoder.error
