"""Resources and people for the tests of their life."""

from __future__ import annotations

from typing import Any

import msgspec

from server.accounts.model import Person, School, SchoolRef
from server.lessons.model import PersonRef
from server.library.resources.model import Contributor, Resource

CITY, VILLAGE = School("s0", "春城实验小学", "urban", "云岭县"), School("s1", "红星小学", "rural", "云岭县")
LIN = Person("p-lin", "lin", "林晓云", CITY)
YANG = Person("p-yang", "yang", "杨秀英", VILLAGE)
HEAD = Person("p-head", "head", "校长", CITY, is_manager=True)
ZHAO = Person("p-zhao", "zhao", "赵敏", None)  # researcher of the region
SUN = Person("p-sun", "sun", "孙教研", None)
WANG = Person("p-wang", "wang", "王建国", None, is_manager=True)


def resource(**changes: Any) -> Resource:
    """Return a draft of lin's and yang's."""
    plain = Resource(
        id="res1", kind="lesson", school=SchoolRef("s0", CITY.name), owner=PersonRef(LIN.id, LIN.name), state="draft",
        version=1, recording_id="rec1", title="水的三态", subject="科学", grade="五年级", edition="教科版五年级上册",
        description="观察水的三种状态。", audience="region", duration_ms=2_400_000, created_ms=1_795_000_000_000,
        contributors=(
            Contributor("林晓云", "lecturer", 5_000, CITY.name, LIN.id),
            Contributor("杨秀英", "local_teacher", 5_000, VILLAGE.name, YANG.id),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)
