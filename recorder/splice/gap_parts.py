"""Parts that browsers recorded themselves and sent after class: `gaps/<name>.webm` with `gaps/<name>.json` beside it.

The server writes both (server/library/gaps), the description last: a part without one is not there yet. A part is made
anew from what was sent (`recorder.splice.rewrite`), so it is as well formed as those of the recorder, and holds one
track. Its times are an estimate of the browser's, which `recorder.splice.fitting` corrects before anything is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from recorder.pauses import Span
from recorder.story import Epoch, PartRecord

GAPS = "gaps"  # folder
FIRST_PART = 1 << 30  # numbers of these parts: beyond all that a journal counts to
CLOCK_RATE = 1_000  # their stamps are the milliseconds of their file

GapSource = Literal["mic", "camera"]


class GapPart(msgspec.Struct, frozen=True):
    """What is known of a part. Times without another word are ms on the recording's clock, pauses counted."""

    name: str
    peer: str
    source: GapSource
    codec: str
    width: int
    height: int
    minors: bool  # it shows pupils, or they are heard
    browser: str  # parts of one have the same clock
    from_ms: float  # the stretch that it is for; what lies beside it only helps to place it
    to_ms: float
    maps: tuple[tuple[int, float], ...]  # (ms of the file, when that was, at the latest)
    duration_ms: int

    @property
    def file(self) -> str:
        """Its path in the recording's folder."""
        return f"{GAPS}/{self.name}.webm"

    @property
    def about(self) -> str:
        """The path of its description in the recording's folder."""
        return f"{GAPS}/{self.name}.json"

    @property
    def span(self) -> Span:
        """The stretch that it is for."""
        return self.from_ms, self.to_ms

    def record(self, number: int, shift_ms: float = 0.0) -> PartRecord:
        """Return it as the journal would know it, later by `shift_ms`."""
        maps = [(ms, at + shift_ms) for ms, at in self.maps]
        opened_ms = min(at - ms for ms, at in maps)
        return PartRecord(
            number, self.file, self.peer, self.source, self.codec, "", self.width, self.height, CLOCK_RATE, opened_ms,
            [Epoch(0, 0, maps)],
        )  # fmt: skip


def read_gap_parts(folder: Path) -> list[GapPart]:
    """Return what browsers sent of the recording in `folder`, in order of name; what is damaged is not there."""
    found: list[GapPart] = []
    for path in sorted((folder / GAPS).glob("*.json")):
        try:
            part = msgspec.json.decode(path.read_bytes(), type=GapPart)
        except (OSError, msgspec.DecodeError):
            continue
        if part.name == path.stem and part.maps and (folder / part.file).exists():
            found.append(part)
    return found
