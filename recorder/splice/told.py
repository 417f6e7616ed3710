"""What of a finished recording browsers brought, as the recording tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from recorder.edit import Cut
from recorder.pauses import Span
from recorder.resource import Filled
from recorder.splice.gap_parts import FIRST_PART
from recorder.timeline import Placed

TOGETHER_MS = 2_000.0  # pieces that are closer are told as one
MOST_TOLD = 100  # of one rendition, sound and picture each: more says nothing


def filled(cut: Cut, rendition: str) -> Iterator[Filled]:
    """Yield what of a rendition browsers brought, on the files' clock."""
    heard = [(s.ms, s.ms + s.duration_ms) for s in cut.sounds if s.placed is not None and s.placed.part >= FIRST_PART]
    ends = [*(_at(after) for _, after in pairwise(cut.pictures)), cut.origin_ms + cut.duration_ms]
    seen = [
        (picture.t_ms, end)
        for picture, end in zip(cut.pictures, ends, strict=False)
        if isinstance(picture, Placed) and picture.part >= FIRST_PART
    ]
    for what, spans in (("sound", heard), ("picture", seen)):
        for since, until in _together(spans)[:MOST_TOLD]:
            yield Filled(rendition, what, round(since - cut.origin_ms), round(until - cut.origin_ms))


def _together(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for since, until in spans:
        if found and since - found[-1][1] <= TOGETHER_MS:
            found[-1] = (found[-1][0], until)
        else:
            found.append((since, until))
    return found


def _at(picture: Placed | float) -> float:
    return picture.t_ms if isinstance(picture, Placed) else picture
