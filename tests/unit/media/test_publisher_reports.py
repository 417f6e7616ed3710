"""What a publisher is told about its stream and asked about its link."""

from __future__ import annotations

from typing import Any

import pytest

from media import rtcp
from media.audio_down_track import AudioDownTrack
from media.audio_repair import AudioMode
from media.publisher import MAX_TOLD_LOSS, Publisher
from media.subscriber import Subscriber
from tests.unit.media.media_scene import OPUS_UP, VP8_UP, OpusSource, Scene, Vp8Source, line

VOICE, CAMERA = 10, 20


class Lesson:
    """A lecturer who is heard and seen, and two classrooms."""

    def __init__(self) -> None:
        self.scene = scene = Scene()
        self.publisher: Publisher = scene.publisher(
            "lecturer",
            {"mic": line("a", "audio", OPUS_UP, ssrcs=(VOICE,)), "camera": line("v", "video", VP8_UP, ssrcs=(CAMERA,))},
        )
        self.voice, self.camera = OpusSource(VOICE), Vp8Source(CAMERA)
        self.hearers = [scene.subscriber(peer) for peer in ("near", "far")]
        for hearer in self.hearers:
            scene.fill(hearer.peer, "audio0", "lecturer", "mic")
        self.speak()

    def speak(self) -> None:
        scene = self.scene
        scene.arrive(self.publisher, *[self.voice.packet() for _ in range(5)], *self.camera.frame(1, 3_000, key=True))
        scene.rtcp.clear()
        scene.pass_time(1.05)

    def blocks(self) -> dict[int, rtcp.ReportBlock]:
        """Return the newest report's blocks."""
        reports = [report for report in self.scene.asked(rtcp.ReceiverReport) if report.blocks]
        return {block.ssrc: block for block in reports[-1].blocks}


@pytest.fixture
def lesson() -> Lesson:
    return Lesson()


def loses(lesson: Lesson, loss: float) -> None:
    """Let the second classroom report for a while that it loses so much, 0..1."""
    for _ in range(60):
        lesson.hearers[1].link.on_report(0.3, loss, lesson.scene.now)


def voice_slot(hearer: Subscriber) -> AudioDownTrack:
    down = hearer.slots["audio0"]
    assert isinstance(down, AudioDownTrack)
    return down


def test_nobody_loses_so_nothing_is_told(lesson: Lesson) -> None:
    assert {ssrc: block.fraction_lost for ssrc, block in lesson.blocks().items()} == {VOICE: 0, CAMERA: 0}


def test_the_worst_hearer_lets_the_voice_protect_itself(lesson: Lesson) -> None:
    loses(lesson, 0.1)
    lesson.speak()
    blocks = lesson.blocks()
    assert 20 <= blocks[VOICE].fraction_lost <= 26
    assert blocks[VOICE].cumulative_lost == 0, "the uplink lost nothing, and is not made to look so"
    assert blocks[CAMERA].fraction_lost == 0


def test_one_bad_link_is_told_up_to_a_bound(lesson: Lesson) -> None:
    loses(lesson, 0.9)
    lesson.speak()
    assert lesson.blocks()[VOICE].fraction_lost == int(MAX_TOLD_LOSS * 256)


def test_who_gets_copies_needs_no_help_from_the_encoder(lesson: Lesson) -> None:
    loses(lesson, 0.1)
    copies = AudioMode(copies=(1,))
    voice_slot(lesson.hearers[1]).mode = copies
    voice_slot(lesson.hearers[1]).policy.choose = lambda **_: copies  # type: ignore[method-assign]
    lesson.speak()
    assert lesson.blocks()[VOICE].fraction_lost == 0


def answer(publisher: Publisher, told: rtcp.ReceiverReferenceTime, delay_s: float, **changed: int) -> rtcp.Dlrr:
    values: dict[str, Any] = {"ssrc": publisher.own_ssrc, "middle": rtcp.ntp_middle(told.ntp), **changed}
    return rtcp.Dlrr(CAMERA, ((values["ssrc"], values["middle"], int(delay_s * 65_536)),))


def test_the_round_trip_is_what_the_answer_to_our_clock_says(lesson: Lesson) -> None:
    publisher, scene = lesson.publisher, lesson.scene
    told = scene.asked(rtcp.ReceiverReferenceTime)[-1]
    sent_at = scene.now - (scene.now - 100.0) % 1.0
    told_at = next(at for middle, at in publisher._references if middle == rtcp.ntp_middle(told.ntp))
    assert abs(told_at - sent_at) < 0.1
    publisher.on_rtcp(answer(publisher, told, 0.5), told_at + 0.8)
    assert publisher.rtt_s == pytest.approx(0.3, abs=0.01)
    publisher.on_rtcp(answer(publisher, told, 0.5), told_at + 1.2)
    assert publisher.rtt_s == pytest.approx(0.4, abs=0.01), "smoothed"
    lesson.speak()
    assert all(layer.nack.rtt_s == publisher.rtt_s for layer in publisher.layers())


def test_answers_that_cannot_be_true_are_ignored(lesson: Lesson) -> None:
    publisher = lesson.publisher
    told = lesson.scene.asked(rtcp.ReceiverReferenceTime)[-1]
    now = lesson.scene.now
    for lie in (
        answer(publisher, told, 3_600.0),
        answer(publisher, told, 0.0, ssrc=99),
        answer(publisher, told, 0.0, middle=123),
    ):
        publisher.on_rtcp(lie, now)
    publisher.on_rtcp(answer(publisher, told, 0.0), now + 60.0)
    assert publisher.rtt_s == 0.1
