"""A recording's folder while it is recorded: lock, journal and parts, written by one thread.

What a crash may take is what was not written yet; what a power cut may take is what was not synced yet: `sync` is
called every second. A full disk stops nothing for good: a part or journal that cannot be written is cut back to its
last whole write and waits; frames that come meanwhile are given up and the hole is noted, journal lines are kept.
"""

from __future__ import annotations

import fcntl
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from recorder.ebml import BlockWriter, opus_head, part_header
from recorder.journal import Chain, JournalRead, read_journal
from recorder.ops import Note, Op, OpenPart, WriteFrame

JOURNAL, LOCK, STEPS, FAILED = ("journal.jsonl", "lock", "steps", "failed.json")
RETRY_MS = 1_000.0  # how long a failed file rests before it is tried again
MAX_KEPT_LINES = 20_000  # about an hour of a busy lesson: 3 MB


class FolderBusy(Exception):
    """Another process records into the folder."""


class Moment(NamedTuple):
    """One instant on both clocks, and which start of the machine the monotonic one belongs to."""

    mono_ns: int
    wall_ms: int  # UTC epoch
    boot: str


class _AppendFile:
    """A file that holds whole writes only: a write that fails half-way is cut off again."""

    def __init__(self, path: Path, good_bytes: int | None = None) -> None:
        """Open `path` for appending, cut to `good_bytes` when given."""
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if good_bytes is not None:
            os.ftruncate(self._fd, good_bytes)
        self._good = os.fstat(self._fd).st_size
        self._dirty = False

    def append(self, data: bytes) -> None:
        """Append all of `data` or, raising OSError, nothing."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            os.ftruncate(self._fd, self._good)
            raise
        self._good += len(data)
        self._dirty = True

    def sync(self) -> None:
        if self._dirty:
            self._dirty = False
            os.fdatasync(self._fd)

    def close(self) -> None:
        try:
            self.sync()
        finally:
            os.close(self._fd)


class _Part:
    """A growing part."""

    def __init__(self, path: Path, op: OpenPart) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.is_audio = op.codec == "opus"
        self.pending = bytearray()
        self.gap_from_ms: float | None = None  # since when writing fails; None: all is well
        self.retry_t_ms = 0.0
        self.is_trying = False
        config = opus_head() if self.is_audio else op.config
        self._header = part_header(op.codec, width=op.width, height=op.height, config=config)
        self._blocks = BlockWriter(is_audio=self.is_audio)
        self._path = path
        self._file: _AppendFile | None = None

    def add(self, frame: WriteFrame) -> None:
        self.pending += self._blocks.block(frame.ms, frame.data, keyframe=frame.keyframe)

    def flush(self) -> None:
        """Write what is pending; on OSError it is given up and the next frame begins a cluster."""
        if not self.pending:
            return
        data = bytes(self.pending)
        self.pending.clear()
        try:
            if self._file is None:
                self._file = _AppendFile(self._path, 0)
            if self._header:
                data = self._header + data
            self._file.append(data)
            self._header = b""
        except OSError:
            self._blocks.interrupt()
            raise

    def sync(self) -> None:
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class Folder:
    """The folder of a live recording. Not thread-safe: one thread at a time."""

    def __init__(self, path: Path, moment: Moment, start: dict[str, str]) -> None:
        """Lock the folder, salvage its journal and begin (or go on with) a session.

        `start` holds what the first line says of the recording.

        Raises:
            FolderBusy: another process holds the lock.
            OSError: the folder cannot be written.
        """
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock_fd = lock_folder(path)
        journal = read_journal(path / JOURNAL)
        self._chain = Chain(journal.last_seq, journal.last_hash)
        self._journal = _AppendFile(path / JOURNAL, journal.whole_bytes)
        self._kept: deque[bytes] = deque()
        self._retry_t_ms = 0.0
        self._parts: dict[int, _Part] = {}
        self.write_failures = 0
        self.origin_ns = _origin_ns(journal, moment)
        self.last_event_seq = max((int(line["event"]) for line in journal.lines if line["kind"] == "event"), default=0)
        self.next_part = 1 + max(
            (int(line["part"]) for line in journal.lines if line["kind"] == "part.open"), default=0
        )
        self.paused_ns = _paused_ns(journal, self.origin_ns)  # since when recording is paused; None: it is not
        self._begin(journal, moment, start)

    def _begin(self, journal: JournalRead, moment: Moment, start: dict[str, str]) -> None:
        t_ms = (moment.mono_ns - self.origin_ns) / 1e6
        clock = {"wall_ms": moment.wall_ms, "mono_ns": moment.mono_ns, "boot": moment.boot}
        if not journal.lines:
            self._note(Note(t_ms, "session.start", {**start, **clock}))
        else:
            torn = journal.total_bytes - journal.whole_bytes
            if torn or not journal.is_intact:
                self._note(Note(t_ms, "salvage", {"torn_bytes": torn, "broken_at": journal.broken_at}))
            self._note(Note(t_ms, "session.resume", clock))
        self._write_lines(t_ms)
        self._journal.sync()

    @property
    def is_stalled(self) -> bool:
        """Whether some part waits for the disk to take it again."""
        return any(part.gap_from_ms is not None for part in list(self._parts.values()))

    def apply(self, ops: Sequence[Op], t_ms: float) -> None:
        """Carry out `ops` and hand everything to the operating system. Never raises OSError."""
        for op in ops:
            if isinstance(op, WriteFrame):
                self._frame(op)
            elif isinstance(op, Note):
                self._note(op)
            elif isinstance(op, OpenPart):
                self._parts[op.part] = _Part(self.path / op.file, op)
            else:
                self._close_part(op.part, t_ms)
        for number, part in self._parts.items():
            self._flush(number, part, t_ms)
        self._write_lines(t_ms)

    def sync(self, t_ms: float) -> None:
        """Bring everything to the disk. Never raises OSError."""
        for number, part in self._parts.items():
            try:
                part.sync()
            except OSError as error:
                self._fail(number, part, t_ms, error)
        try:
            self._journal.sync()
        except OSError:
            self.write_failures += 1

    def close(self, t_ms: float) -> None:
        """Close parts and journal and release the lock."""
        for number in list(self._parts):
            self._close_part(number, t_ms)
        self._retry_t_ms = 0.0
        self._write_lines(t_ms)
        try:
            self._journal.close()
        except OSError:
            self.write_failures += 1
        os.close(self._lock_fd)

    def _frame(self, frame: WriteFrame) -> None:
        part = self._parts.get(frame.part)
        if part is None:
            return
        if part.gap_from_ms is not None and not part.is_trying:
            if not frame.keyframe or frame.t_ms < part.retry_t_ms:
                return
            part.is_trying = True
            part.retry_t_ms = frame.t_ms
        part.add(frame)

    def _flush(self, number: int, part: _Part, t_ms: float) -> None:
        try:
            part.flush()
        except OSError as error:
            self._fail(number, part, t_ms, error)
            return
        if part.is_trying and part.gap_from_ms is not None:
            gap = {"part": number, "from": round(part.gap_from_ms, 3), "to": round(part.retry_t_ms, 3), "why": "disk"}
            self._note(Note(t_ms, "gap", gap))
            part.gap_from_ms, part.is_trying = None, False

    def _fail(self, number: int, part: _Part, t_ms: float, error: OSError) -> None:
        self.write_failures += 1
        if part.gap_from_ms is None:
            self._note(Note(t_ms, "write.failed", {"part": number, "errno": error.errno or 0}))
            part.gap_from_ms = t_ms
        part.is_trying = False
        part.retry_t_ms = t_ms + RETRY_MS

    def _close_part(self, number: int, t_ms: float) -> None:
        part = self._parts.pop(number, None)
        if part is None:
            return
        self._flush(number, part, t_ms)
        try:
            part.close()
        except OSError as error:
            self._fail(number, part, t_ms, error)

    def _note(self, note: Note) -> None:
        if len(self._kept) < MAX_KEPT_LINES:
            self._kept.append(self._chain.line(note.t_ms, note.kind, note.fields))

    def _write_lines(self, t_ms: float) -> None:
        if not self._kept or t_ms < self._retry_t_ms:
            return
        try:
            self._journal.append(b"".join(self._kept))
        except OSError:
            self.write_failures += 1
            self._retry_t_ms = t_ms + RETRY_MS
            return
        self._kept.clear()


def _paused_ns(journal: JournalRead, origin_ns: int) -> int | None:
    last = next((line for line in reversed(journal.lines) if line["kind"] in ("pause", "resume")), None)
    return origin_ns + round(float(last["t"]) * 1e6) if last is not None and last["kind"] == "pause" else None


def lock_folder(path: Path) -> int:
    """Lock a recording's folder and return the descriptor that holds the lock; closing it releases.

    Raises:
        FolderBusy: another process holds it.
    """
    fd = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise FolderBusy(str(path)) from error
    return fd


def _origin_ns(journal: JournalRead, moment: Moment) -> int:
    """Return where t = 0 of the journal lies on this start's monotonic clock.

    Within one start of the machine the monotonic clock is exact; across starts only the wall clock spans the time.
    """
    clocks = [line for line in journal.lines if line["kind"] in ("session.start", "session.resume")]
    if not clocks:
        return moment.mono_ns
    for line in reversed(clocks):
        if line["boot"] == moment.boot:
            return int(line["mono_ns"]) - round(float(line["t"]) * 1e6)
    last = clocks[-1]
    passed_ms = max(0, moment.wall_ms - int(last["wall_ms"]))
    newest_t_ms = max(float(line["t"]) for line in journal.lines)
    return moment.mono_ns - round(max(float(last["t"]) + passed_ms, newest_t_ms) * 1e6)
