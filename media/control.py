"""What the web process and a media worker say to each other: commands down, replies and reports up.

Carried as length-prefixed msgpack over one local stream socket (`media/transport/worker.py`; the other end is
`server/processes/media.py`). A command with a `request` is answered by exactly one `Done`, `Sdp` or `Failed` with the
same number; one without is never answered and is a no-op when its room or peer is gone. The worker keeps no truth
of its own: after a crash the web process repeats its commands to the next worker.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Literal

import msgspec

Kind = Literal["audio", "video"]
Source = Literal["camera", "mic", "screen", "line"]  # line: a private voice, never recorded
AUDIO_SOURCES: frozenset[Source] = frozenset({"mic", "line"})
Side = Literal["publish", "subscribe"]
MAX_FRAME_BYTES = 1 << 20
_LENGTH = struct.Struct("!I")

# --- commands ------------------------------------------------------------------------------------------------------


class OpenRoom(msgspec.Struct, frozen=True, tag=True):
    """Make a room; opening an open room is a no-op."""

    room: str


class CloseRoom(msgspec.Struct, frozen=True, tag=True):
    """Forget a room, its peers and its tap."""

    room: str


class SetTap(msgspec.Struct, frozen=True, tag=True):
    """Send a copy of everything that is published in `room` to the recorder's socket; empty path: stop."""

    room: str
    socket_path: str


class SourceLine(msgspec.Struct, frozen=True):
    """Which source the media description `mid` of an offer carries."""

    mid: str
    source: Source


class Publish(msgspec.Struct, frozen=True, tag=True):
    """Answer a sending client's offer (`Sdp`).

    On a peer that has a publish transport: the same DTLS fingerprint with other ICE credentials is an ICE restart
    (RFC 8445 §9) that keeps DTLS, SRTP and tracks; another fingerprint replaces the transport. `sources` empty: first
    audio is the mic, first video the camera, a second video the screen (WHIP).
    """

    request: int
    room: str
    peer: str
    offer: str
    sources: tuple[SourceLine, ...] = ()


class SlotSpec(msgspec.Struct, frozen=True):
    """A slot of a receiving transport, in m-line order."""

    slot: str
    kind: Kind


class Subscribe(msgspec.Struct, frozen=True, tag=True):
    """Make a receiving transport and return the server's offer (`Sdp`, with `mids`), replacing an older one.

    `known_bps` is what an earlier transport of the peer was last thought to carry; 0: nothing is known.
    """

    request: int
    room: str
    peer: str
    slots: tuple[SlotSpec, ...]
    known_bps: int = 0


class RestartSubscribe(msgspec.Struct, frozen=True, tag=True):
    """Renew the ICE credentials of the receiving transport: the same offer again with new ones (`Sdp`)."""

    request: int
    room: str
    peer: str


class AcceptSubscribe(msgspec.Struct, frozen=True, tag=True):
    """Give the client's answer to the offer of `Subscribe` or `RestartSubscribe` (`Done`)."""

    request: int
    room: str
    peer: str
    answer: str


class SubscribeWithOffer(msgspec.Struct, frozen=True, tag=True):
    """Answer a receiving client's own offer (`Sdp`): WHEP.

    The first audio line is `audio0`, the first video line `lecturer`.
    """

    request: int
    room: str
    peer: str
    offer: str


class ClosePeer(msgspec.Struct, frozen=True, tag=True):
    """Forget a peer, or one side of it."""

    room: str
    peer: str
    side: Side | None = None


class SetSource(msgspec.Struct, frozen=True, tag=True):
    """A source of a publisher is in use or not; an unused one is shown as ended and its layers are forgotten."""

    room: str
    peer: str
    source: Source
    active: bool


class SetMute(msgspec.Struct, frozen=True, tag=True):
    """Drop what arrives of this source, whatever the client sends."""

    room: str
    peer: str
    source: Source
    muted: bool


class FillSlot(msgspec.Struct, frozen=True, tag=True):
    """Feed `slot` of a receiver from a source of another peer, or from nothing."""

    room: str
    peer: str
    slot: str
    from_peer: str | None
    source: Source | None


class LimitSlot(msgspec.Struct, frozen=True, tag=True):
    """Show no more lines than this in the slot; 0 sends nothing."""

    room: str
    peer: str
    slot: str
    max_height: int


class LimitPeer(msgspec.Struct, frozen=True, tag=True):
    """Never send `peer` more than this, whatever its link allows: its school's data cap.

    The ceiling holds for everything together (audio, video, repair, probing padding), on average over a second. It is
    told again after each `Subscribe` of the peer, before its slots are filled, and at any time to change it.
    """

    room: str
    peer: str
    ceiling_bps: int  # 0: no ceiling
    video_allowed: bool  # False: every video slot stays paused


class WantBesides(msgspec.Struct, frozen=True, tag=True):
    """`peer` could use so much more than its slots (a replay that comes over HTTP): probe for it; 0: no longer.

    Nothing is sent for it but padding, and nothing is kept from its slots.
    """

    room: str
    peer: str
    bps: int


Command = (
    OpenRoom
    | CloseRoom
    | SetTap
    | Publish
    | Subscribe
    | RestartSubscribe
    | AcceptSubscribe
    | SubscribeWithOffer
    | ClosePeer
    | SetSource
    | SetMute
    | FillSlot
    | LimitSlot
    | LimitPeer
    | WantBesides
)

# --- replies and reports -------------------------------------------------------------------------------------------


class SlotMid(msgspec.Struct, frozen=True):
    """The mid that a slot got in an offer."""

    mid: str
    slot: str
    kind: Kind


class Sdp(msgspec.Struct, frozen=True, tag=True):
    """The session description that a request asked for."""

    request: int
    sdp: str
    mids: tuple[SlotMid, ...] = ()


class Done(msgspec.Struct, frozen=True, tag=True):
    """The request was carried out."""

    request: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The request was refused: `code` as in docs/errors.md (sdp_malformed, codec_unsupported, peer_unknown, …)."""

    request: int
    code: str
    detail: str


class WorkerReady(msgspec.Struct, frozen=True, tag=True):
    """The worker listens. Sent once, first."""

    pid: int
    port: int


class TransportChanged(msgspec.Struct, frozen=True, tag=True):
    """A peer's transport changed its state.

    `suspect`: nothing was heard for 400 ms while we sent; `lost`: for 5 s (the client should restart ICE); `closed`:
    given up after 180 s. `connected` again when it is heard again.
    """

    room: str
    peer: str
    side: Side
    state: Literal["connected", "suspect", "lost", "closed"]
    path: str = ""  # "ip:port" of the client


class TrackChanged(msgspec.Struct, frozen=True, tag=True):
    """Media of a source began to arrive (`active`) or was silent for 3 s, ended, or was taken away."""

    room: str
    peer: str
    source: Source
    active: bool
    codec: str = ""  # "vp8", "h264", "opus"


class SlotReport(msgspec.Struct, frozen=True):
    """What a receiver gets in a slot."""

    slot: str
    height: int  # lines of the layer that flows; 0 for audio or when nothing flows
    bps: int
    paused: bool


class PeerReport(msgspec.Struct, frozen=True, tag=True):
    """Sent every 2 s for each connected peer."""

    room: str
    peer: str
    rtt_ms: int
    loss_pct: float  # of what we sent to it, from its transport-wide feedback
    estimate_bps: int
    sent_bps: int
    uplink_loss_pct: float
    uplink_bps: int
    slots: tuple[SlotReport, ...]
    sent_bytes: int = 0  # UDP payload of all that was sent to it by its present receiving transport, grows from 0
    state: Literal["normal", "suspect", "outage", "recover"] = "normal"  # the link controller's (media/bwe)


class EncodingsWanted(msgspec.Struct, frozen=True, tag=True):
    """The layers of a source that the publisher should make from now on; the others are taken by nobody.

    Told when it changes, and never before a layer was left without a taker for 10 s: at first everything is wanted.
    """

    room: str
    peer: str
    source: Source
    rids: tuple[str, ...]


class VoiceHeard(msgspec.Struct, frozen=True, tag=True):
    """Somebody speaks; told when they begin and every 2 s while they go on. Not of senders that write no levels."""

    room: str
    peer: str


class WorkerReport(msgspec.Struct, frozen=True, tag=True):
    """Sent every 2 s: how the worker is."""

    peers: int
    packets_in: int
    packets_out: int
    dropped: int
    loop_lag_ms: float
    cpu_s: float
    rss_bytes: int


Message = (
    Sdp
    | Done
    | Failed
    | WorkerReady
    | TransportChanged
    | TrackChanged
    | PeerReport
    | EncodingsWanted
    | VoiceHeard
    | WorkerReport
)

_encode = msgspec.msgpack.Encoder().encode
_decode_command: Callable[[bytes], Command] = msgspec.msgpack.Decoder(Command).decode
_decode_message: Callable[[bytes], Message] = msgspec.msgpack.Decoder(Message).decode


def frame(item: Command | Message) -> bytes:
    """Return `item` as one length-prefixed frame."""
    body = _encode(item)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cut a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the bodies that `data` completes.

        Raises:
            ValueError: a frame is longer than `MAX_FRAME_BYTES`; the stream is beyond use.
        """
        self._buffer += data
        bodies: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if length > MAX_FRAME_BYTES:
                raise ValueError(f"a frame of {length} bytes")
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]
        return bodies


def decode_command(body: bytes) -> Command:
    """Return the command in `body`; msgspec.DecodeError on a mistake of our own."""
    return _decode_command(body)


def decode_message(body: bytes) -> Message:
    """Return the reply or report in `body`; msgspec.DecodeError on a mistake of our own."""
    return _decode_message(body)
