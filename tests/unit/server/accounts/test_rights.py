"""Who may do what with a school: the whole table."""

from __future__ import annotations

import pytest

from server.accounts.model import Person, School
from server.accounts.rights import RIGHTS, Right, Standing, has_right, require_right, standing
from signaling.errors import Refused

HERE, ELSEWHERE = School("here", "河口小学", "rural", "云岭县"), School("else", "红星小学", "rural", "云岭县")


def person(school: School | None, is_manager: bool) -> Person:
    return Person("p", "p", "赵", school, is_manager)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (person(None, True), Standing.REGION_MANAGER),
        (person(HERE, True), Standing.SCHOOL_MANAGER),
        (person(HERE, False), Standing.TEACHER),
        (person(ELSEWHERE, True), Standing.STRANGER),
        (person(ELSEWHERE, False), Standing.STRANGER),
        (person(None, False), Standing.STRANGER),
    ],
)
def test_standing(who: Person, expected: Standing) -> None:
    assert standing(who, HERE.id) is expected
    assert [right for right in Right if has_right(who, right, HERE.id)] == [
        right for right in Right if right in RIGHTS[expected]
    ]


def test_a_teacher_sets_the_data_cap_and_only_managers_export() -> None:
    teacher = person(HERE, False)
    require_right(teacher, Right.SET_DATA_CAP, HERE.id, "")
    for right, school in ((Right.EXPORT_FIGURES, HERE), (Right.SET_DATA_CAP, ELSEWHERE)):
        with pytest.raises(Refused) as refusal:
            require_right(teacher, right, school.id, "不行。")
        assert (refusal.value.code, refusal.value.detail) == ("not_allowed", "不行。")


def test_somebody_of_no_school_has_no_right_to_the_school_without_an_id() -> None:
    assert not has_right(person(None, False), Right.EXPORT_FIGURES, "")
