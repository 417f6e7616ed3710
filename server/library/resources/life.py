"""The life of a resource: its states, the steps between them, and who may take them. One table, pure.

Nobody reviews their own: whoever made a resource or stands among its contributors is no reviewer of it, whatever else
they are. What stays within the school, or with the school that it is paired with, the school's manager may review;
what goes to the region or to everybody is reviewed by people of the region, who belong to no school.
"""

from __future__ import annotations

import enum

from server.accounts.model import Person
from server.accounts.rights import Right, has_right
from server.library.resources.model import Resource, State
from signaling.errors import Refused


class Part(enum.Enum):
    """What somebody is to a resource."""

    MAKER = enum.auto()  # owner or contributor
    MANAGER = enum.auto()  # of its school, or of the region
    REVIEWER = enum.auto()  # may review this one
    JUDGE = enum.auto()  # the one who reviews it now


class Step(enum.StrEnum):
    """One thing that may be done with a resource."""

    EDIT = "edit"
    DISCARD = "discard"
    SUBMIT = "submit"
    RECALL = "recall"
    BEGIN = "begin"
    RELEASE = "release"
    NOTE = "note"
    RETURN = "return"
    APPROVE = "approve"
    PUBLISH = "publish"
    REVISE = "revise"
    WITHDRAW = "withdraw"


_MAKERS, _JUDGE = frozenset({Part.MAKER, Part.MANAGER}), frozenset({Part.JUDGE})
# A reviewer who fell ill must not hold up a resource: any other one may let it go again.
_REVIEWERS = frozenset({Part.REVIEWER, Part.JUDGE})

WHO: dict[Step, frozenset[Part]] = {
    Step.EDIT: _MAKERS,
    Step.DISCARD: _MAKERS,
    Step.SUBMIT: _MAKERS,
    Step.RECALL: _MAKERS,
    Step.BEGIN: _REVIEWERS,
    Step.RELEASE: _REVIEWERS,
    Step.NOTE: _JUDGE,
    Step.RETURN: _JUDGE,
    Step.APPROVE: _JUDGE,
    Step.PUBLISH: _MAKERS,
    Step.REVISE: _MAKERS,
    Step.WITHDRAW: _MAKERS | _REVIEWERS,
}

# A pair that is not here is refused. WITHDRAW also needs that something is handed out, DISCARD that nothing ever was.
TABLE: dict[tuple[State, Step], State] = {
    ("draft", Step.EDIT): "draft",
    ("draft", Step.DISCARD): "draft",
    ("draft", Step.SUBMIT): "submitted",
    ("returned", Step.EDIT): "returned",
    ("returned", Step.SUBMIT): "submitted",
    ("submitted", Step.RECALL): "draft",
    ("submitted", Step.BEGIN): "in_review",
    ("in_review", Step.RELEASE): "submitted",
    ("in_review", Step.NOTE): "in_review",
    ("in_review", Step.RETURN): "returned",
    ("in_review", Step.APPROVE): "approved",
    ("approved", Step.PUBLISH): "published",
    ("approved", Step.REVISE): "draft",
    ("published", Step.REVISE): "draft",
    ("withdrawn", Step.REVISE): "draft",
    **{
        (state, Step.WITHDRAW): "withdrawn"
        for state in ("draft", "submitted", "in_review", "returned", "approved", "published")
    },
}

STATE_NAMES: dict[State, str] = {
    "draft": "草稿",
    "submitted": "等待审核",
    "in_review": "正在审核",
    "returned": "退回修改",
    "approved": "审核通过",
    "published": "已发布",
    "withdrawn": "已撤回",
}
_REFUSALS: dict[Step, str] = {
    Step.EDIT: "要修改，请先点“重新编辑”；正在审核时请先收回。",
    Step.PUBLISH: "审核通过以后才能发布。",
    Step.SUBMIT: "只有草稿和退回修改的资源可以提交审核。",
    Step.WITHDRAW: "它还没有发布过，不用撤回。",
    Step.DISCARD: "发布过的资源、录像的资源不能删除，可以撤回。",
}


def parts(person: Person, resource: Resource) -> frozenset[Part]:
    """Return what the person is to the resource."""
    found: set[Part] = set()
    if person.id in resource.makers:
        found.add(Part.MAKER)
    if has_right(person, Right.MANAGE_RESOURCES, resource.school_id):
        found.add(Part.MANAGER)
    if Part.MAKER not in found and _may_review(person, resource):
        found.add(Part.REVIEWER)
        if resource.reviewer is not None and resource.reviewer.id == person.id:
            found.add(Part.JUDGE)
    return frozenset(found)


def _may_review(person: Person, resource: Resource) -> bool:
    if person.school is None:
        return True
    stays = resource.audience in ("school", "pairing")
    return stays and has_right(person, Right.REVIEW_RESOURCES, resource.school_id)


REVIEWED: frozenset[State] = frozenset({"submitted", "in_review", "returned", "approved"})


def has_work(person: Person, resource: Resource) -> bool:
    """Return whether the person sees and hears all of the working version: to make it, or to judge it."""
    held = parts(person, resource)
    return bool(held & {Part.MAKER, Part.MANAGER}) or (Part.REVIEWER in held and resource.state in REVIEWED)


def may_look_after(person: Person, resource: Resource) -> bool:
    """Return whether the person sees the page of the working version.

    Reviewers go on to see what went out to the region by their word, so that they can withdraw it; its files they get
    like everybody else.
    """
    went_out = resource.published > 0 and resource.audience in ("region", "public") and resource.state != "draft"
    return has_work(person, resource) or (went_out and Part.REVIEWER in parts(person, resource))


def may(person: Person, resource: Resource, step: Step) -> bool:
    """Return whether the person may take the step now."""
    return bool(parts(person, resource) & WHO[step]) and _leads_on(resource, step)


def steps(person: Person, resource: Resource) -> tuple[Step, ...]:
    """Return all steps that the person may take now: what a page offers."""
    return tuple(step for step in Step if may(person, resource, step))


def require(person: Person, resource: Resource, step: Step) -> State:
    """Return the state that the step leads to.

    Raises:
        Refused: `resource_own`, `review_taken`, `not_allowed`, `resource_withdrawn` or `resource_state`.
    """
    held = parts(person, resource)
    if not held & WHO[step]:
        raise _not_allowed(person, resource, step, held)
    if resource.state == "withdrawn" and step not in (Step.WITHDRAW, Step.REVISE):
        raise Refused(
            "resource_withdrawn",
            f"这份资源已经撤回（{resource.reason or '没有写原因'}）。"
            "您填的内容还在页面上；要接着改，请先点“重新编辑”。",
        )
    if step is Step.BEGIN and resource.state == "in_review":
        name = resource.reviewer.name if resource.reviewer else "别人"
        raise Refused("review_taken", f"{name}已经在审核这份资源。请选别的，或等对方放下。")
    if not _leads_on(resource, step):
        why = _REFUSALS.get(step, "请刷新页面，看看现在能做什么。")
        raise Refused("resource_state", f"这份资源现在是“{STATE_NAMES[resource.state]}”，不能这样做。{why}")
    return TABLE[resource.state, step]


def _leads_on(resource: Resource, step: Step) -> bool:
    if (resource.state, step) not in TABLE:
        return False
    if step is Step.WITHDRAW:
        return resource.published > 0
    if step is Step.DISCARD:
        return resource.version == 1 and resource.recording_id is None
    return True


def _not_allowed(person: Person, resource: Resource, step: Step, held: frozenset[Part]) -> Refused:
    if step in (Step.BEGIN, Step.NOTE, Step.RETURN, Step.APPROVE):
        if Part.MAKER in held:
            return Refused("resource_own", "这是您自己参与的资源，要由别人来审核。")
        if resource.state == "in_review" and Part.REVIEWER in held:
            name = resource.reviewer.name if resource.reviewer else "别人"
            return Refused("review_taken", f"{name}正在审核这份资源，只有对方可以给结论。")
        if Part.REVIEWER in held:
            return Refused("resource_state", f"这份资源现在是“{STATE_NAMES[resource.state]}”，没有在审核。")
        if step is Step.BEGIN:
            return Refused("not_allowed", "本校范围内的资源由学校管理员审核，其他的由区域教研员或管理员审核。")
    return Refused("not_allowed", "只有这份资源的作者和学校管理员可以这样做。")
