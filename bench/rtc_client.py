"""A small WebRTC client over one blocking UDP socket: real ICE checks, DTLS and SRTP, and RTP as it is told.

It stands for a browser where a browser would be too heavy (sixty receivers) or too polite (malformed packets, ICE
restarts at will). It decrypts with the same libsrtp and shakes hands with the same OpenSSL as the worker.
"""

from __future__ import annotations

import datetime
import os
import random
import re
import select
import socket
import time

from media.ice import build_binding_request
from media.rtp import build_packet
from media.transport.dtls import Certificate, Dtls
from media.transport.srtp import PacketBuffer, SrtpPair, protect_all

CHECK_INTERVAL_S = 2.5  # Chromium's consent checks
OPUS, VP8, RTX, H264 = 111, 96, 97, 98


class RtcClient:
    """One peer connection's transport. Make an offer or an answer, `connect`, then send and receive."""

    def __init__(self, certificate: Certificate | None = None, seed: int = 1) -> None:
        self.certificate = certificate or Certificate(datetime.datetime.now(datetime.UTC))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.srtp: SrtpPair | None = None
        self.ufrag, self.pwd = self._credentials()
        self._rng = random.Random(seed)
        self._remote = ("", "")
        self._fingerprint: tuple[str, str] = ("", "")
        self._server = ("127.0.0.1", 0)
        self._buffer = PacketBuffer(1 << 16)
        self._received = PacketBuffer(4096)
        self._checked_at = 0.0

    def __del__(self) -> None:
        self.socket.close()

    # --- session descriptions --------------------------------------------------------------------------------------

    @staticmethod
    def _credentials() -> tuple[str, str]:
        return os.urandom(4).hex(), os.urandom(12).hex()

    def restart_ice(self) -> None:
        """Take new credentials for the next offer or answer."""
        self.ufrag, self.pwd = self._credentials()

    def _transport_lines(self, setup: str) -> list[str]:
        return [
            "c=IN IP4 0.0.0.0",
            "a=rtcp-mux",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.pwd}",
            f"a=fingerprint:sha-256 {self.certificate.fingerprint}",
            f"a=setup:{setup}",
        ]

    def offer(self, audio_ssrc: int, video_ssrc: int, *, codec: str = "VP8") -> str:
        """Return an offer that sends one audio and one video stream."""
        video_type = VP8 if codec == "VP8" else H264
        head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
        twcc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        audio = [
            f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
            *self._transport_lines("actpass"),
            "a=mid:0",
            "a=sendonly",
            f"a=rtpmap:{OPUS} opus/48000/2",
            f"a=rtcp-fb:{OPUS} transport-cc",
            f"a=extmap:3 {twcc}",
            f"a=ssrc:{audio_ssrc} cname:bench",
        ]
        video = [
            f"m=video 9 UDP/TLS/RTP/SAVPF {video_type} {RTX}",
            *self._transport_lines("actpass"),
            "a=mid:1",
            "a=sendonly",
            f"a=rtpmap:{video_type} {codec}/90000",
            *(f"a=rtcp-fb:{video_type} {item}" for item in ("nack", "nack pli", "transport-cc")),
            f"a=rtpmap:{RTX} rtx/90000",
            f"a=fmtp:{RTX} apt={video_type}",
            f"a=extmap:3 {twcc}",
            f"a=ssrc-group:FID {video_ssrc} {video_ssrc + 1}",
            f"a=ssrc:{video_ssrc} cname:bench",
            f"a=ssrc:{video_ssrc + 1} cname:bench",
        ]
        if codec == "H264":
            video.insert(10, f"a=fmtp:{video_type} packetization-mode=1;profile-level-id=42e01f")
        return "\r\n".join([*head, *audio, *video, ""])

    def answer(self, offer: str) -> str:
        """Return the answer that takes everything that `offer` sends."""
        self.learn(offer)
        session, *sections = re.split(r"(?m)^(?=m=)", offer)
        group = re.search(r"(?m)^a=group:BUNDLE.*$", session)
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", group.group(0).strip() if group else ""]
        for section in sections:
            theirs = section.splitlines()
            kept = [
                item for item in theirs if item.startswith(("a=mid", "a=rtpmap", "a=fmtp", "a=rtcp-fb", "a=extmap:"))
            ]
            lines += [theirs[0], *self._transport_lines("active"), "a=recvonly", *kept]
        return "\r\n".join([line for line in lines if line] + [""])

    def learn(self, description: str) -> None:
        """Take the server's credentials, fingerprint and port from its description."""
        ufrag = re.search(r"(?m)^a=ice-ufrag:(\S+)", description)
        pwd = re.search(r"(?m)^a=ice-pwd:(\S+)", description)
        candidate = re.search(r"(?m)^a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", description, re.IGNORECASE)
        digest = re.search(r"(?m)^a=fingerprint:(\S+) (\S+)", description)
        assert ufrag and pwd and candidate and digest, description
        self._remote = (ufrag.group(1), pwd.group(1))
        self._server = (candidate.group(1), int(candidate.group(2)))
        self._fingerprint = (digest.group(1), digest.group(2))

    # --- the transport ---------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Send an ICE check that nominates this path."""
        self._checked_at = time.monotonic()
        self.socket.sendto(
            build_binding_request(
                self._rng.randbytes(12), f"{self._remote[0]}:{self.ufrag}", self._remote[1], use_candidate=True
            ),
            self._server,
        )

    def keep_alive(self) -> None:
        """Send a check when one is due."""
        if time.monotonic() - self._checked_at > CHECK_INTERVAL_S:
            self.check()

    def connect(self, timeout: float = 5.0) -> None:
        """Check the path, then shake hands as DTLS client."""
        deadline = time.monotonic() + timeout
        dtls = Dtls(self.certificate, [self._fingerprint], is_server=False)
        is_checked = False
        self.check()
        while dtls.srtp is None:
            data = self.receive(0.2)
            if time.monotonic() > deadline:
                raise TimeoutError("no transport")
            if data is None:
                for datagram in dtls.on_timeout() if is_checked else []:
                    self.socket.sendto(datagram, self._server)
                if not is_checked:
                    self.check()
            elif data[0] <= 3 and not is_checked:
                is_checked = True
                for datagram in dtls.start():
                    self.socket.sendto(datagram, self._server)
            elif 20 <= data[0] <= 63:
                for datagram in dtls.on_datagram(data):
                    self.socket.sendto(datagram, self._server)
        self.srtp = dtls.srtp

    def move(self) -> None:
        """Take another local port, as after a change of network."""
        self.socket.close()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def receive(self, timeout: float) -> bytes | None:
        """Return the next datagram as it came, None after `timeout` s."""
        readable, _, _ = select.select([self.socket], [], [], timeout)
        return self.socket.recv(4096) if readable else None

    def receive_media(self, timeout: float) -> bytes | None:
        """Return the next RTP or RTCP packet, decrypted; None after `timeout` s."""
        assert self.srtp is not None
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            data = self.receive(left)
            if data is not None and len(data) >= 12 and 128 <= data[0] <= 191:
                self._received.view[: len(data)] = data
                unprotect = self.srtp.unprotect_rtcp if 192 <= data[1] <= 223 else self.srtp.unprotect
                size = unprotect(self._received, len(data))
                if size > 0:
                    return bytes(self._received.view[:size])
        return None

    def send_raw(self, data: bytes) -> None:
        """Send any datagram."""
        self.socket.sendto(data, self._server)

    def send_rtp(self, packet: bytes | bytearray) -> None:
        """Encrypt and send one RTP packet."""
        assert self.srtp is not None
        self._buffer.view[: len(packet)] = packet
        assert protect_all(self.srtp.tx, self._buffer, 0, [len(packet)], self.srtp.tag_bytes) == 1
        self.socket.sendto(self._buffer.view[: len(packet) + self.srtp.tag_bytes], self._server)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send one RTCP packet."""
        assert self.srtp is not None
        length = self.srtp.protect_rtcp(self._buffer, packet)
        self.socket.sendto(self._buffer.view[:length], self._server)


class Vp8Source:
    """Packets of a VP8 stream: true descriptors and keyframe headers, random content."""

    def __init__(self, ssrc: int, *, packet_bytes: int = 1100, width: int = 640, height: int = 360) -> None:
        self.ssrc = ssrc
        self.seq = 65_000  # wraps soon
        self.timestamp = 0xFFFF_0000
        self.picture_id = 0x7FF0
        self.tl0picidx = 250
        self._size = packet_bytes
        self._filler = os.urandom(packet_bytes)
        # RFC 6386 §9.1: frame tag of a keyframe, start code, width and height
        self._key = b"\x10\x02\x00\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")

    def frame(self, packets: int, ticks: int, *, key: bool = False) -> list[bytearray]:
        """Return the packets of the next frame, `ticks` of 90 kHz after the last."""
        self.timestamp = (self.timestamp + ticks) & 0xFFFFFFFF
        self.picture_id = (self.picture_id + 1) & 0x7FFF
        self.tl0picidx = (self.tl0picidx + 1) & 0xFF
        made = []
        for number in range(packets):
            # RFC 7741 §4.2: X, S on the first; I, L, T, K; 15-bit picture id; TL0PICIDX; TID 0, Y, KEYIDX 0
            descriptor = bytes([0x80 | (0x10 if number == 0 else 0), 0xF0])
            descriptor += (0x8000 | self.picture_id).to_bytes(2, "big") + bytes([self.tl0picidx, 0x20])
            begin = (self._key if key else b"\x11\x02\x00") if number == 0 else b""
            payload = (descriptor + begin + self._filler)[: self._size - 12]
            self.seq = (self.seq + 1) & 0xFFFF
            made.append(build_packet(VP8, self.seq, self.timestamp, self.ssrc, payload, marker=number == packets - 1))
        return made


class OpusSource:
    """Packets of an Opus stream: 20 ms, random content."""

    def __init__(self, ssrc: int, payload_bytes: int = 80) -> None:
        self.ssrc = ssrc
        self.seq = 65_500
        self.timestamp = 0
        self._payload = os.urandom(payload_bytes)

    def packet(self) -> bytearray:
        """Return the next packet."""
        self.seq = (self.seq + 1) & 0xFFFF
        self.timestamp = (self.timestamp + 960) & 0xFFFFFFFF
        return build_packet(OPUS, self.seq, self.timestamp, self.ssrc, self._payload)
