"""Matching what the other side offers or answers with what we speak: the shared half of `media/sdp.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import msgspec

from media.rtp import ExtensionIds
from media.sdp_parse import Codec, Description, Section, malformed
from media.sdp_write import EXTENSION_URIS, CodecName, Kind, LineCodec, MediaLine

_PROTOCOLS = frozenset({"UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "RTP/SAVPF", "UDP/TLS/RTP/SAVP"})
FEEDBACK = ("nack", "nack pli", "ccm fir", "transport-cc")


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
    """One m-line."""

    mid: str
    kind: Kind
    codecs: tuple[NegotiatedCodec, ...]  # best first; exactly one when we receive
    extensions: ExtensionIds
    red_payload_type: int = 0  # RED around the line's Opus (RFC 2198); 0: none
    rids: tuple[str, ...] = ()  # simulcast, in the order of the offer
    ssrcs: tuple[int, ...] = ()  # primary SSRCs that the sender announced
    rtx_ssrcs: dict[int, int] = {}  # primary -> RTX (ssrc-group FID)
    active: bool = True  # False: rejected or inactive; index and mid stay


class Negotiated(msgspec.Struct, frozen=True):
    """What was agreed. `sdp` is the text to give to the client (empty for an accepted answer)."""

    sdp: str
    media: tuple[NegotiatedMedia, ...]  # in order of m-lines, also the rejected ones (of kind "video" when neither)
    remote: RemoteTransport | None  # None in an offer of ours


def bundled_sections(description: Description) -> list[Section]:
    """Return the sections that share our one transport: those of the BUNDLE group, or the first one alone."""
    if description.bundle:
        sections = [s for s in description.media if s.mid in description.bundle and not s.is_rejected]
    else:
        sections = [s for s in description.media if not s.is_rejected][:1]
    if not sections:
        raise malformed("没有可用的媒体行")
    return sections


def remote_transport(sections: list[Section], *, is_offer: bool) -> RemoteTransport:
    """Return the transport that the sections share; SdpError when a part of it is missing."""
    # RFC 9143 §7.1.3: the transport attributes stand in the tagged (first) section, copies elsewhere may be missing
    tagged = next((s for s in sections if s.ufrag), sections[0])
    if not tagged.ufrag or not tagged.pwd:
        raise malformed("缺少 ice-ufrag 或 ice-pwd")
    if not tagged.fingerprints:
        raise malformed("缺少 fingerprint")
    if is_offer:
        role: Literal["client", "server"] = "client" if tagged.setup == "passive" else "server"
    else:
        role = "server" if tagged.setup == "active" else "client"
        if tagged.setup not in ("active", "passive"):
            raise malformed("应答的 setup 应为 active 或 passive")
    return RemoteTransport(tagged.ufrag, tagged.pwd, tuple(tagged.fingerprints), role)


def is_usable(section: Section) -> bool:
    """Return whether the section is media that our transport can carry."""
    return (
        section.kind in ("audio", "video")
        and not section.is_rejected
        and section.protocol in _PROTOCOLS
        and section.rtcp_mux
    )


def kind_of(section: Section) -> Kind:
    """Return the kind of a section, "video" when it is neither."""
    return "audio" if section.kind == "audio" else "video"


def codec_name(codec: Codec) -> CodecName | None:
    """Return our name of a codec that we speak, else None."""
    if codec.name == "opus" and codec.clock_rate == 48_000:
        return "opus"
    if codec.name in ("vp8", "h264") and codec.clock_rate == 90_000:
        return cast(CodecName, codec.name)
    return None


def red_of(section: Section, payload_type: int) -> int:
    """Return the payload type of RED (RFC 2198) around nothing but this one, 0: none."""
    for codec in section.codecs.values():
        if codec.name == "red" and codec.clock_rate == 48_000:
            # RFC 2198 §5: the types that the blocks may have, such as "111/111"; without the line any
            inner = {number for key in codec.fmtp for number in key.split("/")}
            if inner <= {str(payload_type)}:
                return codec.payload_type
    return 0


def _h264_rank(codec: Codec) -> int:
    """Return how well an H.264 variant fits what all browsers decode: 0 is best."""
    profile = codec.fmtp.get("profile-level-id", "42000a").lower()
    rank = 0 if profile.startswith(("42e0", "42c0")) else 1 if profile.startswith("42") else 2
    return rank if codec.fmtp.get("packetization-mode") == "1" else rank + 3


def known_codecs(section: Section) -> list[tuple[CodecName, Codec]]:
    """Return the codecs that we speak in the order of the section, the best variant of each."""
    best: dict[CodecName, Codec] = {}
    for codec in section.codecs.values():
        name = codec_name(codec)
        if name is None or (name == "opus") != (section.kind == "audio"):
            continue
        if name not in best or (name == "h264" and _h264_rank(codec) < _h264_rank(best[name])):
            best[name] = codec
    return list(best.items())


def extension_ids(section: Section, wanted: Sequence[str]) -> tuple[ExtensionIds, dict[str, str]]:
    """Return the ids of the wanted extensions and the direction to answer each with (by name)."""
    ids: dict[str, int] = {}
    directions: dict[str, str] = {}
    reverse = {"sendonly": "recvonly", "recvonly": "sendonly"}
    for extension in section.extensions:
        for name in wanted:
            if extension.uri == EXTENSION_URIS[name] and name not in ids and extension.id < 15:
                if extension.direction == "inactive":
                    continue
                ids[name] = extension.id
                directions[name] = reverse.get(extension.direction, "")
    return msgspec.convert(ids, ExtensionIds), directions


def negotiated_codec(name: CodecName, codec: Codec, section: Section, feedback: frozenset[str]) -> NegotiatedCodec:
    """Return what our side keeps of an answered codec."""
    return NegotiatedCodec(
        name=name,
        payload_type=codec.payload_type,
        rtx_payload_type=section.rtx_of(codec.payload_type) if name != "opus" else 0,
        clock_rate=codec.clock_rate,
        nack="nack" in feedback,
        pli="nack pli" in feedback,
        transport_cc="transport-cc" in feedback,
    )


def answer_codec(name: CodecName, codec: Codec, section: Section, opus_fmtp: str) -> LineCodec:
    """Return the codec as our answer writes it: same payload type, the feedback that both sides know."""
    if name == "opus":
        fmtp = opus_fmtp
    elif name == "h264":
        profile = codec.fmtp.get("profile-level-id", "42000a")
        mode = "1" if codec.fmtp.get("packetization-mode") == "1" else "0"
        if len(profile) != 6 or not all(c in "0123456789abcdefABCDEF" for c in profile):
            raise malformed("profile-level-id 应为六位十六进制数")
        fmtp = f"level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}"
    else:
        fmtp = ""
    return LineCodec(
        name=name,
        payload_type=codec.payload_type,
        rtx_payload_type=section.rtx_of(codec.payload_type) if name != "opus" else 0,
        fmtp=fmtp,
        feedback=tuple(item for item in FEEDBACK if item in codec.feedback),
    )


def rejected_line(section: Section) -> tuple[MediaLine, NegotiatedMedia]:
    """Return the refusal of a section, as text and as fact."""
    # RFC 8829 §5.3.1: a rejected line repeats kind, protocol and formats, with port 0
    formats = " ".join(str(number) for number in section.codecs) or "0"
    if section.kind == "application":
        formats = "webrtc-datachannel"
    protocol = section.protocol if section.protocol in _PROTOCOLS else "UDP/TLS/RTP/SAVPF"
    if section.kind == "application":
        protocol = "UDP/DTLS/SCTP"
    line = MediaLine(section.kind, section.mid, "inactive", (), rejected=True, formats=formats, protocol=protocol)
    return line, NegotiatedMedia(section.mid, kind_of(section), (), ExtensionIds(), active=False)
