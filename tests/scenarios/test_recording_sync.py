"""Claps: voice and picture of one moment stay together in the finished edit, over an hour of everything that happens.

Each frame and each packet of sound carries when it was captured. They go the whole way in virtual time: reorder
buffers, journal and parts on a real disk, clocks, cut. Then the edit is read: where does each clap stand?
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from bench.recorder_feed import rtp, vp8_payloads
from media.tap import TapTrack
from recorder.edit import Editor
from recorder.folder import JOURNAL, Folder, Moment
from recorder.journal import read_journal
from recorder.session import PeerName, Session
from recorder.story import cut_story, read_story
from recorder.timeline import Placed

TOGETHER_MS = 80.0  # the figure; ITU-R BT.1359: disturbing from 90 ms on
MINUTES = 60
OUTAGE_S = (1_500.0, 1_530.0)
SWITCH_S = 2_400.0  # another device: another SSRC, stamps of another origin, another clock
LOSS = 0.02  # for good: what repair does not bring back
JITTER_MS = 15.0
PICTURE_MS, SOUND_MS, KEY_EVERY = 1_000, 120, 5
KEY, DELTA = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00", b"\x11\x00\x00"
SILK_120_MS = b"\x19"  # RFC 6716 §3.1: config 3, two frames of 60 ms
WRITE_EVERY = 500  # packets between two looks at the disk

TrackId = tuple[int, int]


class Device(NamedTuple):
    """A camera or a microphone, from when to when it is in use."""

    track: TrackId
    source: Literal["camera", "mic"]
    ppm: float  # how much too fast its clock is
    from_s: float
    to_s: float
    stamp0: int

    @property
    def description(self) -> TapTrack:
        is_camera = self.source == "camera"
        codec: Literal["vp8", "opus"] = "vp8" if is_camera else "opus"
        rate = 90_000 if is_camera else 48_000
        return TapTrack("room", "teacher", self.source, codec, "", self.track[1], 96, rate)


class Arrival(NamedTuple):
    """A packet as it comes out of the network."""

    at_ns: int
    track: TrackId
    packet: bytes


def sent(device: Device, seed: int) -> Iterator[Arrival]:
    """Yield what of a device's packets arrives. Its last four bytes are when it was captured, in ms."""
    chance = random.Random(seed)
    step_ms, rate = (PICTURE_MS, 90_000) if device.source == "camera" else (SOUND_MS, 48_000)
    count = int((device.to_s - device.from_s) * 1000 / step_ms)
    for number in range(count):
        real_ms = device.from_s * 1000 + number * step_ms / (1 + device.ppm / 1e6)
        mark = round(real_ms).to_bytes(4, "big")
        stamp = device.stamp0 + number * step_ms * rate // 1000
        if device.source == "camera":
            ((payload, _),) = vp8_payloads((DELTA if number % KEY_EVERY else KEY) + mark, number)
        else:
            payload = SILK_120_MS + mark
        arrives_ms = real_ms + 40 + chance.expovariate(1 / JITTER_MS)
        is_out = OUTAGE_S[0] * 1000 <= arrives_ms < OUTAGE_S[1] * 1000
        if chance.random() >= LOSS and not is_out:
            yield Arrival(round(arrives_ms * 1e6), device.track, rtp(number, stamp, True, payload))


def record(folder: Path, devices: list[Device]) -> None:
    """Record the devices from a network that jitters, loses and is gone for half a minute."""
    start = {"recording": "r", "room": "room", "title": "光", "lead_role": "lecturer"}
    disk = Folder(folder, Moment(0, 1_700_000_000_000, "boot"), start)
    session = Session("r", "room", disk.origin_ns, disk.next_part)
    session.on_peer("teacher", PeerName("lecturer", "林", "实验小学"), 0)
    waiting = sorted(devices, key=lambda device: device.from_s)
    arrivals = heapq.merge(*(sorted(sent(device, seed)) for seed, device in enumerate(devices)))
    for number, arrival in enumerate(arrivals):
        while waiting and waiting[0].from_s * 1e9 <= arrival.at_ns:
            opened = waiting.pop(0)
            replaced = next((one for one in devices if one.source == opened.source and one.to_s == opened.from_s), None)
            if replaced is not None:
                session.on_closed(replaced.track, arrival.at_ns)
            session.on_opened(opened.track, opened.description, arrival.at_ns)
        session.on_packet(arrival.track, arrival.packet, arrival.at_ns)
        if number % WRITE_EVERY == 0:
            session.on_timeout(arrival.at_ns)
            disk.apply(session.poll_ops(), session.t_ms(arrival.at_ns))
    session.stop(MINUTES * 60_000_000_000)
    disk.apply(session.poll_ops(), MINUTES * 60_000.0)
    disk.close(MINUTES * 60_000.0)


class Clap(NamedTuple):
    """A moment, and where in the file it is."""

    file_ms: float
    captured_ms: int

    @property
    def late_ms(self) -> float:
        return self.file_ms - self.captured_ms


def claps(folder: Path) -> tuple[list[Clap], list[Clap]]:
    """Return the claps that are seen and those that are heard in the lecturer's file."""
    journal = read_journal(folder / JOURNAL)
    assert journal.is_intact
    editor = Editor(folder, cut_story(read_story(journal.lines)))
    cut = editor.lecturer()
    assert cut is not None

    def captured(frame: Placed) -> int:
        return int.from_bytes(editor._readers[frame.part].payload(frame.block)[-4:], "big")

    seen = [Clap(one.t_ms - cut.origin_ms, captured(one)) for one in cut.pictures if isinstance(one, Placed)]
    heard = [Clap(one.ms - cut.origin_ms, captured(one.placed)) for one in cut.sounds if one.placed is not None]
    for before, after in itertools.pairwise(cut.sounds):
        assert after.ms - before.ms == pytest.approx(before.duration_ms), "a player counts samples"
    editor.close()
    return seen, heard


@pytest.mark.parametrize("switched", ["camera", "mic"])
def test_claps_are_seen_when_they_are_heard(tmp_path: Path, switched: str) -> None:
    end_s = MINUTES * 60.0
    camera = Device((1, 1), "camera", 0, 0, SWITCH_S if switched == "camera" else end_s, (1 << 32) - 900_000)
    mic = Device((1, 2), "mic", 50, 0, SWITCH_S if switched == "mic" else end_s, 77)
    other = Device((1, 3), "camera" if switched == "camera" else "mic", -50, SWITCH_S, end_s, 123_456)
    record(tmp_path, [camera, mic, other])
    seen, heard = claps(tmp_path)
    assert len(seen) > 0.95 * (MINUTES * 60_000 / PICTURE_MS) * (1 - 1 / 120)
    assert len(heard) > 0.95 * (MINUTES * 60_000 / SOUND_MS) * (1 - 1 / 120)
    for minute in range(MINUTES):
        pictures = [one.late_ms for one in seen if minute <= one.captured_ms / 60_000 < minute + 1]
        voices = [one.late_ms for one in heard if minute <= one.captured_ms / 60_000 < minute + 1]
        apart = max(max(pictures) - min(voices), max(voices) - min(pictures))
        assert apart <= TOGETHER_MS, f"minute {minute}"
    drift = [one.late_ms for one in (*seen, *heard)]
    assert max(drift) - min(drift) <= 2 * TOGETHER_MS, "an hour stays an hour: chapters and pages fit"
