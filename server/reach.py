"""Ask a running server of this machine how it is, and whether its media port can be reached (for the doctor)."""

from __future__ import annotations

import json
import re
import secrets
import socket
import ssl
import urllib.request
from typing import Any

import msgspec

from media.stun import build_binding_request
from server.data_folder import load_secret
from server.lessons.ports import Seat
from server.lessons.tokens import SignedRoomTokens
from server.settings import Settings
from signaling.messages import RoomId
from signaling.roles import Role

HTTP_TIMEOUT_S = 5.0
STUN_TIMEOUT_S = 0.5
STUN_TRIES = 3
MAX_ANSWER_BYTES = 65_536

# The offer of a sending connection that will never send: enough for the worker to hand out ICE credentials.
_OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=ice-ufrag:doctor",
        "a=ice-pwd:tongtangdoctortongtangdoctor",
        f"a=fingerprint:sha-256 {':'.join(['D0'] * 32)}",
        "a=setup:actpass",
        "a=ssrc:1 cname:doctor",
        "",
    )
)
_CANDIDATE = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ", re.MULTILINE | re.IGNORECASE)


def health(settings: Settings) -> dict[str, str] | None:
    """Return what a running server says of itself, or None when none answers."""
    answer = _ask(settings, urllib.request.Request(f"{_base(settings)}/healthz"))
    return answer if answer is not None and answer.get("status") == "ok" else None


class MediaDoor(msgspec.Struct, frozen=True):
    """A throw-away connection of the server, good for some seconds: where it listens and what opens it."""

    addresses: tuple[tuple[str, int], ...]
    username: str
    password: str

    def check(self) -> bytes:
        """Return a STUN binding request (RFC 8445 §7.2) as a browser would send it."""
        return build_binding_request(secrets.token_bytes(12), self.username, self.password)

    def is_answered(self, host: str, port: int) -> bool:
        """Return whether a check that is sent straight to this address is answered."""
        return is_answered(host, port, self.username, self.password)


def media_door(settings: Settings) -> MediaDoor | None:
    """Return a throw-away connection of the running server; None: it gave none.

    Raises:
        Unavailable: the secret of the data folder cannot be read.
    """
    token = SignedRoomTokens(load_secret(settings.data)).issue(
        Seat(RoomId("path-test"), "bot:doctor", Role.OBSERVER, "doctor", "")
    )
    headers = {"Authorization": f"Bearer {token}", "X-Tongtang": "1", "Content-Type": "application/json"}
    body = json.dumps({"sdp": _OFFER}).encode()
    answer = _ask(settings, urllib.request.Request(f"{_base(settings)}/api/path-test", body, headers, method="POST"))
    sdp = str(answer.get("sdp", "")) if answer else ""
    ufrag, password = _value(sdp, "ice-ufrag"), _value(sdp, "ice-pwd")
    candidates = _CANDIDATE.findall(sdp)
    if not (ufrag and password and candidates):
        return None
    return MediaDoor(tuple((host, int(port)) for host, port in candidates), f"{ufrag}:doctor", password)


def is_answered(host: str, port: int, username: str, password: str) -> bool:
    """Return whether a STUN binding request to this UDP address is answered."""
    transaction = secrets.token_bytes(12)
    request = build_binding_request(transaction, username, password)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(STUN_TIMEOUT_S)
        for _ in range(STUN_TRIES):
            try:
                probe.sendto(request, (host, port))
                reply = probe.recv(1500)
            except OSError:
                continue
            if len(reply) >= 20 and reply[8:20] == transaction:
                return True
    return False


def _value(sdp: str, name: str) -> str:
    found = re.search(rf"^a={name}:(\S+)", sdp, re.MULTILINE)
    return found.group(1) if found else ""


def _base(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "localhost") else settings.host
    return f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _ask(settings: Settings, request: urllib.request.Request) -> dict[str, Any] | None:
    context = None
    if settings.tls_mode != "off":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # only our own machine is asked
    try:
        with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S, context=context) as reply:
            answer = json.loads(reply.read(MAX_ANSWER_BYTES))
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
