"""What fills whose slots."""

from __future__ import annotations

import pytest

from signaling import messages as m
from signaling.effects import LimitHeight, Tell
from signaling.errors import Refused
from signaling.slots import layout
from tests.unit.signaling.room_world import (
    CLASSROOMS,
    LECTURER,
    LOCAL_TEACHER,
    OBSERVER,
    SECOND_LECTURER,
    World,
    feeds_of,
)


class Lesson(World):
    """A lecturer with everything on, three classrooms with camera and microphone, a phone and an observer."""

    def __init__(self) -> None:
        super().__init__()
        self.lecturer = self.join(LECTURER)
        self.classrooms = [self.join(one) for one in CLASSROOMS]
        self.phone, self.observer = self.join(LOCAL_TEACHER), self.join(OBSERVER)
        self.publish(self.lecturer, "camera", "mic", "screen")
        for one in self.classrooms:
            self.publish(one, "camera", "mic")


def test_sound_comes_first_and_tiles_are_as_many_as_asked_for() -> None:
    assert layout(2, True) == ("audio0", "audio1", "audio2", "lecturer", "screen", "guest", "tile0", "tile1")
    assert layout(6, False) == ("audio0", "audio1", "audio2")


def test_classroom_sees_the_lecturer_the_screen_and_the_others() -> None:
    lesson = Lesson()
    red, river, green = lesson.classrooms
    assert lesson.subscribe(red) == {
        "audio0": (lesson.lecturer, "mic"),
        "lecturer": (lesson.lecturer, "camera"),
        "screen": (lesson.lecturer, "screen"),
        "tile0": (river, "camera"),
        "tile1": (green, "camera"),
    }


def test_lecturer_sees_all_classrooms_and_hears_nobody_who_is_muted() -> None:
    lesson = Lesson()
    red, river, green = lesson.classrooms
    assert lesson.subscribe(lesson.lecturer) == {
        "tile0": (red, "camera"),
        "tile1": (river, "camera"),
        "tile2": (green, "camera"),
    }


def test_called_on_classroom_is_large_and_heard_by_all_but_itself() -> None:
    lesson = Lesson()
    red, river, _green = lesson.classrooms
    for one in (lesson.lecturer, red, river, lesson.phone):
        lesson.subscribe(one)
    called = lesson.ask(lesson.lecturer, m.CallOn(1, red))
    assert feeds_of(called, river) == {"audio1": (red, "mic"), "guest": (red, "camera"), "tile0": None}
    assert feeds_of(called, lesson.lecturer) == {"audio1": (red, "mic"), "guest": (red, "camera")}
    assert feeds_of(called, red) == {}
    assert feeds_of(called, lesson.phone) == {}, "the phone in that room would howl"


def test_open_microphones_are_heard_by_lecturers_in_the_order_of_opening() -> None:
    lesson = Lesson()
    red, river, green = lesson.classrooms
    for one in (lesson.lecturer, river, lesson.observer):
        lesson.subscribe(one)
    first = lesson.ask(green, m.SetMute(1, green, "mic", False))
    assert feeds_of(first, lesson.lecturer) == {"audio2": (green, "mic")}
    assert feeds_of(first, river) == {} and feeds_of(first, lesson.observer) == {}
    second = lesson.ask(red, m.SetMute(2, red, "mic", False))
    assert feeds_of(second, lesson.lecturer) == {}
    closed = lesson.ask(green, m.SetMute(3, green, "mic", True))
    assert feeds_of(closed, lesson.lecturer) == {"audio2": (red, "mic")}


def test_second_lecturer_hears_the_lead_and_takes_its_place() -> None:
    lesson = Lesson()
    second = lesson.join(SECOND_LECTURER)
    lesson.publish(second, "camera", "mic")
    red = lesson.classrooms[0]
    assert lesson.subscribe(second, tiles=0)["lecturer"] == (lesson.lecturer, "camera")
    lesson.subscribe(red)
    taken = lesson.ask(second, m.TakeLead(1))
    assert feeds_of(taken, red) == {
        "audio0": (second, "mic"),
        "lecturer": (second, "camera"),
        "screen": None,
    }


def test_small_picture_keeps_its_place_when_another_goes() -> None:
    lesson = Lesson()
    red, _river, green = lesson.classrooms
    lesson.subscribe(lesson.lecturer, tiles=2)
    gone = lesson.keep(lesson.room.on_track(red, "camera", False, lesson.now))
    assert feeds_of(gone, lesson.lecturer) == {"tile0": (green, "camera")}
    back = lesson.keep(lesson.room.on_track(red, "camera", True, lesson.now))
    assert feeds_of(back, lesson.lecturer) == {}, "no place is left"


def test_slots_are_told_whole_and_only_when_they_change() -> None:
    lesson = Lesson()
    red, river, green = lesson.classrooms
    lesson.subscribe(red, tiles=1)
    (told,) = [effect for effect in lesson.effects if isinstance(effect, Tell)]
    assert isinstance(told.message, m.Slots)
    assert [fill.slot for fill in told.message.slots] == list(layout(1, True))
    assert m.SlotFill("tile0", river, "camera") in told.message.slots
    lesson.keep(lesson.room.on_track(green, "camera", False, lesson.now))
    assert not [effect for effect in lesson.effects if isinstance(effect, Tell)]


def test_limits_stay_over_a_new_connection() -> None:
    lesson = Lesson()
    red = lesson.classrooms[0]
    lesson.subscribe(red)
    assert LimitHeight(red, "tile0", 180) in lesson.ask(red, m.LimitSlot(1, "tile0", 180)).effects
    lesson.subscribe(red)
    assert LimitHeight(red, "tile0", 180) in lesson.effects


@pytest.mark.parametrize(
    ("request_", "code"),
    [(m.LimitSlot(1, "tile9", 180), "slot_unknown"), (m.LimitSlot(1, "tile0", -1), "height_invalid")],
)
def test_wrong_limits_are_refused(request_: m.LimitSlot, code: str) -> None:
    lesson = Lesson()
    lesson.subscribe(lesson.lecturer)
    with pytest.raises(Refused, match=code):
        lesson.ask(lesson.lecturer, request_)


@pytest.mark.parametrize("tiles", [-1, 12])
def test_wrong_number_of_tiles_is_refused(tiles: int) -> None:
    lesson = Lesson()
    with pytest.raises(Refused, match="tiles_invalid"):
        lesson.room.media.check_subscribe(lesson.lecturer, m.Subscribe(1, tiles=tiles))
