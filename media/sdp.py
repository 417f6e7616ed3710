"""Session descriptions (RFC 8866, JSEP RFC 9429): what clients send us, and what we write.

Parsing is done by `media/sdp_parse.py`; this module holds negotiation: the answer to a sending client, the offer to a
receiving one, the answer to a receiving one that offers (WHEP). Everything that comes from outside leads to `SdpError`
or to a description, to nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from media.rtp import ExtensionIds

Kind = Literal["audio", "video"]
CodecName = Literal["opus", "vp8", "h264"]


class SdpError(Exception):
    """A description that we refuse: `code` is `sdp_malformed` or `codec_unsupported`, `detail` is Chinese."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class LocalTransport(msgspec.Struct, frozen=True):
    """Our side of a transport, as it is written into a description."""

    ufrag: str
    pwd: str
    fingerprint: str  # SHA-256 of our certificate, "AB:CD:…"
    addresses: tuple[str, ...]  # IPv4 or IPv6 host candidates, best first
    port: int


class RemoteTransport(msgspec.Struct, frozen=True):
    """The client's side of a transport (it is one bundle)."""

    ufrag: str
    pwd: str
    fingerprints: tuple[tuple[str, str], ...]  # (hash name in lower case, "AB:CD:…" in upper case)
    dtls_role: Literal["client", "server"]  # OUR role: "client" only when the other side insists on being passive


class NegotiatedCodec(msgspec.Struct, frozen=True):
    """One codec that may arrive or be sent, with its payload types on this m-line."""

    name: CodecName
    payload_type: int
    rtx_payload_type: int  # 0: no RTX
    clock_rate: int
    nack: bool
    pli: bool
    transport_cc: bool


class NegotiatedMedia(msgspec.Struct, frozen=True):
    """One usable m-line."""

    mid: str
    kind: Kind
    codecs: tuple[NegotiatedCodec, ...]  # best first; exactly one when we receive
    extensions: ExtensionIds
    red_payload_type: int = 0
    rids: tuple[str, ...] = ()  # simulcast, in the order of the offer
    ssrcs: tuple[int, ...] = ()  # primary SSRCs that the sender announced
    rtx_ssrcs: dict[int, int] = {}  # primary -> RTX (ssrc-group FID)
    active: bool = True  # False: rejected or inactive; index and mid stay


class Negotiated(msgspec.Struct, frozen=True):
    """What was agreed. `sdp` is the text to give to the client (empty for an accepted answer)."""

    sdp: str
    media: tuple[NegotiatedMedia, ...]  # in order of m-lines, also the rejected ones
    remote: RemoteTransport | None  # None in an offer of ours


class OfferSlot(msgspec.Struct, frozen=True):
    """One m-line of an offer of ours."""

    slot: str  # also its msid
    kind: Kind
    ssrc: int
    rtx_ssrc: int = 0  # video only: an audio FID group makes Chromium refuse the offer


def answer_publish(offer: str, local: LocalTransport, *, session_id: int, version: int = 1) -> Negotiated:
    """Answer a sending client: we receive what it can send.

    Raises:
        SdpError: `sdp_malformed`, or `codec_unsupported` when no m-line can be used.
    """
    raise NotImplementedError


def offer_subscribe(
    slots: Sequence[OfferSlot], local: LocalTransport, *, session_id: int, version: int = 1, cname: str = "tongtang"
) -> Negotiated:
    """Offer one sendonly m-line per slot; mids are "0", "1", … in order. Deterministic: a restart changes only ICE."""
    raise NotImplementedError


def accept_answer(offered: Negotiated, answer: str) -> Negotiated:
    """Read the client's answer to `offered`: what of it may be sent, with the client's transport.

    Raises:
        SdpError: `sdp_malformed` (also: other m-lines than offered), `codec_unsupported`.
    """
    raise NotImplementedError


def answer_subscribe(
    offer: str,
    local: LocalTransport,
    slots: Sequence[OfferSlot],
    *,
    session_id: int,
    version: int = 1,
    cname: str = "tongtang",
) -> Negotiated:
    """Answer a receiving client's offer (WHEP): the n-th audio or video m-line gets the n-th slot of that kind.

    Further m-lines are rejected.

    Raises:
        SdpError: `sdp_malformed` or `codec_unsupported`.
    """
    raise NotImplementedError


def read_remote(offer: str) -> RemoteTransport:
    """Return the client's transport of an offer, to tell an ICE restart from a new transport by its fingerprints.

    Raises:
        SdpError: `sdp_malformed`.
    """
    raise NotImplementedError
