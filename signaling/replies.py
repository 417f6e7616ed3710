"""What the server says, besides events. Part of the contract that `signaling.messages` is the door to."""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.board import BoardPart
from signaling.board_requests import InkRefused
from signaling.events import Event, Events
from signaling.ids import PeerId
from signaling.roles import Role
from signaling.state import CatchUpAct, LinkState, MediaPath, Rung, Slot, Snapshot, Source
from signaling.wall_control import WallTold


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """You are in. `resume` brings this seat back after a drop, for `resume_s` seconds."""

    you: PeerId
    role: Role
    capabilities: tuple[str, ...]
    resume: str
    resume_s: int
    snapshot: Snapshot


class Resumed(msgspec.Struct, frozen=True, tag_field="type", tag="resumed"):
    """Your seat was kept; the events after your `last_seq` follow as `Event`s. Media goes on by itself."""

    you: PeerId
    resume: str
    resume_s: int
    seq: int


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to `Ping`, with the same `n`."""

    n: int
    t_ms: int


class Ok(msgspec.Struct, frozen=True, tag_field="type", tag="ok"):
    """The request `id` was carried out."""

    id: int


class Error(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """The request `id` failed (0: no request). `fatal` errors are followed by a close."""

    id: int
    code: str
    detail: str
    fatal: bool = False


class PublishAnswer(msgspec.Struct, frozen=True, tag_field="type", tag="publish_answer"):
    """The answer to `Publish`."""

    id: int
    sdp: str


class SlotLine(msgspec.Struct, frozen=True):
    """Which slot a media description of the server's offer carries."""

    mid: str
    slot: Slot
    kind: Literal["audio", "video"]


class SubscribeOffer(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe_offer"):
    """The answer to `Subscribe`: answer it with `SubscribeAnswer`."""

    id: int
    sdp: str
    slots: tuple[SlotLine, ...]


class SlotFill(msgspec.Struct, frozen=True):
    """What a slot shows. `paused`: the picture stands still, because of the link or because nobody sends."""

    slot: Slot
    peer: PeerId | None = None
    source: Source | None = None
    height: int = 0
    paused: bool = False


class Slots(msgspec.Struct, frozen=True, tag_field="type", tag="slots"):
    """Notice: what your slots show now, all of them."""

    slots: tuple[SlotFill, ...]


class Link(msgspec.Struct, frozen=True):
    """How one participant's way to the server is."""

    peer: PeerId
    rung: Rung
    rtt_ms: int
    loss_pct: float
    down_bps: int
    audio_ok: bool  # the lead's voice arrives, or nobody speaks
    path: MediaPath | Literal["none"] = "unknown"  # as its page reports it; none: the media path is lost
    uplink_loss_pct: float = 0.0
    state: LinkState = "ok"  # suspect: nothing was heard from it for a moment; outage: long enough to be gone
    limited: bool = False  # held down by the school's data cap, not by the link
    bytes_down: int = 0  # sent to it in this lesson: media over all its connections, page pictures, replays


class Links(msgspec.Struct, frozen=True, tag_field="type", tag="links"):
    """Notice, at most every 2 s: how links are now, all of them to those who may see them, else one's own.

    The first on a socket is `whole`; the others tell what changed: they replace the links of the same peers.
    """

    links: tuple[Link, ...]
    whole: bool = True  # forget what was told before
    gone: tuple[PeerId, ...] = ()  # nothing is known of these any longer


class CatchUpTold(msgspec.Struct, frozen=True, tag_field="type", tag="catch_up_told"):
    """Notice: what the own classroom, or its local teacher, said by `CatchUp`."""

    act: CatchUpAct
    missed_s: int = 0


class MediaReset(msgspec.Struct, frozen=True, tag_field="type", tag="media_reset"):
    """Notice: the media path was lost on the server's side. Make both connections anew."""


class RestartIce(msgspec.Struct, frozen=True, tag_field="type", tag="restart_ice"):
    """Notice: the server has not heard this connection for a while; restart ICE on it."""

    connection: Literal["publish", "subscribe"]


class Encodings(msgspec.Struct, frozen=True, tag_field="type", tag="encodings"):
    """Notice: which layers of your source somebody takes now, poorest first. The others need not be encoded.

    Until it is told, all are taken; that holds again after a `MediaReset` and after a `Welcome`.
    """

    source: Source
    rids: tuple[str, ...]


class Bye(msgspec.Struct, frozen=True, tag_field="type", tag="bye"):
    """The server closes this socket. `code` as in docs/errors.md (replaced, lesson_ended, too_slow, shutdown)."""

    code: str
    detail: str


ServerMessage = (
    Welcome
    | Resumed
    | Pong
    | Ok
    | Error
    | Event
    | Events
    | PublishAnswer
    | SubscribeOffer
    | Slots
    | Links
    | CatchUpTold
    | WallTold
    | BoardPart
    | InkRefused
    | MediaReset
    | RestartIce
    | Encodings
    | Bye
)
