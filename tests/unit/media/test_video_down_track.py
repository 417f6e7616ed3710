"""Temporal thinning, pacing and resending of one video slot, seen with a receiver's eyes."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence

import pytest

from bench.rtc_client import VP8
from media import rtcp
from media.allocator import LayerAllocator
from media.ladder import Choice, SlotView
from media.publisher import Publisher
from media.rtp import ExtensionIds, build_packet, seq_diff
from media.sdp import NegotiatedCodec, NegotiatedMedia
from media.video_down_track import VideoDownTrack
from tests.unit.media.media_scene import VP8_UP, Scene, Seen, in_place, is_key, line, odd_frames, picture

FRAME = 3_000  # 90 kHz ticks at 30 pictures a second
# (temporal id, layer sync) of L1T3: what a frame may depend on is in RFC 7741 §4.2
PATTERN = ((0, True), (2, True), (1, True), (2, False))


class LayeredSource:
    """VP8 in three temporal layers, every picture's number and place written into its payload."""

    def __init__(self, ssrc: int = 10) -> None:
        self.ssrc = ssrc
        self.seq, self.timestamp, self.picture_id, self.tl0 = 65_400, 0xFFFF_0000, 0x7FE0, 240
        self.count = -1

    def frame(self, packets: int, *, key: bool = False, size: int = 300) -> list[bytes]:
        self.count = 0 if key else self.count + 1
        tid, is_sync = PATTERN[self.count % 4]
        self.timestamp = self.timestamp + FRAME & 0xFFFFFFFF
        self.picture_id = self.picture_id + 1 & 0x7FFF
        if tid == 0:
            self.tl0 = self.tl0 + 1 & 0xFF
        made = []
        for number in range(packets):
            head = bytes([0x80 | (0x10 if number == 0 else 0), 0xF0])
            head += (0x8000 | self.picture_id).to_bytes(2, "big") + bytes([self.tl0, tid << 6 | is_sync << 5 | 1])
            begin = (b"\x10\x02\x00\x9d\x01\x2a\x80\x02\x68\x01" if key else b"\x11\x02\x00") if number == 0 else b""
            self.seq = self.seq + 1 & 0xFFFF
            body = head + begin + bytes(size)
            made.append(bytes(build_packet(VP8, self.seq, self.timestamp, 10, body, marker=number == packets - 1)))
        return made


def scene_with_source(*, known_bps: int = 4_000_000, seed: int = 1) -> tuple[Scene, Publisher, VideoDownTrack]:
    scene = Scene(seed)
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    pupil = scene.subscriber(known_bps=known_bps)
    scene.fill("pupil", "lecturer", "teacher")
    down = pupil.slots["lecturer"]
    assert isinstance(down, VideoDownTrack)
    return scene, publisher, down


class FixedPolicy(LayerAllocator):
    """Whole layers up to one temporal id."""

    def __init__(self, tid: int) -> None:
        super().__init__()
        self.tid = tid

    def choose(
        self, estimate_bps: float, slots: Sequence[SlotView], now: float, *, audio_bps: float, rtx_share: float = 0.0
    ) -> dict[str, Choice]:
        return {view.slot: Choice("", self.tid) for view in slots}


def fix(scene: Scene, tid: int) -> FixedPolicy:
    pupil = scene.room.subscribers["pupil"]
    pupil.policy = policy = FixedPolicy(tid)
    pupil.update_layers(scene.now, at_once=True)
    return policy


def tid_of(packet: bytes) -> int:
    return packet[20 + 5] >> 6


def decodable(packets: list[bytes]) -> list[int]:
    """Return the temporal ids of the pictures that a receiver shows; fail on what it could not decode.

    Picture ids rise by one, a frame of the base layer follows the one before it, frames of one layer follow unbroken
    frames of it or a layer sync, and every frame is whole.
    """
    frames: list[list[bytes]] = []
    for packet in in_place(packets):
        if frames and Seen(frames[-1][0]).timestamp == Seen(packet).timestamp:
            frames[-1].append(packet)
        else:
            frames.append([packet])
    shown: list[int] = []
    last_id, last_tl0 = -1, -1
    for number, frame in enumerate(frames):
        pid, tl0, _ = picture(frame[0])
        tid = tid_of(frame[0])
        assert frame[0][20] & 0x10, "a frame begins with its first packet"
        assert Seen(frame[-1]).marker or number == len(frames) - 1, "a frame is whole"
        if last_id >= 0:
            assert pid == last_id + 1 & 0x7FFF
            assert tl0 == (last_tl0 + 1 if tid == 0 else last_tl0) & 0xFF
        last_id, last_tl0 = pid, tl0
        if tid > 0 and not frame[0][25] & 0x20:
            assert tid in shown[-3:], f"a frame of layer {tid} without one before it since the base"
        shown.append(tid)
    return shown


@pytest.mark.parametrize("wanted", [0, 1, 2, 3])
def test_frames_above_the_wanted_temporal_layer_are_left_out_without_a_gap(wanted: int) -> None:
    scene, publisher, _ = scene_with_source()
    source = LayeredSource()
    fix(scene, wanted)
    for number in range(80):
        scene.arrive(publisher, *source.frame(2, key=number == 0))
        scene.pass_time(1 / 30)
    packets = scene.sent["pupil"]
    seqs = [Seen(packet).seq for packet in packets]
    assert all(seq_diff(after, before) == 1 for before, after in itertools.pairwise(seqs))
    shown = Counter(decodable(packets))
    assert shown == Counter({tid: 20 * (2 if tid == 2 else 1) for tid in range(min(wanted, 2) + 1)})


@pytest.mark.parametrize("seed", range(6))
def test_a_layer_comes_back_only_at_a_sync_frame(seed: int) -> None:
    scene, publisher, _ = scene_with_source(seed=seed)
    source, rng = LayeredSource(), random.Random(seed)
    policy = fix(scene, 3)
    for number in range(200):
        if rng.random() < 0.15:
            policy.tid = rng.randrange(4)
        scene.arrive(publisher, *source.frame(rng.randrange(1, 4), key=number == 0 or rng.random() < 0.02))
        scene.pass_time(1 / 30)
    assert len(decodable(scene.sent["pupil"])) > 60


@pytest.mark.parametrize(("kbps", "at_least"), [(60, 20), (120, 50), (250, 110), (2000, 220)])
def test_a_slow_link_gets_fewer_pictures_and_each_is_decodable(kbps: int, at_least: int) -> None:
    """240 pictures of 600 bytes a second and a keyframe of 4.5 kB: about 180 kbit/s."""
    scene, publisher, down = scene_with_source(known_bps=kbps * 1000)
    fix(scene, 3)
    source = LayeredSource()
    wants_key = True
    for _ in range(240):
        scene.arrive(publisher, *source.frame(15 if wants_key else 2, key=wants_key))
        scene.pass_time(1 / 30, step=1 / 150)
        scene.hear()
        wants_key = bool(scene.asked(rtcp.Pli))
    shown = decodable([packet for packet in scene.sent["pupil"] if Seen(packet).ssrc == down.ssrc])
    assert len(shown) >= at_least
    sent_bps = sum(len(packet) + 44 for packet in scene.sent["pupil"]) * 8 / 8
    assert sent_bps <= 1.35 * kbps * 1000 + 20_000


def test_a_packet_that_the_publisher_had_to_send_again_finds_its_place_behind_left_out_frames() -> None:
    scene, publisher, _ = scene_with_source()
    source = LayeredSource()
    fix(scene, 0)
    scene.arrive(publisher, *source.frame(2, key=True))
    late = source.frame(1)  # left out: never seen again
    for _ in range(2):
        scene.pass_time(1 / 30)
        scene.arrive(publisher, *source.frame(3))
    scene.pass_time(1 / 30)
    base = source.frame(3)  # the next base frame loses its last packet on the way up …
    scene.arrive(publisher, *base[:2])
    for _ in range(3):
        scene.pass_time(1 / 30)
        scene.arrive(publisher, *source.frame(2))
    scene.pass_time(1 / 30)
    scene.arrive(publisher, *source.frame(2))
    before = len(scene.sent["pupil"])
    scene.arrive(publisher, base[2], *late)  # … which comes now, with one of a frame that was left out
    packets = scene.sent["pupil"]
    assert len(packets) == before + 1
    ordered = sorted(packets, key=lambda packet: seq_diff(Seen(packet).seq, Seen(packets[0]).seq))
    assert set(decodable(ordered)) == {0}


def test_resends_keep_to_a_share_of_the_link() -> None:
    scene, publisher, down = scene_with_source(known_bps=200_000)
    source = LayeredSource()
    pupil = scene.room.subscribers["pupil"]
    asked = resent = 0
    for number in range(150):
        scene.arrive(publisher, *source.frame(1, key=number == 0, size=900))
        scene.pass_time(1 / 30)
        newest = Seen(scene.sent["pupil"][-1]).seq
        wanted = [newest - back & 0xFFFF for back in range(30)]
        answer = scene.report(pupil, rtcp.build_nack(1, down.ssrc, wanted))
        asked += len(wanted)
        resent += sum(len(packet) + 44 for packet in answer)
    assert asked == 4_500
    share = resent * 8 / 5 / 200_000
    assert 0.05 < share < 0.4, "a quarter of the link and one burst"


def test_ten_thousand_requests_a_second_cost_no_more_than_the_budget() -> None:
    scene, publisher, down = scene_with_source(known_bps=1_000_000)
    source = LayeredSource()
    pupil = scene.room.subscribers["pupil"]
    scene.arrive(publisher, *source.frame(3, key=True))
    numbers = [Seen(packet).seq for packet in scene.sent["pupil"]]
    answers = 0
    for _ in range(1_000):
        answers += len(scene.report(pupil, rtcp.build_nack(1, down.ssrc, numbers)))
        scene.now += 0.0003
    assert answers <= 3 * 8, "each packet eight times"


def test_padding_repeats_what_was_sent_and_is_empty_when_there_is_nothing() -> None:
    scene, publisher, down = scene_with_source()
    pupil = scene.room.subscribers["pupil"]
    scene._out.reset(16)
    assert down.pad(400, scene._out, pupil.link.log, scene.now) >= 400
    for packet in scene._written():
        assert packet[0] & 0x20, "padding"
        assert packet[-1] == len(packet) - 20
    scene.arrive(publisher, *LayeredSource().frame(3, key=True))
    assert is_key(scene.sent["pupil"][0])
    scene._out.reset(16)
    down.pad(400, scene._out, pupil.link.log, scene.now)
    assert all(packet[1] & 0x7F == VP8_UP.rtx_payload_type for packet in scene._written())


def test_a_changed_playout_delay_is_written_into_the_next_packets() -> None:
    scene, publisher, down = scene_with_source()
    down._delay_id = 3
    source = LayeredSource()
    scene.arrive(publisher, *source.frame(2, key=True))
    down.set_playout_delay(250, 1_250)
    for _ in range(12):
        scene.arrive(publisher, *source.frame(1))
        scene.pass_time(1 / 30)
    with_delay = [packet for packet in scene.sent["pupil"] if packet[15] == 2]
    assert len(with_delay) == 10
    assert all(packet[19:23] == bytes([0x32, 25 >> 4, (25 & 15) << 4 | 125 >> 8, 125]) for packet in with_delay)


def feed(scene: Scene, publisher: Publisher, source: LayeredSource, frames: int, *, key: bool = False) -> None:
    for number in range(frames):
        scene.arrive(publisher, *source.frame(2, key=key and number == 0))
        scene.pass_time(1 / 30, step=1 / 30)
        scene.hear()


def test_one_odd_picture_of_the_base_lets_the_receivers_timing_begin_anew() -> None:
    scene, publisher, down = scene_with_source()
    source = LayeredSource()
    feed(scene, publisher, source, 5, key=True)
    first = len(scene.sent["pupil"])
    down.restart_timing()
    feed(scene, publisher, source, 9)
    sent = in_place(scene.sent["pupil"])
    odd = odd_frames(sent)
    assert odd
    assert len({Seen(sent[n]).timestamp for n in odd}) == 1, "one frame"
    assert odd[0] >= first
    assert tid_of(sent[odd[0]]) == 0, "which is waited for"
    assert odd[-1] < len(sent) - 1
    assert len(decodable(sent)) == 14


def test_the_odd_picture_tells_no_time_for_its_end_is_missed_first() -> None:
    """Chromium takes no arrival time from what it asked for again: else all that waits is thought a minute away."""
    scene, publisher, down = scene_with_source()
    source = LayeredSource()
    feed(scene, publisher, source, 5, key=True)
    down.restart_timing()
    feed(scene, publisher, source, 9)
    sent = scene.sent["pupil"]
    resends = [n for n, packet in enumerate(sent) if Seen(packet).ssrc == down.rtx_ssrc]
    assert len(resends) == 1
    at = resends[0]
    missed = int.from_bytes(sent[at][20:22], "big")
    assert seq_diff(Seen(sent[at - 1]).seq, missed) == 1, "the receiver saw the gap just before"
    assert missed not in {Seen(packet).seq for packet in sent if Seen(packet).ssrc == down.ssrc}


def test_who_negotiated_no_resends_gets_no_odd_picture() -> None:
    scene, publisher, down = scene_with_source()
    plain = NegotiatedCodec("vp8", 96, 0, 90_000, True, True, True)
    down.negotiate(NegotiatedMedia("0", "video", (plain,), ExtensionIds(mid=1, twcc=2)))
    source = LayeredSource()
    feed(scene, publisher, source, 5, key=True)
    down.restart_timing()
    feed(scene, publisher, source, 9)
    sent = scene.sent["pupil"]
    assert odd_frames(sent) == []
    assert len(decodable(sent)) == 14


def test_no_report_is_sent_while_timestamps_are_beside_the_clock() -> None:
    scene, publisher, down = scene_with_source()
    source = LayeredSource()
    feed(scene, publisher, source, 3, key=True)
    scene.sender_report(publisher, 10, source.timestamp, at=scene.now)
    assert down.sender_report(scene.now) is not None
    down.restart_timing()
    while not odd_frames(in_place(scene.sent["pupil"])):
        feed(scene, publisher, source, 1)
    assert down.sender_report(scene.now) is None
    feed(scene, publisher, source, 1)
    assert down.sender_report(scene.now) is not None


def test_a_picture_that_begins_after_a_pause_begins_with_new_timing() -> None:
    scene, publisher, _ = scene_with_source()
    source = LayeredSource()
    feed(scene, publisher, source, 5, key=True)
    assert odd_frames(in_place(scene.sent["pupil"])) == []
    count = len(scene.sent["pupil"])
    scene.forwarder.set_mute(scene.room, "teacher", "camera", True, scene.now)
    scene.pass_time(2.0)
    scene.forwarder.set_mute(scene.room, "teacher", "camera", False, scene.now)
    feed(scene, publisher, source, 7, key=True)
    assert odd_frames(in_place(scene.sent["pupil"]))[0] > count
    assert len(decodable(scene.sent["pupil"])) == 12
