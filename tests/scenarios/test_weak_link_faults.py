"""Receivers and publishers that misbehave, clocks that jump: in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from media import rtcp
from tests.scenarios.twin.figures import Figures
from tests.scenarios.twin.lesson import Classroom, Lesson
from tests.scenarios.twin.links import link
from tests.scenarios.twin.run import follow

CHEAP = ("q", "h")
FEEDBACK, NACK = 15, 1  # formats of RTPFB (RFC 4585 §6.2, transport-wide-cc-extensions-01 §3.1)


def _is(packet: bytes, form: int) -> bool:
    return packet[1] == 205 and packet[0] & 0x1F == form


class _Repeater:
    """Every packet three times."""

    def __call__(self, packet: bytes) -> list[bytes]:
        return [packet, packet, packet]


class _Reorderer:
    """Every second feedback only after the one that follows it."""

    def __init__(self) -> None:
        self._held: bytes | None = None

    def __call__(self, packet: bytes) -> list[bytes]:
        if not _is(packet, FEEDBACK):
            return [packet]
        if self._held is None:
            self._held = packet
            return []
        held, self._held = self._held, None
        return [packet, held]


class _Liar:
    """Everything arrived, and all at once."""

    def __call__(self, packet: bytes) -> list[bytes]:
        if not _is(packet, FEEDBACK):
            return [packet]
        told = rtcp.parse_compound(packet)[0][0]
        assert isinstance(told, rtcp.TransportFeedback)
        count = min(300, len(packet))
        return [rtcp.build_transport_feedback(1, 1, told.base_seq, 0, [64_000_000] * count)]


class _Babbler:
    """Feedback whose bytes mean nothing."""

    def __init__(self) -> None:
        self._rng = random.Random(9)

    def __call__(self, packet: bytes) -> list[bytes]:
        if not _is(packet, FEEDBACK):
            return [packet]
        body = bytearray(packet)
        for _ in range(4):
            body[self._rng.randrange(12, len(body))] = self._rng.randrange(256)
        return [bytes(body)]


def _run(tamper: Callable[[bytes], list[bytes]], seed: int, kbps: float = 600) -> tuple[Figures, Classroom]:
    lesson = Lesson(seed, CHEAP)
    classroom = lesson.join(link((0, kbps)))
    classroom.tamper = tamper
    return follow(lesson, classroom, 8.0), classroom


@pytest.mark.parametrize("tamper", [_Repeater(), _Reorderer()])
def test_feedback_that_repeats_or_reorders_changes_little(tamper: Callable[[bytes], list[bytes]]) -> None:
    figures, _ = _run(tamper, seed=1)
    assert sum(end - begin for begin, end in figures.stalls) <= 0.7, "one gap while it climbs by half as many reports"
    assert figures.audio_stall_pct <= 0.8
    assert figures.mean_height >= 300


@pytest.mark.parametrize("tamper", [_Liar(), _Babbler()])
def test_feedback_that_lies_hurts_nobody_but_the_liar(tamper: Callable[[bytes], list[bytes]]) -> None:
    lesson = Lesson(2, CHEAP)
    honest = lesson.join(link((0, 2000)), "honest")
    liar = lesson.join(link((0, 250)), "liar")
    liar.tamper = tamper
    figures = follow(lesson, honest, 6.0)
    assert figures.video_stall_pct == 0
    assert figures.mean_height >= 320
    assert liar.down.sent_bytes * 8 / 6.0 <= 1_500_000, "no more than twice what was wanted"
    assert liar.audio.played_s > 5.0


def test_feedback_that_stops_leaves_the_sound_and_comes_back() -> None:
    lesson = Lesson(3, CHEAP)
    classroom = lesson.join(link((0, 800)))
    lesson.play(4.0)
    classroom.receiver.sends_feedback = False
    lesson.play(4.0)
    classroom.receiver.sends_feedback = True
    figures = follow(lesson, classroom, 2.0)
    assert figures.audio_stall_pct <= 1
    shown = [frame.at - classroom.joined_at for frame in classroom.video.shown]
    assert min(at for at in shown if at > 8.0) <= 9.0
    assert figures.corrupt == 0


def test_ten_thousand_requests_a_second_get_no_more_than_their_budget() -> None:
    lesson = Lesson(4, CHEAP)
    classroom = lesson.join(link((0, 1000)), "greedy")
    other = lesson.join(link((0, 1000)), "other")
    lesson.play(3.0)
    slot = classroom.subscriber.slots["lecturer"]
    newest = slot._last_out
    before, resent = classroom.down.sent_bytes, getattr(slot, "resent_bytes", 0)
    for burst in range(200):  # 100 numbers, 100 times a second
        packet = rtcp.build_nack(1, slot.ssrc, [(newest - 100 + number) & 0xFFFF for number in range(100)])
        lesson.clock.at(lesson.clock.now + burst / 100, classroom.send_rtcp, packet)
    lesson.play(2.0)
    spent = getattr(slot, "resent_bytes", 0) - resent
    assert spent * 8 / 2.0 <= 0.3 * 1_000_000
    assert (classroom.down.sent_bytes - before) * 8 / 2.0 <= 1_000_000
    figures = follow(lesson, other, 0.0)
    assert figures.video_stall_pct == 0
    assert figures.mean_height >= 300


@pytest.mark.parametrize("jump_s", [3.0, 3600.0])
def test_a_clock_that_jumps_ahead_costs_a_second_at_most(jump_s: float) -> None:
    lesson = Lesson(5, CHEAP)
    classroom = lesson.join(link((0, 800)))
    lesson.play(4.0)
    lesson.shell.skew_s += jump_s
    figures = follow(lesson, classroom, 3.5)
    late = [frame for frame in classroom.video.shown if frame.at - classroom.joined_at > 5.5]
    assert len(late) >= 20
    assert figures.worst_stall_s <= 1.5
    assert figures.audio_stall_pct <= 3


def test_layers_that_vanish_and_return_are_followed() -> None:
    lesson = Lesson(6)
    classroom = lesson.join(link((0, 5000)))
    lesson.play(4.0)
    lesson.browser.offer(("q",))
    lesson.play(4.0)
    lesson.browser.offer(("q", "h", "f"))
    figures = follow(lesson, classroom, 5.0)
    heights = [(frame.at - classroom.joined_at, frame.height) for frame in classroom.video.shown]
    assert {height for at, height in heights if 6.0 < at < 8.0} == {180}
    assert {height for at, height in heights if at > 12.0} == {720}
    assert figures.worst_stall_s <= 1.0
    assert figures.corrupt == 0


def test_a_publisher_whose_picture_stops_keeps_its_sound_and_comes_back() -> None:
    lesson = Lesson(7, CHEAP)
    classroom = lesson.join(link((0, 800)))
    lesson.play(4.0)
    lesson.browser.offer(())
    lesson.play(4.0)
    lesson.browser.offer(CHEAP)
    back = lesson.clock.now
    figures = follow(lesson, classroom, 2.0)
    assert figures.audio_stall_pct <= 0.5
    assert min(frame.at for frame in classroom.video.shown if frame.at > back) - back <= 1.0
