"""Credentials for the TURN relay (coturn with `use-auth-secret`), minted for whoever may enter a lesson.

The scheme is draft-uberti-behave-turn-rest-00 §2.2: the user name is `expiry:name` with the expiry in UNIX seconds,
the password the base64 of HMAC-SHA1(secret, user name). The relay shares the secret and nothing else with us. It looks
at the expiry when an allocation is made, so one that runs is not cut off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import msgspec

from server.settings import Settings

TURN_LIFE_S = 7_200  # a lesson and its break: an ICE restart in the last minute still makes a new allocation


class IceServer(msgspec.Struct, frozen=True):
    """An `RTCIceServer` (W3C WebRTC §4.2.2)."""

    urls: tuple[str, ...]
    username: str
    credential: str


def turn_servers(settings: Settings, subject: str) -> tuple[IceServer, ...]:
    """Return what a client of `subject` needs from now on to use the relay; nothing when there is no relay."""
    return ice_servers(settings.turn_urls, settings.turn_secret, subject, int(datetime.now(UTC).timestamp()))


def ice_servers(urls: tuple[str, ...], secret: str, subject: str, wallclock_s: int) -> tuple[IceServer, ...]:
    """Return `turn_servers` as of `wallclock_s` (UNIX seconds).

    The relay and its log get a digest in place of `subject`: who it is is none of the relay's business.
    """
    if not urls:
        return ()
    name = hashlib.sha256(subject.encode()).hexdigest()[:12]
    username = f"{wallclock_s + TURN_LIFE_S}:{name}"
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return (IceServer(urls, username, base64.b64encode(digest).decode()),)
