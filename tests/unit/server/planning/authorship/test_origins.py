from __future__ import annotations

import random

from hypothesis import given, settings, strategies as st

from server.planning.authorship.attribution import COPIED, Attribution, Span
from server.planning.authorship.origins import copies, marks

LETTERS = "光的折射水面铅笔观察实验教师学生小组讨论为什么记录猜想汇报提问回答导入新授练习作业板书"


def words(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices(LETTERS, k=length))


def found(text: str, original: str) -> list[Span]:
    own = marks(text)
    return copies(text, own, own.keys() & marks(original).keys(), original)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(20, 60), st.integers(0, 50), st.integers(0, 50))
def test_whatever_has_twenty_characters_in_common_is_found(seed: int, length: int, before: int, after: int) -> None:
    shared = words(seed, length)
    text = words(seed + 1, before) + "甲" + shared + "乙" + words(seed + 2, after)
    original = words(seed + 3, after) + "丙" + shared + "丁" + words(seed + 4, before)
    assert Span(before + 1, before + 1 + length) in found(text, original)


def test_nineteen_characters_in_common_are_no_copy() -> None:
    shared = words(5, 19)
    assert found("甲" + shared + "乙" + words(1, 30), "丙" + shared + "丁" + words(2, 30)) == []


def test_a_short_text_has_no_marks() -> None:
    assert marks(words(1, 19)) == {}
    assert len(marks(words(1, 20))) == 1


def test_what_is_disowned_is_a_copy_and_what_was_the_templates_stays_so() -> None:
    plan = Attribution("课题")
    plan.step("课题" + words(3, 30), "li")
    plan.disown([Span(0, 22)])
    assert plan.tally() == {"#template": 2, COPIED: 20, "li": 10}
