"""A real Chromium hears a voice over a link that loses every tenth packet."""

from __future__ import annotations

import argparse

from bench.audio_repair import measure


async def test_what_is_lost_is_hardly_heard() -> None:
    link = argparse.Namespace(
        modes="plain,policy", loss=0.1, burst=1.0, rtt=100.0, bps=24_000, seconds=8.0, seed=3, target=0, port=42_102
    )
    heard = await measure(link)
    assert heard["plain"]["concealed_pct"] > 5, "the link is as lossy as it should be"
    assert heard["policy"]["concealed_pct"] < 3
