"""What a receiver sees through changes of source, layer and codec."""

from __future__ import annotations

import itertools
import random

import pytest

from bench.rtc_client import OpusSource, Vp8Source
from media import rtcp
from media.publisher import Publisher
from media.rtp import build_packet, seq_diff, timestamp_diff
from media.sdp import NegotiatedMedia
from tests.unit.media.media_scene import (
    H264_UP,
    OPUS_UP,
    VP8_UP,
    Scene,
    Seen,
    check_continuity,
    in_place,
    is_key,
    line,
    own_timestamps,
    payload,
    picture,
)

FRAME = 3000  # ticks of 90 kHz at 30/s


def camera(ssrc: int, mid: str = "v") -> NegotiatedMedia:
    return line(mid, "video", VP8_UP, ssrcs=(ssrc,), rtx_ssrcs={ssrc: ssrc + 1})


def play(scene: Scene, publisher: Publisher, source: Vp8Source, frames: int, *, key_first: bool = False) -> None:
    for number in range(frames):
        scene.arrive(publisher, *source.frame(3, FRAME, key=key_first and number == 0))
        scene.pass_time(1 / 30, step=1 / 30)
        scene.hear()


@pytest.mark.parametrize("first_seq", [0, 1, 32767, 65534, 65535])
def test_numbers_continue_over_every_wrap(first_seq: int) -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    source = Vp8Source(10)
    source.seq = first_seq
    play(scene, publisher, source, 120, key_first=True)
    packets = scene.sent["pupil"]
    assert len(packets) == 360
    assert is_key(packets[0])
    assert Seen(packets[0]).seq < 1 << 15
    check_continuity(packets)


def test_another_source_continues_the_numbering_from_its_keyframe() -> None:
    scene = Scene()
    first = scene.publisher("a", {"camera": camera(10)})
    second = scene.publisher("b", {"camera": camera(20)})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "a")
    one, two = Vp8Source(10), Vp8Source(20)
    two.timestamp, two.seq, two.picture_id = 5, 40_000, 3
    play(scene, first, one, 20, key_first=True)
    play(scene, second, two, 60)
    scene.asked(rtcp.Pli)
    scene.fill("pupil", "lecturer", "b")
    assert [item.media_ssrc for item in scene.asked(rtcp.Pli)] == [20]
    count = len(scene.sent["pupil"])
    play(scene, second, two, 5)
    assert len(scene.sent["pupil"]) == count, "nothing before the keyframe"
    play(scene, second, two, 20, key_first=True)
    packets = in_place(scene.sent["pupil"])
    assert is_key(packets[count])
    check_continuity(packets)
    own = own_timestamps([Seen(packet) for packet in packets])
    assert 60 * FRAME < timestamp_diff(own[count], own[count - 1]) < 70 * FRAME, "the time that passed"


def test_an_unfinished_frame_leaves_no_number_to_ask_for() -> None:
    scene = Scene()
    first = scene.publisher("a", {"camera": camera(10)})
    second = scene.publisher("b", {"camera": camera(20)})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "a")
    one = Vp8Source(10)
    play(scene, first, one, 3, key_first=True)
    scene.arrive(first, *one.frame(3, FRAME)[:2])
    scene.fill("pupil", "lecturer", "b")
    play(scene, second, Vp8Source(20), 3, key_first=True)
    check_continuity(scene.sent["pupil"])


def test_codec_switch_keeps_the_ssrc_and_the_numbering() -> None:
    scene = Scene()
    first = scene.publisher("a", {"camera": camera(10)})
    media = line("v", "video", H264_UP, ssrcs=(30,))
    second = scene.publisher("b", {"camera": media})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "a")
    play(scene, first, Vp8Source(10), 5, key_first=True)
    scene.fill("pupil", "lecturer", "b")
    idr = bytes([0x65, 0x88]) + bytes(300)
    scene.arrive(second, build_packet(98, 9, 77, 30, bytes([0x41, 0x9A]) + bytes(40), marker=True))
    scene.arrive(second, build_packet(98, 10, 3077, 30, idr, marker=True))
    scene.arrive(second, build_packet(98, 11, 6077, 30, bytes([0x41, 0x9A]) + bytes(40), marker=True))
    packets = scene.sent["pupil"]
    assert [Seen(packet).payload_type for packet in packets[-3:]] == [96, 98, 98]
    assert payload(packets[-2]) == idr
    check_continuity(packets)


def test_loss_on_the_way_up_is_a_hole_that_a_late_packet_fills() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    source = Vp8Source(10)
    play(scene, publisher, source, 2, key_first=True)
    frame = source.frame(4, FRAME)
    scene.arrive(publisher, frame[0], frame[2], frame[3])
    scene.pass_time(0.03)
    asked = scene.asked(rtcp.Nack)
    assert [item.seqs for item in asked] == [((source.seq - 2) & 0xFFFF,)]
    scene.arrive(publisher, frame[1])
    packets = scene.sent["pupil"]
    last = [Seen(packet).seq for packet in packets[-4:]]
    assert sorted(last) == list(range(min(last), min(last) + 4))
    check_continuity(sorted(packets, key=lambda packet: Seen(packet).seq))


def test_a_duplicate_is_not_sent_twice() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    frame = Vp8Source(10).frame(3, FRAME, key=True)
    scene.arrive(publisher, *frame, *frame)
    assert len(scene.sent["pupil"]) == 3


def test_nack_is_answered_on_the_rtx_ssrc_with_the_original_number() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    play(scene, publisher, Vp8Source(10), 10, key_first=True)
    down = pupil.slots["lecturer"]
    lost = scene.sent["pupil"][4:6]
    seqs = [Seen(packet).seq for packet in lost]
    again = scene.report(pupil, rtcp.build_nack(1, down.ssrc, seqs))
    assert [Seen(packet).ssrc for packet in again] == [down.rtx_ssrc] * 2
    assert [Seen(packet).payload_type for packet in again] == [97] * 2
    assert [int.from_bytes(payload(packet)[:2], "big") for packet in again] == seqs
    assert [payload(packet)[2:] for packet in again] == [payload(packet) for packet in lost]
    assert seq_diff(Seen(again[1]).seq, Seen(again[0]).seq) == 1
    assert scene.report(pupil, rtcp.build_nack(1, down.ssrc, seqs)) == [], "one that crossed our answer"
    scene.pass_time(0.1)
    assert len(scene.report(pupil, rtcp.build_nack(1, down.ssrc, seqs))) == 2


def test_nack_reaches_back_over_a_switch_of_source() -> None:
    scene = Scene()
    first = scene.publisher("a", {"camera": camera(10)})
    second = scene.publisher("b", {"camera": camera(20)})
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "a")
    play(scene, first, Vp8Source(10), 4, key_first=True)
    before = scene.sent["pupil"][-1]
    scene.fill("pupil", "lecturer", "b")
    play(scene, second, Vp8Source(20), 4, key_first=True)
    again = scene.report(pupil, rtcp.build_nack(1, pupil.slots["lecturer"].ssrc, [Seen(before).seq]))
    assert [payload(packet)[2:] for packet in again] == [payload(before)]


def test_audio_is_resent_as_the_identical_packet() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"mic": line("a", "audio", OPUS_UP, ssrcs=(11,))})
    pupil = scene.subscriber()
    scene.fill("pupil", "audio0", "teacher", "mic")
    source = OpusSource(11)
    for _ in range(5):
        scene.arrive(publisher, source.packet())
        scene.pass_time(0.02, step=0.02)
    sent = scene.sent["pupil"]
    check_continuity(sent)
    again = scene.report(pupil, rtcp.build_nack(1, pupil.slots["audio0"].ssrc, [Seen(sent[2]).seq]))
    assert again == [sent[2]]


def test_nonsense_in_a_nack_is_ignored() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    pupil = scene.subscriber()
    down = pupil.slots["lecturer"]
    assert scene.report(pupil, rtcp.build_nack(1, down.ssrc, range(100))) == []
    scene.fill("pupil", "lecturer", "teacher")
    play(scene, publisher, Vp8Source(10), 2, key_first=True)
    newest = Seen(scene.sent["pupil"][-1]).seq
    unsent = [(newest + step) & 0xFFFF for step in (1, 2, 1000, 30_000)]
    assert scene.report(pupil, rtcp.build_nack(1, down.ssrc, unsent)) == []
    assert scene.report(pupil, rtcp.build_nack(1, 12345, [newest])) == []


def test_mute_stops_everything_and_unmute_begins_at_a_keyframe() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    source = Vp8Source(10)
    play(scene, publisher, source, 5, key_first=True)
    count = len(scene.sent["pupil"])
    scene.forwarder.set_mute(scene.room, "teacher", "camera", True, scene.now)
    play(scene, publisher, source, 50, key_first=True)
    assert len(scene.sent["pupil"]) == count
    scene.forwarder.set_mute(scene.room, "teacher", "camera", False, scene.now)
    play(scene, publisher, source, 2)
    play(scene, publisher, source, 5, key_first=True)
    assert is_key(scene.sent["pupil"][count])
    check_continuity(scene.sent["pupil"])


def test_the_sender_report_speaks_of_the_slots_own_timestamps() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": camera(10)})
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    source = Vp8Source(10)
    play(scene, publisher, source, 30, key_first=True)
    sent_at, last = scene.now - 1 / 30, Seen(scene.sent["pupil"][-1])
    scene.sender_report(publisher, 10, source.timestamp, at=sent_at)
    scene.asked(rtcp.SenderReport)
    reports: list[rtcp.SenderReport] = []
    while not reports and scene.now < sent_at + 3:
        scene.pass_time(0.01)
        reports = scene.asked(rtcp.SenderReport)
    report = reports[0]
    assert report.ssrc == pupil.slots["lecturer"].ssrc
    elapsed = report.ntp / (1 << 32) - sent_at
    assert abs(timestamp_diff(report.rtp_timestamp, last.timestamp) - elapsed * 90_000) < 90
    block = rtcp.ReportBlock(report.ssrc, 0, 0, 0, 0, rtcp.ntp_middle(report.ntp), 0)
    scene.pass_time(0.02)
    scene.report(pupil, rtcp.build_rr(1, [block]))
    assert 0.015 < pupil.link.rtt_s < 0.025


@pytest.mark.parametrize("seed", range(8))
def test_a_random_lesson_never_breaks_the_numbering(seed: int) -> None:
    """5 % loss and reordering on the way up; sources switch at random: what was not lost is continuous."""
    scene = Scene(seed)
    rng = random.Random(seed)
    sources = {name: Vp8Source(number) for name, number in (("a", 10), ("b", 20), ("c", 30))}
    publishers = {name: scene.publisher(name, {"camera": camera(source.ssrc)}) for name, source in sources.items()}
    scene.subscriber()
    scene.fill("pupil", "lecturer", "a")
    for _ in range(200):
        if rng.random() < 0.03:
            scene.fill("pupil", "lecturer", rng.choice(["a", "b", "c", None]))
        for name, source in sources.items():
            wants = any(item.media_ssrc == source.ssrc for core, item in scene.rtcp if isinstance(item, rtcp.Pli))
            frame = [item for item in source.frame(3, FRAME, key=wants) if rng.random() > 0.05]
            if wants:
                scene.rtcp.clear()
            if rng.random() < 0.1:
                rng.shuffle(frame)
            scene.arrive(publishers[name], *frame)
        scene.pass_time(1 / 30, step=1 / 30)
    ordered = in_place(scene.sent["pupil"])
    assert len(ordered) > 150
    numbers = [Seen(packet).seq for packet in ordered]
    assert len(set(numbers)) == len(numbers)
    own = own_timestamps([Seen(packet) for packet in ordered])
    for (before, after), (one, two) in zip(itertools.pairwise(ordered), itertools.pairwise(own), strict=True):
        assert timestamp_diff(two, one) >= 0
        if two == one:
            assert picture(before) == picture(after)
        else:
            assert 1 <= (picture(after)[0] - picture(before)[0]) & 0x7FFF < 100
