"""Who speaks: told from the loudness that senders write beside each packet of a voice (RFC 6464), undecoded.

A level is 0 (as loud as can be) to 127 (silence), in -dBov. Somebody speaks when enough of the last packets were loud;
that is told at once, and again every `AGAIN_S` while it goes on. Pure; `now` is seconds.
"""

from __future__ import annotations

from media.rtp import find_extension

LOUD_DBOV = 45  # -dBov: speech half a metre from a laptop is 15 to 35, a quiet room 55 to 90
WEIGHT = 0.2  # of a packet: five of 20 ms are a syllable, so a cough or a key is too short
SPEAKS = 0.6
AGAIN_S = 2.0  # as links are told


class VoiceActivity:
    """The voice of one microphone."""

    __slots__ = ("_share", "_told_at")

    def __init__(self) -> None:
        self._share = 0.0
        self._told_at = -AGAIN_S

    def on_packet(self, packet: bytes, extension_id: int, now: float) -> bool:
        """Return whether it must be told at `now` that somebody speaks; without the extension nobody ever does."""
        offset, length = find_extension(packet, extension_id)
        if offset < 0 or length < 1:
            return False
        is_loud = (packet[offset] & 0x7F) <= LOUD_DBOV
        self._share += (is_loud - self._share) * WEIGHT
        if self._share < SPEAKS or now - self._told_at < AGAIN_S:
            return False
        self._told_at = now
        return True
