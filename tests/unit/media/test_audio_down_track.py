"""What a receiver hears through copies, bundles, changes of mode and of source."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from media import red, rtcp
from media.audio_down_track import AudioDownTrack
from media.audio_repair import AudioMode, AudioRepairPolicy
from media.bwe.link_state import LinkState
from media.publisher import Publisher
from media.rtp import build_packet, read_fixed, seq_diff, timestamp_diff
from media.subscriber import Subscriber
from tests.unit.media.media_scene import DOWN_AUDIO, OPUS_UP, Scene, line

OPUS, RED = 111, 63
DOWN_RED = msgspec.structs.replace(DOWN_AUDIO, red_payload_type=RED)
PLAIN, RED1, RED14 = AudioMode(), AudioMode(1, (1,)), AudioMode(1, (1, 4))
BUNDLE2, BUNDLE3, BUNDLE2_RED12 = AudioMode(2), AudioMode(3), AudioMode(2, (1, 2))
MODES = [PLAIN, RED1, RED14, BUNDLE2, BUNDLE3, BUNDLE2_RED12, AudioMode(3, (1,), True)]
FRAME_S, FRAME_TICKS = 0.02, 960


class Microphone:
    """Frames that say who made them, and which one it is."""

    def __init__(self, ssrc: int, seq: int = 0, timestamp: int = 0) -> None:
        self.ssrc = ssrc
        self.seq = seq
        self.timestamp = timestamp
        self.count = 0

    def skip(self, frames: int = 1) -> None:
        """Pass over what is lost on the way up."""
        self.seq, self.timestamp, self.count = (
            self.seq + frames,
            self.timestamp + frames * FRAME_TICKS,
            self.count + frames,
        )

    def packet(self, *, marker: bool = False, size: int = 12) -> bytearray:
        self.skip()
        body = self.ssrc.to_bytes(4, "big") + self.count.to_bytes(4, "big")
        return build_packet(
            OPUS, self.seq & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc, body.ljust(size, b"."), marker=marker
        )


class Ear:
    """A receiver: every frame by its timestamp, with what must hold for any stream."""

    def __init__(self) -> None:
        self.frames: dict[int, tuple[int, int]] = {}  # unwrapped timestamp -> source and number
        self.copies = 0
        self.contents: dict[int, bytes] = {}
        self.seqs: list[int] = []
        self.types: list[int] = []
        self._newest = 0

    def hear(self, packet: bytes) -> list[int]:
        """Take a packet; return the numbers of its frames, oldest first."""
        _, second, seq, timestamp, _ = read_fixed(packet)
        assert len(packet) < 1300
        assert self.contents.setdefault(seq, packet) == packet, "one number, two contents"
        self.seqs.append(seq)
        self.types.append(second & 0x7F)
        blocks = red.read(packet) if second & 0x7F == RED else [red.RedBlock(OPUS, timestamp, packet[20:])]
        numbers = []
        for block in blocks if len(packet) > 20 else []:
            assert block.payload_type == OPUS
            at = self._newest + timestamp_diff(block.timestamp, self._newest & 0xFFFFFFFF)
            self._newest = max(self._newest, at)
            frame = (int.from_bytes(block.payload[:4], "big"), int.from_bytes(block.payload[4:8], "big"))
            self.copies += at in self.frames
            assert self.frames.setdefault(at, frame) == frame, "one time, two frames"
            numbers.append(frame[1])
        return numbers

    def check_times(self) -> None:
        """Assert that frames of a source are as far apart as they were made."""
        before: dict[int, tuple[int, int]] = {}
        for at, (source, number) in sorted(self.frames.items()):
            if source in before:
                assert at - before[source][0] == (number - before[source][1]) * FRAME_TICKS
            before[source] = (at, number)

    def check_numbers(self) -> None:
        """Assert that the numbers rise by one, in the order sent."""
        assert {seq_diff(after, before) for before, after in zip(self.seqs, self.seqs[1:], strict=False)} <= {1}


class Fixed(AudioRepairPolicy):
    """Choose what the test says."""

    def choose(self, **_facts: Any) -> AudioMode:
        return self.mode


class Room:
    """Two microphones and a receiver that takes RED."""

    def __init__(self, *, seq: int = 100, has_red: bool = True, is_fixed: bool = True) -> None:
        self.scene = Scene()
        self.first = Microphone(10, seq)
        self.second = Microphone(20, 40_000, 0xFFFF_F000)
        self.publishers = {
            mic.ssrc: self._publisher(name, mic) for name, mic in (("a", self.first), ("b", self.second))
        }
        self.subscriber: Subscriber = self.scene.subscriber()
        down = self.subscriber.slots["audio0"]
        assert isinstance(down, AudioDownTrack)
        self.down = down
        down.negotiate(DOWN_RED if has_red else DOWN_AUDIO)
        self.scene.fill("pupil", "audio0", "a", "mic")
        self.ear = Ear()
        self._heard = 0
        if is_fixed:
            down.policy = Fixed()

    def _publisher(self, name: str, mic: Microphone) -> Publisher:
        return self.scene.publisher(name, {"mic": line("m", "audio", OPUS_UP, ssrcs=(mic.ssrc,))})

    def arrive(self, mic: Microphone, *packets: bytes | bytearray) -> list[list[int]]:
        """Let packets arrive; return the frames of each packet that left."""
        self.scene.arrive(self.publishers[mic.ssrc], *packets)
        sent = self.scene.sent["pupil"][self._heard :]
        self._heard += len(sent)
        return [self.ear.hear(packet) for packet in sent]

    def talk(self, frames: int, mode: AudioMode | None = None, mic: Microphone | None = None) -> list[list[int]]:
        """Let frames arrive in time; return the frames of each packet that left."""
        mic = mic or self.first
        left = []
        for _ in range(frames):
            if mode is not None:
                self.down.mode = self.down.policy.mode = mode
            left += self.arrive(mic, mic.packet())
            self.scene.now += FRAME_S
        return left


def test_a_copy_rides_with_the_next_packet_and_with_the_fourth() -> None:
    room = Room()
    assert room.talk(3, RED1) == [[1], [1, 2], [2, 3]]
    assert room.talk(3, RED14) == [[3, 4], [1, 4, 5], [2, 5, 6]]
    assert room.ear.types == [OPUS, RED, RED, RED, RED, RED]
    room.ear.check_numbers()
    room.ear.check_times()


def test_bundles_take_one_number_a_packet_and_the_time_of_the_newest() -> None:
    room = Room()
    assert room.talk(6, BUNDLE3) == [[1, 2, 3], [4, 5, 6]]
    assert room.talk(6, BUNDLE2_RED12) == [[1, 2, 3, 4, 5, 6, 7, 8], [4, 5, 6, 7, 8, 9, 10], [7, 8, 9, 10, 11, 12]]
    room.ear.check_numbers()
    room.ear.check_times()
    assert len(room.ear.frames) == 12


@pytest.mark.parametrize("mode", MODES)
def test_what_is_left_out_for_want_of_a_link_leaves_no_number(mode: AudioMode, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.talk(6, mode)
    with monkeypatch.context() as patch:
        patch.setattr(AudioDownTrack, "write", lambda self, _out, _log, _now: self.skip())
        assert room.talk(9, mode) == []
    heard = [number for packet in room.talk(6, mode) for number in packet]
    assert min(heard) == 16, "nothing of what was left out, and no copies of before"
    room.ear.check_numbers()
    room.ear.check_times()


@pytest.mark.parametrize("seq", [0, 1, 32767, 65534, 65535])
def test_every_change_of_mode_is_seamless(seq: int) -> None:
    room = Room(seq=seq - 40)
    rng = random.Random(seq)
    for _ in range(40):
        room.talk(rng.randrange(1, 8), rng.choice(MODES))
    room.talk(1, PLAIN)
    room.ear.check_numbers()
    room.ear.check_times()
    assert len(room.ear.frames) == room.first.count, "every frame was heard"


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_late_lost_and_doubled_frames_leave_nothing_wrong(mode: AudioMode) -> None:
    room = Room()
    rng = random.Random(7)
    late: list[bytearray] = []
    for number in range(400):
        packet = room.first.packet(marker=number % 50 == 0)
        room.down.mode = mode if rng.random() < 0.9 else rng.choice(MODES)
        fate = rng.random()
        if fate < 0.05:
            continue
        if fate < 0.1:
            late.append(packet)
            continue
        room.arrive(room.first, packet, *late[: rng.randrange(2)])
        if fate < 0.2:
            room.arrive(room.first, packet)
        if late and rng.random() < 0.5:
            room.arrive(room.first, late.pop(0))
        room.scene.now += FRAME_S
    room.ear.check_times()
    assert len(room.ear.frames) > 300


def test_another_microphone_begins_without_copies_of_the_one_before() -> None:
    room = Room()
    room.talk(7, BUNDLE2_RED12)
    room.talk(7, BUNDLE2_RED12, room.second)
    count = len(room.ear.seqs)
    room.scene.fill("pupil", "audio0", "b", "mic")
    assert room.talk(4, BUNDLE2_RED12, room.second) == [[8, 9], [8, 9, 10, 11]]
    room.ear.check_numbers()
    room.ear.check_times()
    assert count == 3
    times = [(at, frame[0]) for at, frame in sorted(room.ear.frames.items())]
    assert [source for _, source in times] == [10] * 6 + [20] * 4
    assert 5 * FRAME_TICKS < times[6][0] - times[5][0] < 12 * FRAME_TICKS, "the time that passed"


def test_a_muted_microphone_comes_back_without_what_was_before() -> None:
    room = Room()
    room.talk(5, RED14)
    room.scene.forwarder.set_mute(room.scene.room, "a", "mic", True, room.scene.now)
    room.talk(10)
    room.scene.forwarder.set_mute(room.scene.room, "a", "mic", False, room.scene.now)
    room.talk(1)
    assert room.talk(2)[0][-1] == 17
    room.ear.check_numbers()
    assert {frame[1] for frame in room.ear.frames.values()} == {1, 2, 3, 4, 5, 16, 17, 18}


def test_silence_is_not_bridged_by_copies_nor_waited_out() -> None:
    room = Room()
    assert room.talk(3, BUNDLE2_RED12) == [[1, 2]]
    room.first.skip(20)  # DTX: the next frame comes 400 ms later
    room.scene.now += 0.4
    assert room.talk(3) == [[1, 2, 3], [24], [24, 25, 26]]
    room.ear.check_times()


def test_a_pause_of_the_publisher_flushes_what_waits() -> None:
    room = Room()
    room.talk(3, BUNDLE2)
    room.scene._out.reset(16)
    room.down.flush(room.scene._out, room.subscriber.link.log, room.scene.now)
    assert room.scene._written() == [], "the next one may still come"
    room.down.flush(room.scene._out, room.subscriber.link.log, room.scene.now + 0.1)
    assert [room.ear.hear(packet) for packet in room.scene._written()] == [[3]]
    assert room.talk(2) == [[4, 5]]
    room.ear.check_numbers()


def test_frames_that_are_too_large_go_alone() -> None:
    room = Room()
    room.down.mode = BUNDLE2_RED12
    sizes = [1_050, 60, 1_050, 500, 500, 700, 60, 60, 900, 300, 400, 60]
    for size in sizes:
        room.arrive(room.first, room.first.packet(size=size))
    room.talk(2)
    room.ear.check_numbers()
    room.ear.check_times()
    assert {frame[1] for frame in room.ear.frames.values()} >= set(range(1, 13))


@pytest.mark.parametrize("mode", [RED14, BUNDLE2_RED12], ids=lambda mode: mode.name)
def test_padding_of_the_publisher_is_no_frame(mode: AudioMode) -> None:
    room = Room()
    for _ in range(12):
        room.talk(1, mode)
        room.first.seq += 1
        room.scene.arrive(room.publishers[10], build_packet(OPUS, room.first.seq, room.first.timestamp, 10, b""))
        room.arrive(room.first)
    heard = [packet for packet in room.scene.sent["pupil"] if len(packet) > 20]
    assert all(block.payload for packet in heard[2:] for block in red.read(packet))
    room.ear.check_numbers()


def test_who_takes_no_red_gets_plain_packets() -> None:
    room = Room(has_red=False, is_fixed=False)
    room.talk(5, PLAIN)
    for number in range(20):
        room.down.adapt(loss=0.2, loss_burst=3, rtt_s=0.3, room_bps=40_000, now=room.scene.now + number / 4)
    room.talk(5)
    assert set(room.ear.types) == {OPUS}
    assert len(room.ear.frames) == 10


def test_a_nack_is_answered_with_the_identical_packet() -> None:
    room = Room()
    room.talk(6, AudioMode(2, (1,), True))
    packet = room.scene.sent["pupil"][-1]
    nack = rtcp.build_rr(1) + rtcp.build_nack(1, room.down.ssrc, [read_fixed(packet)[2], 7])
    assert room.scene.report(room.subscriber, nack) == [packet]
    assert room.scene.report(room.subscriber, nack) == [], "it crossed our answer"
    for _ in range(6):
        room.scene.now += 0.05
        room.scene.report(room.subscriber, nack)
    room.down.mode = RED1
    room.scene.now += 0.05
    assert room.scene.report(room.subscriber, nack) == [], "not in this mode"


def test_resends_end_after_three() -> None:
    room = Room()
    room.talk(2, AudioMode(resends=True))
    nack = rtcp.build_rr(1) + rtcp.build_nack(1, room.down.ssrc, [room.ear.seqs[0]])
    answers = 0
    for _ in range(10):
        room.scene.now += 0.05
        answers += len(room.scene.report(room.subscriber, nack))
    assert answers == 3


def test_the_report_counts_packets_and_bytes_as_they_were_sent() -> None:
    room = Room()
    room.talk(12, BUNDLE2_RED12)
    room.scene.sender_report(room.publishers[10], 10, room.first.timestamp)
    report = room.down.sender_report(room.scene.now)
    assert report is not None
    sent = room.scene.sent["pupil"]
    assert (report.packet_count, report.octet_count) == (len(sent), sum(len(packet) - 20 for packet in sent))
    last = read_fixed(sent[-1])[3]
    assert timestamp_diff(report.rtp_timestamp, last) in range(2), "the newest frame was made as the report was"


def test_a_dead_link_gets_the_least() -> None:
    room = Room(is_fixed=False)
    room.talk(5)
    link = {"loss": 0.1, "loss_burst": 1.0, "rtt_s": 0.3, "room_bps": 1_000_000}
    room.down.adapt(**link, now=room.scene.now)  # type: ignore[arg-type]
    assert room.down.mode == RED14
    room.subscriber.link.state = LinkState.OUTAGE
    room.down.adapt(**link, now=room.scene.now)  # type: ignore[arg-type]
    assert room.down.mode == BUNDLE3


def test_the_cost_is_measured_from_what_comes() -> None:
    room = Room()
    room.down.mode = PLAIN
    assert room.down.cost_bps == 0
    for _ in range(20):
        room.arrive(room.first, room.first.packet(size=80))
    room.down.adapt(loss=0, loss_burst=1, rtt_s=0.05, room_bps=1_000_000, now=room.scene.now)
    assert room.down.cost_bps == (64 + 80) * 8 * 50
