from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from media.rtcp import TransportFeedback, build_transport_feedback, parse_compound
from media.twcc import FEEDBACK_INTERVAL_S, FeedbackReport, TwccRecorder, TwccSendLog
from media.twcc_wire import read_transport_feedback

EDGES = (0, 1, 32767, 65534, 65535)


def read(data: bytes) -> TransportFeedback:
    packets, bad = parse_compound(data)
    assert not bad
    (packet,) = packets
    assert isinstance(packet, TransportFeedback)
    return packet


arrivals = st.lists(st.none() | st.integers(0, 2_000_000), min_size=1, max_size=300).filter(
    lambda items: any(item is not None for item in items)
)


@given(st.integers(0, 0xFFFF), arrivals)
def test_feedback_round_trips_within_a_tick(base_seq: int, times_us: list[int | None]) -> None:
    times = [None if time is None else 10**9 + time * 1000 for time in times_us]
    told = read(build_transport_feedback(1, 2, base_seq, 255, times))
    assert (told.sender_ssrc, told.media_ssrc, told.base_seq, told.feedback_count) == (1, 2, base_seq, 255)
    assert len(told.arrivals) == len(times)
    assert told.is_complete == (None not in times)
    for sent, got in zip(times, told.arrivals, strict=True):
        assert (sent is None) == (got is None)
        if sent is not None and got is not None:
            assert 0 <= sent - got * 250_000 < 250_000


def test_run_of_small_steps_without_its_deltas_is_malformed() -> None:
    data = build_transport_feedback(1, 2, 0, 0, [10**9 + step * 10**6 for step in range(20)])
    assert len(read(data).arrivals) == 20
    with pytest.raises(ValueError, match="deltas"):
        read_transport_feedback(memoryview(data)[4:30])


def test_step_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        build_transport_feedback(1, 2, 0, 0, [0, 9 * 10**9])
    with pytest.raises(ValueError, match="without an arrival"):
        build_transport_feedback(1, 2, 0, 0, [None])


def deliver(first: int, lost: set[int], count: int, *, gap_s: float = 0.01) -> tuple[TwccSendLog, list[FeedbackReport]]:
    log, recorder = TwccSendLog(first), TwccRecorder(1)
    reports: list[FeedbackReport] = []
    for step in range(count):
        now = step * gap_s
        seq = log.on_send(now, 1000 + step)
        if step not in lost:
            recorder.on_packet(seq, round((500 + now + 0.1) * 1e9), 77, now + 0.1)
        for data in recorder.on_timeout(now + 0.1):
            told = read(data)
            assert told.media_ssrc == 77, "Chromium ignores feedback for SSRC 0"
            report = log.on_feedback(told)
            assert report is not None
            reports.append(report)
    return log, reports


@pytest.mark.parametrize("first", EDGES)
@given(lost=st.sets(st.integers(1, 150)))
def test_every_packet_is_told_once_as_it_was(first: int, lost: set[int]) -> None:
    _, reports = deliver(first, lost, 200)
    told = sum(report.packets for report in reports)
    assert told > 190
    arrived = [index - first for report in reports for index in report.indexes]
    assert arrived == [step for step in range(told) if step not in lost]
    assert [sent for report in reports for sent in report.sent] == [step * 0.01 for step in arrived]
    assert sum(report.acked_bytes for report in reports) == sum(1000 + step for step in arrived)
    assert sum(report.told_bytes for report in reports) == sum(1000 + step for step in range(told))
    assert sum(report.lost for report in reports) == len(lost)
    delays = [delay for report in reports for delay in report.delays]
    assert max(delays) - min(delays) < 0.000_3
    assert reports[0].first == first


def test_losses_in_a_row_are_one_run() -> None:
    _, reports = deliver(65_530, {3, 4, 5, 7, 20, 21}, 60)
    assert sum(report.lost_runs for report in reports) == 3


def test_in_flight_falls_with_feedback() -> None:
    log, reports = deliver(0, set(), 200)
    assert 0 < log.in_flight_bytes <= 12_000
    assert reports[-1].acked_bytes > 0
    assert log.oldest_in_flight_s == pytest.approx(1.99, abs=0.1)


def test_lost_feedback_does_not_keep_its_packets_in_flight() -> None:
    log = TwccSendLog(65_530)
    for step in range(10):
        log.on_send(float(step), 500)
    log.on_feedback(TransportFeedback(1, 2, 65_538 & 0xFFFF, 0, [4000], True))
    assert log.in_flight_bytes == 500
    assert log.oldest_in_flight_s == 9.0
    log.on_feedback(TransportFeedback(1, 2, 65_539 & 0xFFFF, 0, [4000], True))
    assert log.in_flight_bytes == 0
    assert log.next_index == log.highest_told + 1


def test_repeated_and_unknown_numbers_count_once() -> None:
    log = TwccSendLog(65_535)
    for _ in range(3):
        log.on_send(1.0, 500)
    told = TransportFeedback(1, 2, 65_535, 0, [4000, None, 4004], False)
    first = log.on_feedback(told)
    assert first is not None
    assert (first.acked_bytes, first.lost, first.packets) == (1000, 1, 3)
    assert log.on_feedback(told) is None
    assert log.on_feedback(TransportFeedback(1, 2, 5, 0, [4000], True)) is None
    assert log.on_feedback(TransportFeedback(1, 2, 40_000, 0, [4000], True)) is None
    assert log.in_flight_bytes == 0


@pytest.mark.parametrize("told_first", [False, True])
def test_packet_sent_once_more_stays_lost_and_tells_no_delay(told_first: bool) -> None:
    log = TwccSendLog(0)
    for number in range(3):
        log.on_send(10.0 + number / 50, 100)
    gap = TransportFeedback(1, 2, 0, 0, [4000, None, 4160], False)
    if told_first:
        told = log.on_feedback(gap)
        log.on_resend(1)
    else:
        log.on_resend(1)
        assert log.oldest_in_flight_s == 10.0
        told = log.on_feedback(TransportFeedback(1, 2, 0, 0, [4000, 4900, 4160], True))
    assert told is not None
    assert (told.packets, told.lost, told.lost_runs, len(told.delays)) == (3, 1, 1, 2)
    assert log.on_feedback(TransportFeedback(1, 2, 1, 1, [4900], True)) is None


def test_packet_told_lost_that_comes_late_is_taken_back_once() -> None:
    log = TwccSendLog(0)
    for _ in range(3):
        log.on_send(1.0, 500)
    log.on_feedback(TransportFeedback(1, 2, 0, 0, [4000, None, 4004], False))
    late = TransportFeedback(1, 2, 1, 1, [4010], True)
    report = log.on_feedback(late)
    assert report is not None
    assert (report.late, report.packets, report.acked_bytes) == (1, 0, 0)
    assert log.on_feedback(late) is None


@given(st.integers(0, 0xFFFF), st.lists(st.none() | st.integers(0, 1 << 32), max_size=200), st.integers(0, 5000))
def test_forged_feedback_never_acknowledges_what_was_not_sent(
    base_seq: int, ticks: list[int | None], sent: int
) -> None:
    log = TwccSendLog(65_000)
    for _ in range(sent):
        log.on_send(1.0, 100)
    report = log.on_feedback(TransportFeedback(1, 2, base_seq, 0, ticks, None not in ticks))
    if report is not None:
        assert report.told_bytes == 100 * report.packets
        assert report.acked_bytes == 100 * len(report.sent) == 100 * len(report.delays)
        assert 0 < report.packets <= min(sent, len(ticks))
    assert 0 <= log.in_flight_bytes <= log.sent_bytes


def test_feedback_comes_every_50_ms_and_only_with_arrivals() -> None:
    recorder = TwccRecorder(1)
    assert recorder.next_timeout() is None
    recorder.on_packet(5, 10**9, 7, 1.0)
    assert recorder.next_timeout() == pytest.approx(1.0 + FEEDBACK_INTERVAL_S)
    assert recorder.on_timeout(1.04) == []
    assert len(recorder.on_timeout(1.05)) == 1
    assert recorder.next_timeout() is None


def test_gap_between_feedbacks_is_told_as_lost_and_a_late_packet_again() -> None:
    recorder = TwccRecorder(1)
    recorder.on_packet(65_534, 10**9, 7, 1.0)
    recorder.on_timeout(1.05)
    recorder.on_packet(1, 10**9 + 60_000_000, 7, 1.06)
    (data,) = recorder.on_timeout(1.2)
    told = read(data)
    assert (told.base_seq, [arrival is None for arrival in told.arrivals]) == (65_535, [True, True, False])
    recorder.on_packet(65_535, 10**9 + 70_000_000, 7, 1.3)
    recorder.on_packet(3, 10**9 + 75_000_000, 7, 1.3)
    late, fresh = (read(data) for data in recorder.on_timeout(1.4))
    assert (late.base_seq, len(late.arrivals)) == (65_535, 1)
    assert (fresh.base_seq, [arrival is None for arrival in fresh.arrivals]) == (2, [True, False])
    assert (told.feedback_count, late.feedback_count, fresh.feedback_count) == (1, 2, 3)


def test_long_runs_and_long_pauses_are_split() -> None:
    recorder = TwccRecorder(1)
    for step in range(1000):
        recorder.on_packet(step, 10**9 + step * 10_000 + (20 * 10**9 if step >= 500 else 0), 7, 1.0)
    packets = recorder.on_timeout(2.0)
    told = [read(data) for data in packets]
    assert sum(len(feedback.arrivals) for feedback in told) == 1000
    assert len(told) == 4
    assert all(len(data) < 1200 for data in packets)


def test_jump_of_the_sender_is_not_told_as_thousands_of_losses() -> None:
    recorder = TwccRecorder(1)
    recorder.on_packet(0, 10**9, 7, 1.0)
    recorder.on_timeout(1.1)
    recorder.on_packet(20_000, 10**9, 7, 1.2)
    (data,) = recorder.on_timeout(1.3)
    assert len(read(data).arrivals) == 1


def test_reference_time_wraps_without_a_jump() -> None:
    log = TwccSendLog(0)
    wrap = 256 << 24
    times: list[float] = []
    for step in range(4):
        log.on_send(step * 0.1, 100)
        report = log.on_feedback(TransportFeedback(1, 2, step, step, [(wrap - 600 + step * 400) % wrap], True))
        assert report is not None
        times.append(report.last_arrival_s)
    assert [b - a for a, b in itertools.pairwise(times)] == pytest.approx([0.1] * 3)
