from __future__ import annotations

import pytest

from media.packet_cache import PacketCache


@pytest.mark.parametrize("first", [0, 1, 32767, 65534, 65535])
def test_the_last_packets_are_kept_over_the_wrap(first: int) -> None:
    cache: PacketCache[int] = PacketCache(capacity=64)
    for step in range(100):
        cache.put((first + step) & 0xFFFF, step, 1.0)
    for step in range(100):
        assert cache.get((first + step) & 0xFFFF, 1.0) == (step if step >= 36 else None)


def test_old_packets_are_not_given() -> None:
    cache: PacketCache[str] = PacketCache(max_age_s=2.0)
    cache.put(7, "seven", 1.0)
    assert cache.get(7, 3.0) == "seven"
    assert cache.get(7, 3.1) is None
    assert cache.get(7 + 2048, 1.0) is None
    cache.clear()
    assert cache.get(7, 1.0) is None


@pytest.mark.parametrize("capacity", [0, 100, 65_536])
def test_capacity_must_be_a_power_of_two(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        PacketCache[int](capacity=capacity)
