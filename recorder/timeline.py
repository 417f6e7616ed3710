"""Which frame of which part is shown and heard when: the edit list of a recording. Pure.

Frames are copied, never decoded, so a picture can change its part only at a keyframe. Of the layers of one camera the
best that flows is taken; a smaller one fills in where it does not. Between two frames the player keeps the last one.
Sound is laid out packet by packet without overlap; holes are filled with silence, because a player counts samples
and would pull everything after a hole forward.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from recorder.ebml import Block
from recorder.part_clock import PartClock
from recorder.space import layer_rank
from recorder.story import PartRecord

STILL_MS = 1_500.0  # a camera that sends nothing for so long has stopped, and a smaller layer may fill in
STEADY_MS = 2_000.0  # a better layer is taken when it flows at least so long from its keyframe
OPUS_SILENCE = b"\xf8\xff\xfe"  # 20 ms of CELT silence (RFC 6716 §2.1.9 sends such frames; as Janus and Galene fill)
SILENCE_MS = 20
LONG_SILENCE = b"\xfb\x06" + b"\xff\xfe" * 6  # six of them in one packet (RFC 6716 §3.2.5)
LONG_SILENCE_MS = 120
HOLE_MS = 60.0  # a sound later than this is late because something is missing, not because of jitter
OVERLAP_MS = 40.0  # a sound that would begin so much before the end of the last one is left out
CLOCK_DIGITS = 3  # µs, as the journal has them: what is finer is the noise of floating point


class Placed(NamedTuple):
    """A frame on the recording's time."""

    t_ms: float
    part: int
    block: Block


class Candidate(NamedTuple):
    """A part of a camera or screen with its frames, in order."""

    rank: tuple[int, int]  # larger is better
    frames: list[Placed]


def place_part(part: PartRecord, clock: PartClock, blocks: Iterable[Block]) -> Candidate:
    """Return a part's frames on the recording's time, which never goes back within a part.

    Frames of one instant get one time: else rounding errors of 10⁻¹² ms would decide which of two layers is first.
    """
    frames: list[Placed] = []
    last = float("-inf")
    for block in blocks:
        last = max(last, round(clock.place(block.ms), CLOCK_DIGITS))
        frames.append(Placed(last, part.part, block))
    return Candidate((part.height, layer_rank(part.layer)), frames)


class _Way:
    """A candidate while the cut walks along it."""

    def __init__(self, candidate: Candidate) -> None:
        self.rank = candidate.rank
        self.times = [frame.t_ms for frame in candidate.frames]
        self.flows_until = _flows_until(self.times)

    def next_after(self, t_ms: float) -> float:
        """Return when the next frame after `t_ms` is, or infinity."""
        index = bisect_right(self.times, t_ms)
        return self.times[index] if index < len(self.times) else float("inf")


def _flows_until(times: list[float]) -> list[float]:
    """Return for each frame until when frames follow without a pause."""
    until = list(times)
    for index in range(len(times) - 2, -1, -1):
        if times[index + 1] - times[index] <= STILL_MS:
            until[index] = until[index + 1]
    return until


def cut_video(candidates: Sequence[Candidate], start_ms: float, end_ms: float) -> Iterator[Placed]:
    """Yield the frames to show between `start_ms` and `end_ms`, in order of time, the first one a keyframe."""
    candidates = sorted(candidates, key=lambda candidate: candidate.rank, reverse=True)  # of two at once the better
    ways = [_Way(candidate) for candidate in candidates]
    merged = heapq.merge(*(_numbered(way, candidate) for way, candidate in enumerate(candidates)))
    current = -1
    shown_ms = start_ms
    for t_ms, number, index, frame in merged:
        if t_ms < start_ms:
            continue
        if t_ms >= end_ms:
            return
        if number != current:
            if not frame.block.keyframe or not _is_better(ways, current, number, index, t_ms, shown_ms):
                continue
            current = number
        shown_ms = t_ms
        yield frame


def _is_better(ways: Sequence[_Way], current: int, number: int, index: int, t_ms: float, shown_ms: float) -> bool:
    """Return whether to go over to the way `number` at its keyframe `index`."""
    if current < 0:
        return True
    way, now = ways[number], ways[current]
    if t_ms - shown_ms > STILL_MS or now.next_after(t_ms) == float("inf"):
        return True
    if now.next_after(t_ms) - t_ms > STILL_MS:
        return True
    return way.rank > now.rank and way.flows_until[index] - t_ms >= STEADY_MS


def _numbered(way: int, candidate: Candidate) -> Iterator[tuple[float, int, int, Placed]]:
    for index, frame in enumerate(candidate.frames):
        yield frame.t_ms, way, index, frame


class Sound(NamedTuple):
    """A packet of sound on the file's time: `placed` in a part, or `data` that was made anew; neither is silence."""

    ms: float
    duration_ms: float
    placed: Placed | None
    data: bytes = b""


def cut_audio(
    frames: Iterable[tuple[Placed, float]], start_ms: float, end_ms: float, cursor_ms: float
) -> Iterator[Sound]:
    """Yield the packets to hear from `cursor_ms` on without gap or overlap.

    Args:
        frames: packets and how long each sounds in ms, in order of time; only those from `start_ms` to before `end_ms`
            are taken.
        start_ms: when this stretch begins.
        end_ms: when it ends.
        cursor_ms: where the last packet ended.
    """
    before: tuple[Placed, float] | None = None
    for placed, duration_ms in frames:
        if placed.t_ms < start_ms or duration_ms <= 0:
            continue
        if placed.t_ms >= end_ms:
            return
        late_ms = placed.t_ms - cursor_ms
        if late_ms <= -OVERLAP_MS:
            continue
        is_missing = before is not None and _is_missing(*before, placed)
        before = placed, duration_ms
        if late_ms > HOLE_MS or (is_missing and late_ms > SILENCE_MS / 2):
            for _ in range(round(late_ms / SILENCE_MS)):
                yield Sound(cursor_ms, SILENCE_MS, None)
                cursor_ms += SILENCE_MS
        yield Sound(cursor_ms, duration_ms, placed)
        cursor_ms += duration_ms


def _is_missing(before: Placed, duration_ms: float, placed: Placed) -> bool:
    """Return whether stamps, which have no jitter, say that sound between two packets of a part is missing.

    Without this each lost packet let the voice run 20 ms ahead of the picture, until 60 ms had come together.
    """
    return before.part == placed.part and placed.block.ms - before.block.ms - duration_ms >= SILENCE_MS - 1


def merge_audio(candidates: Sequence[Candidate]) -> Iterator[Placed]:
    """Yield the packets of parts that follow each other; where two overlap, those of the later part."""
    starts = [candidate.frames[0].t_ms if candidate.frames else float("inf") for candidate in candidates]
    order = sorted(range(len(candidates)), key=lambda number: (starts[number], number))
    for place, number in enumerate(order):
        until = min((starts[later] for later in order[place + 1 :]), default=float("inf"))
        for frame in candidates[number].frames:
            if frame.t_ms < until:
                yield frame


def gather_silence(sounds: Iterable[Sound]) -> Iterator[Sound]:
    """Yield the sounds with silence in long packets: for what is silent most of the time."""
    run: list[Sound] = []
    for sound in sounds:
        if sound.placed is None and sound.duration_ms == SILENCE_MS:
            run.append(sound)
            if len(run) * SILENCE_MS == LONG_SILENCE_MS:
                yield Sound(run[0].ms, LONG_SILENCE_MS, None)
                run = []
            continue
        yield from run
        run = []
        yield sound
    yield from run
