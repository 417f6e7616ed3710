"""The twin's receiver beside what a real Chromium did: `python -m tests.scenarios.twin.calibrate`.

Sound: share of samples made up at random loss, by repair (media measured for 22 s; bursts are of three packets).
Pictures: share of time frozen as Chromium counts it (a gap of three mean gaps, or of a mean gap and 150 ms), by loss,
round trip and playout delay, for streams of 1.6 and 2 packets a frame with resends.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from itertools import pairwise

from tests.scenarios.twin.audio import AudioStream
from tests.scenarios.twin.clock import Clock
from tests.scenarios.twin.publisher import NO_FRAME, TRUTH
from tests.scenarios.twin.video import VideoStream

SECONDS = 60.0
JITTER_S = 0.005
GUARD_S = 0.015  # of a sender that answers repeated requests
Send = Callable[[int], None]


class Path:
    """A path with loss and delay, on which packets never overtake each other, and a sender that resends over it."""

    def __init__(self, clock: Clock, loss: float, rtt_s: float, burst: int, seed: int) -> None:
        self.clock = clock
        self.deliver: Callable[[int, bool], None] = lambda seq, resent: None
        self._loss, self._rtt_s, self._burst = loss, rtt_s, burst
        self._rng = random.Random(seed)
        self._left = 0  # of a burst of losses
        self._last = 0.0
        self._newest = 0
        self._resent: dict[int, float] = {}

    def _loses(self) -> bool:
        if self._left:
            self._left -= 1
            return True
        if self._rng.random() < self._loss / self._burst / (1 - self._loss * (1 - 1 / self._burst)):
            self._left = self._burst - 1
            return True
        return False

    def send(self, seq: int, *, resent: bool = False) -> None:
        self._newest = max(self._newest, seq)
        if not self._loses():
            at = self.clock.now + self._rtt_s / 2 + self._rng.uniform(0, JITTER_S)
            self._last = max(self._last, at)
            self.clock.at(self._last, self.deliver, seq, resent)

    def nack(self, seqs: list[int]) -> None:
        if not self._loses():
            self.clock.at(self.clock.now + self._rtt_s / 2, self._resend, list(seqs))

    def _resend(self, seqs: list[int]) -> None:
        for short in seqs:
            seq = self._newest - ((self._newest - short) & 0xFFFF)
            if self.clock.now - self._resent.get(seq, -1.0) > GUARD_S:
                self._resent[seq] = self.clock.now
                self.send(seq, resent=True)


def concealed_pct(
    frames: int, copies: tuple[int, ...], *, nack: bool, loss: float, rtt_s: float, burst: int, seed: int
) -> float:
    """Return the share of sound made up, in per cent, with `frames` a packet and copies of earlier packets."""
    clock = Clock()
    path = Path(clock, loss, rtt_s, burst, seed)
    stream = AudioStream(clock, path.nack if nack else None)
    sent: dict[int, list[int]] = {}
    count = 0

    def deliver(seq: int, resent: bool) -> None:
        stream.on_packet(seq & 0xFFFF, sent[seq])

    def make() -> None:
        nonlocal count
        count += 1
        if count % frames:
            return
        firsts = [count - frames + 1 - back * frames for back in (*sorted(copies, reverse=True), 0)]
        sent[count // frames] = [(first + one) * 960 for first in firsts for one in range(frames) if first > 0]
        path.send(count // frames)

    path.deliver = deliver
    clock.every(0.02, make)
    clock.every(0.02, stream.on_tick)
    clock.run(clock.now + SECONDS)
    return 100 * stream.concealed_s / stream.played_s


def frozen_pct(*, loss: float, rtt_s: float, playout_s: float, a_frame: float, fps: float, seed: int) -> float:
    """Return the share of time frozen, in per cent, of a stream with resends."""
    clock = Clock()
    path = Path(clock, loss, rtt_s, 1, seed)
    rng = random.Random(seed)
    sent: dict[int, tuple[int, bool, bytes]] = {}
    number, seq, wants_key = 0, 100, True

    def want_key() -> None:
        nonlocal wants_key
        wants_key = True

    stream = VideoStream(clock, path.nack, lambda: clock.at(clock.now + rtt_s / 2 + 0.06, want_key))
    stream.min_playout_s = playout_s

    def deliver(at: int, resent: bool) -> None:
        timestamp, ends, payload = sent[at]
        stream.on_packet(at & 0xFFFF, timestamp, ends, memoryview(payload), resent=resent)

    def make() -> None:
        nonlocal number, seq, wants_key
        number += 1
        key, wants_key = wants_key, False
        packets = 4 if key else int(a_frame) + (rng.random() < a_frame % 1)
        head = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 320, 180) if key else b"\x11\x02\x00"
        truth = TRUTH.pack(number, NO_FRAME, NO_FRAME, key, 0)
        for part in range(packets):
            seq += 1
            descriptor = struct.pack("!BBHBB", 0x80 if part else 0x90, 0xF0, 0x8000 | number & 0x7FFF, number & 0xFF, 0)
            payload = descriptor + (bytes(30) if part else head + truth)
            sent[seq] = (int(number * 90_000 / fps) & 0xFFFFFFFF, part == packets - 1, payload)
            path.send(seq)

    path.deliver = deliver
    clock.every(1 / fps, make)
    clock.every(0.02, stream.on_tick)
    clock.run(clock.now + SECONDS)
    gaps = [after.at - before.at for before, after in pairwise(stream.shown)]
    mean = sum(gaps) / max(1, len(gaps))
    return 100 * sum(gap for gap in gaps if gap >= max(3 * mean, mean + 0.15)) / SECONDS


SOUND = (  # name, frames, copies, resends, measured at 10 % 100 ms, 20 % 100 ms, 20 % 300 ms, 15 % in bursts 100 ms
    ("plain", 1, (), False, "8.7 18.0 17.7 15.4"),
    ("one copy", 1, (1,), False, "1.6 3.6 3.5 10.7"),
    ("two copies", 1, (1, 2), False, "0.2 0.7 0.9 8.0"),
    ("resends", 1, (), True, "3.5 4.6 17.6 6.6"),
    ("pairs, copied", 2, (1,), False, "1.4 3.6 3.6 11.3"),
    ("pairs, copied twice", 2, (1, 2), False, "0.9 1.1 1.2 9.4"),
)
PATHS = ((0.1, 0.1, 1), (0.2, 0.1, 1), (0.2, 0.3, 1), (0.15, 0.1, 3))
PICTURES = (  # loss, round trip, playout delay, measured (1.6 packets a frame / 2 packets a frame)
    (0.05, 0.1, 0.0, "2 / -"),
    (0.1, 0.1, 0.0, "10 / 19"),
    (0.1, 0.1, 0.15, "1.3 / -"),
    (0.1, 0.1, 0.25, "0 / -"),
    (0.2, 0.1, 0.0, "24 / 35"),
    (0.2, 0.1, 0.4, "0 / 3.3"),
    (0.2, 0.3, 0.0, "68 / 57"),
    (0.2, 0.3, 0.6, "0 / 1"),
)


def main() -> None:
    """Print both tables, a mean of two seeds each."""
    for name, frames, copies, nack, measured in SOUND:
        found = [
            sum(
                concealed_pct(frames, copies, nack=nack, loss=loss, rtt_s=rtt_s, burst=burst, seed=seed)
                for seed in (1, 2)
            )
            / 2
            for loss, rtt_s, burst in PATHS
        ]
        print(f"{name:20} {' '.join(f'{share:5.1f}' for share in found)} % made up, measured {measured}")
    for loss, rtt_s, playout_s, measured in PICTURES:
        shares = [
            sum(
                frozen_pct(loss=loss, rtt_s=rtt_s, playout_s=playout_s, a_frame=a_frame, fps=fps, seed=seed)
                for seed in (1, 2)
            )
            / 2
            for a_frame, fps in ((1.6, 20.0), (2.0, 24.0))
        ]
        print(
            f"{loss:4.0%} {rtt_s * 1000:3.0f} ms, held back {playout_s * 1000:3.0f} ms: "
            f"{shares[0]:4.1f} / {shares[1]:4.1f} % frozen, measured {measured}"
        )


if __name__ == "__main__":
    main()
