from __future__ import annotations

import msgspec
import pytest

from server.accounts.model import Asker, Classroom, Device, Person, School, SchoolRef
from server.lessons.access import entries, may_see, require_entry, require_lecturer, require_visible, seat_for
from server.lessons.model import Lesson, PersonRef
from signaling.errors import Refused
from signaling.messages import RoomId
from signaling.roles import Role


def school(name: str) -> School:
    return School(f"id-{name}", name, "rural", "云岭县")


URBAN, PAIRED, INVITED, OTHER = school("春城"), school("红星"), school("河口"), school("外校")
ROOM = Classroom("room-1", "五年级", SchoolRef(INVITED.id, INVITED.name))
SECOND = Classroom("room-2", "六年级", SchoolRef(INVITED.id, INVITED.name))
FOREIGN = Classroom("room-9", "一班", SchoolRef(OTHER.id, OTHER.name))
LESSON = Lesson(
    id=RoomId("abcdefgh"),
    title="光的折射",
    subject="科学",
    state="scheduled",
    starts_at_ms=0,
    planned_minutes=40,
    lecturer=PersonRef("p-lecturer", "林晓云"),
    lecturer_school=SchoolRef(URBAN.id, URBAN.name),
    paired_school=SchoolRef(PAIRED.id, PAIRED.name),
    classrooms=(ROOM, SECOND),
    open_to_observers=False,
    deck_id=None,
    pages=0,
)
OPEN = msgspec.structs.replace(LESSON, open_to_observers=True)


def person(name: str, of: School | None, manager: bool = False) -> Asker:
    return Asker(Person(f"p-{name}", name, name, of, manager))


def screen(room: Classroom | None) -> Asker:
    return Asker(device=Device("d-1", None, room))


LECTURER, COLLEAGUE = person("lecturer", URBAN), person("colleague", URBAN)
LOCAL, OF_PAIRED, STRANGER = person("local", INVITED), person("paired", PAIRED), person("stranger", OTHER)
CASES: list[tuple[str, Asker, set[str], set[str], bool]] = [
    # who, asker, roles in a closed lesson, roles in one that is open to observers, sees the closed one
    ("nobody", Asker(), set(), set(), False),
    ("its lecturer", LECTURER, {"lecturer"}, {"lecturer", "observer"}, True),
    ("a colleague", COLLEAGUE, {"lecturer"}, {"lecturer", "observer"}, True),
    (
        "a teacher of an invited school",
        LOCAL,
        {"local_teacher", "classroom"},
        {"local_teacher", "classroom", "observer"},
        True,
    ),
    ("a teacher of the paired school", OF_PAIRED, {"local_teacher"}, {"local_teacher", "observer"}, True),
    ("a teacher of another school", STRANGER, set(), {"observer"}, False),
    ("a person of the region", person("region", None), set(), {"observer"}, False),
    ("the manager of the region", person("m", None, True), set(), {"observer"}, True),
    (
        "the manager of an invited school",
        person("m", INVITED, True),
        {"local_teacher", "classroom"},
        {"local_teacher", "classroom", "observer"},
        True,
    ),
    ("the manager of another school", person("m", OTHER, True), set(), {"observer"}, False),
    ("an invited screen", screen(ROOM), {"classroom"}, {"classroom"}, True),
    ("another screen", screen(FOREIGN), set(), set(), False),
    ("an unpaired screen", screen(None), set(), set(), False),
]


@pytest.mark.parametrize(
    ("asker", "closed", "opened", "sees"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_who_may_enter_as_what(asker: Asker, closed: set[str], opened: set[str], sees: bool) -> None:
    assert {entry.role.value for entry in entries(asker, LESSON)} == closed
    assert {entry.role.value for entry in entries(asker, OPEN)} == opened
    assert may_see(asker, LESSON) is sees
    for role in Role:
        if role.value in closed:
            seat = seat_for(require_entry(asker, LESSON, role, None), LESSON)
            assert seat.role is role and seat.room == LESSON.id
        else:
            with pytest.raises(Refused) as caught:
                require_entry(asker, LESSON, role, None)
            assert caught.value.code == "not_allowed"


def test_a_hidden_lesson_is_as_unknown_as_a_missing_one() -> None:
    for lesson in (LESSON, None):
        with pytest.raises(Refused) as caught:
            require_visible(STRANGER, lesson)
        assert caught.value.code == "lesson_unknown"
    with pytest.raises(Refused) as caught:
        require_visible(Asker(), LESSON)
    assert caught.value.code == "not_logged_in"


def test_only_its_lecturer_changes_it() -> None:
    assert require_lecturer(LECTURER, LESSON).id == "p-lecturer"
    for other in (COLLEAGUE, LOCAL, screen(ROOM), Asker()):
        with pytest.raises(Refused):
            require_lecturer(other, LESSON)


def test_a_classroom_is_entered_by_its_id() -> None:
    assert require_entry(LOCAL, LESSON, Role.CLASSROOM, SECOND.id).classroom == SECOND
    with pytest.raises(Refused):
        require_entry(screen(ROOM), LESSON, Role.CLASSROOM, SECOND.id)


def test_seats_of_one_person_do_not_collide() -> None:
    seats = [seat_for(entry, OPEN) for entry in entries(LOCAL, OPEN)]
    assert len({(seat.subject, seat.classroom) for seat in seats}) == len(seats)
    subjects = {seat.subject for seat in seats if seat.role is Role.CLASSROOM}
    assert subjects == {"person:p-local/classroom/room-1", "person:p-local/classroom/room-2"}


def test_a_screen_keeps_one_seat_and_is_called_by_its_room() -> None:
    seat = seat_for(entries(screen(ROOM), LESSON)[0], LESSON)
    assert (seat.subject, seat.name, seat.school, seat.classroom) == ("device:d-1", "五年级", "河口", "room-1")


def test_person_and_screen_in_one_browser_have_both_ways_in() -> None:
    both = Asker(STRANGER.person, screen(ROOM).device)
    assert [entry.role.value for entry in entries(both, OPEN)] == ["classroom", "observer"]
