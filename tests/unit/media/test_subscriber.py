"""What a receiver's reports, or the lack of them, do to what it gets."""

from __future__ import annotations

from bench.rtc_client import Vp8Source
from media import rtcp
from media.bwe.controller import START_BPS
from media.publisher import Publisher
from media.subscriber import Subscriber
from tests.unit.media.media_scene import VP8_UP, Scene, line

FRAME = 3000


class Lesson:
    """A lecturer and a classroom of about 240 kbit/s each, and one who watches both."""

    def __init__(self, known_bps: int = 0) -> None:
        self.scene = Scene()
        self.sources: dict[str, tuple[Publisher, Vp8Source]] = {}
        for ssrc, peer in ((10, "teacher"), (20, "class")):
            publisher = self.scene.publisher(peer, {"camera": line("v", "video", VP8_UP, ssrcs=(ssrc,))})
            self.sources[peer] = publisher, Vp8Source(ssrc, packet_bytes=1000, height=90)
        self.play(2.0)
        self.pupil: Subscriber = self.scene.subscriber(tiles=1, known_bps=known_bps)
        self.scene.fill("pupil", "lecturer", "teacher")
        self.scene.fill("pupil", "tile0", "class")

    def play(self, seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            asked = {core.peer for core, packet in self.scene.rtcp if isinstance(packet, rtcp.Pli)}
            self.scene.rtcp.clear()
            for peer, (publisher, source) in self.sources.items():
                self.scene.arrive(publisher, *source.frame(1, FRAME, key=peer in asked))
            self.scene.pass_time(1 / 30, step=1 / 60)

    def report(self, slot: str, fraction_lost: int) -> None:
        """Give a plain receiver report on a slot."""
        ssrc = self.pupil.slots[slot].ssrc
        self.scene.report(self.pupil, rtcp.build_rr(1, [rtcp.ReportBlock(ssrc, fraction_lost, 0, 0, 0, 0, 0)]))

    def flows(self, slot: str) -> bool:
        before = self.pupil.slots[slot].packets
        self.play(0.5)
        return self.pupil.slots[slot].packets > before


def test_plain_reports_open_the_tiles_and_close_them_again() -> None:
    lesson = Lesson()
    lesson.play(0.3)
    lesson.report("lecturer", 13)  # 5 %: it hears us, and that says nothing of more or less
    lesson.play(2.7)
    assert lesson.flows("lecturer")
    assert not lesson.flows("tile0"), "300 kbit/s carry one of the two"
    for _ in range(3):
        lesson.report("lecturer", 0)
        lesson.play(1.0)
    assert lesson.flows("tile0")
    for _ in range(3):
        lesson.report("tile0", 128)
        lesson.play(1.0)
    assert not lesson.flows("tile0")
    assert lesson.flows("lecturer")


def test_a_slot_that_gets_nothing_says_nothing_of_the_link() -> None:
    lesson = Lesson()
    lesson.play(1.0)
    estimate = lesson.pupil.link.estimate_bps(lesson.scene.now)
    for _ in range(5):
        lesson.report("tile0", 0)
        lesson.play(1.0)
    assert lesson.pupil.link.estimate_bps(lesson.scene.now) == estimate


def test_a_known_link_begins_with_what_it_carried() -> None:
    lesson = Lesson(known_bps=1_000_000)
    assert lesson.pupil.link.estimate_bps(lesson.scene.now) == 700_000
    assert lesson.flows("tile0")
    assert Lesson(known_bps=320_000).pupil.link.estimate_bps(0.0) == START_BPS, "an unknown link begins there too"
    assert Lesson(known_bps=100_000).pupil.link.estimate_bps(0.0) == 100_000


def test_remb_is_believed_over_plain_reports() -> None:
    lesson = Lesson()
    lesson.scene.report(lesson.pupil, rtcp.build_remb(1, 900_000, [lesson.pupil.slots["lecturer"].ssrc]))
    lesson.report("lecturer", 128)
    lesson.play(1.0)
    assert lesson.flows("tile0")
