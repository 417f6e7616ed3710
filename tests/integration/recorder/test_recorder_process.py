"""A real recorder process: taps in, files out; killed, restarted, finalised, with a full disk."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from recorder.control import DiskLow, Finalise, NamePeer, RecordEvent, RecordingOpened, StartRecording, StopRecording
from recorder.ebml import PartReader
from recorder.journal import read_journal
from recorder.resource import Resource

STEP_S = 0.1
ORIGIN_TOLERANCE_MS = 80


@pytest.fixture(scope="module")
def clip() -> Clip:
    return make_clip(2.0, 200_000, 320, 180)


@pytest.fixture(scope="module")
def h264_clip() -> Clip:
    return make_clip(2.0, 200_000, 320, 180, codec="h264")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderProcess]:
    process = RecorderProcess(tmp_path)
    yield process
    process.kill()


def start(recorder: RecorderProcess, folder: Path, role: str = "lecturer") -> None:
    recorder.send(StartRecording("r1", "room", "光合作用", str(folder)))
    recorder.wait_for_state("recording")
    recorder.send(NamePeer("r1", "teacher", role, "王老师", "城关小学"))


def event(seq: int, mono_ns: int, **body: Any) -> RecordEvent:
    return RecordEvent("r1", seq, mono_ns, msgspec.json.encode(body))


def part_ms(folder: Path, source: str) -> int:
    """Return how much of a source's time lies in its parts."""
    total = 0
    for path in (folder / "tracks").glob(f"{source}*/*"):
        reader = PartReader(path)
        total += max((block.ms for block in reader.blocks()), default=0)
        reader.close()
    return total


def decoded(path: Path) -> tuple[list[float], list[float]]:
    """Return when each picture is shown and each sound begins, in seconds, by decoding all of it."""
    pictures: list[float] = []
    sounds: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video, container.streams.audio):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            assert frame.time is not None
            (pictures if isinstance(frame, av.VideoFrame) else sounds).append(frame.time)
    return pictures, sounds


def settle(recorder: RecorderProcess, folder: Path, source: str, ms: int) -> None:
    """Wait until the parts hold so much."""
    end = time.monotonic() + 20
    while part_ms(folder, source) < ms and time.monotonic() < end:
        time.sleep(0.1)
    assert part_ms(folder, source) >= ms


def resource_of(folder: Path) -> Resource:
    return msgspec.json.decode((folder / "resource.json").read_bytes(), type=Resource)


def test_a_lesson_becomes_a_file_that_decodes_whole(recorder: RecorderProcess, tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    begin = time.monotonic_ns()
    recorder.send(event(1, begin - 5_000_000_000, kind="page_turned", page=1, title="叶子"))
    recorder.send(event(2, begin + 25_000_000_000, kind="page_turned", page=2, title="光"))
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening() + stream.until(30, begin) + stream.report(begin) + stream.until(60, begin))
    tap.sendall(stream.closing())
    settle(recorder, folder, "camera", 59_900)
    settle(recorder, folder, "mic", 59_900)
    recorder.send(StopRecording("r1"))
    ready = recorder.wait_for_state("ready")
    assert abs(ready.duration_ms - 60_000) <= ORIGIN_TOLERANCE_MS
    assert [rendition.name for rendition in ready.renditions] == ["lecturer", "audio", "light"]
    assert ready.renditions[0].mime == "video/webm"
    assert (ready.renditions[0].width, ready.renditions[0].height) == (320, 180)
    assert [(chapter.title, round(chapter.start_ms / 1000)) for chapter in ready.chapters] == [("叶子", 0), ("光", 25)]
    assert [page.title for page in ready.pages] == ["1", "2"]
    assert (folder / ready.poster).read_bytes()[:2] == b"\xff\xd8"
    pictures, sounds = decoded(folder / "lecturer.webm")
    assert len(pictures) == 1500
    assert len(sounds) == 3000
    assert max(abs(time_s - number / 25) for number, time_s in enumerate(pictures)) * 1000 <= ORIGIN_TOLERANCE_MS
    assert max(abs(time_s - number / 50) for number, time_s in enumerate(sounds)) * 1000 <= ORIGIN_TOLERANCE_MS
    assert read_journal(folder / "journal.jsonl").is_intact


def test_every_access_unit_is_copied_byte_by_byte(recorder: RecorderProcess, tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    begin = time.monotonic_ns()
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening() + stream.until(4, begin) + stream.closing())
    settle(recorder, folder, "camera", 3_900)
    (path,) = (folder / "tracks").glob("camera*/*")
    reader = PartReader(path)
    assert [reader.payload(block) for block in reader.blocks()] == [data for data, _ in clip.pictures * 2]
    reader.close()


def test_h264_becomes_mp4_with_its_sound(recorder: RecorderProcess, tmp_path: Path, h264_clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    tap = recorder.connect_tap()
    stream = Stream(h264_clip)
    tap.sendall(stream.opening() + stream.until(6, time.monotonic_ns()) + stream.closing())
    settle(recorder, folder, "camera", 5_900)
    recorder.send(StopRecording("r1"))
    ready = recorder.wait_for_state("ready")
    assert ready.renditions[0].mime == "video/mp4"
    assert (ready.renditions[0].width, ready.renditions[0].height) == (320, 180)
    pictures, sounds = decoded(folder / "lecturer.mp4")
    assert len(pictures) == 150
    assert abs(len(sounds) - 300) <= 1


def test_a_new_lead_with_another_codec_is_in_the_same_file(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip, h264_clip: Clip
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    begin = time.monotonic_ns()
    change_ns = begin + 6_000_000_000
    recorder.send(event(1, begin - 1, kind="lead_changed", peer="teacher"))
    recorder.send(event(2, change_ns, kind="lead_changed", peer="guest"))
    first, second = Stream(clip), Stream(h264_clip, peer="guest", first_track=3)
    one, two = recorder.connect_tap(), recorder.connect_tap()
    one.sendall(first.opening() + first.until(8, begin) + first.closing())
    two.sendall(second.opening() + second.until(3, change_ns) + second.closing())
    settle(recorder, folder, "camera", 7_900 + 2_900)
    recorder.send(StopRecording("r1"))
    ready = recorder.wait_for_state("ready")
    assert ready.renditions[0].mime == "video/webm"
    pictures, _ = decoded(folder / "lecturer.webm")
    assert abs(len(pictures) - 225) <= 2
    assert abs(ready.duration_ms - 9_000) <= ORIGIN_TOLERANCE_MS


def test_killed_at_any_moment_loses_no_more_than_a_second_and_a_half(tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    chance = random.Random(7)
    for turn in range(4):
        recorder = RecorderProcess(tmp_path)
        start(recorder, folder)
        before = part_ms(folder, "camera")
        tap = recorder.connect_tap()
        stream = Stream(clip)
        begin = time.monotonic_ns()
        tap.sendall(stream.opening())
        sent_s, end_s = 0.0, 1.5 + chance.random()
        while sent_s < end_s:
            sent_s += STEP_S
            tap.sendall(stream.until(sent_s, begin))
            time.sleep(max(0.0, sent_s - (time.monotonic_ns() - begin) / 1e9))
        recorder.kill()
        tap.close()
        kept_ms = part_ms(folder, "camera") - before
        assert kept_ms >= sent_s * 1000 - 1_500, f"turn {turn}"
        assert read_journal(folder / "journal.jsonl").is_intact
    recorder = RecorderProcess(tmp_path)
    recorder.send(Finalise("r1", str(folder), "光合作用"))
    ready = recorder.wait_for_state("ready")
    pictures, sounds = decoded(folder / "lecturer.webm")
    assert len(pictures) >= 4 * 10
    assert len(sounds) >= ready.duration_ms // 20 - 10, "the holes between the parts are filled with silence"
    recorder.kill()


def test_a_restarted_recorder_says_which_events_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    recorder = RecorderProcess(tmp_path)
    start(recorder, folder)
    for seq in (1, 2, 3):
        recorder.send(event(seq, time.monotonic_ns(), kind="hand_changed", peer="c1", hand=True))
    time.sleep(0.6)
    recorder.kill()
    recorder = RecorderProcess(tmp_path)
    recorder.send(StartRecording("r1", "room", "光合作用", str(folder)))
    opened = recorder.wait_for(lambda message: isinstance(message, RecordingOpened))
    assert opened.last_seq == 3
    recorder.send(event(3, time.monotonic_ns(), kind="hand_changed", peer="c1", hand=True))
    recorder.send(event(4, time.monotonic_ns(), kind="hand_changed", peer="c1", hand=False))
    assert recorder.end() == 0
    journal = read_journal(folder / "journal.jsonl")
    assert [line["event"] for line in journal.lines if line["kind"] == "event"] == [1, 2, 3, 4]
    assert journal.lines[-1]["kind"] == "session.suspend"
    assert journal.is_intact


def test_finalising_twice_makes_the_same(recorder: RecorderProcess, tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening() + stream.until(3, time.monotonic_ns()) + stream.closing())
    settle(recorder, folder, "mic", 2_900)
    recorder.send(StopRecording("r1"))
    recorder.wait_for_state("ready")
    made = {name: (folder / name).read_bytes() for name in ("lecturer.webm", "audio.webm", "resource.json")}
    inode = (folder / "lecturer.webm").stat().st_ino
    recorder.send(Finalise("r1", str(folder), "光合作用"))
    recorder.wait_for_state("ready")
    assert (folder / "lecturer.webm").stat().st_ino == inode, "a step that is done is not done again"
    for note in (folder / "steps").iterdir():
        note.unlink()
    recorder.send(Finalise("r1", str(folder), "光合作用"))
    recorder.wait_for_state("ready")
    assert {name: (folder / name).read_bytes() for name in made} == made


@pytest.mark.parametrize("tail", [b"", b"\0" * 4096], ids=["cut", "zeros"])
def test_a_part_that_ends_anywhere_is_finalised(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip, tail: bytes
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening() + stream.until(4, time.monotonic_ns()) + stream.closing())
    settle(recorder, folder, "mic", 3_900)
    settle(recorder, folder, "camera", 3_900)
    recorder.send(StopRecording("r1"))
    recorder.wait_for_state("ready")
    (path,) = (folder / "tracks").glob("camera*/*")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3] + tail)
    recorder.send(Finalise("r1", str(folder), "光合作用"))
    recorder.wait_for_state("ready")
    pictures, _ = decoded(folder / "lecturer.webm")
    assert 30 <= len(pictures) < 100


def test_a_recording_without_media_fails_in_words(recorder: RecorderProcess, tmp_path: Path) -> None:
    start(recorder, tmp_path / "lesson")
    recorder.send(StopRecording("r1"))
    failed = recorder.wait_for(lambda message: getattr(message, "state", "") == "failed")
    assert "没有收到" in failed.detail
    assert (tmp_path / "lesson" / "failed.json").exists()


def test_recording_is_refused_below_the_floor(tmp_path: Path) -> None:
    recorder = RecorderProcess(tmp_path, "--floor-mb", str(1 << 40))
    recorder.send(StartRecording("r1", "room", "光合作用", str(tmp_path / "lesson")))
    low = recorder.wait_for(lambda message: isinstance(message, DiskLow))
    assert low.refused == "r1"
    failed = recorder.wait_for(lambda message: getattr(message, "state", "") == "failed")
    assert "磁盘" in failed.detail
    assert not (tmp_path / "lesson" / "journal.jsonl").exists()
    recorder.kill()


def test_a_folder_that_cannot_be_written_is_refused_in_words(recorder: RecorderProcess, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder.send(StartRecording("r1", "room", "光合作用", str(tmp_path / "file" / "lesson")))
    failed = recorder.wait_for(lambda message: getattr(message, "state", "") == "failed")
    assert "写不了" in failed.detail


def test_a_full_disk_makes_a_hole_and_recording_goes_on(recorder: RecorderProcess, tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    pid = recorder.process.pid
    tap = recorder.connect_tap()
    stream = Stream(clip)
    begin = time.monotonic_ns()
    tap.sendall(stream.opening() + stream.until(4, begin))
    settle(recorder, folder, "camera", 3_900)
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    size = max(path.stat().st_size for path in (folder / "tracks").glob("camera*/*"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 2_000, hard))
    tap.sendall(stream.until(10, begin))
    time.sleep(1.0)
    assert recorder.process.poll() is None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    tap.sendall(stream.until(20, begin) + stream.closing())
    settle(recorder, folder, "camera", 19_900)
    recorder.send(StopRecording("r1"))
    ready = recorder.wait_for_state("ready")
    assert abs(ready.duration_ms - 20_000) <= ORIGIN_TOLERANCE_MS
    pictures, _ = decoded(folder / "lecturer.webm")
    assert 250 <= len(pictures) < 500
    journal = read_journal(folder / "journal.jsonl")
    assert journal.is_intact
    assert {"write.failed", "gap"} <= {line["kind"] for line in journal.lines}


def test_a_tap_that_speaks_rubbish_is_dropped_and_others_go_on(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    bad = recorder.connect_tap()
    bad.sendall(b"\xff" * 64)
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening() + stream.until(2, time.monotonic_ns()))
    settle(recorder, folder, "camera", 1_900)
    bad.settimeout(5)
    assert bad.recv(1) == b""


def test_the_finaliser_runs_by_hand(recorder: RecorderProcess, tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder)
    tap = recorder.connect_tap()
    stream = Stream(clip)
    tap.sendall(stream.opening() + stream.until(2, time.monotonic_ns()))
    settle(recorder, folder, "mic", 1_900)
    assert recorder.end() == 0
    command = [sys.executable, "-m", "recorder.finalise", str(folder), "--title", "光"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60, env=dict(os.environ))
    assert b'"ready"' in done.stdout
    assert resource_of(folder).title == "光"
