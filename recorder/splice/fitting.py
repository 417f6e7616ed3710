"""Put what browsers sent on the recording's clock, by the voice that both have; what does not fit is left out.

A part with a voice is laid over what the network brought of it before and after its stretch. Pictures, and a voice in
the middle of a long outage, have nothing of the network beside them: they are moved as the nearest part of the same
browser is, whose clock they share. A part that could be compared and is not alike is never used.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from recorder.depacketise import opus_duration_ms
from recorder.ebml import PartReader
from recorder.loudness import Samples
from recorder.opus_packing import TimedPacket
from recorder.part_clock import PartClock, align_clocks
from recorder.pauses import Span
from recorder.sound import decode_voice
from recorder.splice.gap_parts import FIRST_PART, GapPart
from recorder.splice.likeness import BIN_MS, REACH_MS, Levels, can_tell, find_shift, levels
from recorder.story import PartRecord, Story
from recorder.timeline import HOLE_MS, Placed, place_part

NEAR_MS = 1_200_000.0  # 20 minutes of 50 ppm are 60 ms: beyond it a clock says nothing of another part
RUN_MS = 10_000.0  # sound is placed anew so often

_Timed = tuple[float, TimedPacket]  # when exactly, and the packet


class Fill(NamedTuple):
    """A part that fits: as the journal would know it, and the stretch that it is for (pauses counted)."""

    part: PartRecord
    span: Span


def fit_parts(folder: Path, story: Story, parts: Sequence[GapPart]) -> dict[str, float]:
    """Return by how many ms each part that fits must be moved, by its name.

    Args:
        folder: of the recording.
        story: as `read_story` returns it: with all pauses.
        parts: what browsers sent.

    Raises:
        OSError: a part cannot be read.
    """
    clocks = align_clocks(story.parts.values())
    voices: dict[str, list[_Timed]] = {}
    clear: dict[str, float] = {}
    unlike: set[str] = set()
    for part in (one for one in parts if one.source == "mic"):
        if part.peer not in voices:
            voices[part.peer] = _voice_of(folder, story, clocks, part.peer)
        ours, theirs = _levels(folder, part, voices[part.peer])
        shift = find_shift(ours, theirs)
        if shift is not None:
            clear[part.name] = shift.ms
        elif can_tell(ours, theirs):
            unlike.add(part.name)
    return clear | _by_neighbours(parts, clear, unlike)


def fills(parts: Sequence[GapPart], shifts: dict[str, float]) -> list[Fill]:
    """Return the parts that fit."""
    return [
        Fill(part.record(FIRST_PART + number, shifts[part.name]), part.span)
        for number, part in enumerate(parts)
        if part.name in shifts
    ]


def _by_neighbours(parts: Sequence[GapPart], clear: dict[str, float], unlike: set[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in parts:
        if part.name in clear or part.name in unlike:
            continue
        near = [one for one in parts if one.name in clear and (one.peer, one.browser) == (part.peer, part.browser)]
        best = min(near, key=lambda one: abs(one.from_ms - part.from_ms), default=None)
        if best is not None and abs(best.from_ms - part.from_ms) <= NEAR_MS:
            found[part.name] = clear[best.name]
    return found


def _levels(folder: Path, part: GapPart, network: Sequence[_Timed]) -> tuple[Levels, Levels]:
    """Return how loud the network's voice and the part's were, from the same moment on."""
    record = part.record(FIRST_PART)
    theirs = _packets(folder, record, PartClock(record))
    start_ms = theirs[0][0] - REACH_MS if theirs else part.from_ms
    end_ms = theirs[-1][0] + REACH_MS if theirs else part.from_ms
    count = int((end_ms - start_ms) // BIN_MS) + 1
    ours = [one for one in network if start_ms <= one[0] < end_ms]
    return levels(_sounds(ours), start_ms, count), levels(_sounds(theirs), start_ms, count)


def _voice_of(folder: Path, story: Story, clocks: dict[int, PartClock], peer: str) -> list[_Timed]:
    """Return what the network brought of a peer's voice."""
    records = [one for one in story.parts.values() if (one.peer, one.source) == (peer, "mic")]
    found = [_packets(folder, one, clocks[one.part]) for one in records if (folder / one.file).exists()]
    return sorted(itertools.chain.from_iterable(found), key=lambda one: one[0])


def _packets(folder: Path, record: PartRecord, clock: PartClock) -> list[_Timed]:
    with contextlib.closing(PartReader(folder / record.file)) as reader:
        frames = place_part(record, clock, reader.blocks()).frames
        return [_timed(frame, reader.payload(frame.block)) for frame in frames]


def _timed(frame: Placed, data: bytes) -> _Timed:
    return frame.t_ms, TimedPacket(round(frame.t_ms), round(opus_duration_ms(data)), data)


def _sounds(packets: Sequence[_Timed]) -> Iterator[tuple[float, Samples]]:
    """Yield the samples of packets with their times: those that follow each other as one run, without their jitter."""
    run: list[_Timed] = []
    for one in packets:
        if run and (one[0] - run[-1][0] - run[-1][1].duration_ms > HOLE_MS or one[0] - run[0][0] > RUN_MS):
            yield from _run(run)
            run = []
        run.append(one)
    if run:
        yield from _run(run)


def _run(run: Sequence[_Timed]) -> Iterator[tuple[float, Samples]]:
    lengths = itertools.accumulate((packet.duration_ms for _, packet in run), initial=0)
    start_ms = median(t_ms - before for (t_ms, _), before in zip(run, lengths, strict=False))
    samples = list(decode_voice(packet for _, packet in run))
    if samples:
        yield start_ms, np.concatenate(samples)
