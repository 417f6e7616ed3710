"""What a resource is to the rest of the server. What `service.py` returns."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.accounts.model import SchoolRef
from server.lessons.model import PersonRef

Kind = Literal["lesson", "document", "video", "kit"]  # "lesson": the recording of one; a kit has several files
State = Literal["draft", "submitted", "in_review", "returned", "approved", "published", "withdrawn"]
Audience = Literal["school", "pairing", "region", "public"]
Scope = Literal["school", "region", "public"]  # of a consent; "school": the schools that took part in the lesson
Tier = Literal["basic", "developing", "innovative"]  # 基础 · 发展 · 创新
Flow = Literal["shared", "paid", "donated"]  # 共建共享 · 有偿使用 · 公益捐赠
Licence = Literal[
    "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "all-rights-reserved"
]
Language = Literal["zh-CN", "en", "bo", "ug", "mn", "ii", "za", "ko"]  # BCP 47: what is taught in at Chinese schools
Subject = Literal[
    "语文", "数学", "英语", "科学", "道德与法治", "物理", "化学", "生物", "历史", "地理", "音乐", "美术", "艺术",
    "体育与健康", "信息科技", "劳动", "综合实践", "心理健康", "其他",
]  # fmt: skip
Grade = Literal[
    "学前", "一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级", "高一", "高二",
    "高三", "不分年级",
]  # fmt: skip
ContributorRole = Literal["lecturer", "local_teacher", "author", "designer", "camera", "editor", "translator"]

TIER_NAMES: dict[Tier, str] = {"basic": "基础", "developing": "发展", "innovative": "创新"}
FLOW_NAMES: dict[Flow, str] = {"shared": "共建共享", "paid": "有偿使用", "donated": "公益捐赠"}
FREE_LICENCES: frozenset[Licence] = frozenset(
    {"CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0"}
)
WHOLE_BP = 10_000  # basis points: what all shares add up to
MAX_CONTRIBUTORS = 30

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Contributor(msgspec.Struct, frozen=True):
    """Whoever has a part in a resource. `person_id` is empty for somebody without an account."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    role: ContributorRole
    share_bp: Annotated[int, msgspec.Meta(ge=0, le=WHOLE_BP)]  # basis points
    school: Annotated[str, msgspec.Meta(max_length=80)] = ""
    person_id: Annotated[str, msgspec.Meta(max_length=16)] = ""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a resource: edited as a whole, kept as a whole with each published version."""

    title: Title
    subject: Subject
    grade: Grade
    edition: Annotated[str, msgspec.Meta(max_length=80)] = ""  # of the textbook
    language: Language = "zh-CN"
    tier: Tier = "basic"
    licence: Licence = "CC-BY-NC-SA-4.0"
    flow: Flow = "shared"
    description: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    contributors: Annotated[tuple[Contributor, ...], msgspec.Meta(max_length=MAX_CONTRIBUTORS)] = ()
    audience: Audience = "school"


class Resource(Metadata, frozen=True, kw_only=True):
    """A resource: its working version, or (from `ResourceService.published`) one that was published.

    While a published resource is edited anew its `state` is that of the work, and `published` the version that is
    still handed out. Whoever hands out asks for the published one.
    """

    id: str
    kind: Kind
    school: SchoolRef
    owner: PersonRef  # made it, or gave the lesson
    state: State
    version: int  # that is worked on, from 1
    published: int = 0  # the version that is handed out; 0: none
    recording_id: str | None = None
    revision: int = 1  # counts every change: a form that was filled in from an older one is refused
    reviewer: PersonRef | None = None  # while it is in review
    reason: str = ""  # why it was withdrawn
    created_ms: int = 0  # UTC epoch
    changed_ms: int = 0
    published_ms: int = 0  # of the version that is handed out, or that this is
    duration_ms: int = 0  # of its recording
    is_meeting: bool = False  # its recording is that of a meeting, not of a lesson

    @property
    def school_id(self) -> str:
        """Return the id of the school that it belongs to."""
        return self.school.id

    @property
    def makers(self) -> frozenset[str]:
        """Return the ids of the people who made it: they edit it, and never review it."""
        return frozenset({self.owner.id, *(one.person_id for one in self.contributors if one.person_id)})

    @property
    def is_free(self) -> bool:
        """Return whether its licence lets whoever sees it take it away and pass it on."""
        return self.licence in FREE_LICENCES


def metadata_of(resource: Metadata) -> Metadata:
    """Return what is told of the resource, without its life."""
    return Metadata(**{name: getattr(resource, name) for name in Metadata.__struct_fields__})


class FileEntry(msgspec.Struct, frozen=True):
    """A file of a resource: a rendition of its recording, or uploaded material."""

    name: str  # of the rendition, or the number of the material's file, as consents name it
    path: str  # of the rendition, relative to the recording's folder; empty for material
    mime: str
    bytes: int
    sha256: str = ""  # empty: was not counted when this was noted
    title: str = ""  # what its uploader called it
    minors: bool = False
    classrooms: tuple[str, ...] = ()  # ids of the classrooms that are seen or heard in it


class Version(msgspec.Struct, frozen=True):
    """What was published once, and never changes."""

    version: int
    meta: Metadata
    files: tuple[FileEntry, ...]
    published_ms: int
    by: PersonRef


class Subjected(msgspec.Struct, frozen=True):
    """Who is seen or heard: a classroom (its guardians consent) or a grown-up (consents in person)."""

    kind: Literal["classroom", "person"]
    id: str
    name: str
    school_id: str = ""


class Need(msgspec.Struct, frozen=True):
    """Whose consent a rendition needs before it leaves."""

    rendition: str
    subject: Subjected


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody may be seen and heard, in these renditions and this far."""

    id: str
    subject: Subjected
    renditions: tuple[str, ...]
    scope: Scope
    given_on: str  # ISO 8601 date
    how: Literal["paper", "in_person", "online"]  # 纸质同意书 · 当面或家长会 · 本人在系统里
    note: str = ""
    recorded_by: PersonRef
    recorded_ms: int
    revoked_ms: int | None = None


class Consents(msgspec.Struct, frozen=True):
    """Who is in a resource, and which consents there are."""

    needs: tuple[Need, ...] = ()
    given: tuple[Consent, ...] = ()
