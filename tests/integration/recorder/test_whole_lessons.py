"""Lessons with more than a camera and a voice, from packets through a real recorder to files that are decoded whole."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from recorder.control import NamePeer, RecordEvent, RecordingChanged, StartRecording, StopRecording
from recorder.ebml import PartReader
from recorder.journal import read_journal

DARK = 20.0  # mean luma; the clip's is about 110
STEP_MS = 80  # how far sound and picture, or two files, may be apart


@pytest.fixture(scope="module")
def clip() -> Clip:
    return make_clip(2.0, 200_000, 320, 180)


@pytest.fixture(scope="module")
def large_clip() -> Clip:
    return make_clip(2.0, 400_000, 640, 360)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderProcess]:
    process = RecorderProcess(tmp_path)
    yield process
    process.kill()


def start(recorder: RecorderProcess, folder: Path, **roles: str) -> None:
    recorder.send(StartRecording("r1", "room", "光合作用", str(folder)))
    recorder.wait_for_state("recording")
    for peer, role in roles.items():
        recorder.send(NamePeer("r1", peer, role, peer, "城关小学"))


def lead(recorder: RecorderProcess, seq: int, mono_ns: int, peer: str) -> None:
    recorder.send(RecordEvent("r1", seq, mono_ns, msgspec.json.encode({"kind": "lead_changed", "peer": peer})))


def finish(recorder: RecorderProcess, folder: Path, blocks: dict[str, int]) -> RecordingChanged:
    """Stop when the parts of each track hold so many frames; return what was made."""
    end = time.monotonic() + 20
    while {track: count_blocks(folder, track) for track in blocks} != blocks and time.monotonic() < end:
        time.sleep(0.1)
    assert {track: count_blocks(folder, track) for track in blocks} == blocks
    recorder.send(StopRecording("r1"))
    ready: RecordingChanged = recorder.wait_for_state("ready")
    return ready


def count_blocks(folder: Path, track: str) -> int:
    total = 0
    for path in (folder / "tracks" / track).glob("*"):
        reader = PartReader(path)
        total += sum(1 for _ in reader.blocks())
        reader.close()
    return total


def pictures_of(path: Path) -> list[tuple[float, int, float]]:
    """Return time in ms, width and mean luma of each picture, by decoding all of them."""
    with av.open(str(path)) as container:
        frames = [*container.decode(container.streams.video[0])]
    return [(float(frame.time or 0) * 1000, frame.width, luma(frame)) for frame in frames]


def luma(frame: av.VideoFrame) -> float:
    return float(np.mean(frame.to_ndarray(format="gray")))


def sound_ms(path: Path) -> float:
    with av.open(str(path)) as container:
        return sum(frame.samples * 1000 / frame.sample_rate for frame in container.decode(container.streams.audio[0]))


def test_a_screen_is_a_file_of_its_own_on_the_same_time(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip, large_clip: Clip
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder, teacher="lecturer")
    begin = time.monotonic_ns()
    lecturer = Stream(clip)
    screen = Stream(large_clip, source="screen", first_track=5, with_sound=False)
    tap = recorder.connect_tap()
    tap.sendall(lecturer.opening() + lecturer.until(4, begin))
    screen.rest(4)
    tap.sendall(screen.opening() + screen.until(8, begin) + screen.closing())
    tap.sendall(lecturer.until(12, begin) + lecturer.closing())
    ready = finish(recorder, folder, {"camera-teacher": 300, "mic-teacher": 600, "screen-teacher": 100})
    assert [one.name for one in ready.renditions] == ["lecturer", "screen", "audio", "light"]
    assert abs(ready.duration_ms - 12_000) <= STEP_MS
    shared = pictures_of(folder / "screen.webm")
    lit = [ms for ms, _, brightness in shared if brightness > DARK]
    assert shared[0][0] == 0 and shared[0][2] < DARK, "nothing is shown before it is shared"
    assert (lit[0], lit[-1]) == pytest.approx((4_000, 7_960), abs=STEP_MS)
    assert shared[-1][2] < DARK, "and nothing after"
    assert len(lit) == 100
    assert {width for _, width, _ in shared} == {640}
    assert len(pictures_of(folder / "lecturer.webm")) == 300
    assert sound_ms(folder / "lecturer.webm") == pytest.approx(12_000, abs=STEP_MS)


def test_a_smaller_layer_fills_in_where_the_large_one_pauses(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip, large_clip: Clip
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder, teacher="lecturer")
    begin = time.monotonic_ns()
    middle = Stream(clip, layer="h")
    large = Stream(large_clip, layer="f", first_track=5, with_sound=False, stamp0=77)
    tap = recorder.connect_tap()
    tap.sendall(middle.opening() + large.opening() + middle.until(6, begin) + large.until(6, begin))
    large.rest(14)
    tap.sendall(middle.until(20, begin) + large.until(20, begin) + middle.closing() + large.closing())
    ready = finish(recorder, folder, {"camera-h-teacher": 500, "camera-f-teacher": 300, "mic-teacher": 1000})
    assert len([*(folder / "tracks").glob("camera-*/*")]) == 2, "a layer that pauses goes on in its part"
    assert (ready.renditions[0].width, ready.renditions[0].height) == (640, 360)
    pictures = pictures_of(folder / "lecturer.webm")
    widths = [(round(ms / 1000), width) for ms, width, _ in pictures]
    changes = [widths[0], *(one for before, one in itertools.pairwise(widths) if before[1] != one[1])]
    assert changes == [(0, 640), (6, 320), (14, 640)]
    times = [ms for ms, _, _ in pictures]
    assert max(after - before for before, after in itertools.pairwise(times)) <= STEP_MS
    assert all(brightness > DARK for _, _, brightness in pictures)
    assert len(pictures) == pytest.approx(500, abs=2)


def test_everything_that_is_sent_is_a_track_of_its_own_and_pupils_are_flagged(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip, large_clip: Clip
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder, teacher="lecturer", room1="classroom", room2="classroom", ma="local_teacher")
    begin = time.monotonic_ns()
    streams = [
        Stream(large_clip, layer="f", first_track=1),
        Stream(clip, layer="h", first_track=3, with_sound=False, stamp0=77),
        Stream(large_clip, source="screen", first_track=5, with_sound=False, stamp0=5),
        Stream(clip, peer="room1", layer="h", first_track=7, stamp0=1),
        Stream(clip, peer="room2", layer="h", first_track=9, stamp0=2),
        Stream(clip, peer="ma", first_track=11, stamp0=3),
    ]
    tap = recorder.connect_tap()
    for stream in streams:
        tap.sendall(stream.opening() + stream.until(4, begin))
    tap.sendall(b"".join(stream.closing() for stream in streams))
    pictures = ("f-teacher", "h-teacher", "h-room1", "h-room2", "ma")
    sounds = {f"mic-{peer}": 200 for peer in ("teacher", "room1", "room2", "ma")}
    ready = finish(recorder, folder, {"screen-teacher": 100, **{f"camera-{one}": 100 for one in pictures}, **sounds})
    opened = [line for line in read_journal(folder / "journal.jsonl").lines if line["kind"] == "part.open"]
    assert len(opened) == len({line["file"] for line in opened}) == 10, "one container a track"
    assert {(line["source"], line["peer"], line["layer"]) for line in opened if line["minors"]} == {
        ("camera", "room1", "h"), ("camera", "room2", "h"), ("mic", "room1", ""), ("mic", "room2", ""),
    }  # fmt: skip
    assert {line["peer"]: line["role"] for line in opened}["ma"] == "local_teacher"
    lecturer = next(one for one in ready.renditions if one.name == "lecturer")
    assert (lecturer.width, lecturer.height) == (640, 360)
    assert not [one for one in ready.renditions if one.name in ("lecturer", "screen", "audio") and one.minors]


def test_a_person_takes_over_from_a_bot(
    recorder: RecorderProcess, tmp_path: Path, clip: Clip, large_clip: Clip
) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder, bot="lecturer", lin="lecturer", room1="classroom")
    begin = time.monotonic_ns()
    lead(recorder, 1, begin - 1, "bot")
    lead(recorder, 2, begin + 5_200_000_000, "lin")
    bot, lin = Stream(clip, peer="bot"), Stream(large_clip, peer="lin", first_track=5, stamp0=9)
    pupils = Stream(clip, peer="room1", first_track=9, stamp0=5)
    tap = recorder.connect_tap()
    tap.sendall(bot.opening() + pupils.opening() + bot.until(7, begin) + pupils.until(7, begin))
    lin.rest(4)
    tap.sendall(lin.opening() + lin.until(12, begin) + bot.closing() + lin.closing() + pupils.closing())
    ready = finish(recorder, folder, {"camera-bot": 175, "camera-lin": 200, "mic-lin": 400, "mic-bot": 350})
    assert [one.name for one in ready.renditions] == ["lecturer", "audio", "light"]
    assert abs(ready.duration_ms - 12_000) <= STEP_MS
    pictures = pictures_of(folder / "lecturer.webm")
    assert [width for _, width, _ in pictures] == sorted(width for _, width, _ in pictures), "no way back"
    taken_ms = next(ms for ms, width, _ in pictures if width == 640)
    assert 5_200 <= taken_ms <= 6_000 + STEP_MS, "at the first keyframe of the new lead"
    assert sound_ms(folder / "lecturer.webm") == pytest.approx(12_000, abs=STEP_MS)


def test_a_late_camera_gives_the_poster(recorder: RecorderProcess, tmp_path: Path, clip: Clip) -> None:
    folder = tmp_path / "lesson"
    start(recorder, folder, teacher="lecturer")
    begin = time.monotonic_ns()
    sound, camera = Stream(clip, first_track=5), Stream(clip, with_sound=False)
    tap = recorder.connect_tap()
    opening, closing = sound.opening(), sound.closing()
    tap.sendall(camera.opening() + opening)
    frames = sound.until(60, begin)
    tap.sendall(only(frames, 6))
    camera.rest(58)
    tap.sendall(camera.until(60, begin) + camera.closing() + closing)
    ready = finish(recorder, folder, {"mic-teacher": 3000, "camera-teacher": 50})
    pictures = pictures_of(folder / "lecturer.webm")
    assert pictures[0][2] < DARK
    with av.open(str(folder / ready.poster)) as poster:
        assert luma(next(poster.decode(video=0))) > DARK


def only(frames: bytes, track: int) -> bytes:
    """Return the tap frames of one track."""
    out, position = b"", 0
    while position < len(frames):
        end = position + 7 + int.from_bytes(frames[position : position + 4], "big")
        if int.from_bytes(frames[position + 5 : position + 7], "big") == track:
            out += frames[position:end]
        position = end
    return out
