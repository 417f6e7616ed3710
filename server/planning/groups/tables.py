"""Tables of research groups, and every query on them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, func, insert, or_, select, update

from server.accounts.model import SchoolRef
from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.planning.groups.model import Candidate, Group, Invitation, MemberRole, Membership, Rules
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

groups = Table(
    "research_groups",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("name", String(40), nullable=False),
    Column("subject", String(20), nullable=False),
    Column("stage", String(8), nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("created_ms", EpochMs, nullable=False),
    Column("changed_ms", EpochMs, nullable=False),
)


def _of_group(*, is_key: bool = False) -> Column[Any]:
    owner = ForeignKey("research_groups.id", ondelete="CASCADE")
    return Column("group_id", String(16), owner, primary_key=is_key, nullable=False, index=not is_key)


def _person(name: str = "person_id", *, is_key: bool = False) -> Column[Any]:
    return Column(name, String(16), ForeignKey("people.id"), primary_key=is_key, nullable=False, index=True)


group_rules = Table(
    "group_rules",
    metadata,
    _of_group(is_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
)
group_members = Table(
    "group_members",
    metadata,
    _of_group(is_key=True),
    _person(is_key=True),
    Column("role", String(8), nullable=False),
    Column("since_ms", EpochMs, nullable=False),
    Column("left_ms", EpochMs),
    Column("confirmed", Integer, nullable=False),  # version of the rules
)
group_invitations = Table(
    "group_invitations",
    metadata,
    Column("id", String(16), primary_key=True),
    _of_group(),
    _person(),
    Column("role", String(8), nullable=False),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("note", String(200), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
    Column("expires_ms", EpochMs, nullable=False),
    Column("answer", String(12)),
    Column("answered_ms", EpochMs),
)

_by = people.alias("group_by")

# --- groups -------------------------------------------------------------------------------------------------------

_groups_with_rules = groups.join(
    group_rules, (group_rules.c.group_id == groups.c.id) & (group_rules.c.version == groups.c.rules_version)
)


def _select_groups() -> Any:  # the type of a joined select has no short name
    return select(groups, group_rules.c.text).select_from(_groups_with_rules)


def _group(row: Any) -> Group:
    return Group(
        id=row.id,
        kind=row.kind,
        name=row.name,
        subject=row.subject,
        stage=row.stage,
        rules=row.text,
        rules_version=row.rules_version,
        state=row.state,
        reason=row.reason,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
    )


def _columns(group: Group) -> dict[str, Any]:
    left_out = ("rules",)
    return {name: getattr(group, name) for name in Group.__struct_fields__ if name not in left_out}


async def add_group(tx: Transaction, group: Group, by_id: str) -> None:
    """Store a new group with the first version of its rules."""
    await tx.execute(insert(groups).values(_columns(group)))
    await add_rules(tx, group.id, group.rules_version, group.rules, by_id, group.created_ms)


async def save_group(tx: Transaction, group: Group) -> None:
    """Store the group as it is now; a new version of its rules has to be there already."""
    await tx.execute(update(groups).where(groups.c.id == group.id).values(_columns(group)))


async def find_group(tx: Transaction, group_id: str) -> Group | None:
    """Return the group."""
    row = (await tx.execute(_select_groups().where(groups.c.id == group_id))).first()
    return None if row is None else _group(row)


async def all_groups(tx: Transaction, limit: int) -> tuple[Group, ...]:
    """Return groups of the whole server: the open ones first, those that were changed last first."""
    query = _select_groups().order_by(groups.c.state.desc(), groups.c.changed_ms.desc()).limit(limit)
    return tuple(_group(row) for row in (await tx.execute(query)).all())


async def groups_of(tx: Transaction, person_id: str) -> tuple[tuple[Group, MemberRole], ...]:
    """Return the groups that a person is in, with the role: the open ones first."""
    query = (
        select(groups, group_rules.c.text, group_members.c.role)
        .select_from(_groups_with_rules.join(group_members, group_members.c.group_id == groups.c.id))
        .where(group_members.c.person_id == person_id, group_members.c.left_ms.is_(None))
        .order_by(groups.c.state.desc(), groups.c.name)
    )
    return tuple((_group(row), row.role) for row in (await tx.execute(query)).all())


async def count_led(tx: Transaction, person_id: str) -> int:
    """Return how many open groups a person leads."""
    mine = (group_members.c.person_id == person_id) & (group_members.c.role == "lead")
    query = select(func.count()).select_from(group_members.join(groups)).where(mine, groups.c.state == "open")
    return int((await tx.execute(query.where(group_members.c.left_ms.is_(None)))).scalar_one())


# --- rules of cooperation -----------------------------------------------------------------------------------------


async def add_rules(tx: Transaction, group_id: str, version: int, text: str, by_id: str, now_ms: int) -> None:
    """Store one version."""
    values = {"group_id": group_id, "version": version, "text": text, "by_id": by_id, "made_ms": now_ms}
    await tx.execute(insert(group_rules).values(values))


async def rules_of(tx: Transaction, group_id: str) -> tuple[Rules, ...]:
    """Return every version, the newest first."""
    query = (
        select(group_rules, _by.c.name.label("by_name"))
        .join(_by, _by.c.id == group_rules.c.by_id)
        .where(group_rules.c.group_id == group_id)
        .order_by(group_rules.c.version.desc())
    )
    rows = (await tx.execute(query)).all()
    return tuple(Rules(row.version, row.text, PersonRef(row.by_id, row.by_name), row.made_ms) for row in rows)


# --- members ------------------------------------------------------------------------------------------------------


def _select_members() -> Any:  # the type of a joined select has no short name
    return (
        select(
            group_members,
            people.c.name,
            schools.c.id.label("school_id"),
            schools.c.name.label("school_name"),
            schools.c.region,
            schools.c.kind.label("school_kind"),
        )
        .join(people, people.c.id == group_members.c.person_id)
        .outerjoin(schools, schools.c.id == people.c.school_id)
    )


def _membership(row: Any) -> Membership:
    return Membership(
        group_id=row.group_id,
        person=PersonRef(row.person_id, row.name),
        school=None if row.school_id is None else SchoolRef(row.school_id, row.school_name),
        region=row.region or "",
        is_rural=row.school_kind == "rural",
        role=row.role,
        since_ms=row.since_ms,
        left_ms=row.left_ms,
        confirmed=row.confirmed,
    )


async def add_member(tx: Transaction, group_id: str, person_id: str, role: MemberRole, now_ms: int) -> None:
    """Store that somebody is in from now on; whoever was in before comes back with a new role."""
    values = {"role": role, "since_ms": now_ms, "left_ms": None}
    one = (group_members.c.group_id == group_id) & (group_members.c.person_id == person_id)
    known = await tx.execute(update(group_members).where(one).values(values))
    if not known.rowcount:
        row = values | {"group_id": group_id, "person_id": person_id, "confirmed": 0}
        await tx.execute(insert(group_members).values(row))


async def change_member(tx: Transaction, group_id: str, person_id: str, **values: Any) -> None:
    """Store another role, that they left, or the rules that they agreed to."""
    one = (group_members.c.group_id == group_id) & (group_members.c.person_id == person_id)
    await tx.execute(update(group_members).where(one).values(values))


async def find_member(tx: Transaction, group_id: str, person_id: str) -> Membership | None:
    """Return the membership, unless they left."""
    query = _select_members().where(
        group_members.c.group_id == group_id,
        group_members.c.person_id == person_id,
        group_members.c.left_ms.is_(None),
    )
    row = (await tx.execute(query)).first()
    return None if row is None else _membership(row)


async def members_of(tx: Transaction, group_id: str, *, with_former: bool = False) -> tuple[Membership, ...]:
    """Return who is in, those that are in longest first; with `with_former` also who left."""
    query = _select_members().where(group_members.c.group_id == group_id).order_by(group_members.c.since_ms)
    if not with_former:
        query = query.where(group_members.c.left_ms.is_(None))
    return tuple(_membership(row) for row in (await tx.execute(query)).all())


async def members_at_school(tx: Transaction, school_id: str) -> tuple[tuple[Membership, str], ...]:
    """Return who of a school is in which group, with the group's name, by name of the person."""
    query = (
        _select_members()
        .add_columns(groups.c.name.label("group_name"))
        .join(groups, groups.c.id == group_members.c.group_id)
        .where(people.c.school_id == school_id, group_members.c.left_ms.is_(None), groups.c.state == "open")
        .order_by(people.c.name, groups.c.name)
    )
    return tuple((_membership(row), row.group_name) for row in (await tx.execute(query)).all())


# --- invitations --------------------------------------------------------------------------------------------------


def _select_invitations() -> Any:  # the type of a joined select has no short name
    return (
        select(
            group_invitations,
            groups.c.name.label("group_name"),
            people.c.name.label("person_name"),
            _by.c.name.label("by_name"),
            schools.c.id.label("school_id"),
            schools.c.name.label("school_name"),
        )
        .join(groups, groups.c.id == group_invitations.c.group_id)
        .join(people, people.c.id == group_invitations.c.person_id)
        .join(_by, _by.c.id == group_invitations.c.by_id)
        .outerjoin(schools, schools.c.id == people.c.school_id)
        .order_by(group_invitations.c.made_ms.desc())
    )


def _invitation(row: Any) -> Invitation:
    return Invitation(
        id=row.id,
        group_id=row.group_id,
        group_name=row.group_name,
        person=PersonRef(row.person_id, row.person_name),
        school=None if row.school_id is None else SchoolRef(row.school_id, row.school_name),
        role=row.role,
        by=PersonRef(row.by_id, row.by_name),
        note=row.note,
        made_ms=row.made_ms,
        expires_ms=row.expires_ms,
    )


async def add_invitation(tx: Transaction, invitation: Invitation) -> None:
    """Store an invitation."""
    told = ("id", "group_id", "role", "note", "made_ms", "expires_ms")
    values = {name: getattr(invitation, name) for name in told}
    ids = {"person_id": invitation.person.id, "by_id": invitation.by.id}
    await tx.execute(insert(group_invitations).values(values | ids))


async def open_invitations(
    tx: Transaction, now_ms: int, *, group_id: str | None = None, person_id: str | None = None
) -> tuple[Invitation, ...]:
    """Return those that were not answered and still hold."""
    query = _select_invitations().where(group_invitations.c.answer.is_(None), group_invitations.c.expires_ms > now_ms)
    if group_id is not None:
        query = query.where(group_invitations.c.group_id == group_id)
    if person_id is not None:
        query = query.where(group_invitations.c.person_id == person_id, groups.c.state == "open")
    return tuple(_invitation(row) for row in (await tx.execute(query)).all())


async def find_invitation(tx: Transaction, invitation_id: str, now_ms: int) -> Invitation | None:
    """Return the invitation while it may still be answered."""
    query = _select_invitations().where(
        group_invitations.c.id == invitation_id,
        group_invitations.c.answer.is_(None),
        group_invitations.c.expires_ms > now_ms,
    )
    row = (await tx.execute(query)).first()
    return None if row is None else _invitation(row)


async def answer_invitation(tx: Transaction, invitation_id: str, how: str, now_ms: int) -> None:
    """Store how it was answered."""
    values = {"answer": how, "answered_ms": now_ms}
    await tx.execute(update(group_invitations).where(group_invitations.c.id == invitation_id).values(values))


async def candidates(tx: Transaction, group_id: str, words: str, limit: int) -> tuple[Candidate, ...]:
    """Return people whose name, user name or school holds `words`, and who are not in the group."""
    inside = select(group_members.c.person_id).where(
        group_members.c.group_id == group_id, group_members.c.left_ms.is_(None)
    )
    query = (
        select(people.c.id, people.c.name, schools.c.id.label("sid"), schools.c.name.label("sname"), schools.c.region)
        .outerjoin_from(people, schools)
        .where(
            people.c.id.not_in(inside),
            or_(*(column.contains(words, autoescape=True) for column in _FOUND_BY)),
        )
        .order_by(people.c.name)
        .limit(limit)
    )
    return tuple(
        Candidate(
            PersonRef(row.id, row.name), None if row.sid is None else SchoolRef(row.sid, row.sname), row.region or ""
        )
        for row in (await tx.execute(query)).all()
    )


_FOUND_BY = (people.c.name, people.c.username, schools.c.name)


async def find_person(tx: Transaction, person_id: str) -> Candidate | None:
    """Return somebody with an account."""
    query = (
        select(people.c.id, people.c.name, schools.c.id.label("sid"), schools.c.name.label("sname"), schools.c.region)
        .outerjoin_from(people, schools)
        .where(people.c.id == person_id)
    )
    row = (await tx.execute(query)).first()
    if row is None:
        return None
    school = None if row.sid is None else SchoolRef(row.sid, row.sname)
    return Candidate(PersonRef(row.id, row.name), school, row.region or "")


def changed(group: Group, now_ms: int, **values: Any) -> Group:
    """Return the group with these changes, made now."""
    return msgspec.structs.replace(group, changed_ms=now_ms, **values)
