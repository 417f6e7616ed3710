"""The remote control of a classroom's wall: its local teacher's phone says how it should be, the wall says how it is.

Nothing of it is logged: it concerns one screen, which keeps it over a reload, and says it again to phones that come.
"""

from __future__ import annotations

from typing import Literal

import msgspec

WallLayout = Literal["auto", "page", "lecturer"]  # auto: the page large and faces beside it; page: it alone
MAX_VOLUME = 100


class ControlWall(msgspec.Struct, frozen=True, tag_field="type", tag="control_wall"):
    """From a phone: how the own classroom's wall should be. From the wall: how it is."""

    id: int
    layout: WallLayout = "auto"
    volume: int = MAX_VOLUME  # of the wall's own loudness, percent


class WallTold(msgspec.Struct, frozen=True, tag_field="type", tag="wall_told"):
    """Notice: what the other side said by `ControlWall`."""

    layout: WallLayout
    volume: int
