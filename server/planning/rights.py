"""Who may do what in the research workshop: the one table that every request under `server/planning` is checked by.

Rights are held in a group, and a plan belongs to one. What a person is to a group comes from
`server/planning/groups/desk.py`; whoever leads a plan (主备人) has a row of their own (`acting`). A closed group keeps
what only looks (`READING`). What may be done with a school stands in `server/accounts/rights.py`.
"""

from __future__ import annotations

import enum

from signaling.errors import Refused


class Role(enum.StrEnum):
    """What a person is to a group, or to one of its plans."""

    LEAD = "lead"  # 组长、主持人
    PLAN_LEAD = "plan_lead"  # 主备人: a member, for the plans that they lead
    MEMBER = "member"
    GUEST = "guest"  # an expert or a visitor: reads, comments, observes
    MEETING_GUEST = "meeting_guest"  # 来宾 of one meeting, until it is over: reads the plan beside it, and speaks
    REGION_MANAGER = "region_manager"  # 教研员 of the region: sees everything, and puts in order what is orphaned
    STRANGER = "stranger"  # any other teacher of the server


class Right(enum.StrEnum):
    """One thing that may be done in the workshop."""

    # the group
    READ_GROUP = "read_group"  # its people, calendar, log and rules
    MANAGE_GROUP = "manage_group"  # name, rules of cooperation, roles, removing somebody
    INVITE = "invite"
    HAND_OVER = "hand_over"  # make somebody else its lead
    CLOSE_GROUP = "close_group"  # and open it again
    PLAN_GATHERING = "plan_gathering"  # put something into its calendar, and change what one put there
    CHANGE_ANY_GATHERING = "change_any_gathering"  # also what others put there
    ANSWER_GATHERING = "answer_gathering"  # say whether one comes
    SHARE_TEMPLATE = "share_template"  # for the group; for a school or the region the template's own rule adds to it
    # plans
    READ_PLAN = "read_plan"  # drafts, comments, versions, tasks, shares of authorship
    READ_FINAL = "read_final"  # finalised versions, in the library: every teacher learns from them
    MAKE_PLAN = "make_plan"
    EDIT_PLAN = "edit_plan"
    COMMENT = "comment"  # and suggest, and answer
    RESOLVE_COMMENT = "resolve_comment"  # also those of others; accept a suggestion
    ASSIGN_TASK = "assign_task"
    NAME_VERSION = "name_version"
    RESTORE = "restore"
    FINALISE = "finalise"
    MANAGE_PLAN = "manage_plan"  # title, subject, who leads it; archive it
    EXPORT = "export"
    # meetings
    JOIN_MEETING = "join_meeting"
    HOLD_MEETING = "hold_meeting"  # open and end one, record it
    RECORD_MINUTES = "record_minutes"  # agenda, minutes, resolutions
    CLOSE_RESOLUTION = "close_resolution"
    # observing lessons
    REVIEW = "review"  # notes on a lesson's timeline
    RATE = "rate"  # by a rubric, blind
    ACCEPT_NOTE = "accept_note"  # make an improvement item of it
    CLOSE_ITEM = "close_item"
    MANAGE_RUBRIC = "manage_rubric"


_LOOKING = frozenset({Right.READ_GROUP, Right.READ_PLAN, Right.READ_FINAL, Right.EXPORT})
_GUEST = _LOOKING | {Right.COMMENT, Right.JOIN_MEETING, Right.ANSWER_GATHERING, Right.REVIEW, Right.RATE}
_MEMBER = _GUEST | {
    Right.PLAN_GATHERING,
    Right.SHARE_TEMPLATE,
    Right.MAKE_PLAN,
    Right.EDIT_PLAN,
    Right.RESOLVE_COMMENT,
    Right.ASSIGN_TASK,
    Right.NAME_VERSION,
    Right.RESTORE,  # a new edit: nothing is lost by it
    Right.HOLD_MEETING,
    Right.RECORD_MINUTES,
    Right.CLOSE_RESOLUTION,
    Right.ACCEPT_NOTE,
    Right.CLOSE_ITEM,
}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.LEAD: frozenset(Right),
    Role.PLAN_LEAD: _MEMBER | {Right.FINALISE, Right.MANAGE_PLAN},
    Role.MEMBER: _MEMBER,
    Role.GUEST: _GUEST,
    Role.MEETING_GUEST: frozenset({Right.READ_PLAN, Right.READ_FINAL, Right.JOIN_MEETING}),
    # Writes nobody's plan and rates nobody: figures that the region is judged by must not be of its own making.
    Role.REGION_MANAGER: _LOOKING | {Right.JOIN_MEETING, Right.HAND_OVER, Right.CLOSE_GROUP},
    Role.STRANGER: frozenset({Right.READ_FINAL}),
}

READING = _LOOKING  # what is left in a closed group, to whoever held it
# Opening it again is the one thing that is done to a closed group.
IN_CLOSED_GROUP = READING | {Right.CLOSE_GROUP}


def acting(role: Role, *, leads_plan: bool) -> Role:
    """Return what somebody of this role in the group is to a plan that they lead, or do not.

    Whoever left the group, or became its guest, leads no plan any more.
    """
    return Role.PLAN_LEAD if leads_plan and role is Role.MEMBER else role


def has_right(role: Role, right: Right, *, is_closed: bool = False) -> bool:
    """Return whether the role may do this, in a group that is closed or not."""
    return right in RIGHTS[role] and (not is_closed or right in IN_CLOSED_GROUP)


def require(role: Role, right: Right, detail: str, *, is_closed: bool = False) -> None:
    """Pass when the role may do this.

    Raises:
        Refused: `not_allowed` with `detail`; `group_closed` when only the closing of the group stands in the way.
    """
    if right not in RIGHTS[role]:
        raise Refused("not_allowed", detail)
    if not has_right(role, right, is_closed=is_closed):
        raise Refused("group_closed", "这个教研组已经结束，内容只能查看。需要继续时，请组长重新启用它。")
