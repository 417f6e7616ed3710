from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from media import rtcp

u32 = st.integers(0, 0xFFFFFFFF)
blocks = st.builds(rtcp.ReportBlock, u32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), u32, u32, u32, u32)
BLOCK = rtcp.ReportBlock(7, 128, -3, 65536 * 2 + 5, 90, 0x12345678, 65536)


def one(data: bytes) -> rtcp.RtcpPacket:
    packets, bad = rtcp.parse_compound(data)
    assert bad == 0
    assert len(packets) == 1
    return packets[0]


@given(u32, st.integers(0, 2**64 - 1), u32, u32, u32, st.lists(blocks, max_size=31).map(tuple))
def test_sender_reports_round_trip(
    ssrc: int, ntp: int, timestamp: int, packets: int, octets: int, items: tuple[rtcp.ReportBlock, ...]
) -> None:
    report = rtcp.SenderReport(ssrc, ntp, timestamp, packets, octets, items)
    assert one(rtcp.build_sr(report)) == report


@given(u32, st.lists(blocks, max_size=31).map(tuple))
def test_receiver_reports_round_trip(ssrc: int, items: tuple[rtcp.ReportBlock, ...]) -> None:
    assert one(rtcp.build_rr(ssrc, items)) == rtcp.ReceiverReport(ssrc, items)


@given(u32, st.text(max_size=60))
def test_cnames_round_trip(ssrc: int, cname: str) -> None:
    assert one(rtcp.build_sdes(ssrc, cname)) == rtcp.SourceDescription(((ssrc, cname),))


def test_small_packets_round_trip() -> None:
    assert one(rtcp.build_bye((1, 2))) == rtcp.Bye((1, 2))
    assert one(rtcp.build_pli(1, 2)) == rtcp.Pli(1, 2)
    assert one(rtcp.build_fir(1, 2, 258)) == rtcp.Fir(1, ((2, 2),))
    assert one(rtcp.build_rrtr(1, 2**63 + 5)) == rtcp.ReceiverReferenceTime(1, 2**63 + 5)
    assert one(rtcp.build_dlrr(1, ((2, 3, 4), (5, 6, 7)))) == rtcp.Dlrr(1, ((2, 3, 4), (5, 6, 7)))


@pytest.mark.parametrize(
    ("bitrate", "told"), [(0, 0), (300_000, 299_992 + 8), (1_234_567, 1_234_560), (10**9, 999_997_440)]
)
def test_remb_keeps_18_bits(bitrate: int, told: int) -> None:
    packet = one(rtcp.build_remb(1, bitrate, (5, 6)))
    assert isinstance(packet, rtcp.Remb)
    assert packet.ssrcs == (5, 6)
    assert packet.bitrate_bps <= bitrate
    assert bitrate - packet.bitrate_bps < max(1, bitrate / 2**17)
    assert told - packet.bitrate_bps < max(1, bitrate / 2**16)


@pytest.mark.parametrize("first", [0, 1, 32767, 65534, 65535])
@given(offsets=st.sets(st.integers(0, 400), min_size=1, max_size=60))
def test_nacks_round_trip_over_the_wrap(first: int, offsets: set[int]) -> None:
    seqs = {(first + offset) & 0xFFFF for offset in offsets}
    data = rtcp.build_nack(1, 2, seqs)
    packet = one(data)
    assert isinstance(packet, rtcp.Nack)
    assert set(packet.seqs) == seqs
    assert len(packet.seqs) == len(seqs)


def test_nack_of_neighbours_over_the_wrap_is_one_entry() -> None:
    assert len(rtcp.build_nack(1, 2, (65534, 65535, 0, 1, 14))) == 16


def test_one_bad_packet_does_not_hide_the_others() -> None:
    bad = bytes((0x9F, 201, 0, 1)) + bytes(4)  # an RR that claims 31 blocks
    packets, count = rtcp.parse_compound(rtcp.build_pli(1, 2) + bad + rtcp.build_nack(1, 2, (3,)))
    assert count == 1
    assert packets == [rtcp.Pli(1, 2), rtcp.Nack(1, 2, (3,))]


def test_profile_extensions_padding_and_unknown_types_are_passed_over() -> None:
    extended = bytearray(rtcp.build_rr(1, (BLOCK,)) + b"extension123")
    extended[3] += 3
    unknown = bytes((0x80, 204, 0, 1)) + b"APP!"
    padded = bytearray(rtcp.build_pli(1, 2) + b"\0\0\0\4")
    padded[0] |= 0x20
    padded[3] += 1
    packets, bad = rtcp.parse_compound(bytes(extended) + unknown + bytes(padded))
    assert bad == 0
    assert packets == [rtcp.ReceiverReport(1, (BLOCK,)), rtcp.Pli(1, 2)]


@given(st.binary(max_size=120))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    rtcp.parse_compound(data)
    for kind in (200, 201, 202, 203, 205, 206, 207):
        for count in (0, 1, 15, 31):
            words = len(data) // 4
            rtcp.parse_compound(bytes((0x80 | count, kind, 0, words)) + data[: words * 4])
            rtcp.parse_compound(bytes((0xA0 | count, kind, 0, words)) + data[: words * 4])


def test_round_trip_is_told_by_a_report_block() -> None:
    sent = rtcp.ntp_from_unix_ns(1_700_000_000_000_000_000)
    now = rtcp.ntp_from_unix_ns(1_700_000_000_350_000_000)
    block = rtcp.ReportBlock(1, 0, 0, 0, 0, rtcp.ntp_middle(sent), round(0.25 * 65536))
    assert rtcp.rtt_s(block, now) == pytest.approx(0.1, abs=0.001)
    assert rtcp.rtt_s(block, sent + (round(0.25 * 65536) << 16) - (5 << 16)) == 0.0
    assert rtcp.rtt_s(rtcp.ReportBlock(1, 0, 0, 0, 0, 0, 0), now) is None
    assert rtcp.rtt_s(rtcp.ReportBlock(1, 0, 0, 0, 0, 5, 0), now) is None


def test_ntp_epoch() -> None:
    assert rtcp.ntp_from_unix_ns(0) == 2_208_988_800 << 32
    assert rtcp.ntp_from_unix_ns(500_000_000) == (2_208_988_800 << 32) + (1 << 31)
