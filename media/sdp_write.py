"""Writing session descriptions: the text of our answers and offers, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from media.rtp import ExtensionIds

Kind = Literal["audio", "video"]
CodecName = Literal["opus", "vp8", "h264"]

EXTENSION_URIS: Mapping[str, str] = {
    "mid": "urn:ietf:params:rtp-hdrext:sdes:mid",
    "rid": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "repaired_rid": "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "twcc": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "audio_level": "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "abs_send_time": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "playout_delay": "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
}
_RTPMAPS: Mapping[CodecName, str] = {"opus": "opus/48000/2", "vp8": "VP8/90000", "h264": "H264/90000"}


class LocalTransport(msgspec.Struct, frozen=True):
    """Our side of a transport, as it is written into a description."""

    ufrag: str
    pwd: str
    fingerprint: str  # SHA-256 of our certificate, "AB:CD:…"
    addresses: tuple[str, ...]  # IPv4 or IPv6 host candidates, best first
    port: int


class LineCodec(msgspec.Struct, frozen=True):
    """A codec as a line lists it."""

    name: CodecName
    payload_type: int
    rtx_payload_type: int
    fmtp: str
    feedback: tuple[str, ...]


class MediaLine(msgspec.Struct, frozen=True):
    """Everything that one m-line says."""

    kind: str
    mid: str
    direction: str
    codecs: tuple[LineCodec, ...]
    extensions: ExtensionIds = ExtensionIds()
    extension_directions: dict[str, str] = {}
    red_payload_type: int = 0  # RED around Opus (RFC 2198); 0: none
    receive_rids: tuple[str, ...] = ()
    rtcp_rsize: bool = True
    msid: str = ""
    cname: str = ""
    ssrc: int = 0  # 0: we send nothing on it
    rtx_ssrc: int = 0
    rejected: bool = False
    formats: str = ""  # of a rejected line
    protocol: str = "UDP/TLS/RTP/SAVPF"


def write(
    lines: Sequence[MediaLine],
    local: LocalTransport,
    *,
    setup: Literal["actpass", "active", "passive"],
    session_id: int,
    version: int,
    extmap_allow_mixed: bool,
    bundle: bool = True,
) -> str:
    """Return the description. All lines that are not rejected are one BUNDLE; candidates stand in the first of them."""
    mids = [line.mid for line in lines if not line.rejected]
    text = [
        "v=0",
        f"o=- {session_id} {version} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=msid-semantic: WMS *",
    ]
    if bundle:  # RFC 9143 §7.3: an answer has no group that the offer had not
        text.append(f"a=group:BUNDLE {' '.join(mids)}")
    if extmap_allow_mixed:
        text.append("a=extmap-allow-mixed")
    for line in lines:
        if line.rejected:
            text += [f"m={line.kind} 0 {line.protocol} {line.formats}", "c=IN IP4 0.0.0.0", f"a=mid:{line.mid}"]
            continue
        text += _media(line)
        text += _transport(local, setup, with_candidates=line.mid == mids[0])
        text += _streams(line)
    return "\r\n".join(text) + "\r\n"


def _media(line: MediaLine) -> list[str]:
    numbers = [n for codec in line.codecs for n in (codec.payload_type, codec.rtx_payload_type) if n]
    numbers += [line.red_payload_type] if line.red_payload_type else []
    text = [
        f"m={line.kind} 9 {line.protocol} {' '.join(map(str, numbers))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{line.mid}",
        f"a={line.direction}",
        "a=rtcp-mux",
    ]
    if line.rtcp_rsize:
        text.append("a=rtcp-rsize")
    for name, uri in EXTENSION_URIS.items():
        extension_id: int = getattr(line.extensions, name)
        if extension_id:
            direction = line.extension_directions.get(name, "")
            text.append(f"a=extmap:{extension_id}{'/' + direction if direction else ''} {uri}")
    for codec in line.codecs:
        text.append(f"a=rtpmap:{codec.payload_type} {_RTPMAPS[codec.name]}")
        if codec.fmtp:
            text.append(f"a=fmtp:{codec.payload_type} {codec.fmtp}")
        text += [f"a=rtcp-fb:{codec.payload_type} {item}" for item in codec.feedback]
        if codec.rtx_payload_type:
            text.append(f"a=rtpmap:{codec.rtx_payload_type} rtx/90000")
            text.append(f"a=fmtp:{codec.rtx_payload_type} apt={codec.payload_type}")
    if line.red_payload_type:
        inner = line.codecs[0].payload_type
        text.append(f"a=rtpmap:{line.red_payload_type} red/48000/2")
        text.append(f"a=fmtp:{line.red_payload_type} {inner}/{inner}")
    return text


def _transport(local: LocalTransport, setup: str, *, with_candidates: bool) -> list[str]:
    text = [
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.pwd}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=setup:{setup}",
    ]
    if with_candidates:
        for index, address in enumerate(local.addresses):
            # RFC 8445 §5.1.2.1: type preference 126 (host), local preference falls by order, component 1
            priority = 126 << 24 | (65_535 - index) << 8 | 255
            text.append(f"a=candidate:{index + 1} 1 udp {priority} {address} {local.port} typ host")
        text.append("a=end-of-candidates")
    return text


def _streams(line: MediaLine) -> list[str]:
    text = [f"a=rid:{rid} recv" for rid in line.receive_rids]
    if line.receive_rids:
        text.append(f"a=simulcast:recv {';'.join(line.receive_rids)}")
    if not line.ssrc:
        return text
    track = f"{line.msid}-{line.kind}"
    text.append(f"a=msid:{line.msid} {track}")
    if line.rtx_ssrc:
        text.append(f"a=ssrc-group:FID {line.ssrc} {line.rtx_ssrc}")
    for ssrc in (line.ssrc, line.rtx_ssrc):
        if ssrc:
            text += [f"a=ssrc:{ssrc} cname:{line.cname}", f"a=ssrc:{ssrc} msid:{line.msid} {track}"]
    return text
