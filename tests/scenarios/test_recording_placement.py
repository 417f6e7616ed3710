"""Voice and picture on one time, whatever loss, jitter and wrong clocks do: packets to edit, in virtual time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from bench.recorder_feed import rtp, vp8_payloads
from media.tap import TapTrack
from recorder.ebml import Block
from recorder.ops import Note, OpenPart, WriteFrame
from recorder.part_clock import align_clocks
from recorder.session import Session
from recorder.story import read_story
from recorder.timeline import Candidate, Placed, cut_audio, cut_video, place_part

MINUTES = 15  # 50 ppm are 45 ms by then
PICTURE_MS, SOUND_MS, KEY_EVERY = 400, 60, 10
CAMERA, MIC = (1, 1), (1, 2)
KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00"
DELTA = b"\x11\x00\x00"
TOGETHER_MS = 80.0  # ITU-R BT.1359: voice ahead of the picture is noticed from 45 ms, disturbing from 90 ms

Arrival = tuple[int, tuple[int, int], bytes]  # when, in ns; which track; the packet


def way(chance: random.Random, loss: float, jitter_ms: float) -> float | None:
    """Return how long a packet is on its way; a lost one comes once more after a round trip, or one in 20 never."""
    delay_ms = 40 + chance.expovariate(1 / jitter_ms)
    if chance.random() >= loss:
        return delay_ms
    return None if chance.random() < 0.05 else delay_ms + 120


def sent(track: tuple[int, int], ppm: float, loss: float, jitter_ms: float, seed: int) -> Iterator[Arrival]:
    """Yield a track's packets, each with the ms of its capture in its last 4 bytes; its clock is `ppm` too fast."""
    chance = random.Random(seed)
    step_ms, rate = (PICTURE_MS, 90_000) if track == CAMERA else (SOUND_MS, 48_000)
    for number in range(MINUTES * 60_000 // step_ms):
        real_ms = number * step_ms / (1 + ppm / 1e6)
        mark = round(real_ms).to_bytes(4, "big")
        if track == CAMERA:
            ((payload, _),) = vp8_payloads((DELTA if number % KEY_EVERY else KEY) + mark, number)
        else:
            payload = b"\x18" + mark  # SILK, 60 ms
        delay_ms = way(chance, loss, jitter_ms)
        if delay_ms is not None:
            packet = rtp(number, number * step_ms * rate // 1000, track == CAMERA, payload)
            yield round((real_ms + delay_ms) * 1e6), track, packet


def record(arrivals: Iterator[Arrival]) -> tuple[dict[int, list[tuple[Block, bytes]]], list[Note]]:
    session = Session("r", "room", 0, 1)
    session.on_opened(CAMERA, TapTrack("room", "p", "camera", "vp8", "", 1, 96, 90_000), 0)
    session.on_opened(MIC, TapTrack("room", "p", "mic", "opus", "", 2, 111, 48_000), 0)
    for number, (arrival_ns, track, packet) in enumerate(arrivals):
        session.on_packet(track, packet, arrival_ns)
        if number % 16 == 0:
            session.on_timeout(arrival_ns)
    session.stop(MINUTES * 60_000_000_000)
    ops = session.poll_ops()
    blocks: dict[int, list[tuple[Block, bytes]]] = {op.part: [] for op in ops if isinstance(op, OpenPart)}
    for op in ops:
        if isinstance(op, WriteFrame):
            blocks[op.part].append((Block(op.ms, op.keyframe, len(blocks[op.part]), len(op.data)), op.data))
    return blocks, [op for op in ops if isinstance(op, Note)]


@pytest.mark.parametrize(("camera_ppm", "mic_ppm"), [(0, 50), (-50, 0)], ids=["mic fast", "camera slow"])
def test_voice_and_picture_stay_together(camera_ppm: float, mic_ppm: float) -> None:
    arrivals = (sent(CAMERA, camera_ppm, 0.02, 15, 1), sent(MIC, mic_ppm, 0.02, 15, 2))
    blocks, notes = record(heapq.merge(*(sorted(track) for track in arrivals)))
    story = read_story({"t": note.t_ms, "kind": note.kind, **note.fields} for note in notes)
    clocks = align_clocks(story.parts.values())
    placed: dict[str, Candidate] = {}
    for number, part in story.parts.items():
        placed[part.source] = place_part(part, clocks[number], (block for block, _ in blocks[number]))
    marks = {number: [int.from_bytes(data[-4:], "big") for _, data in held] for number, held in blocks.items()}
    pictures = [(frame.t_ms, marks[frame.part][frame.block.offset]) for frame in _shown(placed["camera"])]
    lengths = ((frame, float(SOUND_MS)) for frame in placed["mic"].frames)
    sounds = list(cut_audio(lengths, float("-inf"), float("inf"), pictures[0][0]))
    voices = [(sound.ms, marks[sound.placed.part][sound.placed.block.offset]) for sound in sounds if sound.placed]
    assert len(pictures) > 0.97 * MINUTES * 60_000 / PICTURE_MS
    assert len(voices) > 0.97 * MINUTES * 60_000 / SOUND_MS
    assert all(after.ms - before.ms == pytest.approx(before.duration_ms) for before, after in pairwise(sounds))
    late = [t_ms - mark for t_ms, mark in pictures]
    heard = [t_ms - mark for t_ms, mark in voices]
    assert max(max(late) - min(heard), max(heard) - min(late)) <= TOGETHER_MS


def _shown(candidate: Candidate) -> Iterator[Placed]:
    return cut_video([candidate], float("-inf"), float("inf"))
