"""What the network lost of a lesson, brought by the sender's own browser: real media, real finalising."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import msgspec
import numpy as np
import pytest

from bench.recorder_feed import RecorderProcess
from recorder.finalise import Finaliser
from recorder.resource import Resource
from recorder.splice.gap_parts import GAPS, GapPart, GapSource
from recorder.splice.missing import Stretch
from recorder.splice.rewrite import Order, Rewritten, rewrite
from recorder.splice.step import MISSING, missing_of
from recorder.step_notes import read_note
from server.objects.copying import closed_parts
from tests.voices import RATE, SYLLABLE, Wave, brightness_at, browser_picture, browser_sound, record, speech

LESSON_S, LOST = 24.0, (9.0, 15.0)
OFF_MS = -640.0  # by how much the browser's clock is wrong
SILENT = 0.02  # of full scale


class Lesson(NamedTuple):
    folder: Path
    begin_ms: float  # of the voice on the recording's clock
    resource: Resource


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    """Record a lesson of which nothing came for six seconds."""
    base = tmp_path_factory.mktemp("gaps")
    recorder, folder = RecorderProcess(base), base / "lesson"
    try:
        begin = record(recorder, folder, "teacher", LESSON_S, LOST)
    finally:
        recorder.kill()
    yield Lesson(folder, begin, Finaliser(folder).run())


def bring(
    folder: Path, lesson: Lesson, kind: GapSource, since_s: float, until_s: float, *, seed: int = 1, name: str = ""
) -> Rewritten:
    """Put what a browser recorded from `since_s` to `until_s` into the folder, with the times that it believes in."""
    (folder / GAPS).mkdir(exist_ok=True)
    sent = folder / "sent"
    sent.write_bytes(browser_sound(since_s, until_s, seed) if kind == "mic" else browser_picture(since_s, until_s))
    name = name or kind
    made = rewrite(Order(str(sent), str(folder / GAPS / f"{name}.webm"), kind))
    first_ms = lesson.begin_ms + since_s * 1000 + OFF_MS
    maps = tuple((ms, first_ms + ms + 60.0) for ms in range(0, made.duration_ms, 4_000))
    part = GapPart(
        name, "teacher", kind, made.codec, made.width, made.height, False, "tab",
        lesson.begin_ms + LOST[0] * 1000, lesson.begin_ms + LOST[1] * 1000, maps, made.duration_ms,
    )  # fmt: skip
    (folder / GAPS / f"{name}.json").write_bytes(msgspec.json.encode(part))
    return made


def copy_of(lesson: Lesson, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lesson.folder, tmp_path / "lesson"))


def heard(path: Path) -> Wave:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(container.streams.audio[0])]
    whole = np.concatenate(frames, axis=1)[0]
    wave: Wave = (whole * 32_767).astype(np.int16) if whole.dtype != np.int16 else whole
    return wave


def loudness(wave: Wave, since_s: float, until_s: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the loudness of each syllable in dB."""
    step = SYLLABLE
    cut = wave[int(since_s * RATE) // step * step : int(until_s * RATE) // step * step].astype(np.float64)
    levels: np.ndarray[tuple[int], np.dtype[np.float64]] = 10 * np.log10(
        np.mean(cut.reshape(-1, step) ** 2, axis=1) + 1
    )
    return levels


def likeness(voice: Wave, since_s: float, until_s: float) -> float:
    """Return how like what was said a stretch of a file sounds."""
    ours, theirs = loudness(voice, since_s, until_s), loudness(speech(LESSON_S), since_s, until_s)
    return float(np.corrcoef(ours, theirs)[0, 1])


def still_missing(folder: Path, lesson: Lesson) -> list[Stretch]:
    """Return what is missing after the voice began: a slow machine begins to send late."""
    note = read_note(folder, MISSING)
    assert note is not None
    return [one for one in missing_of(note.facts).stretches if one.to_ms > lesson.begin_ms + 1_000]


def test_what_is_missing_is_told_by_track_and_nothing_else(lesson: Lesson) -> None:
    told = [(one.source, (one.from_ms - lesson.begin_ms) / 1000, (one.to_ms - lesson.begin_ms) / 1000)
            for one in still_missing(lesson.folder, lesson)]  # fmt: skip
    assert {source for source, _, _ in told} == {"mic", "camera"} and len(told) == 2
    for _, since, until in told:
        assert (since, until) == pytest.approx(LOST, abs=0.5)
    assert lesson.resource.filled == ()


def test_the_browsers_own_recording_makes_the_lesson_whole(lesson: Lesson, tmp_path: Path) -> None:
    folder = copy_of(lesson, tmp_path)
    bring(folder, lesson, "mic", 2.0, 22.0)
    bring(folder, lesson, "camera", 4.0, 20.0)
    resource = Finaliser(folder).run()
    for name in ("lecturer.webm", "audio.webm", "light.webm"):
        voice = heard(folder / name)
        assert likeness(voice, 1, 9) > 0.8, "the network's"
        assert likeness(voice, 9.4, 14.6) > 0.8, f"{name} has what was said while the network lost it, at its place"
        assert likeness(voice[RATE // 10 :], 9.4, 14.6) < likeness(voice, 9.4, 14.6), "and not a syllable beside it"
    pictures = _pictures(folder / "lecturer.webm")
    times = [t_s for t_s, _ in pictures]
    assert max(np.diff(times)) < 0.2, "the picture never stands still"
    wrong = [abs(luma - brightness_at(t_s)) for t_s, luma in pictures if abs(brightness_at(t_s) - 125) < 70]
    assert np.median(wrong) < 4, "each picture is at its time"
    assert {(one.rendition, one.what) for one in resource.filled} == {("lecturer", "sound"), ("lecturer", "picture")}
    for one in resource.filled:
        assert (one.start_ms / 1000, one.end_ms / 1000) == pytest.approx(LOST, abs=2.6)
    assert still_missing(folder, lesson) == []
    stored = [part.path for part in closed_parts(folder)]
    assert stored[2:] == ["gaps/camera.webm", "gaps/camera.json", "gaps/mic.webm", "gaps/mic.json"]
    assert resource.duration_ms == pytest.approx(lesson.resource.duration_ms, abs=60)


def test_another_voice_is_refused_and_changes_nothing(lesson: Lesson, tmp_path: Path) -> None:
    folder = copy_of(lesson, tmp_path)
    before = (folder / "lecturer.webm").read_bytes()
    bring(folder, lesson, "mic", 2.0, 22.0, seed=2)
    bring(folder, lesson, "camera", 4.0, 20.0)
    resource = Finaliser(folder).run()
    assert resource.filled == ()
    assert (folder / "lecturer.webm").read_bytes() == before
    note = read_note(folder, "fit")
    assert note is not None and note.facts == {"shifts": {}, "unfit": ["camera", "mic"]}


def test_without_what_was_brought_everything_is_as_before(lesson: Lesson, tmp_path: Path) -> None:
    folder = copy_of(lesson, tmp_path)
    bring(folder, lesson, "mic", 2.0, 22.0)
    assert Finaliser(folder).run().filled
    shutil.rmtree(folder / GAPS)
    assert Finaliser(folder).run().filled == ()
    assert (folder / "lecturer.webm").read_bytes() == (lesson.folder / "lecturer.webm").read_bytes()


@pytest.mark.parametrize("cut", [0, 3, 200, 2_000])
def test_a_file_that_ends_anywhere_or_is_none_is_no_harm(tmp_path: Path, cut: int) -> None:
    whole = browser_sound(0, 3)
    (tmp_path / "cut").write_bytes(whole[: len(whole) - cut] if cut < 2_000 else b"\x1aE\xdf\xa3" + bytes(5_000))
    made = rewrite(Order(str(tmp_path / "cut"), str(tmp_path / "part"), "mic"))
    assert (made.codec == "opus" and 2_500 < made.duration_ms <= 3_100) is (cut < 2_000)


def test_what_is_no_single_track_of_the_right_kind_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(browser_picture(0, 1))
    assert rewrite(Order(str(tmp_path / "sent"), str(tmp_path / "part"), "mic")) == Rewritten()
    assert not (tmp_path / "part").exists()


def test_what_was_said_in_a_pause_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(browser_sound(0, 6))
    order = Order(str(tmp_path / "sent"), str(tmp_path / "part"), "mic", ((2_000.0, 4_000.0),))
    whole = rewrite(msgspec.structs.replace(order, without=()))
    cut = rewrite(order)
    assert cut.frames == pytest.approx(whole.frames * 2 / 3, abs=2)


def _pictures(path: Path) -> list[tuple[float, float]]:
    with av.open(str(path)) as container:
        frames = [*container.decode(container.streams.video[0])]
    return [(float(frame.time or 0), float(np.mean(frame.to_ndarray()[: frame.height]))) for frame in frames]
