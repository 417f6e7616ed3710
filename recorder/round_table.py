"""The sound of a meeting, and who has the floor: everybody's voice mixed, and shown is who speaks.

A lesson's sound is copied, since one voice leads. At a table all are heard at once, so their voices are decoded, added
up and encoded anew. What is decoded tells as well who is loudest: whoever is so for a while has the floor, and is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from recorder.loudness import RATE, Samples
from recorder.opus_packing import TimedPacket
from recorder.sound import decode_voice, encode_voice, gathered
from recorder.story import Story
from recorder.timeline import Sound

TABLE_ROLES = frozenset({"convener", "member"})  # signaling.roles: nobody else is in a meeting
MIX_BPS = 32_000  # several voices at once: RFC 6716 §2.1.1 has 28 to 40 kbit/s for fullband speech
TICK_MS = 100
_TICK = RATE * TICK_MS // 1000
_BLOCK = RATE  # a second of everybody at a time
SPEAKS = 0.015  # of full scale (RMS), -36 dB: speech after a browser's gain control is 20 dB louder, a quiet room below
SMOOTH = 0.25  # of a tick
TAKES_MS = 1_500  # whoever is loudest for so long has the floor: a "yes" does not take it


def is_meeting(story: Story) -> bool:
    """Return whether a recording is a meeting's."""
    return any(role in TABLE_ROLES for role in story.roles.values())


class Table(NamedTuple):
    """What was heard at the table, on the file's time, and from when on who had the floor."""

    sounds: list[Sound]
    floor: list[tuple[float, str]]


def hear(voices: Mapping[str, Iterable[TimedPacket]], origin_ms: float) -> Table:
    """Mix voices, each of which begins at `origin_ms` and has no gap."""
    levels: dict[str, list[float]] = {peer: [] for peer in voices}
    packets = encode_voice(_mixed(voices, levels), MIX_BPS)
    sounds = [Sound(origin_ms + packet.ms, packet.duration_ms, None, packet.data) for packet in packets]
    return Table(sounds, [(origin_ms + ms, peer) for ms, peer in floor_of(levels)])


def floor_of(levels: Mapping[str, Sequence[float]]) -> list[tuple[int, str]]:
    """Return from when on who had the floor: `[(ms, peer), …]`.

    Args:
        levels: how loud each was in each tick, of full scale.
    """
    smooth = dict.fromkeys(levels, 0.0)
    turns: list[tuple[int, str]] = []
    run = 0
    for tick in range(max(map(len, levels.values()), default=0)):
        for peer, heard in levels.items():
            now = heard[tick] if tick < len(heard) else 0.0
            smooth[peer] += (now - smooth[peer]) * SMOOTH
        loudest = max(smooth, key=lambda peer: smooth[peer])
        if smooth[loudest] < SPEAKS or (turns and turns[-1][1] == loudest):
            run = 0
            continue
        run += 1
        if not turns or run * TICK_MS >= TAKES_MS:
            since_ms = (tick - run + 1) * TICK_MS if turns else 0
            turns.append((since_ms, loudest))
            run = 0
    return turns


def _mixed(voices: Mapping[str, Iterable[TimedPacket]], levels: dict[str, list[float]]) -> Iterator[Samples]:
    """Yield a second of everybody together at a time; note how loud each was."""
    silence = np.zeros(0, np.float32)
    blocks = [gathered(decode_voice(packets), _BLOCK) for packets in voices.values()]
    for heard in zip_longest(*blocks, fillvalue=silence):
        sums = np.zeros(max(map(len, heard)), np.float32)
        for peer, samples in zip(voices, heard, strict=True):
            sums[: len(samples)] += samples
            levels[peer] += _levels(samples)
        yield np.clip(sums, -1.0, 1.0)


def _levels(samples: Samples) -> list[float]:
    if not len(samples):
        return [0.0] * (_BLOCK // _TICK)
    whole = np.pad(samples, (0, -len(samples) % _TICK)).reshape(-1, _TICK)
    return [float(level) for level in np.sqrt((whole**2).mean(axis=1))]
