from __future__ import annotations

import pytest

from media.reception import ReceptionStats
from media.rtcp import ntp_from_unix_ns, ntp_middle


@pytest.mark.parametrize("first", [0, 1, 32767, 65534, 65535])
def test_extended_sequence_number_counts_cycles(first: int) -> None:
    stats = ReceptionStats(7, 90_000)
    for step in range(70_000):
        stats.on_packet((first + step) & 0xFFFF, step * 900, step / 100)
    block = stats.report_block(700.0)
    assert block.highest_seq == first + 69_999
    assert block.cumulative_lost == 0
    assert block.fraction_lost == 0


def test_loss_is_of_the_interval_and_cumulative() -> None:
    stats = ReceptionStats(7, 90_000)
    for step in range(100):
        if step % 4:
            stats.on_packet(65_500 + step & 0xFFFF, step * 900, step / 100)
    first = stats.report_block(1.0)
    assert first.fraction_lost == 24 * 256 // 99  # the first packet of all was lost too, which nobody can see
    assert first.cumulative_lost == 24
    for step in range(100, 200):
        stats.on_packet(65_500 + step & 0xFFFF, step * 900, step / 100)
    second = stats.report_block(2.0)
    assert (second.fraction_lost, second.cumulative_lost) == (0, 24)
    assert stats.fraction_lost == 0.0


def test_repaired_packet_is_not_lost() -> None:
    stats = ReceptionStats(7, 90_000)
    for seq in (10, 12, 13, 11):
        stats.on_packet(seq, seq * 900, seq / 100)
    block = stats.report_block(1.0)
    assert (block.fraction_lost, block.cumulative_lost) == (0, 0)


def test_even_spacing_has_no_jitter_and_uneven_has() -> None:
    even, uneven = ReceptionStats(7, 48_000), ReceptionStats(8, 48_000)
    for step in range(200):
        even.on_packet(step, step * 960, step * 0.02)
        uneven.on_packet(step, step * 960, step * 0.02 + (0.01 if step % 2 else 0.0))
    assert even.report_block(4.0).jitter_ticks == 0
    assert uneven.report_block(4.0).jitter_ticks == pytest.approx(480, abs=10)


def test_sender_report_is_echoed() -> None:
    stats = ReceptionStats(7, 90_000)
    assert stats.report_block(1.0).last_sr == 0
    ntp = ntp_from_unix_ns(10**18)
    stats.on_sender_report(ntp, 5.0)
    block = stats.report_block(5.5)
    assert (block.last_sr, block.delay_since_last_sr) == (ntp_middle(ntp), 32_768)
