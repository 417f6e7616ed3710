"""FFmpeg's own WHIP muxer publishes H.264 and Opus to a real worker."""

from __future__ import annotations

import asyncio
import datetime
import multiprocessing
from fractions import Fraction
from multiprocessing.synchronize import Event
from pathlib import Path

import av
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.rtc_client import RtcClient
from bench.worker_process import WorkerProcess, running_worker
from media.control import AcceptSubscribe, Done, FillSlot, OpenRoom, Publish, Sdp, SlotSpec, Subscribe, TrackChanged

SLOTS = (SlotSpec("lecturer", "video"), SlotSpec("audio0", "audio"))


def certificate_files(folder: Path) -> dict[str, str]:
    """Make a P-256 certificate: FFmpeg built with GnuTLS makes one on P-224, which OpenSSL 4 knows no longer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whip")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    files = {"cert_file": folder / "whip.crt", "key_file": folder / "whip.key"}
    files["cert_file"].write_bytes(certificate.public_bytes(Encoding.PEM))
    files["key_file"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return {name: str(path) for name, path in files.items()}


def teach(url: str, options: dict[str, str], stop: Event) -> None:
    """Publish a moving picture and a tone until `stop`."""
    with av.open(url, "w", format="whip", options=options) as container:
        video = container.add_stream("libx264", rate=15, options={"preset": "ultrafast", "tune": "zerolatency"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.codec_context.gop_size = 15
        video.codec_context.max_b_frames = 0
        video.profile = "Baseline"
        audio = container.add_stream("libopus", rate=48_000, layout="stereo")
        for number in range(15 * 20):
            picture = np.full((180, 320, 3), number % 256, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 15)
            container.mux(video.encode(frame))
            tone = (np.sin(np.arange(3200) / 20) * 8000).astype(np.int16)
            sound = av.AudioFrame.from_ndarray(np.repeat(tone, 2).reshape(1, -1), format="s16", layout="stereo")
            sound.sample_rate, sound.pts, sound.time_base = 48_000, number * 3200, Fraction(1, 48_000)
            container.mux(audio.encode(sound))
            if stop.wait(1 / 15):
                return


async def door(worker: WorkerProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer WHIP's one POST (RFC 9725 §4.2) and its DELETE."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if head.startswith("POST"):
        length = next(
            int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")
        )
        offer = (await reader.readexactly(length)).decode()
        answer = await worker.request(lambda n: Publish(n, "r", "teacher", offer))
        assert isinstance(answer, Sdp), answer
        body = answer.sdp.encode()
        writer.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/sdp\r\nLocation: /whip/1\r\n"
            + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.skipif("whip" not in av.formats_available, reason="this build of FFmpeg has no WHIP muxer")
async def test_ffmpeg_teaches_through_whip(tmp_path: Path) -> None:
    async with running_worker(0) as worker:
        await worker.command(OpenRoom("r"))
        server = await asyncio.start_server(lambda r, w: door(worker, r, w), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        processes = multiprocessing.get_context("spawn")  # PyAV holds the GIL while FFmpeg waits for our answer
        stop = processes.Event()
        url, options = f"http://127.0.0.1:{port}/whip", certificate_files(tmp_path)
        teaching = processes.Process(target=teach, args=(url, options, stop), daemon=True)
        teaching.start()
        try:
            await worker.wait(lambda item: isinstance(item, TrackChanged) and item.codec == "h264", 20)
            await worker.wait(lambda item: isinstance(item, TrackChanged) and item.codec == "opus", 20)
            pupil = RtcClient()
            offer = await worker.request(lambda n: Subscribe(n, "r", "pupil", SLOTS))
            assert isinstance(offer, Sdp)
            text = pupil.answer(offer.sdp)
            assert isinstance(await worker.request(lambda n: AcceptSubscribe(n, "r", "pupil", text)), Done)
            await asyncio.to_thread(pupil.connect)
            await worker.command(
                FillSlot("r", "pupil", "lecturer", "teacher", "camera"),
                FillSlot("r", "pupil", "audio0", "teacher", "mic"),
            )
            types: set[int] = set()
            async with asyncio.timeout(10):
                while not {98, 111} <= types:
                    packet = await asyncio.to_thread(pupil.receive_media, 1.0)
                    if packet is not None:
                        types.add(packet[1] & 0x7F)
        finally:
            stop.set()
            await asyncio.to_thread(teaching.join, 5)
            teaching.kill()
            server.close()
