"""Fetching from a platform or from another library on the local network: plain HTTP requests, in a thread.

Redirects are not followed: who chose a neighbour never ends up on the internet unasked. Everything that comes is
checked by its signature, so a neighbour needs no trust.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from recorder.pack.manifest import MAX_MANIFEST_BYTES
from signaling.errors import Refused, Unavailable

WAIT_S = 30.0  # without a byte: a 2G link repeats for about as long
PIECE_BYTES = 1 << 16
MAX_JSON = 4 << 20
# What the system may hold unread for us: a line that is reset loses it. Enough for 500 kbit/s at a second's delay.
UNREAD_BYTES = 1 << 16


class Link(NamedTuple):
    """Where packs come from. `base` ends before `/{pack}/manifest`; an empty `secret`: a neighbour."""

    base: str
    secret: str = ""
    is_hub: bool = False


def hub_link(url: str, secret: str) -> Link:
    """Return the link to a platform."""
    return Link(f"{url}/api/packs", secret, True)


def peer_link(address: str) -> Link:
    """Return the link to another library.

    Raises:
        Refused: `address_wrong`.
    """
    return Link(f"{checked_url(address)}/lessons")


def checked_url(text: str) -> str:
    """Return an address that somebody typed, as scheme, host and port.

    Raises:
        Refused: `address_wrong`.
    """
    text = text.strip()
    wrong = Refused("address_wrong", "这个地址不对。请按照对方屏幕上的样子输入，例如 192.168.1.20:8600。")
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        has_host = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not has_host or len(text) > 200 or "@" in parts.netloc:
        raise wrong
    return f"{parts.scheme}://{parts.netloc}"


def get_json(link: Link, path: str) -> Any:
    """Return decoded JSON from `link.base + path`.

    Raises:
        Refused: what the other side said.
        Unavailable: `hub_unreachable` or `peer_unreachable`.
    """
    return _decoded(link, _whole(link, "GET", path, None, MAX_JSON))


def post_json(link: Link, path: str, body: object) -> Any:
    """Send `body` and return the decoded answer.

    Raises:
        Refused: what the other side said.
        Unavailable: `hub_unreachable` or `peer_unreachable`.
    """
    return _decoded(link, _whole(link, "POST", path, msgspec.json.encode(body), MAX_JSON))


def get_manifest(link: Link, pack: str, tiers: tuple[str, ...]) -> bytes:
    """Return a pack's signed manifest, unchecked.

    Raises:
        Refused: what the other side said.
        Unavailable: `hub_unreachable` or `peer_unreachable`.
    """
    return _whole(link, "GET", f"/{quote(pack)}/manifest{_asked(link, tiers)}", None, MAX_MANIFEST_BYTES)


def stretch(link: Link, pack: str, tiers: tuple[str, ...], sha256: str, start: int, end: int) -> Iterator[bytes]:
    """Yield bytes `start` up to before `end` of a file, as they come, and end early when the line breaks.

    Raises:
        Refused: what the other side said.
        Unavailable: `hub_unreachable` or `peer_unreachable`: it could not even be asked.
    """
    connection = _connect(link)
    try:
        path = f"/{quote(pack)}/cas/{sha256}{_asked(link, tiers)}"
        answer = _ask(link, connection, "GET", path, None, {"Range": f"bytes={start}-{end - 1}"})
        if answer.status != 206 or not answer.getheader("content-range", "").startswith(f"bytes {start}-"):
            raise _refused(link, answer)
        left = end - start
        while left:
            try:
                data = answer.read1(min(PIECE_BYTES, left))
            except (OSError, http.client.HTTPException):
                return
            if not data:
                return
            left -= len(data)
            yield data
    finally:
        connection.close()


def _asked(link: Link, tiers: tuple[str, ...]) -> str:
    return f"?tiers={quote(','.join(tiers))}" if link.is_hub else ""


def _whole(link: Link, method: str, path: str, body: bytes | None, most: int) -> bytes:
    connection = _connect(link)
    try:
        answer = _ask(link, connection, method, path, body, {})
        if answer.status // 100 != 2:
            raise _refused(link, answer)
        try:
            data = answer.read(most + 1)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(link) from error
        if len(data) > most:
            raise _unreachable(link)
        return data
    finally:
        connection.close()


def _connect(link: Link) -> http.client.HTTPConnection:
    parts = urlsplit(link.base)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=WAIT_S, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=WAIT_S)


def _ask(
    link: Link,
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
) -> http.client.HTTPResponse:
    headers = {"X-Tongtang": "1", "Accept": "application/json", **headers}
    if link.secret:
        headers["Authorization"] = f"Bearer {link.secret}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)
        connection.request(method, urlsplit(link.base).path + path, body, headers)
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(link) from error


def _refused(link: Link, answer: http.client.HTTPResponse) -> Refused | Unavailable:
    """Return what the other side said, in its own words when it has any."""
    try:
        problem = json.loads(answer.read(MAX_JSON))
        return Refused(str(problem["code"])[:60], str(problem["detail"])[:400])
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return _unreachable(link)


def _decoded(link: Link, data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise _unreachable(link) from error


def _unreachable(link: Link) -> Unavailable:
    if link.is_hub:
        return Unavailable("hub_unreachable", "现在连不上平台，已经有的课不受影响。请检查网络，稍后会自动再试。")
    return Unavailable("peer_unreachable", "连不上这台资源库。请检查它是否开着、和本机在同一个网络里，再核对地址。")
