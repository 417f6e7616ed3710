"""Real media out of any file that PyAV reads: decoded, paced by the clock, looped, as aiortc tracks.

The sound and the picture are decoded from two openings of the file, so that a badly interleaved one starves neither.
Both run on one timeline that begins with the first frame that anybody asks for: a picture that is late is dropped, and
sound that is late by more than `AUDIO_LATE_S` jumps, so that a slow machine lags but does not fall behind for good.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.video.frame import VideoFrame

from signaling.errors import Refused

SAMPLE_RATE_HZ: Final = 48_000
BLOCK: Final = 960  # samples in 20 ms: one Opus frame
VIDEO_CLOCK_HZ: Final = 90_000  # RFC 3551
VIDEO_LATE_S: Final = 0.2
AUDIO_LATE_S: Final = 0.5


@dataclass(frozen=True)
class FileFacts:
    """What a media file holds."""

    path: Path
    seconds: float
    has_video: bool
    has_audio: bool


def probe(path: Path) -> FileFacts:
    """Return what the file holds, having decoded one frame of each stream.

    Raises:
        Refused: code `media_unreadable`: there is no such file, or no picture or sound that can be decoded in it.
    """
    try:
        with av.open(str(path)) as container:
            has_video, has_audio = bool(container.streams.video), bool(container.streams.audio)
            if not has_video and not has_audio:
                raise Refused("media_unreadable", f"「{path}」里没有画面，也没有声音。请换一个音频或视频文件。")
            seconds = _seconds(container)
        for kind, wanted in (("video", has_video), ("audio", has_audio)):
            if wanted:
                _first_frame(path, kind)
    except (av.FFmpegError, OSError, StopIteration) as error:
        reason = getattr(error, "strerror", None) or str(error) or "无法解码"
        raise Refused("media_unreadable", f"无法读取「{path}」：{reason}。请换一个音频或视频文件。") from error
    return FileFacts(path, seconds, has_video, has_audio)


def _first_frame(path: Path, kind: str) -> None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0] if kind == "video" else container.streams.audio[0]
        next(iter(container.decode(stream)))


def _seconds(container: InputContainer) -> float:
    if container.duration:
        return container.duration / 1_000_000
    last = 0.0
    for packet in container.demux():  # a stream without a length, such as raw H.264: count
        if packet.pts is not None and packet.time_base is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last


class Timeline:
    """When media second 0 is: at the first frame that is asked for."""

    def __init__(self) -> None:
        self._start: float | None = None

    def lateness(self, at_s: float) -> float:
        """Return by how many seconds `at_s` is over; negative: still to come."""
        now = asyncio.get_running_loop().time()
        if self._start is None:
            self._start = now
        return now - self._start - at_s

    async def wait_until(self, at_s: float) -> None:
        """Return when `at_s` has come."""
        early = -self.lateness(at_s)
        if early > 0:
            await asyncio.sleep(early)


class FileVideoTrack(MediaStreamTrack):
    """The picture of a file, no more than `height` lines and `fps` pictures a second."""

    kind = "video"

    def __init__(self, facts: FileFacts, timeline: Timeline, *, height: int, fps: int, loop: bool) -> None:
        super().__init__()
        self._timeline = timeline
        self._pictures = _pictures(facts, height, fps, loop)

    async def recv(self) -> VideoFrame:
        """Return the next picture when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        while True:
            item = await asyncio.to_thread(next, self._pictures, None)
            if item is None:
                self.stop()
                raise MediaStreamError
            at_s, frame = item
            if self._timeline.lateness(at_s) < VIDEO_LATE_S:
                break
        await self._timeline.wait_until(at_s)
        frame.pts, frame.time_base = round(at_s * VIDEO_CLOCK_HZ), Fraction(1, VIDEO_CLOCK_HZ)
        return frame


class FileAudioTrack(MediaStreamTrack):
    """The sound of a file, in 20 ms blocks."""

    kind = "audio"

    def __init__(self, facts: FileFacts, timeline: Timeline, *, loop: bool) -> None:
        super().__init__()
        self._timeline = timeline
        self._blocks = _batches(facts, loop)
        self._ready: list[AudioFrame] = []
        self._at = 0  # samples since the start

    async def recv(self) -> AudioFrame:
        """Return the next block when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        if not self._ready:
            self._ready = await asyncio.to_thread(next, self._blocks, [])
        if not self._ready:
            self.stop()
            raise MediaStreamError
        frame = self._ready.pop(0)
        late_s = self._timeline.lateness(self._at / SAMPLE_RATE_HZ)
        if late_s > AUDIO_LATE_S:
            self._at += math.ceil(late_s * SAMPLE_RATE_HZ / BLOCK) * BLOCK
        await self._timeline.wait_until(self._at / SAMPLE_RATE_HZ)
        frame.pts, frame.time_base = self._at, Fraction(1, SAMPLE_RATE_HZ)
        self._at += BLOCK
        return frame


def _pictures(facts: FileFacts, height: int, fps: int, loop: bool) -> Iterator[tuple[float, VideoFrame]]:
    """Yield `(second, picture)`, scaled, thinned to `fps`, again and again with `loop`."""
    offset_s, gap_s = 0.0, 0.9 / fps  # 0.9: a source of just this rate jitters by its time base
    while True:
        due_s = -math.inf
        with av.open(str(facts.path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # frame threads would decode ahead on every core
            begin_s: float | None = None
            for frame in container.decode(stream):
                at_s = frame.time
                if at_s is None:
                    continue
                begin_s = at_s if begin_s is None else begin_s
                if at_s >= due_s:
                    due_s = at_s + gap_s
                    yield offset_s + at_s - begin_s, _scaled(frame, height)
        if not loop:
            return
        offset_s += facts.seconds


def _scaled(frame: VideoFrame, height: int) -> VideoFrame:
    """Return the picture as planar 4:2:0 with even sides and at most `height` lines."""
    scale = min(1.0, height / frame.height)
    width, lines = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    return frame.reformat(width=width, height=lines, format="yuv420p", interpolation="FAST_BILINEAR")


BATCH: Final = 10  # blocks decoded in one go: a thread hop every 200 ms instead of every 20


def _batches(facts: FileFacts, loop: bool) -> Iterator[list[AudioFrame]]:
    """Yield blocks of 20 ms, some at a time; each turn through the file is as long as the file."""
    batch: list[AudioFrame] = []
    total, turn = 0, 0
    while True:
        before = total
        for block in _blocks(facts):
            batch.append(block)
            total += 1
            if len(batch) >= BATCH:
                yield batch
                batch = []
        turn += 1
        if not loop or total == before:
            break
        # Counted from the start, or 10 ms of rounding a turn would part sound and picture over a lesson.
        missing = round(turn * facts.seconds * SAMPLE_RATE_HZ / BLOCK) - total
        batch += [_silence() for _ in range(missing)]
        total += max(0, missing)
    yield batch


def _blocks(facts: FileFacts) -> Iterator[AudioFrame]:
    resampler = AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE_HZ)
    fifo = AudioFifo()
    with av.open(str(facts.path)) as container:
        for frame in container.decode(container.streams.audio[0]):
            frame.pts = None  # a gap in the file is played as no gap
            for part in resampler.resample(frame):
                part.pts = None
                fifo.write(part)
            while (block := fifo.read(BLOCK)) is not None:
                yield block


def _silence() -> AudioFrame:
    frame = AudioFrame(format="s16", layout="stereo", samples=BLOCK)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = SAMPLE_RATE_HZ
    return frame
