"""What somebody is to a group, found in the caller's transaction, and the check of what they may do there."""

from __future__ import annotations

from server.accounts.model import Person
from server.planning.groups import tables
from server.planning.groups.model import Access, Group, Sight
from server.planning.rights import Right, Role, acting, require
from server.storage.database import Transaction
from signaling.errors import Refused

# What people are told; any other right is refused in general words.
_DETAILS: dict[Right, str] = {
    Right.READ_GROUP: "只有教研组的成员可以查看这些内容。需要加入时，请联系组长发出邀请。",
    Right.READ_PLAN: "这份教案还没有定稿，只有教研组的成员可以查看。",
    Right.EDIT_PLAN: "您在这个教研组是来宾或不是成员，不能修改教案，可以写评论。",
    Right.EXPORT: "只有教研组的成员可以把教案带走，包括导出和做成模板。",
    Right.FINALISE: "定稿由主备人或组长来做。",
    Right.MANAGE_GROUP: "只有组长可以修改教研组的设置。",
    Right.INVITE: "只有组长可以邀请新成员。",
    Right.HAND_OVER: "只有组长或区域管理员可以指定新的组长。",
    Right.CLOSE_GROUP: "只有组长或区域管理员可以结束或重新启用教研组。",
}
_ANY = "您在这个教研组里没有做这件事的权限。需要时请联系组长。"


def detail_of(right: Right) -> str:
    """Return what somebody is told who may not do this."""
    return _DETAILS.get(right, _ANY)


async def role_in(tx: Transaction, person: Person, group_id: str) -> Role:
    """Return what the person is to the group. A region's manager who is a member is a member there."""
    member = await tables.find_member(tx, group_id, person.id)
    if member is not None:
        return Role(member.role)
    return Role.REGION_MANAGER if person.is_manager and person.school is None else Role.STRANGER


async def group_in(tx: Transaction, group_id: str) -> Group:
    """Return the group.

    Raises:
        Refused: `group_unknown`.
    """
    group = await tables.find_group(tx, group_id)
    if group is None:
        raise Refused("group_unknown", "没有找到这个教研组，它可能不存在。")
    return group


async def require_in(
    tx: Transaction, person: Person, group_id: str, right: Right, *, leads_plan: bool = False, detail: str = ""
) -> Access:
    """Pass when the person may do this in the group; return both.

    Raises:
        Refused: `group_unknown`, `not_allowed` or `group_closed`.
    """
    group = await group_in(tx, group_id)
    role = acting(await role_in(tx, person, group_id), leads_plan=leads_plan)
    require(role, right, detail or detail_of(right), is_closed=group.is_closed)
    return Access(group, role)


async def sight_of(tx: Transaction, person: Person) -> Sight:
    """Return whose drafts the person may read."""
    if person.is_manager and person.school is None:
        return Sight(None)
    return Sight(frozenset(group.id for group, _ in await tables.groups_of(tx, person.id)))
