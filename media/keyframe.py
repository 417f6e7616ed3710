"""Limit requests for keyframes: at most one a second per source."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class KeyframeRequester(Generic[K]):
    """Limit picture-loss indications to one per source and second (RFC 4585 §6.3.1).

    One PLI on any simulcast SSRC of a source makes a keyframe on all its layers, so the gate is per source.
    """

    def request(self, source: K, now: float) -> bool:
        """Return whether a PLI for `source` must be sent at `now`; a refused one is remembered.

        Refused and forgotten when a keyframe came less than 300 ms ago: replay that one.
        """
        raise NotImplementedError

    def on_keyframe(self, source: K, now: float) -> None:
        """Note that a keyframe of `source` began to arrive: remembered requests are served."""
        raise NotImplementedError

    def set_rtt(self, source: K, rtt_s: float) -> None:
        """Set the publisher's round trip: an unanswered PLI is repeated after it + 200 ms, past the gate."""
        raise NotImplementedError

    def forget(self, source: K) -> None:
        """Drop what is known of `source`."""
        raise NotImplementedError

    def next_timeout(self) -> float | None:
        """Return when the next remembered or unanswered request falls due, or None."""
        raise NotImplementedError

    def on_timeout(self, now: float) -> list[K]:
        """Return the sources whose PLI must be sent at `now`, oldest first."""
        raise NotImplementedError
