"""The life of a resource: every state × every step, and who may."""

from __future__ import annotations

from typing import get_args

import pytest

from server.accounts.model import Person
from server.lessons.model import PersonRef
from server.library.resources.life import STATE_NAMES, TABLE, WHO, Part, Step, may, parts, require, steps
from server.library.resources.model import State
from signaling.errors import Refused
from tests.unit.server.library.resources.shelf import HEAD, LIN, SUN, WANG, YANG, ZHAO, resource

STATES: tuple[State, ...] = get_args(State)


def test_the_whole_product_of_states_and_steps() -> None:
    anybody = {Part.MAKER: LIN, Part.MANAGER: HEAD, Part.REVIEWER: ZHAO, Part.JUDGE: ZHAO}
    for state in STATES:
        for step in Step:
            one = resource(state=state, published=1, recording_id=None, reviewer=PersonRef(ZHAO.id, ZHAO.name))
            for part in WHO[step]:
                if (state, step) in TABLE:
                    assert require(anybody[part], one, step) == TABLE[state, step]
                else:
                    with pytest.raises(Refused) as refusal:
                        require(anybody[part], one, step)
                    assert refusal.value.code in ("resource_state", "resource_withdrawn", "review_taken")
                    assert not may(anybody[part], one, step)
    assert set(STATE_NAMES) == set(STATES)


@pytest.mark.parametrize(
    ("person", "audience", "expected"),
    [
        (LIN, "region", {Part.MAKER}),
        (YANG, "region", {Part.MAKER}),  # a contributor of another school
        (HEAD, "region", {Part.MANAGER}),
        (HEAD, "school", {Part.MANAGER, Part.REVIEWER}),
        (HEAD, "pairing", {Part.MANAGER, Part.REVIEWER}),
        (ZHAO, "public", {Part.REVIEWER}),
        (WANG, "public", {Part.MANAGER, Part.REVIEWER}),
    ],
)
def test_what_people_are_to_it(person: Person, audience: str, expected: set[Part]) -> None:
    assert parts(person, resource(audience=audience)) == expected


def test_nobody_reviews_their_own() -> None:
    own = resource(state="submitted", owner=PersonRef(WANG.id, WANG.name))
    with pytest.raises(Refused) as refusal:
        require(WANG, own, Step.BEGIN)
    assert refusal.value.code == "resource_own"
    with pytest.raises(Refused) as refusal:
        require(YANG, resource(state="submitted", audience="school"), Step.BEGIN)
    assert refusal.value.code == "resource_own"


def test_only_who_reviews_it_now_gives_a_verdict_and_any_reviewer_frees_it() -> None:
    one = resource(state="in_review", reviewer=PersonRef(ZHAO.id, ZHAO.name))
    assert require(ZHAO, one, Step.APPROVE) == "approved"
    for step in (Step.BEGIN, Step.APPROVE, Step.NOTE, Step.RETURN):
        with pytest.raises(Refused) as refusal:
            require(SUN, one, step)
        assert refusal.value.code == "review_taken"
        assert "赵敏" in refusal.value.detail
    assert require(SUN, one, Step.RELEASE) == "submitted"


def test_nothing_is_published_without_approval() -> None:
    for state in STATES:
        if state != "approved":
            assert not may(LIN, resource(state=state), Step.PUBLISH)
    with pytest.raises(Refused) as refusal:
        require(LIN, resource(state="submitted"), Step.PUBLISH)
    assert (refusal.value.code, "审核通过以后" in refusal.value.detail) == ("resource_state", True)


def test_who_edits_while_it_is_withdrawn_is_told_why_and_how_to_go_on() -> None:
    gone = resource(state="withdrawn", reason="有学生姓名")
    with pytest.raises(Refused) as refusal:
        require(LIN, gone, Step.EDIT)
    assert refusal.value.code == "resource_withdrawn"
    assert "有学生姓名" in refusal.value.detail
    assert steps(LIN, gone) == (Step.REVISE,)


def test_what_was_never_published_is_not_withdrawn_and_what_was_is_not_removed() -> None:
    assert not may(LIN, resource(), Step.WITHDRAW)
    assert may(LIN, resource(published=1, version=2), Step.WITHDRAW)
    assert may(LIN, resource(recording_id=None), Step.DISCARD)
    assert not may(LIN, resource(recording_id=None, version=2), Step.DISCARD)
    assert not may(LIN, resource(), Step.DISCARD), "the recording would have no resource"
