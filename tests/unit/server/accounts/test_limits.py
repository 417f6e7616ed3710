from __future__ import annotations

import pytest

from server.accounts.limits import AttemptLimit


def test_the_window_slides() -> None:
    limit = AttemptLimit(3, 60.0)
    for now in (0.0, 10.0, 20.0):
        assert limit.is_allowed("甲", now)
        limit.count("甲", now)
    assert not limit.is_allowed("甲", 59.9)
    assert limit.wait_s("甲", 30.0) == pytest.approx(30.0)
    assert limit.is_allowed("甲", 60.0)


def test_keys_do_not_touch_each_other_and_success_forgets() -> None:
    limit = AttemptLimit(1, 60.0)
    limit.count("甲", 0.0)
    assert not limit.is_allowed("甲", 1.0) and limit.is_allowed("乙", 1.0)
    limit.forget("甲")
    assert limit.is_allowed("甲", 1.0) and limit.wait_s("甲", 1.0) == 0.0


def test_memory_is_bounded() -> None:
    limit = AttemptLimit(1, 60.0, max_keys=2)
    for key in ("a", "b", "c"):
        limit.count(key, 0.0)
    assert limit.is_allowed("a", 1.0)
    assert not limit.is_allowed("b", 1.0) and not limit.is_allowed("c", 1.0)


def test_a_forgiven_attempt_does_not_count() -> None:
    limit = AttemptLimit(1, 60.0)
    limit.count("甲", 0.0)
    limit.forgive("甲")
    assert limit.is_allowed("甲", 1.0)
    limit.forgive("乙")
