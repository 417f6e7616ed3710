"""The collector is left as it was found, and runs seldom in between."""

from __future__ import annotations

import gc

import pytest

from server.collector import MIDDLE, NEVER, YOUNG, seldom_collecting


async def test_collecting_is_seldom_inside_and_as_before_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))
    before = gc.get_threshold()
    with seldom_collecting():
        assert gc.get_threshold() == (YOUNG, MIDDLE, NEVER)
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
    assert collected == [1], "what was left from starting"
