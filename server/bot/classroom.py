"""A small rural classroom for the demonstration: a room with pupils, a little movement, a quiet hum.

320×180 at five pictures a second and sound at -60 dBFS: it fills a tile and costs a weak machine next to nothing.
"""

from __future__ import annotations

import asyncio
import math
import random
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from server.bot.client import LessonClient, explain
from server.bot.media_file import BLOCK, SAMPLE_RATE_HZ, VIDEO_CLOCK_HZ, Timeline
from server.bot.painter import Colour, Painter, Pixels
from server.bot.sending import sending
from signaling.errors import Refused, Unavailable

WIDTH, HEIGHT, FPS = 320, 180, 5
LOOP_PICTURES: Final = 40  # 8 s: nodding heads need no more
HUM: Final = 0.001  # -60 dBFS: there, and below every threshold of speech
AGAIN_S: Final = 2.0

WALLS: Final[tuple[Colour, ...]] = ((226, 214, 190), (206, 220, 206), (214, 210, 226))
SHIRTS: Final[tuple[Colour, ...]] = ((188, 76, 64), (64, 112, 160), (222, 168, 60), (92, 140, 96), (140, 100, 150))
SKIN: Final[Colour] = (240, 200, 166)
HAIR: Final[Colour] = (40, 34, 34)


async def sit_in(client: LessonClient, room: int) -> None:
    """Send the picture and the hum of classroom number `room` for as long as the lesson lasts."""
    pictures = await asyncio.to_thread(draw, room)
    while True:
        if not client.is_ready:
            await client.wait_change(1.0)
            continue
        timeline = Timeline()
        try:
            async with sending(
                client, [("mic", HumTrack(timeline, room)), ("camera", RoomTrack(timeline, pictures))]
            ) as path:
                while path.is_good(client):
                    await client.wait_change(1.0)
        except (Refused, Unavailable) as error:
            print(explain(error), flush=True)
        await asyncio.sleep(AGAIN_S)


def draw(room: int) -> list[npt.NDArray[np.uint8]]:
    """Return the pictures of one loop, planar 4:2:0."""
    chance = random.Random(room)
    pupils = [
        (
            28 + 53 * column + 14 * (row % 2) + chance.uniform(-4, 4),
            92 + 34 * row,
            chance.random(),
            chance.choice(SHIRTS),
        )
        for row in range(3)
        for column in range(6)
    ]
    pictures = []
    for index in range(LOOP_PICTURES):
        pixels: Pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
        painter = Painter(pixels)
        _draw_walls(painter, room)
        for x, y, phase, shirt in pupils:
            _draw_pupil(painter, x, y, phase, shirt, index / LOOP_PICTURES)
        frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        pictures.append(np.asarray(frame.to_ndarray(), dtype=np.uint8))
    return pictures


def _draw_walls(painter: Painter, room: int) -> None:
    painter.rectangle(0, 0, WIDTH, HEIGHT, WALLS[room % len(WALLS)])
    painter.rectangle(0, 76, WIDTH, HEIGHT, (176, 150, 118))
    for left in (24, 128, 232):
        painter.rectangle(left, 12, left + 64, 60, (120, 92, 66))
        painter.rectangle(left + 4, 16, left + 60, 56, (196, 224, 240))
        painter.rectangle(left + 31, 16, left + 33, 56, (120, 92, 66))


def _draw_pupil(painter: Painter, x: float, y: float, phase: float, shirt: Colour, turn: float) -> None:
    nod = 1.8 * math.sin(2 * math.pi * (2 * turn + phase))
    sway = 1.2 * math.sin(2 * math.pi * (turn + 2 * phase))
    painter.line((x - 9, y + 24), (x + 9, y + 24), 16, shirt)
    painter.disc((x + sway, y + nod), 11, HAIR)
    painter.ellipse((x + sway, y + 3 + nod), 9, 8.5, SKIN)
    painter.disc((x + sway - 3.4, y + 2 + nod), 1.4, HAIR)
    painter.disc((x + sway + 3.4, y + 2 + nod), 1.4, HAIR)
    painter.rectangle(max(0, int(x) - 24), int(y) + 27, min(WIDTH, int(x) + 24), int(y) + 32, (150, 110, 72))


class RoomTrack(MediaStreamTrack):
    """The picture of the room."""

    kind = "video"

    def __init__(self, timeline: Timeline, pictures: list[npt.NDArray[np.uint8]]) -> None:
        super().__init__()
        self._timeline = timeline
        self._pictures = pictures
        self._index = 0

    async def recv(self) -> VideoFrame:
        """Return the next picture when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        await self._timeline.wait_until(self._index / FPS)
        # A frame of its own each time: the encoder marks the one that it makes a keyframe of.
        frame = VideoFrame.from_ndarray(self._pictures[self._index % len(self._pictures)], format="yuv420p")
        frame.pts, frame.time_base = self._index * VIDEO_CLOCK_HZ // FPS, Fraction(1, VIDEO_CLOCK_HZ)
        self._index += 1
        return frame


class HumTrack(MediaStreamTrack):
    """The quiet of a room: a little noise."""

    kind = "audio"

    def __init__(self, timeline: Timeline, room: int) -> None:
        super().__init__()
        self._timeline = timeline
        noise = np.random.default_rng(room).normal(0, HUM * 32767, (1, BLOCK * 50))
        self._noise = noise.astype(np.int16)
        self._at = 0

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        await self._timeline.wait_until(self._at / SAMPLE_RATE_HZ)
        begin = self._at % self._noise.shape[1]
        frame = AudioFrame.from_ndarray(self._noise[:, begin : begin + BLOCK].copy(), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts, frame.time_base = self._at, Fraction(1, SAMPLE_RATE_HZ)
        self._at += BLOCK
        return frame
