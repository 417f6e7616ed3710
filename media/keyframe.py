"""Limit requests for keyframes: at most one a second per source."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)

GATE_S = 1.0  # mediasoup and LiveKit (middle and high layers)
FRESH_S = 0.3  # a keyframe this young serves the request: replay it
PATIENCE_S = 0.2  # beyond the round trip: two frames at 15 fps and the encoder's time for a keyframe
MAX_REPEATS = 10  # then the publisher is gone or will not; the next request starts over


class _Source(msgspec.Struct):
    sent_at: float = float("-inf")
    keyframe_at: float = float("-inf")
    rtt_s: float = 0.1
    is_unanswered: bool = False
    is_wanted: bool = False  # asked for again since the last PLI was sent
    repeats: int = 0

    @property
    def due(self) -> float | None:
        if self.is_unanswered and self.repeats < MAX_REPEATS:
            wait_s = self.rtt_s + PATIENCE_S
            return self.sent_at + (wait_s if not self.repeats else max(GATE_S, wait_s))
        return self.sent_at + GATE_S if self.is_wanted else None


class KeyframeRequester(Generic[K]):
    """Limit picture-loss indications to one per source and second (RFC 4585 §6.3.1).

    One PLI on any simulcast SSRC of a source makes a keyframe on all its layers, so the gate is per source. A PLI that
    brings no keyframe within RTT + 200 ms is repeated at once (it may be lost), then once a second, 10 times.
    """

    def __init__(self) -> None:
        self._sources: dict[K, _Source] = {}

    def _source(self, source: K) -> _Source:
        return self._sources.setdefault(source, _Source())

    def request(self, source: K, now: float) -> bool:
        """Return whether a PLI for `source` must be sent at `now`; a refused one is remembered.

        Refused and forgotten when a keyframe came less than 300 ms ago: replay that one.
        """
        state = self._source(source)
        if now - state.keyframe_at < FRESH_S:
            return False
        if now - state.sent_at < GATE_S:
            state.is_wanted = True
            return False
        self._sent(state, now)
        state.repeats = 0
        return True

    @staticmethod
    def _sent(state: _Source, now: float) -> None:
        state.sent_at = now
        state.is_unanswered = True
        state.is_wanted = False

    def on_keyframe(self, source: K, now: float) -> None:
        """Note that a keyframe of `source` began to arrive: remembered requests are served."""
        state = self._source(source)
        state.keyframe_at = now
        state.is_unanswered = state.is_wanted = False
        state.repeats = 0

    def set_rtt(self, source: K, rtt_s: float) -> None:
        """Set the publisher's round trip: an unanswered PLI is repeated after it + 200 ms, past the gate."""
        self._source(source).rtt_s = rtt_s

    def forget(self, source: K) -> None:
        """Drop what is known of `source`."""
        self._sources.pop(source, None)

    def next_timeout(self) -> float | None:
        """Return when the next remembered or unanswered request falls due, or None."""
        return min((due for state in self._sources.values() if (due := state.due) is not None), default=None)

    def on_timeout(self, now: float) -> list[K]:
        """Return the sources whose PLI must be sent at `now`, oldest first."""
        due_now = [
            (due, source) for source, state in self._sources.items() if (due := state.due) is not None and due <= now
        ]
        due_now.sort(key=lambda item: item[0])
        for _, source in due_now:
            state = self._sources[source]
            state.repeats = state.repeats + 1 if state.is_unanswered else 0
            self._sent(state, now)
        return [source for _, source in due_now]
