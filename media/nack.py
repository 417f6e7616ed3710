"""Ask a sender again for what did not arrive (RFC 4585 §6.2.1): one generator per SSRC."""

from __future__ import annotations

from media.rtp import Unwrapper

REORDER_S = 0.010  # Janus waits 12 ms; packets that only overtook each other come within it
MIN_RETRY_S = 0.020
MAX_RETRY_S = 0.400
RETRY_GROWTH = 1.25  # LiveKit's mediatransportutil: 20 ms, 400 ms, x 1.25
MAX_TRIES = 10  # mediasoup, libwebrtc
MAX_MISSING = 1000  # libwebrtc
_SEEN = 2048  # numbers behind the newest that duplicates are told apart in: what a cache holds


class NackGenerator:
    """Track the gaps of one incoming SSRC.

    A gap is asked for once a newer packet came and 10 ms passed (reordering), then again at max(20 ms, RTT) x 1.25^n,
    at most 400 ms, 10 times in all. When more than 1,000 are missing, or what is missing is given up, the generator
    wants a keyframe instead (video only). What lies before the newest keyframe is asked for once and then forgotten.
    """

    __slots__ = ("_keyframe", "_missing", "_seen", "_unwrapper", "_wish", "rtt_s")

    def __init__(self, *, rtt_s: float = 0.1) -> None:
        self.rtt_s = rtt_s  # kept up to date by the owner
        self._unwrapper = Unwrapper(16)
        self._seen = [-1] * _SEEN
        self._missing: dict[int, tuple[int, float]] = {}  # index -> (times asked, due), in order of index
        self._keyframe = -1  # index of the newest packet that begins a keyframe
        self._wish = False

    def on_packet(self, seq: int, now: float, *, begins_keyframe: bool = False) -> bool:
        """Note an arrival, first-hand or by RTX; return False for one that is a duplicate."""
        unwrapper = self._unwrapper
        newest = unwrapper.last
        index = unwrapper.unwrap(seq)
        place = index % _SEEN
        if self._seen[place] == index or index <= newest - _SEEN:
            return False
        self._seen[place] = index
        if begins_keyframe and index > self._keyframe:
            self._keyframe = index
            self._wish = False
        if index <= newest:
            self._missing.pop(index, None)
        elif newest >= 0 and index != newest + 1:
            self._open_gap(newest + 1, index, now)
        return True

    def _open_gap(self, start: int, end: int, now: float) -> None:
        missing = self._missing
        if len(missing) + end - start > MAX_MISSING:
            for index in [index for index in missing if index < self._keyframe]:
                del missing[index]
        if len(missing) + end - start > MAX_MISSING:
            missing.clear()
            self._wish = self._keyframe < end
            return
        for index in range(start, end):
            missing[index] = (0, now + REORDER_S)

    def next_timeout(self) -> float | None:
        """Return when the next request falls due, None when nothing is missing."""
        if not self._missing:
            return None
        return min(due for _, due in self._missing.values())

    def on_timeout(self, now: float) -> list[int]:
        """Return the seqs to ask for now, oldest first."""
        missing = self._missing
        asked: list[int] = []
        forgotten: list[int] = []
        base_s = max(MIN_RETRY_S, self.rtt_s)
        for index, (tries, due) in missing.items():
            if due > now:
                continue
            is_old = index < self._keyframe
            if tries >= MAX_TRIES or (is_old and tries):
                forgotten.append(index)
                self._wish = self._wish or not is_old
                continue
            missing[index] = (tries + 1, now + min(MAX_RETRY_S, base_s * RETRY_GROWTH**tries))
            asked.append(index & 0xFFFF)
        for index in forgotten:
            del missing[index]
        return asked

    def take_keyframe_wish(self) -> bool:
        """Return once whether a loss was given up since the last keyframe, so that a keyframe must be asked for."""
        wish, self._wish = self._wish, False
        return wish
