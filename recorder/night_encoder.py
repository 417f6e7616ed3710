"""Encode a finished file anew with smaller pictures: 5 to 14 minutes of one processor for an hour of lesson.

x264 veryfast is the default, because computers of ten years ago decode it without effort; SVT-AV1 needs 30 to 45 %
fewer bits for the same picture and up to twice the time.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder.real_time import without_real_time
from recorder.settings import LowCodec

KEYFRAMES = 250  # pictures: 10 s at 25 a second
_MS = Fraction(1, 1000)
_ENCODERS: dict[LowCodec, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "crf": "28"}),
    "av1": ("libsvtav1", {"preset": "10", "crf": "50"}),
}


def encode_small(source: Path, target: Path, most_lines: int, codec: LowCodec) -> None:
    """Write `source` as an MP4 whose pictures have at most `most_lines`; sound is copied.

    Raises:
        OSError: it could not be read or written.
    """
    name, options = _ENCODERS[codec]
    with (
        without_real_time(),
        av.open(str(source)) as container,
        av.open(str(target), "w", format="mp4", container_options={"movflags": "+faststart"}) as output,
    ):
        video = container.streams.video[0]
        width, height = small_size(video.codec_context.width, video.codec_context.height, most_lines)
        out: Any = output.add_stream(name, rate=25, options=options)
        assert isinstance(out, VideoStream)
        out.width, out.height, out.pix_fmt = width, height, "yuv420p"
        out.codec_context.time_base, out.codec_context.gop_size = _MS, KEYFRAMES
        sound = container.streams.audio[0] if container.streams.audio else None
        copied = output.add_stream_from_template(sound) if sound is not None else None
        for packet in container.demux([one for one in (video, sound) if one is not None]):
            if packet.stream is sound and copied is not None:
                if packet.dts is not None:
                    packet.stream = copied
                    output.mux(packet)
                continue
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame)
                output.mux(out.encode(_small(frame, width, height)))
        output.mux(out.encode(None))


def small_size(width: int, height: int, most_lines: int) -> tuple[int, int]:
    """Return the size with a shorter side of at most `most_lines`, both even."""
    scale = min(1.0, most_lines / max(1, min(width, height)))
    return max(2, round(width * scale) & ~1), max(2, round(height * scale) & ~1)


def _small(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    small = frame.reformat(width, height, "yuv420p")
    small.pts, small.time_base = round((frame.time or 0.0) * 1000), _MS
    small.pict_type = 0
    return small
