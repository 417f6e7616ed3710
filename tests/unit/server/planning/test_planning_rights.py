"""Who may do what in the workshop: the whole table."""

from __future__ import annotations

import pytest

from server.planning.rights import IN_CLOSED_GROUP, READING, RIGHTS, Right, Role, acting, has_right, require
from signaling.errors import Refused

L, P, M, G, V, R, S = Role  # V: visits one meeting

# Who holds each right, written down a second time by hand: a slip in the table shows here.
HELD_BY: dict[Right, set[Role]] = {
    Right.READ_GROUP: {L, P, M, G, R},
    Right.MANAGE_GROUP: {L},
    Right.INVITE: {L},
    Right.HAND_OVER: {L, R},
    Right.CLOSE_GROUP: {L, R},
    Right.PLAN_GATHERING: {L, P, M},
    Right.CHANGE_ANY_GATHERING: {L},
    Right.ANSWER_GATHERING: {L, P, M, G},
    Right.SHARE_TEMPLATE: {L, P, M},
    Right.READ_PLAN: {L, P, M, G, V, R},
    Right.READ_FINAL: {L, P, M, G, V, R, S},
    Right.MAKE_PLAN: {L, P, M},
    Right.EDIT_PLAN: {L, P, M},
    Right.COMMENT: {L, P, M, G},
    Right.RESOLVE_COMMENT: {L, P, M},
    Right.ASSIGN_TASK: {L, P, M},
    Right.NAME_VERSION: {L, P, M},
    Right.RESTORE: {L, P, M},
    Right.FINALISE: {L, P},
    Right.MANAGE_PLAN: {L, P},
    Right.EXPORT: {L, P, M, G, R},
    Right.JOIN_MEETING: {L, P, M, G, V, R},
    Right.HOLD_MEETING: {L, P, M},
    Right.RECORD_MINUTES: {L, P, M},
    Right.CLOSE_RESOLUTION: {L, P, M},
    Right.REVIEW: {L, P, M, G},
    Right.RATE: {L, P, M, G},
    Right.ACCEPT_NOTE: {L, P, M},
    Right.CLOSE_ITEM: {L, P, M},
    Right.MANAGE_RUBRIC: {L},
}


@pytest.mark.parametrize("right", list(Right))
def test_every_right_is_held_by_those_it_was_meant_for(right: Right) -> None:
    assert set(RIGHTS) == set(Role)
    for role in Role:
        held = role in HELD_BY[right]
        assert has_right(role, right) is held
        assert has_right(role, right, is_closed=True) is (held and right in IN_CLOSED_GROUP)
        if held:
            require(role, right, "")
        else:
            with pytest.raises(Refused) as refusal:
                require(role, right, "不行。", is_closed=True)
            assert (refusal.value.code, refusal.value.detail) == ("not_allowed", "不行。")


def test_a_closed_group_can_be_read_and_opened_and_nothing_else() -> None:
    assert {Right.CLOSE_GROUP} == IN_CLOSED_GROUP - READING
    with pytest.raises(Refused) as refusal:
        require(Role.LEAD, Right.EDIT_PLAN, "", is_closed=True)
    assert refusal.value.code == "group_closed"


def test_only_a_member_who_leads_a_plan_gains_by_it() -> None:
    assert [acting(role, leads_plan=True) for role in Role] == [L, P, P, G, V, R, S]
    assert [acting(role, leads_plan=False) for role in (L, M, G, V, R, S)] == [L, M, G, V, R, S]
