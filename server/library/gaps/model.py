"""What browsers are told of recording themselves, and of what is missing."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from recorder.splice.gap_parts import GapPart, GapSource
from recorder.splice.missing import Stretch
from recorder.splice.step import Missing

MOST_MB = 2_000  # of one lesson in a browser: four hours of the rates below are 2.6 GB, a lesson is 0.5 GB
MOST_HOURS = 4
VOICE_BPS, PICTURE_BPS = 64_000, 1_200_000  # better than what a weak link carries, and a fifth of a core to encode
VOICE_BESIDE_MS = 10_000  # is sent before and after a stretch: the words that both have, by which it is placed
PICTURE_BESIDE_MS = 4_000  # before it besides the way to a keyframe; after it until the network's next
SAME_MS = 500.0  # a stretch that is asked for again may have moved so far

Waits = Literal["wait", "open", "none"]  # it is not finished; tell what is there; nothing will be asked for


class Policy(msgspec.Struct, frozen=True):
    """Whether somebody's browser may record itself in a lesson."""

    allowed: bool
    asks: bool  # the person is asked before; a classroom's school has been
    days: int  # after which the browser deletes what nobody wanted
    most_mb: int = MOST_MB
    most_hours: int = MOST_HOURS
    voice_bps: int = VOICE_BPS
    picture_bps: int = PICTURE_BPS


class Consent(msgspec.Struct, frozen=True):
    """A school's word on its classrooms' screens recording themselves."""

    school_id: str
    allowed: bool
    by_id: str  # of the person who said so; what its screens send is sent on their behalf
    by_name: str
    changed_ms: int


class Wanted(msgspec.Struct, frozen=True):
    """A stretch that is missing, on the room's clock."""

    peer: str
    source: GapSource
    from_t_ms: float
    to_t_ms: float
    beside_ms: int


class Asked(msgspec.Struct, frozen=True):
    """What a browser is asked for."""

    state: Waits
    is_busy: bool = False  # the school is in a lesson now: send only when a person says so
    wanted: tuple[Wanted, ...] = ()
    pauses: tuple[tuple[float, float | None], ...] = ()  # on the room's clock: nothing of these may be sent
    peers: tuple[str, ...] = ()  # who the asker was in the lesson


class NewPiece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/gaps`. `maps`: (ms of the file, the room's clock then), in order."""

    upload: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    peer: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    source: GapSource
    browser: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,40}$")]
    from_t_ms: Annotated[float, msgspec.Meta(ge=-1e8, le=1e9)]
    to_t_ms: Annotated[float, msgspec.Meta(ge=-1e8, le=1e9)]
    maps: Annotated[
        tuple[
            tuple[Annotated[int, msgspec.Meta(ge=0, le=18_000_000)], Annotated[float, msgspec.Meta(ge=-1e8, le=1e9)]],
            ...,
        ],
        msgspec.Meta(min_length=1, max_length=600),
    ]


def wanted_of(missing: Missing, brought: list[GapPart], peers: frozenset[str]) -> tuple[Wanted, ...]:
    """Return what is still to be sent by these peers, on the room's clock: what was sent is not asked for again."""
    return tuple(
        Wanted(
            one.peer,
            one.source,
            one.from_ms - missing.room_ms,
            one.to_ms - missing.room_ms,
            VOICE_BESIDE_MS if one.source == "mic" else PICTURE_BESIDE_MS,
        )
        for one in missing.stretches
        if one.peer in peers and not any(_covers(part, one) for part in brought)
    )


def _covers(part: GapPart, stretch: Stretch) -> bool:
    return (
        (part.peer, part.source) == (stretch.peer, stretch.source)
        and part.from_ms - SAME_MS <= stretch.from_ms
        and stretch.to_ms <= part.to_ms + SAME_MS
    )
