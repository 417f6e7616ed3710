"""The rules of catching up on a live lesson: what may be asked for, and how much of the link it may take. Pure.

Live always wins. What a receiver's link has to spare is a share of what it is thought to carry, less what live is
sending over it and a reserve for lesson events and pages; catch-up is paced to that by a token bucket. Its packets
share the bottleneck with live, so the estimate falls when they crowd it, and with it what is to spare: on a link of
L bit/s with S of live the two settle at (0.85 L - S) / 1.85 for catch-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from recorder.growing import Missed
from signaling.errors import Refused, Unavailable
from signaling.messages import PeerId

USABLE = 0.85  # of the estimate: the rest is its error and live's next keyframe
RESERVE_BPS = 24_000  # lesson events, pings and half a page image (82 kB) a minute: 11 kbit/s; doubled
STALE_S = 6.0  # three reports of the media worker: without them nothing is known of the link
BURST_S = 0.5  # what may leave at once: less than the queue that the estimator takes for a full link at full rate
CHUNK_BYTES = 4_096
PATIENCE_S = 10.0  # a stretch of the response that waits longer than this ends it; the client asks again
WISH_S = 10.0  # how long a wish holds: a replay asks more often
MAX_PEERS = 500  # of a room; the stalest is forgotten

MAX_WINDOW_MS = 60_000  # of one manifest: 2 to 4 kB
MAX_AGE_MS = 1_800_000  # half an hour: at 1.5x that takes 60 minutes to catch up; longer is what recordings are for
MAX_RANGE_BYTES = 512 << 10  # 4 s of a 1 Mbit/s picture
STREAMS = 2  # of one seat at a time: sound and picture
RATE = 1.25  # how fast a replay plays at least
FULL_RATE = 1.8  # of the media's rate: 1.5x and some to be ahead

MIMES = {"opus": "audio/webm; codecs=opus", "vp8": "video/webm; codecs=vp8"}  # what a browser's MediaSource takes

Offer = Literal["all", "less", "wait"]


class Spare:
    """What one receiver's link has to spare, and the token bucket that it fills."""

    def __init__(self, now: float) -> None:
        self._bps = 0.0
        self._sent_bps = 0
        self._wish_bps, self._wished = 0.0, now - WISH_S
        self._told = now
        self._tokens = 0.0  # bytes
        self._filled = now

    def on_report(self, estimate_bps: int, sent_bps: int, now: float) -> None:
        """Take in what the link carries and what live sends over it."""
        self._fill(now)
        self._bps = max(0.0, USABLE * estimate_bps - sent_bps - RESERVE_BPS)
        self._sent_bps = sent_bps
        self._told = now

    def wish(self, bps: float, now: float) -> None:
        """Note what the replay that runs could use."""
        self._wish_bps, self._wished = bps, now

    def besides_bps(self, now: float) -> int:
        """Return by how much the estimate should be probed beyond what live wants; 0: not at all.

        An estimate that live is content with says nothing of what else the link carries.
        """
        if now - self._wished >= WISH_S or self._bps >= self._wish_bps:
            return 0
        return int((self._wish_bps + RESERVE_BPS + (1 - USABLE) * self._sent_bps) / USABLE)

    @property
    def told(self) -> float:
        """When the last report came."""
        return self._told

    def rate_bps(self, now: float) -> int:
        """Return what catch-up may take at `now`."""
        return int(self._bps) if now - self._told < STALE_S else 0

    def take(self, size_bytes: int, now: float) -> float:
        """Take `size_bytes` and return 0.0, or return how long to wait before asking again."""
        self._fill(now)
        if self._tokens >= size_bytes:
            self._tokens -= size_bytes
            return 0.0
        rate = self.rate_bps(now)
        if rate == 0:
            return 1.0
        return min(1.0, max(0.005, (size_bytes - self._tokens) * 8 / rate))

    def _fill(self, now: float) -> None:
        passed_s = max(0.0, min(now, self._told + STALE_S) - self._filled)
        self._filled = max(now, self._filled)
        most = max(float(CHUNK_BYTES), self._bps / 8 * BURST_S)
        self._tokens = min(most, self._tokens + passed_s * self._bps / 8)
        if self.rate_bps(now) == 0:
            self._tokens = 0.0  # what was saved up on a better link is not there any more


class SpareBook:
    """The links of a room's receivers."""

    def __init__(self) -> None:
        self._spares: dict[PeerId, Spare] = {}
        self._probing: set[PeerId] = set()

    def on_report(self, peer: PeerId, estimate_bps: int, sent_bps: int, now: float) -> int | None:
        """Take in a report of `peer`; return what the media worker should be told to probe for besides, or None."""
        spare = self.of(peer, now)
        spare.on_report(estimate_bps, sent_bps, now)
        besides_bps = spare.besides_bps(now)
        if besides_bps:
            self._probing.add(peer)  # told each time: a new receiving transport knows nothing of it
        elif peer in self._probing:
            self._probing.discard(peer)
        else:
            return None
        return besides_bps

    def knows(self, peer: PeerId) -> bool:
        """Return whether anything was ever heard of the link of `peer`."""
        return peer in self._spares

    def of(self, peer: PeerId, now: float) -> Spare:
        """Return the link of `peer`; nothing is to spare on one that nothing is known of."""
        spare = self._spares.get(peer)
        if spare is None:
            if len(self._spares) >= MAX_PEERS:
                stalest = min(self._spares, key=lambda one: self._spares[one].told)
                del self._spares[stalest]
                self._probing.discard(stalest)
            spare = self._spares[peer] = Spare(now)
        return spare


class Window(NamedTuple):
    """A stretch of the lesson, in ms of the room's time."""

    from_ms: int
    to_ms: int


def check_window(from_ms: int, to_ms: int, now_ms: int, begins_ms: float | None) -> Window:
    """Return the stretch that is answered: at most a minute from `from_ms` on, not before the recording began.

    Raises:
        Refused: `catchup_empty` or `catchup_too_old`.
    """
    if begins_ms is None:
        raise Refused("catchup_empty", "录制刚刚开始，还没有可以补看的内容。请过几秒再试。")
    first = max(int(begins_ms), now_ms - MAX_AGE_MS)
    if to_ms < first:
        raise Refused("catchup_too_old", "这一段已经补看不了：只能补看最近半小时内录下来的内容。")
    start = min(max(from_ms, first), now_ms)
    return Window(start, max(start, min(to_ms, now_ms, start + MAX_WINDOW_MS)))


def choose_offer(spare_bps: int, sound_bps: float, pictures_bps: Sequence[float]) -> tuple[Offer, int]:
    """Return what the link has room for, and how many of the pictures, the most wanted first.

    Pictures must be there in time at the speed of the replay. Sound must come at least as fast as it was spoken: it is
    buffered before it plays.
    """
    if spare_bps < sound_bps or spare_bps == 0:
        return "wait", 0
    room_bps = spare_bps / RATE - sound_bps
    taken = 0
    for bps in pictures_bps:
        if bps > room_bps:
            return "less", taken
        room_bps -= bps
        taken += 1
    return "all", taken


class Offered(NamedTuple):
    """What of a stretch is offered, and the rate at which all of it could be used."""

    offer: Offer
    tracks: tuple[Missed, ...]
    wish_bps: float


def offer_tracks(found: Sequence[Missed], spare_bps: int, *, video_allowed: bool) -> Offered:
    """Return the voices, and the pictures as far as the link has room and the school's data cap lets it."""
    found = [one for one in found if one.codec in MIMES]
    sounds = [one for one in found if one.codec == "opus"]
    pictures = [[one for one in found if one.role == role] for role in ("screen", "camera") if video_allowed]
    pictures = [runs for runs in pictures if runs]
    sound_bps = sum(_bps([one for one in sounds if one.role == role]) for role in ("voice", "guest"))
    picture_bps = [_bps(runs) for runs in pictures]
    offer, taken = choose_offer(spare_bps, sound_bps, picture_bps)
    shown = [one for runs in pictures[:taken] for one in runs]
    tracks = () if offer == "wait" else (*sounds, *shown)
    return Offered(offer, tracks, FULL_RATE * (sound_bps + sum(picture_bps)))


def _bps(runs: Sequence[Missed]) -> float:
    clusters = [cluster for run in runs for cluster in run.clusters]
    ms = sum(one.end_ms - one.ms for one in clusters)
    return sum(one.end - one.offset for one in clusters) * 8000 / ms if ms else 0.0


def require_spare(spare: Spare, now: float) -> None:
    """Pass when something may be sent.

    Raises:
        Unavailable: `catchup_waits`.
    """
    if spare.rate_bps(now) == 0:
        raise Unavailable("catchup_waits", "网络正忙，先保证直播。补看会自动继续。")
