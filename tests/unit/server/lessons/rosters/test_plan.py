"""What a list of pupils does to a roster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

import pytest
from hypothesis import given, strategies as st

from server.lessons.rosters.model import MAX_PUPILS, FormerPupil, Pupil, Wanted
from server.lessons.rosters.plan import Change, Plan, plan_roster
from signaling.ids import PupilId

LI = Pupil(PupilId("li"), 1, "李小雨", 1, 1, 0)
PU = Pupil(PupilId("pu"), 2, "普阿依", 1, 2, 1)
HE = FormerPupil(PupilId("he"), 7, "和春燕", 1_000)


def ids() -> Callable[[], PupilId]:
    numbers = count(1)
    return lambda: PupilId(f"new{next(numbers)}")


def plan(*wanted: Wanted, present: Sequence[Pupil] = (LI, PU), others_leave: bool = False) -> Plan:
    return plan_roster(present, (HE,), wanted, others_leave, ids())


def test_a_new_pupil_gets_the_lowest_free_card_and_no_seat() -> None:
    done = plan(Wanted(9, " 岩  温 "))
    assert done.added == (Pupil(PupilId("new1"), 9, "岩 温", 0, 0, 2),)
    assert (done.kept, done.changed, done.gone, done.problems) == (2, (), (), ())
    assert [one.number for one in done.pupils] == [1, 2, 9]


def test_without_a_number_the_lowest_free_one_is_given() -> None:
    assert [one.number for one in plan(Wanted(0, "岩温"), Wanted(3, "刀美兰")).added] == [4, 3]


def test_a_pupil_keeps_the_id_through_a_new_name_and_a_new_number() -> None:
    renamed = plan(Wanted(1, "李晓雨"))
    assert renamed.changed == (Change(LI, Pupil(LI.id, 1, "李晓雨", 1, 1, 0)),)
    renumbered = plan(Wanted(11, "李小雨"))
    assert renumbered.changed[0].after == Pupil(LI.id, 11, "李小雨", 1, 1, 0)


def test_who_comes_back_is_who_left() -> None:
    assert plan(Wanted(7, "和春燕")).back == (Pupil(HE.id, 7, "和春燕", 0, 0, 2),)
    assert plan(Wanted(7, "和燕春")).added[0].id == "new1"


def test_who_is_not_in_the_list_stays_or_leaves_as_is_said() -> None:
    assert plan(Wanted(2, "普阿依")).gone == ()
    done = plan(Wanted(2, "普阿依"), others_leave=True)
    assert (done.gone, done.kept) == ((LI,), 1)
    assert done.pupils == (PU,)


def test_two_may_swap_seats_and_cards() -> None:
    done = plan(Wanted(1, "李小雨", 1, 2, 1), Wanted(2, "普阿依", 1, 1, 0))
    assert not done.problems
    assert [(one.after.id, one.after.column, one.after.card) for one in done.changed] == [("li", 2, 1), ("pu", 1, 0)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((Wanted(3, "岩温"), Wanted(3, "刀美兰")), (1, "number", "学号 3 已经是岩温（3 号）的。")),
        ((Wanted(3, "岩温", 1, 2),), (0, "row", "这个座位已经是普阿依（2 号）的。")),
        ((Wanted(3, "岩温", card=1),), (0, "card", "1 号答题卡已经是普阿依（2 号）的。")),
        ((Wanted(3, "岩温", card=60),), (0, "card", "答题卡号要是 0 到 59 的整数。")),
        ((Wanted(3, "岩温", 4),), (0, "column", "座位的行和列要一起填，或都不填。")),
        ((Wanted(3, "岩温", 21, 1),), (0, "row", "座位的行和列要是 1 到 20 的整数。")),
        ((Wanted(-3, "岩温"),), (0, "number", "学号要是 1 到 999999999 的整数。")),
        ((Wanted(3, " \x00 "),), (0, "name", "姓名要有 1 到 40 个字。")),
        ((Wanted(3, "岩温", id=PupilId("xx")),), (0, "id", "这名学生已经不在这个班，请刷新名单后再改。")),
    ],
)
def test_what_is_wrong_is_said_at_its_entry(wanted: tuple[Wanted, ...], expected: tuple[int, str, str]) -> None:
    assert [(one.index, one.field, one.text) for one in plan(*wanted).problems] == [expected]


def test_a_class_has_sixty_pupils_at_most() -> None:
    many = [Wanted(number, f"学生{number}") for number in range(1, MAX_PUPILS + 2)]
    full = plan(*many[:-1], present=())
    assert not full.problems
    assert sorted(one.card for one in full.pupils) == list(range(60))
    assert [(one.index, one.field) for one in plan(*many, present=()).problems] == [(60, "number")]


WANTED = st.builds(
    Wanted,
    st.integers(0, 12),
    st.sampled_from(["李小雨", "普阿依", "和春燕", "岩温", "刀美兰"]),
    st.none(),
    st.none(),
    st.none() | st.integers(-1, 8),
)


@given(st.lists(WANTED, max_size=8), st.lists(WANTED, max_size=8), st.booleans())
def test_the_same_list_twice_changes_nothing(first: list[Wanted], second: list[Wanted], others_leave: bool) -> None:
    new_id = ids()
    before = plan_roster((LI, PU), (HE,), first, others_leave, new_id)
    if before.problems:
        return
    once = plan_roster(before.pupils, (), second, others_leave, new_id)
    if once.problems or any(one.number == 0 for one in second):
        return
    again = plan_roster(once.pupils, (), second, others_leave, new_id)
    assert again.changes_nothing
    assert not again.problems
    assert again.pupils == once.pupils
    assert len({one.number for one in once.pupils}) == len({one.id for one in once.pupils}) == len(once.pupils)
    cards = [one.card for one in once.pupils if one.card != -1]
    assert len(set(cards)) == len(cards)
