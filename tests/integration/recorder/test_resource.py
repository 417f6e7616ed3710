"""A lesson with everything in it, from packets to a resource: each file decoded, the log replayed, steps run again."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import msgspec
import numpy as np
import pytest
from PIL import Image

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from recorder.control import NamePeer, RecordEvent, StartRecording, StopRecording
from recorder.finalise import Finaliser
from recorder.resource import Events, Material, MaterialPage, Resource, decode_resource, files_of
from recorder.settings import FinaliseSettings
from signaling import messages as m, replica
from signaling.roles import Role
from signaling.views import PUBLIC, view_event

SECONDS, STEP_MS, DARK = 24, 120, 20.0
LESSON = m.LessonInfo("l1", "水的三态", "科学", "城关小学", 40, "scheduled")
BODIES: list[tuple[int, m.EventBody]] = [
    (-3_000, m.ParticipantJoined(m.Participant(m.PeerId("lin"), Role.LECTURER, "林老师", "城关小学"))),
    (-2_000, m.ParticipantJoined(m.Participant(m.PeerId("room"), Role.CLASSROOM, "三年级", "红星小学", "c1"))),
    (-1_500, m.LeadChanged(m.PeerId("lin"))),
    (-1_000, m.LessonStarted()),
    (2_000, m.AuthorKnown(m.PeerId("lin"))),
    (3_000, m.InkAdded(m.InkObject("0.1", points="AABB"))),
    (4_000, m.QuestionAsked(m.Question(m.QuestionId("q1"), "single", "哪个是固态？", ("冰", "水"), prepared="p1"))),
    (8_000, m.CalledOn(m.PeerId("room"))),
    (14_000, m.CalledOn(None)),
    (20_000, m.PageTurned(2)),
]


class Lesson(NamedTuple):
    folder: Path
    resource: Resource


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    scratch = tmp_path_factory.mktemp("lesson")
    recorder = RecorderProcess(scratch)
    folder = scratch / "recording"
    recorder.send(StartRecording("r1", "room", "光合作用", str(folder)))
    recorder.wait_for_state("recording")
    begin = time.monotonic_ns()
    for peer, role in (("lin", "lecturer"), ("room", "classroom")):
        recorder.send(NamePeer("r1", peer, role, peer, ""))
    for seq, (t_ms, body) in enumerate(BODIES, 1):
        public = msgspec.json.encode(view_event(m.Event(seq, 0, body), PUBLIC).body)
        recorder.send(RecordEvent("r1", seq, begin + t_ms * 1_000_000, public))
    _record(recorder, begin, folder)
    _write_material(folder)
    recorder.send(StopRecording("r1"))
    recorder.wait_for_state("ready")
    yield Lesson(folder, decode_resource((folder / "resource.json").read_bytes()))
    recorder.kill()


def _record(recorder: RecorderProcess, begin: int, folder: Path) -> None:
    small: Clip = make_clip(2.0, 100_000, 320, 180)
    large: Clip = make_clip(2.0, 300_000, 848, 480)
    streams = [
        Stream(small, peer="lin", layer="h"),
        Stream(large, peer="lin", layer="f", first_track=5, with_sound=False, stamp0=77),
        Stream(small, peer="room", first_track=9, stamp0=5),
    ]
    tap = recorder.connect_tap()
    tap.sendall(b"".join(stream.opening() for stream in streams))
    for second in range(1, SECONDS + 1):
        tap.sendall(b"".join(stream.until(second, begin) for stream in streams))
    tap.sendall(b"".join(stream.closing() for stream in streams))
    end = time.monotonic() + 20
    while time.monotonic() < end and (folder / "journal.jsonl").read_bytes().count(b'"map"') < 5 * 4:
        time.sleep(0.1)
    time.sleep(1.0)  # the taps' ends are read


def _write_material(folder: Path) -> None:
    pages = []
    for number, colour in ((1, "white"), (2, "yellow"), (3, "red")):
        path = folder.parent / f"page{number}"
        Image.new("RGB", (1280, 720), colour).save(path, "WEBP")
        title = "" if number == 2 else f"第{number}课"
        pages.append(MaterialPage(number, title, "固态\n液态", f"../page{number}", "image/webp", 1280))
    first = msgspec.Raw(msgspec.json.encode(replica.initial(LESSON, m.Deck("d1", "水的三态", 3, "/{page}"))))
    material = Material(
        "l1", "水的三态", "科学", "林晓云", "城关小学", pages=tuple(pages), answers={"p1": "A"}, first=first
    )
    (folder / "material.json").write_bytes(msgspec.json.encode(material))


def brightness(path: Path) -> list[tuple[float, int, float]]:
    """Return time in ms, width and mean luma of each picture."""
    with av.open(str(path)) as container:
        frames = [*container.decode(container.streams.video[0])]
    return [
        (float(frame.time or 0) * 1000, frame.width, float(np.mean(frame.to_ndarray(format="gray"))))
        for frame in frames
    ]


def loud(path: Path) -> list[float]:
    """Return the loudest sample of each 100 ms."""
    with av.open(str(path)) as container:
        pieces = [frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])]
    samples = np.abs(np.concatenate(pieces).astype(np.float64))
    size = 4_800  # of one channel
    return [float(samples[start : start + size].max()) for start in range(0, len(samples) - size, size)]


def test_every_file_that_is_named_is_there_as_it_is_told(lesson: Lesson) -> None:
    names = [one.name for one in lesson.resource.renditions]
    assert names == ["lecturer", "low", "guest", "audio", "light"]
    for name in files_of(lesson.resource):
        assert (lesson.folder / name).is_file()
    for one in lesson.resource.renditions:
        data = (lesson.folder / one.path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one.bytes, one.sha256)
        assert one.minors is (one.name == "guest")
    assert abs(lesson.resource.duration_ms - SECONDS * 1000) <= STEP_MS
    assert not [*lesson.folder.rglob("*.tmp")]


def test_the_smaller_layer_is_copied(lesson: Lesson) -> None:
    low, high = (brightness(lesson.folder / name) for name in ("low.webm", "lecturer.webm"))
    assert {width for _, width, _ in low} == {320}
    assert {width for _, width, _ in high} == {848}
    assert len(low) == len(high) == SECONDS * 25
    assert low[-1][0] == pytest.approx(high[-1][0], abs=STEP_MS)


def test_whoever_was_called_on_is_seen_and_heard_then_and_only_then(lesson: Lesson) -> None:
    pictures = brightness(lesson.folder / "guest.webm")
    lit = [ms for ms, _, luma in pictures if luma > DARK]
    assert 8_000 - STEP_MS <= lit[0] <= 10_000 + STEP_MS, "from the first keyframe after the call"
    assert lit[-1] == pytest.approx(14_000, abs=STEP_MS)
    assert next(ms for ms, _, luma in pictures if luma <= DARK) == 0
    heard = [number for number, peak in enumerate(loud(lesson.folder / "guest.webm")) if peak > 0.01]
    assert heard[0] * 100 == pytest.approx(8_000, abs=200)
    assert (heard[-1] + 1) * 100 == pytest.approx(14_000, abs=200)


def test_the_light_voice_is_the_same_voice_in_fewer_packets(lesson: Lesson) -> None:
    counts = {}
    for name in ("audio.webm", "light.webm"):
        with av.open(str(lesson.folder / name)) as container:
            counts[name] = sum(1 for packet in container.demux() if packet.size)
    assert counts["light.webm"] == pytest.approx(counts["audio.webm"] / 3, rel=0.1)
    voice, light = loud(lesson.folder / "audio.webm"), loud(lesson.folder / "light.webm")
    assert len(voice) == pytest.approx(len(light), abs=2)
    assert max(abs(a - b) for a, b in zip(voice, light, strict=False)) < 0.01  # the decoder of FFmpeg is not exact
    peaks = (lesson.folder / lesson.resource.peaks).read_bytes()
    assert len(peaks) == pytest.approx(SECONDS * 10, abs=2)
    assert max(peaks) == pytest.approx(255 * max(voice), rel=0.1)


def test_pages_answers_and_chapters_are_the_lessons(lesson: Lesson) -> None:
    resource = lesson.resource
    assert [(one.page, one.title) for one in resource.page_files] == [(1, "第1课"), (2, "固态")], "page 3 was not shown"
    for page in resource.page_files:
        assert hashlib.sha256((lesson.folder / page.path).read_bytes()).hexdigest() == page.sha256
    assert [(one.page, round(one.start_ms / 1000)) for one in resource.pages] == [(1, 0), (2, 20)]
    (answer,) = resource.answers
    assert (answer.question, answer.correct, round(answer.start_ms / 1000)) == ("q1", "A", 4)
    assert [(round(one.start_ms / 1000), one.title, one.kind) for one in resource.chapters] == [
        (0, "提问：哪个是固态？", "question")
    ], "a lesson of 24 s has one"
    assert "提问：哪个是固态？" in (lesson.folder / "chapters.vtt").read_text()
    assert (resource.lecturer, resource.school, resource.subject) == ("林晓云", "城关小学", "科学")


def test_the_log_is_replayed_to_the_rooms_end_on_the_files_clock(lesson: Lesson) -> None:
    events = msgspec.json.decode((lesson.folder / "events.json").read_bytes(), type=Events)
    state = msgspec.json.decode(events.first, type=m.Snapshot)
    for one in events.events:
        state = replica.apply(state, m.Event(one.seq, one.t_ms, msgspec.json.decode(one.body, type=m.EventBody)))
    assert [surface.key for surface in state.board.surfaces] == ["page:d1:1"]
    assert (state.page, state.called_on, state.quiz.asked[0].question.id) == (2, None, "q1")
    ink = next(one.t_ms for one in events.events if b"ink_added" in bytes(one.body))
    assert ink == pytest.approx(3_000, abs=STEP_MS)


def test_the_sprite_shows_the_lesson(lesson: Lesson) -> None:
    sprite = lesson.resource.sprite
    assert sprite is not None
    with Image.open(lesson.folder / sprite.path) as sheet:
        assert sheet.size == (sprite.columns * sprite.width, sprite.rows * sprite.height)
        assert float(np.mean(np.asarray(sheet.convert("L")))) > DARK
    assert sprite.columns * sprite.rows * sprite.every_ms >= lesson.resource.duration_ms


def copy_of(lesson: Lesson, tmp_path: Path) -> Path:
    shutil.copytree(lesson.folder.parent, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))
    return tmp_path / "copy" / lesson.folder.name


def test_only_what_changed_is_made_again_and_subtitles_stay(lesson: Lesson, tmp_path: Path) -> None:
    folder = copy_of(lesson, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.webm")}
    (folder / "captions").mkdir()
    (folder / "captions" / "zh-CN.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\n水\n")
    (folder / "light.webm").write_bytes(b"torn")
    resource = Finaliser(folder, "光合作用").run()
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.webm")}
    assert {name for name in after if after[name] != before[name]} == {"light.webm"}
    assert [one.language for one in resource.captions] == ["zh-CN"]
    assert resource.renditions == lesson.resource.renditions
    assert "水" in (folder / "captions" / "zh-CN.vtt").read_text()


LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from recorder.finalise import finalise_folder
sys.exit(finalise_folder(Path(sys.argv[1]), "光合作用"))
"""


@pytest.mark.parametrize("limit", [3_000, 100_000, 700_000])
def test_a_disk_that_fills_up_leaves_nothing_half_made(lesson: Lesson, tmp_path: Path, limit: int) -> None:
    folder = copy_of(lesson, tmp_path)
    for path in [*folder.glob("*.webm"), *folder.glob("steps/*"), *folder.glob("pages/*"), folder / "resource.json"]:
        path.unlink()
    ended = subprocess.run([sys.executable, "-c", LIMITED, str(folder), str(limit)], capture_output=True, timeout=60)
    assert ended.returncode == 1
    assert msgspec.json.decode(ended.stdout.splitlines()[-1])["full"] is True
    assert not [*folder.rglob("*.tmp")]
    assert not (folder / "resource.json").exists()
    for path in folder.glob("*.webm"):
        with av.open(str(path)) as container:
            assert container.duration
    resource = Finaliser(folder, "光合作用").run()
    assert [one.sha256 for one in resource.renditions] == [one.sha256 for one in lesson.resource.renditions]


@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_without_a_smaller_layer_the_night_encodes_one(lesson: Lesson, tmp_path: Path, codec: str) -> None:
    folder = copy_of(lesson, tmp_path)
    for path in folder.glob("tracks/camera-h-*/*"):
        path.unlink()
    finaliser = Finaliser(folder, "光合作用", FinaliseSettings(low_codec="av1" if codec == "av1" else "h264"))
    resource = finaliser.run()
    assert "low" not in [one.name for one in resource.renditions], "it is ready without"
    assert finaliser.has_night_work()
    resource = finaliser.run_night()
    (low,) = [one for one in resource.renditions if one.name == "low"]
    assert (low.mime, low.width, low.height) == ("video/mp4", 636, 360)
    assert abs(low.duration_ms - resource.duration_ms) <= STEP_MS
    with av.open(str(folder / low.path)) as container:
        assert container.streams.video[0].codec_context.name in (codec, "libdav1d")
        times = [frame.time or 0.0 for frame in container.decode(container.streams.video[0])]
    assert len(times) == SECONDS * 25
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.1
    assert not finaliser.has_night_work()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER, "an encoder never runs before a lesson"
