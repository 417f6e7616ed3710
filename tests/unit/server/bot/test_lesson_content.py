"""The demo lesson's picture moves and loops; its sound can be heard and loops."""

from __future__ import annotations

import numpy as np
import pytest

from server.bot import classroom, melody
from server.bot.picture import LOOP_S, LessonPicture


def test_picture_moves_and_comes_back_to_its_beginning() -> None:
    picture = LessonPicture()
    first = picture.at(0.0, 0.5).copy()
    later = picture.at(1.0, 0.5).copy()
    again = picture.at(LOOP_S, 0.5).copy()
    assert (first != later).mean() > 0.01
    assert (first != again).mean() < 0.002  # rounding of a sine


def test_teacher_opens_the_mouth_when_there_is_sound() -> None:
    picture = LessonPicture()
    silent = picture.at(2.0, 0.0).copy()
    assert (picture.at(2.0, 1.0) != silent).any()


def test_sound_is_loud_enough_and_never_too_loud() -> None:
    samples = melody.render(10)
    level_dbfs = 10 * np.log10((samples.astype(np.float64) ** 2).mean())
    assert -26 < level_dbfs < -8
    assert np.abs(samples).max() <= 1


def test_sound_ends_in_silence_so_that_it_loops() -> None:
    assert np.abs(melody.render(5)[-10:]).max() < 1e-3


@pytest.mark.parametrize("fps", [5, 15])
def test_loudness_has_a_value_for_each_picture(fps: int) -> None:
    level = melody.loudness(melody.render(2), fps)
    assert len(level) == 2 * fps
    assert level.min() >= 0
    assert level.max() == pytest.approx(1)


def test_each_demo_classroom_looks_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classroom, "LOOP_PICTURES", 6)
    one, two = classroom.draw(0), classroom.draw(1)
    assert len(one) == 6
    assert one[0].shape == (classroom.HEIGHT * 3 // 2, classroom.WIDTH)
    assert (one[0] != two[0]).mean() > 0.3
    assert (one[0] != one[5]).any()
