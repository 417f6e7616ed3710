"""A stream in virtual time: order, loss, wraps, stalls."""

from __future__ import annotations

import random

import pytest

from bench.recorder_feed import rtp, vp8_payloads
from recorder.track_tap import (
    AUDIO_WINDOW,
    PATIENCE_NS,
    ClockMap,
    Frame,
    KeyframeNeeded,
    Lost,
    Output,
    Restamp,
    SenderClock,
    TrackTap,
)

MS = 1_000_000
KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00" + b"k" * 2_000
Packet = tuple[bytes, int]  # data, arrival


def voice(count: int, seq0: int = 0, stamp0: int = 0) -> list[Packet]:
    return [(rtp(seq0 + n, stamp0 + n * 960, False, b"\xf8%d" % n), n * 20 * MS) for n in range(count)]


def camera(count: int, seq0: int = 0, stamp0: int = 0, keyframe_every: int = 25) -> list[Packet]:
    packets: list[Packet] = []
    for number in range(count):
        data = KEY if number % keyframe_every == 0 else b"\x11\x00\x00" + b"%d" % number + b"d" * 2_000
        for payload, last in vp8_payloads(data, number):
            packets.append((rtp(seq0 + len(packets), stamp0 + number * 3_600, last, payload), number * 40 * MS))
    return packets


def run(tap: TrackTap, packets: list[Packet], *, finish: bool = True) -> list[Output]:
    outputs = [output for data, arrival in packets for output in tap.on_packet(data, arrival)]
    return outputs + (tap.finish() if finish else [])


def frames(outputs: list[Output]) -> list[Frame]:
    return [output for output in outputs if isinstance(output, Frame)]


def payloads(outputs: list[Output]) -> list[bytes]:
    return [frame.unit.data for frame in frames(outputs)]


@pytest.mark.parametrize("seq0", [0, 1, 32_767, 65_534, 65_535])
@pytest.mark.parametrize("stamp0", [0, (1 << 32) - 4_000])
def test_wraps_change_nothing(seq0: int, stamp0: int) -> None:
    plain = frames(run(TrackTap("vp8", 90_000), camera(60)))
    wrapped = frames(run(TrackTap("vp8", 90_000), camera(60, seq0, stamp0)))
    assert [frame.unit.data for frame in wrapped] == [frame.unit.data for frame in plain]
    assert [frame.unit.ticks - wrapped[0].unit.ticks for frame in wrapped] == [n * 3_600 for n in range(60)]


def test_the_stream_begins_with_the_lowest_number_of_its_first_moments() -> None:
    packets = camera(30)
    shuffled = packets[:6]
    random.Random(3).shuffle(shuffled)
    outputs = run(TrackTap("vp8", 90_000), shuffled + packets[6:])
    assert len(frames(outputs)) == 30
    assert not [output for output in outputs if isinstance(output, Lost)]


def test_packets_out_of_order_by_a_second_come_in_order() -> None:
    packets = voice(200)
    late = packets.pop(60)
    packets.insert(110, (late[0], packets[110][1]))
    outputs = run(TrackTap("opus", 48_000), packets)
    assert payloads(outputs) == [b"\xf8%d" % n for n in range(200)]


def test_a_lost_packet_is_waited_for_and_then_given_up() -> None:
    packets = camera(150)
    del packets[40]
    tap = TrackTap("vp8", 90_000)
    outputs = run(tap, packets)
    assert [output.packets for output in outputs if isinstance(output, Lost)] == [1]
    assert len(frames(outputs)) == 149
    assert [output for output in outputs if isinstance(output, KeyframeNeeded)]
    damaged = [frame.unit.ticks // 3_600 for frame in frames(outputs) if frame.damaged]
    first = frames(outputs)[0].unit.ticks // 3_600
    assert (damaged[0] - first, damaged[-1] - first) == (21, 24), "until the keyframe of frame 25"


def test_silence_after_a_gap_ends_by_timeout() -> None:
    tap = TrackTap("opus", 48_000)
    packets = voice(30)
    del packets[20]
    run(tap, packets, finish=False)
    due = tap.next_timeout()
    assert due == 21 * 20 * MS + PATIENCE_NS
    assert tap.on_timeout(due - 1) == []
    assert payloads(tap.on_timeout(due)) == [b"\xf8%d" % n for n in range(21, 30)]
    assert tap.next_timeout() is None


def test_the_window_is_bounded() -> None:
    tap = TrackTap("opus", 48_000)
    packets = [(data, index * MS // 10) for index, (data, _) in enumerate(voice(3_000))]
    del packets[2_100]
    outputs = run(tap, packets[: 2_100 + AUDIO_WINDOW + 1], finish=False)
    assert len(frames(outputs)) == 2_100 + AUDIO_WINDOW + 1


def test_a_late_packet_is_left_out() -> None:
    tap = TrackTap("opus", 48_000)
    packets = voice(400)
    late = packets.pop(50)
    outputs = run(tap, [*packets, (late[0], 400 * 20 * MS)])
    assert len(frames(outputs)) == 399
    assert tap.late == 1


def test_duplicates_are_left_out() -> None:
    packets = [packet for packet in voice(100) for _ in range(2)]
    assert payloads(run(TrackTap("opus", 48_000), packets)) == [b"\xf8%d" % n for n in range(100)]


def test_a_sender_that_begins_anew_is_followed() -> None:
    tap = TrackTap("opus", 48_000)
    again = [(data, arrival + 100_000 * MS) for data, arrival in voice(300, seq0=10, stamp0=900_000)]
    outputs = run(tap, voice(300, seq0=20_000) + again)
    assert len(frames(outputs)) > 300 + 180


def test_an_outage_longer_than_the_sequence_half_is_survived() -> None:
    tap = TrackTap("opus", 48_000)
    later = [(data, arrival + 800_000 * MS) for data, arrival in voice(300, seq0=40_100, stamp0=38_400_000)]
    assert len(frames(run(tap, voice(100) + later))) > 100 + 180


def test_maps_come_every_few_seconds_and_follow_the_least_delay() -> None:
    jitter = random.Random(5)
    packets = [(data, arrival + jitter.randrange(0, 80) * MS) for data, arrival in voice(1_500)]
    packets.sort(key=lambda packet: packet[1])
    maps = [output for output in run(TrackTap("opus", 48_000), packets) if isinstance(output, ClockMap)]
    assert 6 <= len(maps) <= 9
    ticks0 = 1 << 32
    assert all(0 <= one.arrival_ns - (one.ticks - ticks0) * 1_000_000_000 // 48_000 <= 8 * MS for one in maps)


def test_a_stall_is_mapped_on_both_sides() -> None:
    packets = voice(100) + [(data, arrival + 18_000 * MS) for data, arrival in voice(100, seq0=100, stamp0=96_000)]
    packets = packets[:100] + [(data, arrival + 2_000 * MS) for data, arrival in packets[100:]]
    maps = [output for output in run(TrackTap("opus", 48_000), packets) if isinstance(output, ClockMap)]
    ticks0 = 1 << 32
    assert ClockMap(ticks0 + 99 * 960, 99 * 20 * MS) in maps
    assert ClockMap(ticks0 + 100 * 960, 20_000 * MS) in maps


@pytest.mark.parametrize("jump", [-90_000_000, 90_000_000], ids=["back", "ahead"])
def test_stamps_with_another_origin_are_said(jump: int) -> None:
    stamp = (100 * 960 + jump) % (1 << 32)
    packets = voice(100) + [(data, arrival + 2_000 * MS) for data, arrival in voice(100, seq0=100, stamp0=stamp)]
    restamps = [output for output in run(TrackTap("opus", 48_000), packets) if isinstance(output, Restamp)]
    assert [restamp.arrival_ns for restamp in restamps] == [2_000 * MS]


def test_a_report_is_related_to_the_unwrapped_stamp() -> None:
    tap = TrackTap("opus", 48_000)
    assert tap.on_report(5 << 32, 0, 0) == []
    run(tap, voice(20, stamp0=(1 << 32) - 960), finish=False)
    (report,) = tap.on_report((5 << 32) + (1 << 31), 18 * 960, 400 * MS)
    assert report == SenderClock((1 << 33) + 18 * 960, 5_500.0, 400 * MS)


def test_rubbish_is_counted() -> None:
    tap = TrackTap("vp8", 90_000)
    assert tap.on_packet(b"\x00" * 20, 0) == []
    assert tap.malformed == 1
