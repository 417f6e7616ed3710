"""The edit of a recording: which frames of its parts become the lecturer's file, the screen's and the sound's."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from recorder.container import MediaPacket, VideoFormat, blank_picture, format_of, transcode
from recorder.depacketise import opus_duration_ms
from recorder.ebml import PartReader
from recorder.opus_packing import TimedPacket
from recorder.part_clock import PartClock, align_clocks
from recorder.pauses import cut_time, is_paused
from recorder.round_table import hear, is_meeting
from recorder.splice.filling import GAP_RANK, fill_sound, make_way, pictures_for, sound_for
from recorder.splice.fitting import Fill
from recorder.story import PartRecord, Story, called_spans, lead_spans
from recorder.timeline import (
    HOLE_MS,
    LONG_SILENCE,
    OPUS_SILENCE,
    SILENCE_MS,
    STILL_MS,
    Candidate,
    Placed,
    Sound,
    cut_audio,
    cut_video,
    gather_silence,
    merge_audio,
    place_part,
)

LAST_FRAME_MS = 40  # how long the last picture stands: one frame at 25 a second
PATIENT_MS = 3_000.0  # a new lead without picture for longer than this must not be seen as the old one
LOW_LINES = 360  # of the shorter side: what a weak link carries, and what the middle layer of a camera has
KEYFRAME_MS = 12_000.0  # recorder.session asks for one of a camera every 10 s
OUTAGE_MS = 20_000.0  # shorter ones nobody looks for
SCREEN_GONE_MS = 2_000.0  # a screen that is not shared again within this is taken away

Picture = Placed | float  # a frame, or from when on nothing is shown


class Cut(NamedTuple):
    """One file to be made, on its own time; 0 is `origin_ms` of the recording."""

    origin_ms: float
    duration_ms: int
    pictures: list[Picture]
    sounds: list[Sound]


class Editor:
    """Cut a recording's parts. Close it to let go of the part files.

    All its times are those without pauses; `story` is what `recorder.story.cut_story` returned.
    """

    def __init__(self, folder: Path, story: Story, fills: Sequence[Fill] = ()) -> None:
        """Take also `fills`, which browsers sent later, for where the network brought nothing."""
        self._folder = folder
        self._story = story
        self._fills = fills
        self.parts = story.parts | {fill.part.part: fill.part for fill in fills}
        self._clocks = align_clocks(story.parts.values())
        self._readers: dict[int, PartReader] = {}
        self._floor: list[tuple[float, str]] = []  # of a meeting: from when on who is seen

    def close(self) -> None:
        """Unmap the parts."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def lecturer(self) -> Cut | None:
        """Return the cut of whoever led: camera and voice; None when there is neither."""
        if is_meeting(self._story):
            return self._round_table()
        pictures = self._lead_pictures()
        voices = [(self._voice(peer), start, end) for start, end, peer in self._lead_spans()]
        heard = [frame.t_ms for frames, start, end in voices for frame in frames if start <= frame.t_ms < end]
        if not pictures and not heard:
            return None
        origin = min([*(_time(picture) for picture in pictures[:1]), *heard[:1]])
        sounds: list[Sound] = []
        for frames, start, end in voices:
            sounds += cut_audio(self._lengths(frames), start, end, _end(sounds, origin))
        seen_until = _time(pictures[-1]) + LAST_FRAME_MS if pictures else origin
        if sounds and seen_until - _end(sounds, origin) > HOLE_MS:
            sounds += _silence(_end(sounds, origin), seen_until)
        return Cut(origin, round(max(seen_until, _end(sounds, origin)) - origin), pictures, sounds)

    def _round_table(self) -> Cut | None:
        """Return the cut of a meeting: everybody is heard, and seen is who has the floor."""
        peers = dict.fromkeys(part.peer for part in self.parts.values())
        voices = {peer: frames for peer in peers if (frames := self._voice(peer))}
        cameras = [one.frames for peer in peers for one in self._camera(peer) if one.frames]
        begins = [frames[0].t_ms for frames in (*voices.values(), *cameras)]
        if not begins:
            return None
        origin = min(begins)
        heard = {
            peer: self._payloads(cut_audio(self._lengths(frames), origin, float("inf"), origin), origin)
            for peer, frames in voices.items()
        }
        table = hear(heard, origin)
        self._floor = table.floor or [(origin, peer) for peer in list(peers)[:1]]
        pictures = self._lead_pictures()
        seen_until = _time(pictures[-1]) + LAST_FRAME_MS if pictures else origin
        return Cut(origin, round(max(seen_until, _end(table.sounds, origin)) - origin), pictures, table.sounds)

    def low(self, lecturer: Cut) -> Cut:
        """Return the lecturer's cut with the best pictures of at most `LOW_LINES`, where there are any."""
        return lecturer._replace(pictures=self._lead_pictures(LOW_LINES))

    def guest(self, lecturer: Cut) -> Cut | None:
        """Return the cut of whoever was called on, on the lecturer's time: nothing is seen and heard between.

        None when nothing of them was recorded.
        """
        origin, end = lecturer.origin_ms, lecturer.origin_ms + lecturer.duration_ms
        cameras: dict[str, list[Candidate]] = {}
        voices: dict[str, list[Placed]] = {}
        pictures: list[Picture] = []
        sounds: list[Sound] = []
        for since, until, peer in called_spans(self._story):
            start, stop = max(since, origin), min(until, end)
            if start >= stop:
                continue
            if peer not in cameras:
                cameras[peer] = self._camera(peer)
                voices[peer] = self._voice(peer)
            shown = list(cut_video(cameras[peer], start, stop))
            pictures += [*shown, stop] if shown else []
            sounds += cut_audio(self._lengths(voices[peer]), start, stop, _end(sounds, origin))
        if not pictures and not any(sound.placed for sound in sounds):
            return None
        return Cut(origin, lecturer.duration_ms, pictures, list(gather_silence(sounds)))

    def _lead_spans(self) -> Iterator[tuple[float, float, str]]:
        spans = self._floor or lead_spans(self._story)
        bounds = [*(start for start, _ in spans[1:]), *([float("inf")] if spans else [])]
        for (start, peer), end in zip(spans, bounds, strict=True):
            yield start, end, peer

    def _lead_pictures(self, most_lines: int | None = None) -> list[Picture]:
        pictures: list[Picture] = []
        for start, end, peer in self._lead_spans():
            shown = list(cut_video(self._camera(peer, most_lines), start, end))
            late_ms = shown[0].t_ms - start if shown else float("inf")
            # Who has the floor changes often, and a keyframe is up to 10 s away: who spoke before is seen meanwhile.
            if pictures and late_ms > (KEYFRAME_MS if self._floor else PATIENT_MS):
                pictures.append(start)
            pictures += shown
        return pictures

    def screen(self, origin_ms: float) -> Cut | None:
        """Return the cut of the shared screens on the lecturer's time; None when none was shared."""
        candidates = self._candidates("screen", None)
        pictures: list[Picture] = []
        ends = sorted((c.frames[-1].t_ms for c in candidates if c.frames), reverse=True)
        for frame in cut_video(candidates, origin_ms, float("inf")):
            while ends and frame.t_ms > ends[-1]:
                gone = ends.pop() + LAST_FRAME_MS
                if frame.t_ms - gone > SCREEN_GONE_MS:
                    pictures.append(gone)
            pictures.append(frame)
        if not pictures:
            return None
        pictures.append(_time(pictures[-1]) + LAST_FRAME_MS)
        return Cut(origin_ms, round(_time(pictures[-1]) + LAST_FRAME_MS - origin_ms), pictures, [])

    def packets(self, cut: Cut) -> tuple[VideoFormat | None, bytes, int, Iterator[MediaPacket]]:
        """Return the format of the pictures, the first one, how many keyframes, and all packets in order of time."""
        audio = self._sound_packets(cut)
        if not cut.pictures:
            return None, b"", 0, audio
        shown = [picture for picture in cut.pictures if isinstance(picture, Placed)]
        codec = self._main_codec(cut)
        parts = [self.parts[number] for number in dict.fromkeys(frame.part for frame in shown)]
        largest = max(parts, key=lambda part: part.width * part.height)
        video = VideoFormat(codec, largest.width, largest.height)
        pictures = self._picture_packets(cut, video)
        first = next(pictures)
        keyframes = len(cut.pictures) - len(shown) + sum(frame.block.keyframe for frame in shown)
        merged = heapq.merge(_chain(first, pictures), audio, key=lambda packet: packet.ms)
        return format_of(codec, first.data, video.width, video.height), first.data, keyframes, merged

    def _voice(self, peer: str) -> list[Placed]:
        network = list(merge_audio(self._candidates("mic", peer)))
        brought = [frame for fill in self._fills_of("mic", peer) for frame in self._fill(fill).frames]
        return fill_sound(list(self._lengths(network)), self._lengths(brought)) if brought else network

    def _camera(self, peer: str, most_lines: int | None = None) -> list[Candidate]:
        network = self._candidates("camera", peer, most_lines)
        brought = [self._fill(fill) for fill in self._fills_of("camera", peer) if _is_small(fill.part, most_lines)]
        return [*make_way(network, brought), *brought] if brought else network

    def _fills_of(self, source: str, peer: str) -> list[Fill]:
        return [fill for fill in self._fills if (fill.part.source, fill.part.peer) == (source, peer)]

    def _fill(self, fill: Fill) -> Candidate:
        whole = place_part(fill.part, PartClock(fill.part), self._reader(fill.part).blocks())
        choose = sound_for if fill.part.source == "mic" else pictures_for
        return self._cut_out(fill.part, Candidate(GAP_RANK, choose(whole.frames, fill.span)))

    def _candidates(self, source: str, peer: str | None, most_lines: int | None = None) -> list[Candidate]:
        return [
            self._cut_out(part, place_part(part, self._clocks[part.part], self._reader(part).blocks()))
            for part in self._story.parts.values()
            if part.source == source and peer in (None, part.peer) and (self._folder / part.file).exists()
            and _is_small(part, most_lines)
        ]  # fmt: skip

    def _cut_out(self, part: PartRecord, candidate: Candidate) -> Candidate:
        """Return the frames on the time without pauses, and none of a pause.

        A part that began after a pause was received after it, wherever its clock places its first frames.
        """
        pauses = self._story.pauses
        if not pauses:
            return candidate
        begin = max((until for _, until in pauses if until <= part.opened_ms), default=float("-inf"))
        times = (max(frame.t_ms, begin) for frame in candidate.frames)
        kept = [
            frame._replace(t_ms=cut_time(pauses, t_ms))
            for frame, t_ms in zip(candidate.frames, times, strict=True)
            if not is_paused(pauses, t_ms)
        ]
        return candidate._replace(frames=kept)

    def _reader(self, part: PartRecord) -> PartReader:
        reader = self._readers.get(part.part)
        if reader is None:
            reader = self._readers[part.part] = PartReader(self._folder / part.file)
        return reader

    def _lengths(self, frames: Iterable[Placed]) -> Iterator[tuple[Placed, float]]:
        for frame in frames:
            yield frame, opus_duration_ms(self._readers[frame.part].payload(frame.block))

    def _sound_packets(self, cut: Cut) -> Iterator[MediaPacket]:
        for sound in cut.sounds:
            ms, duration_ms = round(sound.ms - cut.origin_ms), round(sound.duration_ms)
            yield MediaPacket(ms, duration_ms, self._payload(sound), True, False)

    def _payload(self, sound: Sound) -> bytes:
        if sound.placed is not None:
            return self._readers[sound.placed.part].payload(sound.placed.block)
        return sound.data or (OPUS_SILENCE if sound.duration_ms <= SILENCE_MS else LONG_SILENCE)

    def _payloads(self, sounds: Iterable[Sound], origin_ms: float) -> Iterator[TimedPacket]:
        for sound in sounds:
            yield TimedPacket(round(sound.ms - origin_ms), round(sound.duration_ms), self._payload(sound))

    def _main_codec(self, cut: Cut) -> str:
        """Return the codec that most of the time is in: it is copied, the rest is encoded anew."""
        lengths: dict[str, float] = {}
        for picture, following in zip(cut.pictures, cut.pictures[1:] or cut.pictures, strict=False):
            if isinstance(picture, Placed):
                codec = self.parts[picture.part].codec
                lengths[codec] = lengths.get(codec, 0.0) + max(1.0, _time(following) - picture.t_ms)
        return max(lengths, key=lambda codec: lengths[codec])

    def _picture_packets(self, cut: Cut, video: VideoFormat) -> Iterator[MediaPacket]:
        timed = _timed(cut)
        if timed[0][0] > LAST_FRAME_MS:
            yield blank_picture(video, 0)._replace(duration_ms=timed[0][0])
        for codec, run in groupby(timed, key=lambda item: self._codec(item[2])):
            if not codec:
                for ms, duration_ms, _ in run:
                    yield blank_picture(video, ms)._replace(duration_ms=duration_ms)
            elif codec == video.codec:
                yield from self._copies(run)
            else:
                yield from transcode(self._copies(run), codec, video.codec)

    def _codec(self, picture: Picture) -> str:
        return self.parts[picture.part].codec if isinstance(picture, Placed) else ""

    def _copies(self, run: Iterable[tuple[int, int, Picture]]) -> Iterator[MediaPacket]:
        for ms, duration_ms, frame in run:
            if isinstance(frame, Placed):
                data = self._readers[frame.part].payload(frame.block)
                yield MediaPacket(ms, duration_ms, data, frame.block.keyframe, True)


def outages(cut: Cut) -> list[float]:
    """Return when something came again after neither picture nor sound had come for `OUTAGE_MS`."""
    seen = [picture.t_ms for picture in cut.pictures if isinstance(picture, Placed)]
    heard = [
        sound.ms if sound.placed is None else sound.placed.t_ms for sound in cut.sounds if sound[2:] != (None, b"")
    ]
    times = list(heapq.merge(seen, heard))
    return [after for before, after in pairwise(times) if after - before >= OUTAGE_MS]


def shown_ms(cut: Cut) -> float:
    """Return for how long the pictures of a cut move: one that stands longer than a pause counts no longer."""
    times = [_time(picture) for picture in cut.pictures]
    ends = [*times[1:], times[-1] + LAST_FRAME_MS] if times else []
    moving = zip(cut.pictures, times, ends, strict=True)
    return sum(min(end - start, STILL_MS) for picture, start, end in moving if isinstance(picture, Placed))


def _is_small(part: PartRecord, most_lines: int | None) -> bool:
    return most_lines is None or min(part.width, part.height) <= most_lines


def _time(picture: Picture) -> float:
    return picture.t_ms if isinstance(picture, Placed) else picture


def _end(sounds: Sequence[Sound], origin_ms: float) -> float:
    return sounds[-1].ms + sounds[-1].duration_ms if sounds else origin_ms


def _silence(start_ms: float, end_ms: float) -> list[Sound]:
    count = int((end_ms - start_ms) // SILENCE_MS)
    return [Sound(start_ms + number * SILENCE_MS, SILENCE_MS, None) for number in range(count)]


def _timed(cut: Cut) -> list[tuple[int, int, Picture]]:
    """Return the pictures with strictly growing times of whole ms and how long each stands."""
    times: list[int] = []
    for picture in cut.pictures:
        ms = max(0, round(_time(picture) - cut.origin_ms))
        times.append(max(ms, times[-1] + 1) if times else ms)
    ends = [*times[1:], max(times[-1] + LAST_FRAME_MS, cut.duration_ms if not cut.sounds else 0)]
    return [(ms, end - ms, picture) for ms, end, picture in zip(times, ends, cut.pictures, strict=True)]


def _chain(first: MediaPacket, rest: Iterator[MediaPacket]) -> Iterator[MediaPacket]:
    yield first
    yield from rest
