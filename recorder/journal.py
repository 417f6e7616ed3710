"""The journal of a recording: one JSON object a line, each carrying the hash of the line before.

The journal is the only truth about time: parts hold media, the journal says when it was. It is appended while the
lesson goes on, so its last line may be torn after a crash; everything before it stands. `prev` is the start of the
SHA-256 of the previous line's bytes without its newline, "0" in the first line: a line that was changed, taken out
or put in afterwards breaks the chain at the next line. docs/recording.md lists the kinds of lines.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

HASH_CHARS = 32  # 128 bits: nobody finds a second line for it
FIRST_PREV = "0"
MAX_LINE_BYTES = 1 << 20  # an event with a whole deck is about 20 kB

Fields = dict[str, Any]  # values of JSON

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def line_hash(line: bytes) -> str:
    """Return what the next line's `prev` must be. `line` is without its newline."""
    return hashlib.sha256(line).hexdigest()[:HASH_CHARS]


class Chain:
    """Make the lines of a journal."""

    def __init__(self, seq: int = 0, prev: str = FIRST_PREV) -> None:
        self._seq = seq
        self._prev = prev

    def line(self, t_ms: float, kind: str, fields: Fields) -> bytes:
        """Return the next line with its newline. `fields` must not hold seq, t, kind or prev."""
        self._seq += 1
        body = _encode({"seq": self._seq, "t": round(t_ms, 3), "kind": kind, **fields, "prev": self._prev})
        self._prev = line_hash(body)
        return body + b"\n"


class JournalRead(NamedTuple):
    """What a journal holds."""

    lines: tuple[Fields, ...]
    whole_bytes: int  # up to the end of the last whole line; what follows is torn
    total_bytes: int
    broken_at: int | None  # the seq of the first line whose `prev` or `seq` does not fit; None: the chain is intact
    last_hash: str
    last_seq: int

    @property
    def is_intact(self) -> bool:
        """Whether every line is as it was written. A torn last line does not count: it was never finished."""
        return self.broken_at is None


def read_journal(path: Path) -> JournalRead:
    """Read the journal at `path`; a missing one is empty.

    Lines after a broken link are kept: they are evidence too, and finalising needs them.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    return parse_journal(data)


def parse_journal(data: bytes) -> JournalRead:
    """Read a journal's bytes."""
    lines: list[Fields] = []
    start, prev, seq = 0, FIRST_PREV, 0
    broken_at: int | None = None
    while (end := data.find(b"\n", start)) >= 0:
        raw = data[start:end]
        fields = _parse_line(raw)
        if fields is None:
            if not any(data[end + 1 :].strip(b"\0\n")):
                break  # a tail that a power cut left as zeros or rubbish: torn, not changed
            broken_at = broken_at or seq + 1
        else:
            if fields.get("prev") != prev or fields.get("seq") != seq + 1:
                broken_at = broken_at or seq + 1
            lines.append(fields)
            seq = int(fields["seq"])
        prev = line_hash(raw)
        start = end + 1
    return JournalRead(tuple(lines), start, len(data), broken_at, prev, seq)


def read_lines(data: bytes) -> tuple[list[Fields], int]:
    """Return the whole lines in `data` and how many bytes they are, of a journal that is being written.

    The chain is not checked: who writes it is this machine's own recorder.
    """
    end = data.rfind(b"\n") + 1
    lines = [fields for raw in data[:end].splitlines() if (fields := _parse_line(raw)) is not None]
    return lines, end


def _parse_line(raw: bytes) -> Fields | None:
    if len(raw) > MAX_LINE_BYTES:
        return None
    try:
        fields = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    seq, t, kind = fields.get("seq"), fields.get("t"), fields.get("kind")
    if not isinstance(seq, int) or not isinstance(t, int | float) or not isinstance(kind, str):
        return None
    return fields
