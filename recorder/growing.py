"""A recording while it grows, as those see it who catch up on what they missed.

Read from the folder alone, by another process than the one that writes it. Times are those of the recording's journal.
What may be seen of a stretch is what everybody in the lesson saw and heard live: camera and voice of whoever led, the
shared screen, the voice of the classroom that was called on while it was, and the pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from recorder.folder import JOURNAL
from recorder.journal import Fields, read_lines
from recorder.part_clock import PartClock, align_clocks
from recorder.part_index import Cluster, PartIndex
from recorder.pauses import Span, without
from recorder.story import PartRecord, Story, lead_spans, page_turns, tell_on

JOURNAL_READ_BYTES = 4 << 20  # at a time; an hour of a busy lesson is 3 MB
STEP_MS = 100.0  # a part's clock that moves by less is the same clock: a jump that nobody hears
KEYFRAMES_MS = 20_000.0  # a camera gives a keyframe every 10 s when it can; one that does not is left out
ENOUGH = 0.8  # of the stretch that the fullest layer covers: then the smaller one is enough

TrackRole = Literal["voice", "guest", "camera", "screen"]


class Missed(NamedTuple):
    """A track's clusters in a stretch, on one clock: recording time = the part's time + `shift_ms`."""

    role: TrackRole
    peer: str
    part: int
    codec: str
    width: int
    height: int
    header_bytes: int
    shift_ms: float
    clusters: tuple[Cluster, ...]


class Turn(NamedTuple):
    """A page that was shown from `t_ms` on."""

    t_ms: float
    page: int


class GrowingRecording:
    """One recording that grows. Reads files: for a thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._story = Story()
        self._read_bytes = 0
        self._clock_line: Fields | None = None
        self._indices: dict[int, PartIndex] = {}
        self.begins_ms: float | None = None  # when the first part began; None: nothing is there yet

    def refresh(self) -> None:
        """Take in what was journalled since the last time.

        Raises:
            OSError: the journal cannot be read.
        """
        try:
            fd = os.open(self._folder / JOURNAL, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            if os.fstat(fd).st_size < self._read_bytes:
                raise OSError("the journal has shrunk")
            while data := os.pread(fd, JOURNAL_READ_BYTES, self._read_bytes):
                lines, whole_bytes = read_lines(data)
                if not whole_bytes:
                    break
                self._read_bytes += whole_bytes
                self._take(lines)
        finally:
            os.close(fd)

    def _take(self, lines: list[Fields]) -> None:
        tell_on(self._story, lines)
        for line in lines:
            if line["kind"] in ("session.start", "session.resume"):
                self._clock_line = line
        if self.begins_ms is None and self._story.parts:
            self.begins_ms = min(part.opened_ms for part in self._story.parts.values())

    def t_ms(self, mono_ns: int) -> float | None:
        """Return the recording's time at `mono_ns` of this machine's monotonic clock; None before its first line."""
        line = self._clock_line
        return None if line is None else float(line["t"]) + (mono_ns - int(line["mono_ns"])) / 1e6

    def missed(self, from_ms: float, to_ms: float) -> list[Missed]:
        """Return what whole clusters there are of a stretch, voices first. Pictures begin at a keyframe before it.

        Raises:
            OSError: a part cannot be read.
        """
        found: list[Missed] = []
        for role, part, clock, spans in self._seen(from_ms, to_ms):
            found += self._cut(role, part, clock, [(max(a, from_ms), min(b, to_ms)) for a, b in spans])
        return _smallest_pictures(found)

    def turns(self, from_ms: float, to_ms: float) -> list[Turn]:
        """Return the page at `from_ms`, when there is one, and the turns up to `to_ms`."""
        turns = [Turn(t_ms, page) for t_ms, page, _ in page_turns(self._story)]
        before = [turn for turn in turns if turn.t_ms <= from_ms]
        return before[-1:] + [turn for turn in turns if from_ms < turn.t_ms < to_ms]

    def read(self, part: int, start: int, end: int) -> bytes | None:
        """Return a part's head (from 0) or whole clusters that may be seen; None: they may not, or are not.

        Raises:
            OSError: the part cannot be read.
        """
        record, index = self._story.parts.get(part), self._indices.get(part)
        if record is None or index is None or not 0 <= start < end:
            return None
        if start == 0 and end == index.header_bytes:
            return index.read(0, end) or None
        first = index.cluster_at(start)
        if first is None:
            return None
        wanted: list[Cluster] = []
        for cluster in index.clusters[first:]:
            wanted.append(cluster)
            if cluster.end >= end:
                break
        if wanted[-1].end != end or not self._may_see(record, wanted):
            return None
        return index.read(start, end) or None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _may_see(self, record: PartRecord, clusters: list[Cluster]) -> bool:
        """Return whether all of `clusters` were seen or heard live; of a camera also what its next keyframe needs."""
        for _, _, clock, spans in self._seen(float("-inf"), float("inf"), record):
            lead_ms = KEYFRAMES_MS if record.source == "camera" else 0.0
            if all(
                any(clock.place(one.end_ms) > a - lead_ms and clock.place(one.ms) < b for a, b in spans)
                for one in clusters
            ):
                return True
        return False

    def _seen(
        self, from_ms: float, to_ms: float, only: PartRecord | None = None
    ) -> Iterator[tuple[TrackRole, PartRecord, PartClock, list[Span]]]:
        """Yield the parts (or only one) that everybody saw or heard between the two times, with when."""
        led, called = _spans(lead_spans(self._story)), _called_spans(self._story)
        ways: tuple[tuple[TrackRole, str, dict[str, list[Span]] | None], ...] = (
            ("voice", "mic", led),
            ("guest", "mic", called),
            ("screen", "screen", None),
            ("camera", "camera", led),
        )
        clocks: dict[int, PartClock] = {}
        for role, source, by_peer in ways:
            for part in self._story.parts.values():
                if part.source != source or part.opened_ms >= to_ms or (only is not None and part is not only):
                    continue
                spans = [(float("-inf"), float("inf"))] if by_peer is None else by_peer.get(part.peer, [])
                spans = without([(a, b) for a, b in spans if a < to_ms and b > from_ms], self._story.pauses)
                if not spans:
                    continue
                if part.part not in clocks:
                    clocks |= align_clocks(one for one in self._story.parts.values() if one.peer == part.peer)
                yield role, part, clocks[part.part], spans

    def _cut(self, role: TrackRole, part: PartRecord, clock: PartClock, spans: list[Span]) -> Iterator[Missed]:
        index = self._indices.get(part.part)
        if index is None:
            index = self._indices[part.part] = PartIndex(self._folder / part.file)
        index.refresh(closed=part.closed)
        for from_ms, to_ms in spans:
            yield from self._runs(role, part, clock, index, from_ms, to_ms)

    @staticmethod
    def _runs(
        role: TrackRole, part: PartRecord, clock: PartClock, index: PartIndex, from_ms: float, to_ms: float
    ) -> Iterator[Missed]:
        """Yield the clusters between two times, in runs of one clock each."""
        numbers = [
            number
            for number, one in enumerate(index.clusters)
            if clock.place(one.end_ms) > from_ms and clock.place(one.ms) < to_ms
        ]
        if not numbers:
            return
        first = numbers[0]
        if part.codec != "opus":
            earliest = clock.place(index.clusters[first].ms) - KEYFRAMES_MS
            while first > 0 and not index.clusters[first].keyframe and clock.place(index.clusters[first].ms) > earliest:
                first -= 1
        run: list[Cluster] = []
        shift_ms = 0.0
        for one in index.clusters[first : numbers[-1] + 1]:
            now_ms = clock.place(one.ms) - one.ms
            if run and abs(now_ms - shift_ms) > STEP_MS:
                yield _missed(role, part, index, shift_ms, run)
                run = []
            if not run:
                shift_ms = now_ms
            run.append(one)
        yield _missed(role, part, index, shift_ms, run)


def _missed(role: TrackRole, part: PartRecord, index: PartIndex, shift_ms: float, run: list[Cluster]) -> Missed:
    return Missed(
        role, part.peer, part.part, part.codec, part.width, part.height, index.header_bytes, shift_ms, tuple(run)
    )


def _spans(starts: list[tuple[float, str]]) -> dict[str, list[Span]]:
    """Return when each peer had what it got at each start and lost at the next; "" had it: nobody."""
    found: dict[str, list[Span]] = {}
    ends = [*(start for start, _ in starts[1:]), float("inf")]
    for (start, peer), end in zip(starts, ends, strict=False):
        found.setdefault(peer, []).append((start, end))
    return found


def _called_spans(story: Story) -> dict[str, list[Span]]:
    starts = [(t_ms, str(body.get("peer") or "")) for t_ms, body in story.events if body.get("kind") == "called_on"]
    spans = _spans(starts)
    spans.pop("", None)
    return spans


def _smallest_pictures(found: list[Missed]) -> list[Missed]:
    """Return of each picture's layers the smallest that is about as full as the fullest."""
    kept = [one for one in found if one.role in ("voice", "guest")]
    for role in ("screen", "camera"):
        pictures = [one for one in found if one.role == role]
        for peer in dict.fromkeys(one.peer for one in pictures):
            by_height: dict[int, list[Missed]] = {}
            for one in pictures:
                if one.peer == peer:
                    by_height.setdefault(one.height, []).append(one)
            covered = {height: sum(_length(one) for one in runs) for height, runs in by_height.items()}
            enough = ENOUGH * max(covered.values())
            kept += by_height[min(height for height, ms in covered.items() if ms >= enough)]
    return kept


def _length(run: Missed) -> float:
    return sum(cluster.end_ms - cluster.ms for cluster in run.clusters)
