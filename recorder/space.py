"""How much is recorded when the disk runs full: a recording is refused at the start, never stopped on the way."""

from __future__ import annotations

import enum
import errno
from collections.abc import Sequence

from media.tap import TapTrack

GIB = 1 << 30
# A share of the disk, but on a large one no more than hours of lessons need (565 MB an hour of 720p, measured).
START_FLOOR_BYTES = GIB // 2
_HIGH, _LOW = (0.10, 5 * GIB), (0.05, 2 * GIB)
HYSTERESIS = 1.2  # more room than this times the bound before more is recorded again
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # what the system says when nothing more fits
LAYER_ORDER = ("q", "h", "f")  # rids from small to large, as the browsers of this project send them


class Tier(enum.Enum):
    """What is recorded."""

    ALL = "all"
    SMALL = "small"  # of each camera all layers but the largest
    SOUND = "sound"  # sound and screens only


def choose_tier(current: Tier, free_bytes: int, total_bytes: int) -> Tier:
    """Return what to record with `free_bytes` of `total_bytes` left."""
    small_below = min(_HIGH[0] * total_bytes, _HIGH[1])
    sound_below = min(_LOW[0] * total_bytes, _LOW[1])
    if free_bytes < sound_below or (current is Tier.SOUND and free_bytes < sound_below * HYSTERESIS):
        return Tier.SOUND
    if free_bytes < small_below or (current is not Tier.ALL and free_bytes < small_below * HYSTERESIS):
        return Tier.SMALL
    return Tier.ALL


def is_recorded(tier: Tier, track: TapTrack, camera_layers: Sequence[str]) -> bool:
    """Return whether `track` is recorded; `camera_layers` are the layers that its peer's camera sends now."""
    if track.source != "camera" or tier is Tier.ALL:
        return True
    if tier is Tier.SOUND:
        return False
    return len(camera_layers) < 2 or track.layer != max(camera_layers, key=layer_rank)


def layer_rank(layer: str) -> int:
    """Return where a layer stands among those of one camera; larger is better."""
    return LAYER_ORDER.index(layer) if layer in LAYER_ORDER else len(LAYER_ORDER)
