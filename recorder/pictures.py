"""Pictures out of finished files: the sprite, and the pages of a lesson that was only shared as a screen.

Only keyframes are decoded, which is a hundredth of the work of decoding all.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from recorder.chapters import DWELL_MS
from recorder.resource import Sprite

SPRITE_WIDTH = 160  # px: what fits above a seek bar
SPRITE_COLUMNS = 10
MOST_PICTURES = 100
LEAST_EVERY_MS = 10_000  # of a short recording; a keyframe of 720p takes 9 ms to decode
KEYFRAME_MS = 4_000  # how far apart keyframes are
SPRITE_QUALITY = 60
SCENE_SHARE = 0.025  # mean change of the 64 × 36 grey picture: found 11 of 11 slide changes and nothing else
SCENE_SIZE = (64, 36)
MOST_SCENES = 120
PAGE_WIDTH = 1280  # px
PAGE_QUALITY = 75  # 82 kB of a full page of text and drawings
BLACK = 20.0  # mean luma: nothing is shared

Grey = np.ndarray[Any, np.dtype[np.float32]]


class Scene(NamedTuple):
    """What a screen showed for a while."""

    start_ms: int
    webp: bytes


def make_sprite(source: Path, duration_ms: int, name: str) -> tuple[bytes, Sprite] | None:
    """Return small pictures of a file as one WebP, and what it is; None when it has no pictures.

    Raises:
        OSError: the file cannot be read.
    """
    every_ms = max(LEAST_EVERY_MS, -(-duration_ms // MOST_PICTURES))
    count = max(1, -(-duration_ms // every_ms))
    with av.open(str(source)) as container:
        if not container.streams.video:
            return None
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        shape = stream.codec_context
        height = max(2, round(SPRITE_WIDTH * shape.height / max(1, shape.width)))
        columns = min(SPRITE_COLUMNS, count)
        rows = -(-count // columns)
        sheet = Image.new("RGB", (columns * SPRITE_WIDTH, rows * height))
        for number in range(count):
            frame = _keyframe_at(container, stream, number * every_ms)
            if frame is not None:
                small = Image.fromarray(frame.to_ndarray(width=SPRITE_WIDTH, height=height, format="rgb24"))
                sheet.paste(small, (number % columns * SPRITE_WIDTH, number // columns * height))
    return _webp(sheet, SPRITE_QUALITY), Sprite(name, columns, rows, SPRITE_WIDTH, height, every_ms)


def _keyframe_at(container: Any, stream: Any, ms: int) -> VideoFrame | None:
    """Return the keyframe that a search for `ms` lands at."""
    try:
        container.seek(ms * 1000, backward=True)
        frame: VideoFrame | None = next(iter(container.decode(stream)), None)
    except av.error.FFmpegError:
        return None
    return frame


def find_scenes(screen: Path) -> list[Scene]:
    """Return what a shared screen showed for at least as long as a page is taught, in order.

    Raises:
        OSError: the file cannot be read.
    """
    found: list[Scene] = []
    current: tuple[int, VideoFrame] | None = None  # since when, and how it looked last
    before: Grey | None = None
    last_ms = 0
    for last_ms, frame in _keyframes(screen):
        grey = _grey(frame)
        if before is None or float(np.mean(np.abs(grey - before))) > SCENE_SHARE * 255:
            _keep(found, current, last_ms)
            current = None
        if float(np.mean(grey)) > BLACK:
            current = (current[0] if current is not None else last_ms, frame)
        before = grey
    _keep(found, current, last_ms + KEYFRAME_MS)
    return found


def _keep(found: list[Scene], current: tuple[int, VideoFrame] | None, until_ms: int) -> None:
    if current is not None and until_ms - current[0] >= DWELL_MS and len(found) < MOST_SCENES:
        found.append(Scene(current[0], _page(current[1])))


def _keyframes(source: Path) -> Iterator[tuple[int, VideoFrame]]:
    with av.open(str(source)) as container:
        for stream in container.streams.video[:1]:
            stream.codec_context.skip_frame = "NONKEY"
            for frame in container.decode(stream):
                yield round((frame.time or 0.0) * 1000), frame


def _grey(frame: VideoFrame) -> Grey:
    data: Grey = frame.reformat(*SCENE_SIZE, "gray").to_ndarray().astype(np.float32)
    return data


def _page(frame: VideoFrame) -> bytes:
    width = min(PAGE_WIDTH, frame.width)
    height = round(frame.height * width / frame.width) & ~1
    return _webp(Image.fromarray(frame.to_ndarray(width=width, height=height, format="rgb24")), PAGE_QUALITY)


def _webp(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()
