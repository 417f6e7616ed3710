"""Negotiation (RFC 8829 and its parts): the answer to a sending client, the offer to a receiving one, WHEP's answer.

Reading is in `media/sdp_parse.py`, matching in `media/sdp_match.py`, text in `media/sdp_write.py`. Whatever comes from
outside leads to `SdpError` or to a result, to nothing else.

What we speak: one BUNDLE with rtcp-mux, Opus, VP8, H.264, each video with RTX. A receiver of several video codecs may
get any of them at any time (the payload type says which), so that slots switch between publishers without
renegotiation; from a sender we take exactly one codec a line, the first of its own order that we know.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from media import sdp_write
from media.rtp import ExtensionIds
from media.sdp_match import (
    FEEDBACK,
    Negotiated,
    NegotiatedCodec,
    NegotiatedMedia,
    RemoteTransport,
    answer_codec,
    bundled_sections,
    codec_name,
    extension_ids,
    is_usable,
    kind_of,
    known_codecs,
    negotiated_codec,
    red_of,
    rejected_line,
    remote_transport,
)
from media.sdp_parse import Codec, Description, SdpError, Section, malformed, parse_description
from media.sdp_write import CodecName, Kind, LineCodec, LocalTransport, MediaLine

__all__ = [
    "CodecName",
    "Kind",
    "LocalTransport",
    "Negotiated",
    "NegotiatedCodec",
    "NegotiatedMedia",
    "OfferSlot",
    "RemoteTransport",
    "SdpError",
    "accept_answer",
    "answer_publish",
    "answer_subscribe",
    "offer_subscribe",
    "read_remote",
]

# abs-send-time is left out: with transport-wide feedback nobody reads it, and it costs 4 bytes of every uplink packet
_PUBLISH_EXTENSIONS = ("mid", "rid", "repaired_rid", "twcc", "audio_level")
_SUBSCRIBE_EXTENSIONS = ("mid", "twcc", "playout_delay")
_MAX_LAYERS = 4
# One voice is clear at 20 kbit/s, and every receiver pays for each bit up to three times when its link loses packets: 4
# more would take the picture from a link of 64 kbit/s (tests/scenarios/twin). DTX stays off, for classrooms too: the
# pauses of one microphone are short in a lesson, look like loss to a receiver that has no sender report yet, and the
# copies that mend losses (media/audio_repair.py) reach back no more than 341 ms.
_OPUS_UP = "minptime=10;useinbandfec=1;maxaveragebitrate=20000"
# Slots that show one person have one stream: the browser then plays them in step. It also holds the voice back as long
# as the picture, which on a lossy link is what lets repair come in time: at 10 % loss and 100 ms, with pictures held
# back for 320 ms, voices were 213 ms behind instead of 86 and nothing of them was concealed; apart, lips are late.
_STREAMS = {"audio0": "lecturer", "audio1": "guest"}
_OPUS_DOWN = "minptime=10;useinbandfec=1"
_H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"


class OfferSlot(msgspec.Struct, frozen=True):
    """One m-line of an offer of ours."""

    slot: str
    kind: Kind
    ssrc: int
    rtx_ssrc: int = 0  # video only: an audio FID group makes Chromium refuse the offer


def read_remote(offer: str) -> RemoteTransport:
    """Return the client's transport of an offer, to tell an ICE restart from a new transport by its fingerprints.

    Raises:
        SdpError: `sdp_malformed`.
    """
    description = parse_description(offer)
    return remote_transport(bundled_sections(description), is_offer=True)


# --- publishing ---------------------------------------------------------------------------------------------------


def answer_publish(offer: str, local: LocalTransport, *, session_id: int, version: int = 1) -> Negotiated:
    """Answer a sending client: we receive what it can send.

    Raises:
        SdpError: `sdp_malformed`, or `codec_unsupported` when no m-line can be used.
    """
    description = parse_description(offer)
    bundled = bundled_sections(description)
    remote = remote_transport(bundled, is_offer=True)
    pairs = [_publish_line(section, section in bundled) for section in description.media]
    return _answer(description, pairs, local, remote, session_id, version)


def _answer(
    description: Description,
    pairs: Sequence[tuple[MediaLine, NegotiatedMedia]],
    local: LocalTransport,
    remote: RemoteTransport,
    session_id: int,
    version: int,
) -> Negotiated:
    media = tuple(pair[1] for pair in pairs)
    if not any(item.codecs for item in media):
        raise _no_codec(description)
    text = sdp_write.write(
        [pair[0] for pair in pairs],
        local,
        setup="active" if remote.dtls_role == "client" else "passive",
        session_id=session_id,
        version=version,
        extmap_allow_mixed=description.extmap_allow_mixed,
        bundle=bool(description.bundle),
    )
    return Negotiated(text, media, remote)


def _no_codec(description: Description) -> SdpError:
    names = sorted({c.name for s in description.media for c in s.codecs.values() if c.name.isascii() and c.name})
    offered = "、".join(names[:8]) or "无"
    return SdpError("codec_unsupported", f"没有双方都支持的编码(对方:{offered};本系统:Opus、VP8、H.264),无法收发媒体。")


def _publish_line(section: Section, is_bundled: bool) -> tuple[MediaLine, NegotiatedMedia]:
    codecs = known_codecs(section) if is_bundled and is_usable(section) else []
    if not codecs:
        return rejected_line(section)
    name, codec = codecs[0]
    extensions, directions = extension_ids(section, _PUBLISH_EXTENSIONS)
    sends = section.direction in ("sendrecv", "sendonly")
    # layers are told apart by RID only, so without that extension (and MID) we take a single encoding
    rids = tuple(section.simulcast[:_MAX_LAYERS]) if extensions.rid and extensions.mid else ()
    line_codec = answer_codec(name, codec, section, _OPUS_UP)
    if name == "opus" and "transport-cc" in line_codec.feedback and "nack" not in line_codec.feedback:
        # Chromium never offers it for audio and resends nevertheless: of 600 voice packets on an uplink that lost 10 %,
        # one stayed lost (`Publisher.poll_feedback` says when it is asked). RED is not taken from senders: the one that
        # is not chosen first cannot be switched to later, and chosen first it doubles the voice on every good link.
        line_codec = msgspec.structs.replace(line_codec, feedback=("nack", *line_codec.feedback))
    line = MediaLine(
        kind=section.kind,
        mid=section.mid,
        direction="recvonly" if sends else "inactive",
        codecs=(line_codec,),
        extensions=extensions,
        extension_directions=directions,
        receive_rids=rids,
        rtcp_rsize=section.rtcp_rsize,
    )
    media = NegotiatedMedia(
        mid=section.mid,
        kind=kind_of(section),
        codecs=(negotiated_codec(name, codec, section, frozenset(line_codec.feedback)),),
        extensions=extensions,
        rids=rids,
        ssrcs=tuple(section.ssrcs),
        rtx_ssrcs=dict(section.rtx_ssrcs),
        active=sends,
    )
    return line, media


# --- subscribing --------------------------------------------------------------------------------------------------

# Opus comes first, so that a client without RED takes the line as it is. Chromium takes packets of either type at any
# time; Firefox 153 knows no RED for voices.
_DOWN_RED = 63
_DOWN_EXTENSIONS = {"audio": ExtensionIds(mid=1, twcc=2), "video": ExtensionIds(mid=1, twcc=2, playout_delay=3)}
_DOWN_CODECS: dict[str, tuple[LineCodec, ...]] = {
    # Chromium answers NACKs for audio only when our offer has it, although its answer drops the line again
    "audio": (LineCodec("opus", 111, 0, _OPUS_DOWN, ("transport-cc", "nack")),),
    "video": (LineCodec("vp8", 96, 97, "", FEEDBACK), LineCodec("h264", 98, 99, _H264, FEEDBACK)),
}


def offer_subscribe(
    slots: Sequence[OfferSlot], local: LocalTransport, *, session_id: int, version: int = 1, cname: str = "tongtang"
) -> Negotiated:
    """Offer one sendonly m-line per slot; mids are "0", "1", … in order. Deterministic: a restart changes only ICE."""
    lines = [
        MediaLine(
            kind=slot.kind,
            mid=str(index),
            direction="sendonly",
            codecs=_DOWN_CODECS[slot.kind],
            extensions=_DOWN_EXTENSIONS[slot.kind],
            red_payload_type=_DOWN_RED if slot.kind == "audio" else 0,
            msid=_STREAMS.get(slot.slot, slot.slot),
            cname=cname,
            ssrc=slot.ssrc,
            rtx_ssrc=slot.rtx_ssrc if slot.kind == "video" else 0,
        )
        for index, slot in enumerate(slots)
    ]
    text = sdp_write.write(
        lines, local, setup="actpass", session_id=session_id, version=version, extmap_allow_mixed=True
    )
    return Negotiated(text, tuple(_offered_media(line) for line in lines), None)


def _offered_media(line: MediaLine) -> NegotiatedMedia:
    return NegotiatedMedia(
        mid=line.mid,
        kind="audio" if line.kind == "audio" else "video",
        codecs=tuple(
            NegotiatedCodec(
                name=codec.name,
                payload_type=codec.payload_type,
                rtx_payload_type=codec.rtx_payload_type,
                clock_rate=48_000 if codec.name == "opus" else 90_000,
                nack="nack" in codec.feedback,
                pli="nack pli" in codec.feedback,
                transport_cc="transport-cc" in codec.feedback,
            )
            for codec in line.codecs
        ),
        extensions=line.extensions,
        red_payload_type=line.red_payload_type,
        ssrcs=(line.ssrc,),
        rtx_ssrcs={line.ssrc: line.rtx_ssrc} if line.rtx_ssrc else {},
    )


def accept_answer(offered: Negotiated, answer: str) -> Negotiated:
    """Read the client's answer to `offered`: what of it may be sent, with the client's transport.

    Raises:
        SdpError: `sdp_malformed` (also: other m-lines than offered), `codec_unsupported`.
    """
    description = parse_description(answer)
    if [(s.mid, s.kind) for s in description.media] != [(m.mid, m.kind) for m in offered.media]:
        raise malformed("应答的媒体行与邀请的不一致")
    remote = remote_transport(bundled_sections(description), is_offer=False)
    pairs = zip(description.media, offered.media, strict=True)
    media = tuple(_accepted_line(section, ours) for section, ours in pairs)
    if not any(item.codecs for item in media):
        raise _no_codec(description)
    return Negotiated("", media, remote)


def _accepted_line(section: Section, ours: NegotiatedMedia) -> NegotiatedMedia:
    if not is_usable(section):
        return msgspec.structs.replace(ours, codecs=(), active=False)
    codecs: list[NegotiatedCodec] = []
    for codec in ours.codecs:
        theirs = section.codecs.get(codec.payload_type)
        if theirs is None or codec_name(theirs) != codec.name:
            continue
        has_rtx = codec.rtx_payload_type and section.rtx_of(codec.payload_type) == codec.rtx_payload_type
        codecs.append(
            msgspec.structs.replace(
                codec,
                rtx_payload_type=codec.rtx_payload_type if has_rtx else 0,
                transport_cc=codec.transport_cc and "transport-cc" in theirs.feedback,
            )
        )
    accepted, _ = extension_ids(section, _SUBSCRIBE_EXTENSIONS)
    has_red = codecs and ours.red_payload_type and red_of(section, codecs[0].payload_type) == ours.red_payload_type
    return msgspec.structs.replace(
        ours,
        codecs=tuple(codecs),
        extensions=accepted,
        red_payload_type=ours.red_payload_type if has_red else 0,
        active=bool(codecs) and section.direction in ("recvonly", "sendrecv"),
    )


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
    description = parse_description(offer)
    bundled = bundled_sections(description)
    remote = remote_transport(bundled, is_offer=True)
    waiting: dict[str, list[OfferSlot]] = {kind: [s for s in slots if s.kind == kind] for kind in ("audio", "video")}
    pairs: list[tuple[MediaLine, NegotiatedMedia]] = []
    for section in description.media:
        codecs = known_codecs(section) if section in bundled and is_usable(section) else []
        receives = section.direction in ("recvonly", "sendrecv")
        if not codecs or not receives or not waiting.get(section.kind):
            pairs.append(rejected_line(section))
        else:
            pairs.append(_subscribe_line(section, codecs, waiting[section.kind].pop(0), cname))
    return _answer(description, pairs, local, remote, session_id, version)


def _subscribe_line(
    section: Section, codecs: list[tuple[CodecName, Codec]], slot: OfferSlot, cname: str
) -> tuple[MediaLine, NegotiatedMedia]:
    extensions, directions = extension_ids(section, _SUBSCRIBE_EXTENSIONS)
    line_codecs = tuple(answer_codec(name, codec, section, _OPUS_DOWN) for name, codec in codecs)
    has_rtx = slot.kind == "video" and any(codec.rtx_payload_type for codec in line_codecs)
    line = MediaLine(
        kind=section.kind,
        mid=section.mid,
        direction="sendonly",
        codecs=line_codecs,
        extensions=extensions,
        extension_directions=directions,
        red_payload_type=red_of(section, line_codecs[0].payload_type) if slot.kind == "audio" else 0,
        rtcp_rsize=section.rtcp_rsize,
        msid=_STREAMS.get(slot.slot, slot.slot),
        cname=cname,
        ssrc=slot.ssrc,
        rtx_ssrc=slot.rtx_ssrc if has_rtx else 0,
    )
    return line, _offered_media(line)
