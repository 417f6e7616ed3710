"""Arrival stamps of a real socket, whatever somebody does to the machine's clock."""

from __future__ import annotations

import socket
import time

import pytest

from media.transport.udp import UdpSocket

HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize("set_by_ns", [0, -HOUR_NS, HOUR_NS], ids=["left alone", "set back", "set forward"])
def test_a_clock_that_is_set_moves_no_arrival(set_by_ns: int) -> None:
    receiver = UdpSocket("127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver._offset_ns -= set_by_ns  # what was measured before the clock was set by so much
        before = time.monotonic_ns()
        arrivals = []
        for number in range(3):
            sender.sendto(bytes((number,)), ("127.0.0.1", receiver.port))
            time.sleep(0.01)
            got = receiver.receive(memoryview(bytearray(100)))
            assert got is not None
            arrivals.append(got[1])
        after = time.monotonic_ns()
    receiver.close()
    assert arrivals == sorted(arrivals)
    assert before - 1_000_000 <= arrivals[0]
    assert arrivals[-1] <= after


def test_a_packet_that_waited_long_keeps_its_arrival() -> None:
    receiver = UdpSocket("127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sent_ns = time.monotonic_ns()
        sender.sendto(b"x", ("127.0.0.1", receiver.port))
        time.sleep(0.7)
        got = receiver.receive(memoryview(bytearray(100)))
    receiver.close()
    assert got is not None
    assert abs(got[1] - sent_ns) < 100_000_000
