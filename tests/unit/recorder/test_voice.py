"""Voices: packets put together, loudness, and who was called on when."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from recorder.depacketise import opus_duration_ms
from recorder.loudness import BLOCK, RATE, LoudnessMeter, static_gain_db
from recorder.opus_packing import PACKED_MS, TimedPacket, pack
from recorder.story import Story, called_spans
from recorder.timeline import LONG_SILENCE, OPUS_SILENCE, Sound, gather_silence


def frames_of(packet: bytes) -> list[bytes]:
    """Return the frames of a packet of code 0 or 3 (RFC 6716 §3.2), each with the configuration in front."""
    if packet[0] & 3 == 0:
        return [packet]
    count, position, lengths = packet[1] & 0x3F, 2, []
    for _ in range(count - 1):
        length = packet[position]
        position += 1
        if length >= 252:
            length += 4 * packet[position]
            position += 1
        lengths.append(length)
    lengths.append(len(packet) - position - sum(lengths))
    out = []
    for length in lengths:
        out.append(bytes((packet[0] & 0xFC,)) + packet[position : position + length])
        position += length
    return out


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0x08, 0x78, 0xF8]), st.sampled_from([0, 1, 251, 252, 256, 1275]), st.booleans()),
        max_size=8,
    )
)
def test_packets_put_together_hold_the_same_frames_at_the_same_times(shapes: list[tuple[int, int, bool]]) -> None:
    packets, ms = [], 0
    for toc, size, follows in shapes:
        ms += 0 if follows else 500
        packets.append(TimedPacket(ms, 20, bytes((toc,)) + bytes(size)))
        ms += 20
    packed = list(pack(packets))
    assert [frame for one in packed for frame in frames_of(one.data)] == [one.data for one in packets]
    starts = {one.ms for one in packets}
    for one in packed:
        assert one.ms in starts
        assert opus_duration_ms(one.data) == one.duration_ms <= PACKED_MS
    assert all(before.ms + before.duration_ms <= after.ms for before, after in itertools.pairwise(packed))


def test_a_packet_of_several_frames_stays_as_it_is() -> None:
    twice = TimedPacket(0, 40, b"\x09" + bytes(8))
    assert list(pack([twice, TimedPacket(40, 20, b"\x08abc")])) == [twice, TimedPacket(40, 20, b"\x08abc")]


def tone(db: float, seconds: float, hz: float = 997.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    t = np.arange(int(seconds * RATE)) / RATE
    return (10 ** (db / 20) * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def test_a_tone_of_997_hz_is_as_loud_as_the_standard_says() -> None:
    meter = LoudnessMeter()
    meter.add(tone(0.0, 4))  # BS.1770-4: 0 dBFS in one channel is −3.01 LUFS
    assert meter.lufs() == pytest.approx(-3.01, abs=0.05)


def test_pauses_between_words_do_not_make_a_voice_quieter() -> None:
    meter = LoudnessMeter()
    for _ in range(6):
        for piece in (tone(-20, 1.8), tone(-60, 1.8), np.zeros(BLOCK, np.float32)):
            meter.add(piece[:1000])  # in pieces of any length
            meter.add(piece[1000:])
    assert meter.lufs() == pytest.approx(-23.0, abs=1.0)


def test_silence_has_no_loudness_and_needs_no_gain() -> None:
    meter = LoudnessMeter()
    meter.add(np.zeros(RATE * 2, np.float32))
    assert meter.lufs() is None
    assert static_gain_db(None, [0, 0]) == 0.0


@pytest.mark.parametrize(
    ("lufs", "peak", "gain"),
    [
        (-30.0, 20, 12.0),  # as far as the target
        (-30.0, 128, 4.0),  # as far as the peaks allow
        (-30.0, 255, 0.0),  # not at all
        (-60.0, 2, 15.0),  # no more than this
        (-10.0, 255, -8.0),  # too loud
        (-18.3, 20, 0.0),  # nobody hears it
    ],
)
def test_the_gain_goes_to_the_target_but_never_into_the_peaks(lufs: float, peak: int, gain: float) -> None:
    assert static_gain_db(lufs, [peak] * 1000) == pytest.approx(gain, abs=0.1)


def test_a_knock_on_the_microphone_does_not_decide() -> None:
    assert static_gain_db(-30.0, [20] * 5000 + [255] * 4) == pytest.approx(12.0)


def test_silence_is_gathered_and_sound_is_not_moved() -> None:
    quiet = [Sound(number * 20.0, 20, None) for number in range(14)]
    gathered = list(gather_silence(quiet))
    assert [(one.ms, one.duration_ms) for one in gathered] == [(0, 120), (120, 120), (240, 20), (260, 20)]
    assert opus_duration_ms(LONG_SILENCE) == 6 * opus_duration_ms(OPUS_SILENCE) == 120


def test_called_on_spans_end_with_the_next_call_the_leaving_and_the_lesson() -> None:
    story = Story(end_ms=9_000.0)
    story.events = [
        (1_000.0, {"kind": "called_on", "peer": "a"}),
        (2_000.0, {"kind": "called_on", "peer": "b"}),
        (3_000.0, {"kind": "called_on", "peer": None}),
        (4_000.0, {"kind": "called_on", "peer": "a"}),
        (4_500.0, {"kind": "participant_left", "peer": "x"}),
        (5_000.0, {"kind": "participant_left", "peer": "a"}),
        (8_000.0, {"kind": "called_on", "peer": "b"}),
    ]
    assert called_spans(story) == [(1e3, 2e3, "a"), (2e3, 3e3, "b"), (4e3, 5e3, "a"), (8e3, 9e3, "b")]
    story.end_ms = None
    assert math.isinf(called_spans(story)[-1][1])
