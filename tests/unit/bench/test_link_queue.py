"""The emulated link: when packets leave it, and which never do."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from bench.link_queue import LinkQueue
from bench.link_trace import LinkState, Trace, parse_trace

PACKET = bytes(1250)  # 10,000 bits
OPEN = LinkState(rate_bps=20e6, delay_s=0.04)


def link(*entries: dict[str, Any], seed: int = 1, begun: bool = True) -> LinkQueue:
    """Return the down direction of a link whose trace begins at 100 s."""
    trace = parse_trace("test", [{"t": entry.pop("t", 0), "down": entry} for entry in entries])
    queue = LinkQueue(trace.down, OPEN, Random(seed))
    if begun:
        queue.start(100.0)
    return queue


def arrivals(queue: LinkQueue) -> list[float]:
    """Return when each packet comes out."""
    found = []
    while (due := queue.next_timeout()) is not None:
        found += [due] * len(queue.poll(due))
    return found


def test_packets_leave_one_after_the_other_at_the_rate() -> None:
    queue = link({"rate_kbps": 100, "delay_ms": 50, "queue_kb": 60})
    for _ in range(3):
        queue.offer(PACKET, 100.0)
    assert arrivals(queue) == pytest.approx([100.15, 100.25, 100.35])


def test_what_does_not_fit_into_the_queue_is_dropped() -> None:
    queue = link({"rate_kbps": 100, "delay_ms": 0, "queue_kb": 5})
    for _ in range(6):
        queue.offer(PACKET, 100.0)
    assert len(arrivals(queue)) == 4
    assert queue.seconds[0].dropped == 2 * len(PACKET)
    queue.offer(PACKET, 101.0)
    assert arrivals(queue) == pytest.approx([101.1])


def test_nothing_passes_at_rate_zero_and_the_queue_goes_on_after_it() -> None:
    queue = link({"rate_kbps": 100, "delay_ms": 0, "queue_kb": 60}, {"t": 1, "rate_kbps": 0}, {"t": 3, "rate_kbps": 50})
    queue.offer(PACKET, 100.95)
    queue.offer(PACKET, 102.0)
    assert arrivals(queue) == pytest.approx([103.1, 103.3])


def test_link_that_never_opens_lets_nothing_through() -> None:
    queue = link({"rate_kbps": 0, "queue_kb": 3})
    for second in range(4):
        queue.offer(PACKET, 100.0 + second)
    assert queue.next_timeout() is None
    assert sum(second.dropped for second in queue.seconds) == 2 * len(PACKET)


def test_jitter_never_lets_a_packet_overtake_another() -> None:
    queue = link({"rate_kbps": 50_000, "delay_ms": 40, "jitter_ms": 30, "queue_kb": 500})
    for index in range(200):
        queue.offer(index.to_bytes(2, "big") * 50, 100 + index * 0.005)
    came = []
    while (due := queue.next_timeout()) is not None:
        came += [int.from_bytes(packet[:2], "big") for packet in queue.poll(due)]
    assert came == list(range(200))


def test_lost_packet_has_used_the_link_and_the_same_seed_loses_the_same() -> None:
    def survivors(seed: int) -> list[float]:
        queue = link({"rate_kbps": 1000, "delay_ms": 0, "loss_pct": 30, "queue_kb": 5000}, seed=seed)
        for _ in range(400):
            queue.offer(PACKET, 100.0)
        return arrivals(queue)

    assert survivors(5) == survivors(5) != survivors(6)
    assert 240 <= len(survivors(5)) <= 320
    assert survivors(5)[-1] == pytest.approx(104.0, abs=0.1)


def test_link_is_open_until_the_trace_begins() -> None:
    queue = link({"rate_kbps": 100, "delay_ms": 40, "queue_kb": 60}, begun=False)
    queue.offer(PACKET, 50.0)
    assert arrivals(queue) == pytest.approx([50.0405])
    queue.start(100.0)
    queue.offer(PACKET, 100.0)
    assert arrivals(queue) == pytest.approx([100.14])


def stairs() -> Trace:
    """Return a link that goes down in two lasting steps, with an outage between them."""
    rates = ((0, 800), (10, 300), (20, 0), (22, 300), (30, 100))
    return parse_trace("stairs", [{"t": t, "down": {"rate_kbps": rate}} for t, rate in rates])


def test_trace_tells_outages_from_steps() -> None:
    assert stairs().outages(40) == [(20.0, 22.0)]
    assert [(at, after) for at, _, _, after in stairs().steps(40)] == [(10.0, 300e3), (30.0, 100e3)]
    assert stairs().share_under(250e3, 40) == pytest.approx(12 / 40)
    assert stairs().down.bits(19, 23) == pytest.approx(600e3)


@pytest.mark.parametrize("entries", [[], [{"t": 1}, {"t": 0}], [{"t": 0, "down": {"rate": 5}}]])
def test_what_is_no_trace_is_refused(entries: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="trace"):
        parse_trace("wrong", entries)
