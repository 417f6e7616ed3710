"""What a research group is to the rest of the server. What `service.py` returns."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.accounts.model import SchoolRef
from server.lessons.model import PersonRef
from server.planning.rights import Role

Kind = Literal["jiaoyanzu", "mingshi"]  # 教研组 · 名师工作室
State = Literal["open", "closed"]
Stage = Literal["学前", "小学", "初中", "高中", "不分学段"]
MemberRole = Literal["lead", "member", "guest"]
Answer = Literal["accepted", "declined", "withdrawn"]

MAX_RULES = 8_000  # characters: four printed pages
RULES_AT_FIRST = """\
1. 主备人提前一周发出初稿；每位成员至少提一条修改意见，写明理由。
2. 集体备课以教案为准：意见写在文档里，采纳与否由主备人说明。
3. 上课的老师课后三天内写反思；听课的老师按时间点写听课记录。
4. 署名按实际撰写的文字统计，不以行政职务排名。
5. 城乡轮流主备：每学期乡村学校主备的教案不少于三分之一。
"""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
SubjectName = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A research group."""

    id: str
    kind: Kind
    name: str
    subject: str
    stage: Stage
    rules: str  # 权责: what its members agreed on
    rules_version: int  # from 1
    state: State = "open"
    reason: str = ""  # why it was closed
    created_ms: int = 0  # UTC epoch
    changed_ms: int = 0

    @property
    def is_closed(self) -> bool:
        """Return whether it can only be read."""
        return self.state == "closed"


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a group. Whoever left stays known: what they wrote is still theirs."""

    group_id: str
    person: PersonRef
    school: SchoolRef | None  # None: a person of the region
    region: str = ""
    is_rural: bool = False
    role: MemberRole
    since_ms: int
    left_ms: int | None = None
    confirmed: int = 0  # the version of the rules that they agreed to; 0: none yet


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody is asked to join."""

    id: str
    group_id: str
    group_name: str
    person: PersonRef
    school: SchoolRef | None
    role: MemberRole
    by: PersonRef
    note: str
    made_ms: int
    expires_ms: int


class Rules(msgspec.Struct, frozen=True):
    """One version of a group's rules of cooperation 权责; never changed once made."""

    version: int
    text: str
    by: PersonRef
    made_ms: int


class Candidate(msgspec.Struct, frozen=True):
    """A teacher who could be asked to join."""

    person: PersonRef
    school: SchoolRef | None
    region: str


class Access(msgspec.Struct, frozen=True):
    """A group, and what the person who asks is to it."""

    group: Group
    role: Role


class Sight(msgspec.Struct, frozen=True):
    """Whose plans a person may read: drafts of `groups` (None: of every group), finalised ones of all."""

    groups: frozenset[str] | None
