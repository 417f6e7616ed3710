"""What may be caught up on in a recording that grows: packets in, clusters out, in virtual time on real files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.recorder_feed import rtp, vp8_payloads
from media.tap import TapTrack
from recorder.ebml import CLUSTER_MARK
from recorder.folder import Folder, Moment
from recorder.growing import GrowingRecording, Missed
from recorder.session import PeerName, Session

KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00"  # 320 x 180
LARGE_KEY = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\x68\x01"  # 640 x 360
DELTA = b"\x11\x00\x00"
OPUS = b"\x18" + b"sound" * 8  # SILK, 60 ms
SOUND_MS, PICTURE_MS, KEY_EVERY = 60, 200, 20  # a keyframe every 4 s
START_NS = 1_000_000_000_000
START = {"recording": "r", "room": "room", "title": "光", "lead_role": "lecturer"}


class Recorded:
    """A session with its folder, on a clock of its own."""

    def __init__(self, path: Path, at_s: float = 0.0, boot: str = "b") -> None:
        self.path = path
        self.now_s = at_s
        moment = Moment(self._ns(at_s), 1_700_000_000_000 + int(at_s * 1000), boot)
        self._folder = Folder(path, moment, START)
        first = self._folder.next_part
        self.session = Session("r", "room", self._folder.origin_ns, first, self._folder.last_event_seq)
        self._tracks: list[tuple[tuple[int, int], TapTrack, float]] = []
        self._counts: dict[tuple[int, int], int] = {}

    def track(self, peer: str, source: Any, layer: str = "", *, stamp_s: float = 0.0) -> tuple[int, int]:
        """Begin a track whose stamps began `stamp_s` before it."""
        track = (1, len(self._tracks) + 1)
        codec: Any = "opus" if source == "mic" else "vp8"
        rate = 48_000 if source == "mic" else 90_000
        description = TapTrack("room", peer, source, codec, layer, len(self._tracks) + 1, 96, rate)
        self._tracks.append((track, description, self.now_s - stamp_s))
        self._counts[track] = 0
        self.session.on_opened(track, description, self._ns(self.now_s))
        return track

    def event(self, seq: int, at_s: float | None = None, **body: Any) -> None:
        at_s = self.now_s if at_s is None else at_s
        self.session.on_event(seq, self._ns(at_s), msgspec.json.encode(body))

    def run(self, seconds: float, *, silent: tuple[tuple[int, int], ...] = ()) -> None:
        """Let everything flow for so long, written every 0.2 s."""
        end = self.now_s + seconds
        while self.now_s < end - 1e-9:
            self.now_s = round(self.now_s + 0.2, 3)
            for track, description, begin_s in self._tracks:
                self._feed(track, description, begin_s, is_silent=track in silent)
            self.session.on_timeout(self._ns(self.now_s))
            self.write()

    def write(self) -> None:
        self._folder.apply(self.session.poll_ops(), self.session.t_ms(self._ns(self.now_s)))

    @staticmethod
    def sounds(numbers: range) -> list[tuple[int, bytes]]:
        """Return packets of a voice with when they arrive, in ns."""
        step_ns, ticks = SOUND_MS * 1_000_000, SOUND_MS * 48
        return [(number * step_ns, rtp(number, number * ticks, True, OPUS)) for number in numbers]

    def crash(self) -> None:
        """Let go of the folder as a killed process does."""
        os.close(self._folder._lock_fd)

    def _feed(self, track: tuple[int, int], description: TapTrack, begin_s: float, *, is_silent: bool) -> None:
        step_ms = SOUND_MS if description.source == "mic" else PICTURE_MS
        while begin_s + self._counts[track] * step_ms / 1000 <= self.now_s:
            number = self._counts[track]
            self._counts[track] += 1
            if is_silent:
                continue
            stamp = number * step_ms * description.clock_rate // 1000
            payload = OPUS
            if description.source != "mic":
                key = LARGE_KEY if description.layer == "h" else KEY
                frame = (DELTA if number % KEY_EVERY else key) + bytes(60)
                ((payload, _),) = vp8_payloads(frame, number)
            arrival_ns = self._ns(begin_s + number * step_ms / 1000)
            self.session.on_packet(track, rtp(number, stamp, True, payload), arrival_ns)

    @staticmethod
    def _ns(at_s: float) -> int:
        return START_NS + round(at_s * 1e9)


def taught(path: Path, *, layers: tuple[str, ...] = ("",)) -> Recorded:
    """Return a recording with its lecturer."""
    recorded = Recorded(path)
    recorded.session.on_peer("teacher", PeerName("lecturer", "林", "实验小学"), START_NS)
    recorded.event(1, kind="lead_changed", peer="teacher")
    recorded.event(2, kind="page_turned", page=2)
    recorded.track("teacher", "mic")
    for layer in layers:
        recorded.track("teacher", "camera", layer)
    return recorded


def looked(recorded: Recorded) -> GrowingRecording:
    growing = GrowingRecording(recorded.path)
    growing.refresh()
    return growing


def of(found: list[Missed], role: str) -> Missed:
    (one,) = [missed for missed in found if missed.role == role]
    return one


def times(missed: Missed) -> list[int]:
    return [round(cluster.ms + missed.shift_ms) for cluster in missed.clusters]


def test_a_stretch_has_its_voice_its_picture_from_a_keyframe_and_its_pages(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(10)
    recorded.event(3, kind="page_turned", page=3)
    recorded.run(5)
    growing = looked(recorded)
    found = growing.missed(6_500, 11_000)
    voice, camera = of(found, "voice"), of(found, "camera")
    assert times(voice)[0] <= 6_500 < times(voice)[1]
    assert times(voice)[-1] < 11_000
    assert times(camera)[0] == 4_000, "the keyframe before"
    assert camera.clusters[0].keyframe
    assert [turn.page for turn in growing.turns(6_500, 11_000)] == [2, 3]
    assert [turn.page for turn in growing.turns(11_000, 12_000)] == [3]
    assert growing.begins_ms == pytest.approx(0, abs=200)
    assert growing.t_ms(START_NS + 7_000_000_000) == 7_000


def test_what_grows_is_seen_at_the_next_look(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(3)
    growing = looked(recorded)
    before = of(growing.missed(0, 60_000), "voice").clusters
    recorded.run(3)
    growing.refresh()
    after = of(growing.missed(0, 60_000), "voice").clusters
    assert after[: len(before)] == before
    assert len(after) == len(before) + 3
    edge_ms = after[-1].end_ms
    assert recorded.now_s * 1000 - edge_ms < 1_300, "no farther behind than a cluster and a tick"


def test_bytes_are_the_parts_head_or_whole_clusters(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(6)
    growing = looked(recorded)
    voice = of(growing.missed(0, 60_000), "voice")
    first, second = voice.clusters[:2]
    head = growing.read(voice.part, 0, voice.header_bytes)
    assert head is not None
    assert head.startswith(b"\x1aE\xdf\xa3")
    both = growing.read(voice.part, first.offset, second.end)
    assert both is not None
    assert both.count(CLUSTER_MARK) == 2
    for start, end in [
        (first.offset, second.end - 1),
        (first.offset + 1, second.end),
        (0, first.end),
        (voice.clusters[-1].offset, voice.clusters[-1].end + 50),
        (-5, 10),
        (10, 10),
        (1 << 40, (1 << 40) + 9),
    ]:
        assert growing.read(voice.part, start, end) is None, (start, end)
    assert growing.read(99, 0, 10) is None


def test_a_classroom_is_heard_while_it_is_called_on_and_never_seen(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.session.on_peer("room1", PeerName("classroom", "五年级", "河口小学"), START_NS)
    recorded.track("room1", "mic")
    recorded.track("room1", "camera")
    recorded.track("room2", "mic")
    recorded.run(5)
    recorded.event(3, kind="called_on", peer="room1")
    recorded.run(5)
    recorded.event(4, kind="called_on", peer=None)
    recorded.run(5)
    growing = looked(recorded)
    found = growing.missed(0, 60_000)
    guest = of(found, "guest")
    assert guest.peer == "room1"
    assert 4_000 <= times(guest)[0] <= 5_000
    assert 9_000 <= times(guest)[-1] <= 10_000
    assert {one.peer for one in found if one.role == "camera"} == {"teacher"}
    inside = guest.clusters[0]
    assert growing.read(guest.part, inside.offset, inside.end)
    index = growing._indices[guest.part]
    outside = index.clusters[-1]
    assert growing.read(guest.part, outside.offset, outside.end) is None, "they thought that nobody hears them"
    assert growing.read(guest.part, inside.offset, outside.end) is None


def test_a_screen_is_seen_whoever_shares_it(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(3)
    recorded.track("second", "screen")
    recorded.run(6)
    growing = looked(recorded)
    screen = of(growing.missed(0, 60_000), "screen")
    assert screen.peer == "second"
    assert times(screen)[0] == pytest.approx(3_000, abs=200)
    assert growing.read(screen.part, screen.clusters[0].offset, screen.clusters[-1].end)


def test_who_leads_is_seen_from_then_on(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.track("second", "mic")
    recorded.run(6)
    recorded.event(3, kind="lead_changed", peer="second")
    recorded.run(6)
    voices = [one for one in looked(recorded).missed(0, 60_000) if one.role == "voice"]
    assert [one.peer for one in voices] == ["teacher", "second"]
    assert times(voices[0])[-1] <= 6_000
    assert times(voices[1])[0] >= 5_000


def test_the_smaller_layer_is_enough(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r", layers=("h", "m"))
    recorded.run(6)
    assert [one.height for one in looked(recorded).missed(0, 60_000) if one.role == "camera"] == [180]


def test_a_smaller_layer_that_came_and_went_is_not(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r", layers=("h", "m"))
    recorded.run(4)
    recorded.run(8, silent=((1, 3),))
    assert [one.height for one in looked(recorded).missed(0, 60_000) if one.role == "camera"] == [360]


def test_after_a_crash_the_recording_goes_on_in_new_parts(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(5.5)
    recorded.crash()
    growing = looked(recorded)
    again = Recorded(tmp_path / "r", 8.0)
    again.track("teacher", "mic", stamp_s=8.0)
    again._counts[(1, 1)] = round(8.0 / (SOUND_MS / 1000)) + 1
    again.run(5)
    growing.refresh()
    voices = [one for one in growing.missed(0, 60_000) if one.role == "voice"]
    assert len(voices) == 2
    assert voices[0].clusters[-1].end_ms >= 5_200, "the last cluster of the part that a crash closed is handed out"
    assert times(voices[1])[0] == pytest.approx(8_000, abs=100)
    last = voices[0].clusters[-1]
    assert growing.read(voices[0].part, last.offset, last.end)
    assert growing.t_ms(START_NS + 9_000_000_000) == 9_000


def test_a_torn_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(3)
    journal = recorded.path / "journal.jsonl"
    data = journal.read_bytes()
    growing = GrowingRecording(recorded.path)
    for end in (0, 10, len(data) // 2, len(data) - 1):
        journal.write_bytes(data[:end])
        growing.refresh()
    journal.write_bytes(data)
    growing.refresh()
    assert of(growing.missed(0, 60_000), "voice").clusters


def test_a_folder_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    growing = GrowingRecording(tmp_path / "none")
    growing.refresh()
    assert growing.begins_ms is None
    assert growing.missed(0, 60_000) == []
    assert growing.t_ms(0) is None


def test_a_sender_that_stalled_keeps_its_hole(tmp_path: Path) -> None:
    recorded = taught(tmp_path / "r")
    recorded.run(5)
    quiet = tuple(track for track, _, _ in recorded._tracks)
    recorded.run(10, silent=quiet)
    recorded.run(5)
    voices = [one for one in looked(recorded).missed(0, 60_000) if one.role == "voice"]
    heard = sorted(at for one in voices for at in times(one))
    assert heard[-1] > 18_000
    assert not [at for at in heard if 6_000 < at < 14_000]
