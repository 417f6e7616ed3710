"""Pictures and sounds that a test can tell apart: colour patterns for cameras, a tune for microphones, pages."""

from __future__ import annotations

import io
import random
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from PIL import Image

from server.bot import melody

Colour = tuple[int, int, int]
WIDTH, HEIGHT, FPS, PICTURES = 640, 360, 10, 20

# Top left, top right, bottom left, bottom right: far apart, so that coding at 90 lines cannot mix them up.
LECTURER: tuple[Colour, ...] = ((220, 40, 40), (40, 200, 60), (40, 60, 220), (230, 220, 40))
ROOM_ONE: tuple[Colour, ...] = ((230, 220, 40), (40, 60, 220), (220, 40, 40), (40, 200, 60))
ROOM_TWO: tuple[Colour, ...] = ((40, 200, 200), (40, 200, 200), (220, 40, 200), (220, 40, 200))


def write_camera(path: Path, colours: tuple[Colour, ...]) -> Path:
    """Write what a fake camera sees: four coloured quarters, and a white bar between them that moves."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420\n".encode())
        for index in range(PICTURES):
            pixels = quarters(colours, WIDTH, HEIGHT)
            at = WIDTH * index // PICTURES
            pixels[HEIGHT // 2 - 12 : HEIGHT // 2 + 12, at : at + WIDTH // PICTURES] = 255
            frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            file.write(b"FRAME\n" + frame.to_ndarray().tobytes())
    return path


def write_microphone(path: Path) -> Path:
    """Write what a fake microphone hears: 20 s of the demo's tune. A steady tone would be filtered out as noise."""
    samples = (melody.render(20) * 24_000).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(melody.SAMPLE_RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def quarters(colours: tuple[Colour, ...], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return a picture of four coloured quarters."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2] = colours[0]
    pixels[: height // 2, width // 2 :] = colours[1]
    pixels[height // 2 :, : width // 2] = colours[2]
    pixels[height // 2 :, width // 2 :] = colours[3]
    return pixels


def page_png(number: int) -> bytes:
    """Return a page as PNG: a white sheet with `number` dark bars."""
    pixels = np.full((450, 800, 3), 255, dtype=np.uint8)
    for bar in range(number):
        pixels[80:370, 100 + 120 * bar : 160 + 120 * bar] = (40, 60, 90)
    codec = av.CodecContext.create("png", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = 800, 450, "rgb24"
    codec.time_base = Fraction(1, 1)
    packets = [*codec.encode(VideoFrame.from_ndarray(pixels, format="rgb24")), *codec.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def rough_page(number: int) -> bytes:
    """Return a page that no encoder makes small: its picture takes long enough to be cut."""
    made = io.BytesIO()
    Image.frombytes("L", (640, 360), random.Random(number).randbytes(640 * 360)).save(made, "PNG")
    return made.getvalue()
