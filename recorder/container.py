"""All that the recorder asks of FFmpeg: resources with an index, transcoding, pictures, probing. Only here is PyAV.

Stream parameters come without an encoder: the head of a part and one frame of it, opened in memory, are a template
that carries everything a muxer wants (PyAV's `add_mux_stream` would leave OpusHead and avcC out, and Firefox refuses
such files). Each packet gets its own time base: a stream's changes when the header is written.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from recorder.control import Chapter
from recorder.ebml import BlockWriter, avc_config, opus_head, part_header
from recorder.h264_frames import nal_units, parameter_sets, to_annex_b
from recorder.timeline import OPUS_SILENCE

MS = Fraction(1, 1000)
CUE_BYTES = 40  # a cue point of Matroska is at most so long; the index is reserved at the head of the file
POSTER_WIDTH = 640
TRANSCODE_KEYFRAMES = 100  # frames: 4 s at 25 a second
FLAT_CONTRAST = (
    6.0  # standard deviation of luma: noise in the dark is below 3, a page that is 0.1 % ink is 8 (255·√0.001)
)
_POSTER_AT = (0.12, 0.3, 0.5, 0.7, 0.9)


class MediaPacket(NamedTuple):
    """A packet on the file's time."""

    ms: int
    duration_ms: int
    data: bytes
    keyframe: bool
    is_video: bool


class VideoFormat(NamedTuple):
    """What a picture stream is."""

    codec: str  # "vp8", "h264"
    width: int
    height: int
    config: bytes = b""


def _template(codec: str, sample: bytes, width: int = 0, height: int = 0, config: bytes = b"") -> InputContainer:
    head = part_header(codec, width=width, height=height, config=config)
    block = BlockWriter(is_audio=codec == "opus").block(0, sample, keyframe=True)
    return av.open(io.BytesIO(head + block), "r", format="matroska")


def write_file(
    path: Path,
    packets: Iterable[MediaPacket],
    *,
    video: VideoFormat | None,
    audio: bool,
    sample: bytes = b"",
    title: str = "",
    chapters: Sequence[Chapter] = (),
    keyframes: int = 0,
    duration_ms: int = 0,
) -> None:
    """Mux `packets`, in order of time, into a file that can be searched: WebM, or MP4 for H.264.

    Args:
        path: the file to write; its name does not matter.
        packets: pictures and sound, merged.
        video: the picture stream, None for sound alone.
        audio: whether there is an Opus stream.
        sample: the first picture.
        title: what players show.
        chapters: the chapters.
        keyframes: how many there will be, for the size of the index.
        duration_ms: the end of the last chapter.

    Raises:
        OSError: it cannot be written.
    """
    is_mp4 = video is not None and video.codec == "h264"
    options = {"fflags": "+bitexact"}
    if is_mp4:
        options["movflags"] = "+faststart"
    else:
        options["reserve_index_space"] = str(4096 + CUE_BYTES * max(keyframes, duration_ms // 1000))
    templates: list[InputContainer] = []
    with av.open(str(path), "w", format="mp4" if is_mp4 else "webm", container_options=options) as output:
        streams = _add_streams(output, templates, video, audio, sample)
        if title:
            output.metadata["title"] = title
        if chapters:
            output.set_chapters(_chapters(chapters, duration_ms))
        for item in packets:
            packet: av.Packet[Any] = av.Packet(item.data)
            packet.stream = streams[item.is_video]
            packet.time_base = MS
            packet.pts = packet.dts = item.ms
            packet.duration = item.duration_ms
            packet.is_keyframe = item.keyframe
            output.mux_one(packet)
    for template in templates:  # they must outlive the output's streams
        template.close()


def _add_streams(
    output: OutputContainer, templates: list[InputContainer], video: VideoFormat | None, audio: bool, sample: bytes
) -> dict[bool, Any]:
    streams: dict[bool, Any] = {}
    if video is not None:
        templates.append(_template(video.codec, sample, video.width, video.height, video.config))
        streams[True] = output.add_stream_from_template(templates[-1].streams.video[0])
        if video.codec == "h264":
            streams[True].time_base = Fraction(1, 90_000)
    if audio:
        templates.append(_template("opus", OPUS_SILENCE, config=opus_head()))
        streams[False] = output.add_stream_from_template(templates[-1].streams.audio[0])
    return streams


def _chapters(chapters: Sequence[Chapter], duration_ms: int) -> list[Any]:
    ends = [*(chapter.start_ms for chapter in chapters[1:]), duration_ms]
    return [
        {"id": number, "start": chapter.start_ms, "end": max(end, chapter.start_ms + 1), "time_base": MS,
         "metadata": {"title": chapter.title}}
        for number, (chapter, end) in enumerate(zip(chapters, ends, strict=True), 1)
    ]  # fmt: skip


class Encoder:
    """Encode pictures of one size for a resource that is otherwise copied."""

    def __init__(self, codec: str, width: int, height: int) -> None:
        self.codec = codec
        context = av.CodecContext.create("libvpx" if codec == "vp8" else "libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = width & ~1, height & ~1
        context.pix_fmt = "yuv420p"
        context.time_base = MS
        context.framerate = Fraction(25)
        context.gop_size = TRANSCODE_KEYFRAMES
        if codec == "vp8":
            context.bit_rate = max(200_000, width * height * 5 // 4)  # 1.2 Mbit/s at 720p
            context.options = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0", "lag-in-frames": "0"}
        else:
            context.options = {"preset": "veryfast", "crf": "26", "tune": "zerolatency", "bf": "0"}
        self._context = context
        self.width, self.height = context.width, context.height

    def encode(self, frame: VideoFrame | None, duration_ms: int = 40) -> Iterator[MediaPacket]:
        """Yield the packets of a picture (None: the last ones), with the time that it was given."""
        if frame is not None and (frame.width, frame.height, frame.format.name) != (self.width, self.height, "yuv420p"):
            frame = _keep_time(frame, frame.reformat(self.width, self.height, "yuv420p"))
        for packet in self._context.encode(frame):
            data = bytes(packet)
            if self.codec == "h264":
                data = b"".join(len(nal).to_bytes(4, "big") + nal for nal in nal_units(data))
            yield MediaPacket(int(packet.pts or 0), duration_ms, data, packet.is_keyframe, True)


def _keep_time(source: VideoFrame, target: VideoFrame) -> VideoFrame:
    target.pts, target.time_base = source.pts, source.time_base
    return target


def transcode(packets: Iterable[MediaPacket], source: str, target: str) -> Iterator[MediaPacket]:
    """Yield `packets`, which begin with a keyframe, in another codec; damaged pictures are left out."""
    decoder = av.CodecContext.create("vp8" if source == "vp8" else "h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    encoder: Encoder | None = None
    for item in packets:
        packet: av.Packet[Any] = av.Packet(item.data if source == "vp8" else to_annex_b(item.data))
        packet.pts = packet.dts = item.ms
        packet.time_base = MS
        for frame in _decode(decoder, packet):
            if encoder is None or (encoder.width, encoder.height) != (frame.width & ~1, frame.height & ~1):
                if encoder is not None:
                    yield from encoder.encode(None)
                encoder = Encoder(target, frame.width, frame.height)
            yield from encoder.encode(frame, item.duration_ms)
    if encoder is not None:
        for frame in _decode(decoder, None):
            yield from encoder.encode(frame)
        yield from encoder.encode(None)


def _decode(decoder: VideoCodecContext, packet: av.Packet[Any] | None) -> list[VideoFrame]:
    try:
        return decoder.decode(packet)
    except av.error.FFmpegError:
        return []


def blank_picture(video: VideoFormat, ms: int) -> MediaPacket:
    """Return a black keyframe of the codec and size of `video`."""
    encoder = Encoder(video.codec, video.width, video.height)
    frame = VideoFrame(encoder.width, encoder.height, "yuv420p")
    for plane, value in zip(frame.planes, (16, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts, frame.time_base = ms, MS
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return packets[0]


def format_of(codec: str, sample: bytes, width: int, height: int) -> VideoFormat:
    """Return the format of a stream that begins with the keyframe `sample`."""
    if codec != "h264":
        return VideoFormat(codec, width, height)
    sps, pps = parameter_sets(sample)
    return VideoFormat(codec, width, height, avc_config(sps, pps))


class Probe(NamedTuple):
    """What a file is."""

    duration_ms: int
    width: int
    height: int
    has_video: bool
    has_audio: bool


def probe(path: Path) -> Probe:
    """Return what `path` holds.

    Raises:
        OSError: it cannot be read, or is no media.
    """
    try:
        with av.open(str(path), "r") as container:
            video = container.streams.video[0] if container.streams.video else None
            return Probe(
                (container.duration or 0) // 1000,
                video.codec_context.width if video else 0,
                video.codec_context.height if video else 0,
                video is not None,
                bool(container.streams.audio),
            )
    except av.error.FFmpegError as error:
        raise OSError(f"{path.name}: {error}") from error


def write_poster(sources: Iterable[Path], target: Path) -> bool:
    """Write a telling picture as JPEG; return False when there is none.

    It is the richest in contrast of a few of the first source. Where they are black or flat (a camera that came late, a
    covered lens), the first keyframe that is not, or else a picture of the next source.
    """
    best: VideoFrame | None = None
    best_contrast = -1.0
    for source in sources:
        for frames in (_samples(source), _rich_keyframe(source)):
            for frame in frames:
                contrast = _contrast(frame)
                if contrast > best_contrast:
                    best, best_contrast = frame, contrast
            if best is not None and best_contrast >= FLAT_CONTRAST:
                target.write_bytes(_jpeg(best))
                return True
    if best is None:
        return False
    target.write_bytes(_jpeg(best))
    return True


def _samples(source: Path) -> Iterator[VideoFrame]:
    with av.open(str(source), "r") as container:
        for stream in container.streams.video[:1]:
            for share in _POSTER_AT:
                container.seek(int((container.duration or 0) * share), backward=True)
                yield from itertools.islice(container.decode(stream), 1)


def _rich_keyframe(source: Path) -> Iterator[VideoFrame]:
    with av.open(str(source), "r") as container:
        for stream in container.streams.video[:1]:
            stream.codec_context.skip_frame = "NONKEY"
            rich = (frame for frame in container.decode(stream) if _contrast(frame) >= FLAT_CONTRAST)
            yield from itertools.islice(rich, 1)


def _contrast(frame: VideoFrame) -> float:
    return float(np.std(frame.to_ndarray(format="gray")[::4, ::4]))


def _jpeg(frame: VideoFrame) -> bytes:
    scale = min(1.0, POSTER_WIDTH / frame.width)
    width, height = round(frame.width * scale) & ~1, round(frame.height * scale) & ~1
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = width, height
    context.pix_fmt = "yuvj420p"
    context.time_base = MS
    context.options = {"qmin": "4", "qmax": "4", "flags": "+bitexact"}
    picture = frame.reformat(width, height, "yuvj420p")
    picture.pts = 0
    return b"".join(bytes(packet) for packet in (*context.encode(picture), *context.encode(None)))
