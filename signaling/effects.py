"""What the room wants done outside of it, as data. The shell carries effects out in order.

They speak of the lesson only; `server/lessons/live_room.py` turns them into commands of the media worker and
the recorder.
"""

from __future__ import annotations

import msgspec

from signaling import messages as m
from signaling.playback import Playback


class FeedSlot(msgspec.Struct, frozen=True):
    """Feed `slot` of `peer` from a source of another peer, or from nothing."""

    peer: m.PeerId
    slot: m.Slot
    from_peer: m.PeerId | None
    source: m.Source | None


class LimitHeight(msgspec.Struct, frozen=True):
    """Send no more lines than this in `slot` of `peer`; 0 sends nothing."""

    peer: m.PeerId
    slot: m.Slot
    max_height: int


class LimitLink(msgspec.Struct, frozen=True):
    """Never send `peer` more than this; 0: no ceiling."""

    peer: m.PeerId
    ceiling_bps: int
    video_allowed: bool


class MuteSource(msgspec.Struct, frozen=True):
    """Drop what `peer` sends as `source`, or let it pass."""

    peer: m.PeerId
    source: m.Source
    muted: bool


class SwitchSource(msgspec.Struct, frozen=True):
    """`peer` says that `source` of its connection is in use or not."""

    peer: m.PeerId
    source: m.Source
    active: bool


class ForgetMedia(msgspec.Struct, frozen=True):
    """Close both connections of `peer`."""

    peer: m.PeerId


class StartRecording(msgspec.Struct, frozen=True):
    """Class has begun."""


class StopRecording(msgspec.Struct, frozen=True):
    """Class is over: finalise, and let everyone go after a moment."""


class KeepPlayback(msgspec.Struct, frozen=True):
    """Store these figures; they replace the older ones of the same peers."""

    rows: tuple[Playback, ...]


class Tell(msgspec.Struct, frozen=True):
    """Send a notice to `peer`, if its socket is open."""

    peer: m.PeerId
    message: (
        m.Slots
        | m.Links
        | m.CatchUpTold
        | m.WallTold
        | m.BoardPart
        | m.InkRefused
        | m.MediaReset
        | m.RestartIce
        | m.Encodings
    )


class Relay(msgspec.Struct, frozen=True):
    """Send ink in flight to everyone but its writer."""

    frame: bytes
    writer: m.PeerId


class Dismiss(msgspec.Struct, frozen=True):
    """Send `Bye` to the socket `socket` of `peer` and close it."""

    peer: m.PeerId
    socket: int
    code: str
    detail: str


Effect = (
    FeedSlot
    | LimitHeight
    | LimitLink
    | MuteSource
    | SwitchSource
    | ForgetMedia
    | StartRecording
    | StopRecording
    | KeepPlayback
    | Tell
    | Relay
    | Dismiss
)


class Outcome(msgspec.Struct, frozen=True):
    """What one input made of the room: numbered events for everyone, then effects."""

    events: tuple[m.Event, ...] = ()
    effects: tuple[Effect, ...] = ()


def both(first: Outcome, then: Outcome) -> Outcome:
    """Return both, one after the other."""
    return Outcome((*first.events, *then.events), (*first.effects, *then.effects))
