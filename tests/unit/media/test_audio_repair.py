"""Which repair a link gets, what it costs, and that it does not flap."""

from __future__ import annotations

import itertools
import random

import pytest

from media.audio_repair import AudioMode, AudioRepairPolicy, audio_bps

WIDE = 5_000_000


class Link:
    """A policy in virtual time."""

    def __init__(self) -> None:
        self.policy = AudioRepairPolicy()
        self.now = 0.0
        self.facts = {"loss": 0.0, "loss_burst": 1.0, "rtt_s": 0.08, "frame_bytes": 60.0, "frame_s": 0.02}
        self.room_bps = WIDE
        self.has_red = True

    def modes(self, seconds: float = 10.0, **facts: float) -> list[str]:
        """Return the modes of the next seconds, each once in a row."""
        self.room_bps = int(facts.pop("room_bps", self.room_bps))
        self.facts |= facts
        names = []
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            mode = self.policy.choose(**self.facts, room_bps=self.room_bps, has_red=self.has_red, now=self.now)
            names.append(mode.name)
        return [name for name, _ in itertools.groupby(names)]


@pytest.mark.parametrize(
    ("loss", "burst", "rtt_ms", "room_kbps", "mode"),
    [
        (0.00, 1, 80, 5000, "plain+nack"),
        (0.015, 1, 80, 5000, "plain+nack"),
        (0.015, 1, 300, 5000, "plain"),
        (0.05, 1, 80, 5000, "red4+nack"),
        (0.05, 1, 300, 5000, "red4"),
        (0.05, 3, 300, 5000, "red2+red6"),
        (0.10, 1, 80, 5000, "red1+red4+nack"),
        (0.20, 3, 300, 5000, "red2+red6"),
        (0.10, 1, 80, 200, "bundle2+red1+red2+nack"),
        (0.10, 1, 300, 200, "bundle2+red1+red2"),
        (0.10, 1, 80, 140, "plain+nack"),
        (0.10, 1, 300, 130, "bundle2+red2"),
        (0.05, 1, 80, 100, "bundle2+nack"),
        (0.05, 1, 300, 80, "bundle3+red1"),
        (0.03, 2, 80, 200, "red6+nack"),
        (0.10, 2, 300, 200, "bundle2+red1+red3"),
        (0.10, 2, 300, 80, "bundle3+red2"),
        (0.00, 3, 80, 5000, "plain+nack"),
        (0.00, 1, 80, 100, "bundle2+nack"),
        (0.00, 1, 80, 60, "bundle3+nack"),
        (0.10, 1, 300, 40, "bundle3"),
        (0.50, 9, 900, 0, "bundle3"),
    ],
)
def test_what_each_link_gets(loss: float, burst: float, rtt_ms: float, room_kbps: int, mode: str) -> None:
    link = Link()
    assert link.modes(loss=loss, loss_burst=burst, rtt_s=rtt_ms / 1000, room_bps=room_kbps * 1000)[-1] == mode


def test_never_more_than_the_room_but_for_the_floor() -> None:
    rng = random.Random(3)
    link = Link()
    floor = audio_bps(AudioMode(3))
    for _ in range(300):
        room = rng.randrange(0, 400_000)
        link.modes(
            0.5,
            room_bps=room,
            loss=rng.random() ** 3,
            loss_burst=1 + 4 * rng.random(),
            rtt_s=rng.random() / 2,
        )
        assert audio_bps(link.policy.mode) <= max(room, floor)
        if room < floor:
            assert (link.policy.mode.frames, link.policy.mode.copies) == (3, ())


def test_more_repair_comes_at_once_and_less_after_a_while() -> None:
    link = Link()
    link.modes(loss=0.1)
    assert link.modes(4.5, loss=0.0) == ["red1+red4+nack"]
    assert link.modes(12, loss=0.0) == ["red1+red4+nack", "red4+nack", "plain+nack"]
    assert link.modes(0.25, loss=0.1) == ["red1+red4+nack"]


@pytest.mark.parametrize(("low", "high"), [(0.018, 0.022), (0.07, 0.09)])
def test_loss_around_a_limit_does_not_flap(low: float, high: float) -> None:
    link = Link()
    rng = random.Random(1)
    seen = [name for _ in range(200) for name in link.modes(0.5, loss=rng.uniform(low, high))]
    assert len(list(itertools.groupby(seen))) <= 2


def test_runs_around_a_limit_do_not_flap() -> None:
    link = Link()
    rng = random.Random(4)
    seen = [name for _ in range(200) for name in link.modes(0.5, loss=0.1, loss_burst=rng.uniform(1.55, 2.5))]
    assert [name for name, _ in itertools.groupby(seen)][-1] == "red2+red6+nack"
    assert len(list(itertools.groupby(seen))) <= 2


@pytest.mark.parametrize("rtt_ms", [80, 300])
@pytest.mark.parametrize("room_kbps", [60, 90, 120, 190, 250])
def test_room_around_a_limit_does_not_flap(room_kbps: int, rtt_ms: int) -> None:
    link = Link()
    rng = random.Random(2)
    seen = [
        name
        for _ in range(120)
        for name in link.modes(0.5, loss=0.1, rtt_s=rtt_ms / 1000, room_bps=room_kbps * 1000 * rng.uniform(0.95, 1.05))
    ]
    assert len(list(itertools.groupby(seen))) <= 3


def test_room_that_falls_is_obeyed_at_once_and_trusted_late() -> None:
    link = Link()
    link.modes(loss=0.1, rtt_s=0.3)
    assert link.modes(0.25, room_bps=70_000) == ["bundle3+red1"]
    assert link.modes(2.75, room_bps=WIDE) == ["bundle3+red1"]
    assert link.modes(2, room_bps=WIDE) == ["bundle3+red1", "red1+red4"]


def test_a_sender_of_long_packets_is_not_bundled_further() -> None:
    link = Link()
    assert link.modes(frame_s=0.06, frame_bytes=120, room_bps=30_000)[-1] == "plain+nack"
    assert link.modes(frame_s=0.04, frame_bytes=100, room_bps=30_000)[-1] == "plain+nack"


def test_music_from_an_encoder_stays_within_a_datagram() -> None:
    link = Link()
    assert link.modes(frame_bytes=640, loss=0.2, rtt_s=0.3)[-1] == "plain", "256 kbit/s"
    assert link.modes(frame_bytes=320, loss=0.2, rtt_s=0.3, seconds=9)[-1] == "red1+red4"


def test_without_red_there_are_only_resends() -> None:
    link = Link()
    link.has_red = False
    assert link.modes(loss=0.2, room_bps=40_000) == ["plain+nack"]
    assert link.modes(rtt_s=0.4) == ["plain"]


def test_facts_that_are_no_numbers_change_nothing() -> None:
    link = Link()
    assert link.modes(loss=float("nan"), loss_burst=float("nan"), rtt_s=0.08) == ["plain+nack"]


@pytest.mark.parametrize(
    ("mode", "bps"),
    [
        (AudioMode(), (64 + 60) * 400),
        (AudioMode(1, (4,)), (64 + 2 * 60 + 4 + 1) * 400),
        (AudioMode(2), (64 + 2 * 60 + 4 + 1) * 200),
        (AudioMode(2, (1, 2)), (64 + 6 * 60 + 20 + 1) * 200),
        (AudioMode(3), round((64 + 3 * 60 + 8 + 1) * 8 / 0.06)),
    ],
)
def test_what_a_mode_costs_on_the_wire(mode: AudioMode, bps: int) -> None:
    assert audio_bps(mode, 60, 0.02) == bps
