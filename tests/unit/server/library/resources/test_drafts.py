"""What a recording's draft is filled in with, and whose consent it needs."""

from __future__ import annotations

import pytest

from server.accounts.model import Classroom, SchoolRef
from server.fields import FieldInvalid
from server.lessons.model import Lesson, PersonRef
from server.library.resources.drafts import contributors_of, equal_shares, grade_in, needs_of, subject_in
from server.library.resources.model import WHOLE_BP, Contributor, FileEntry
from server.library.resources.service import check
from signaling.messages import Participant, PeerId, RoomId
from signaling.roles import Role
from tests.unit.server.library.resources.shelf import resource

CITY, RED, RIVER = SchoolRef("s0", "春城实验小学"), SchoolRef("s1", "红星小学"), SchoolRef("s2", "河口小学")
LESSON = Lesson(
    id=RoomId("abcd2345"), title="水的三态", subject="五年级科学", state="ended", starts_at_ms=0, planned_minutes=40,
    lecturer=PersonRef("p-lin", "林晓云"), lecturer_school=CITY, paired_school=RED,
    classrooms=(Classroom("r1", "五年级一班", RED), Classroom("r2", "五年级", RIVER)), open_to_observers=True,
    deck_id=None, pages=0,
)  # fmt: skip


def seat(role: Role, name: str, school: str, classroom: str | None = None) -> Participant:
    return Participant(PeerId(name), role, name, school, classroom)


CAME = [
    seat(Role.LECTURER, "林晓云", "春城实验小学"),
    seat(Role.CLASSROOM, "五年级一班", "红星小学", "r1"),
    seat(Role.LOCAL_TEACHER, "杨秀英", "红星小学", "r1"),
    seat(Role.LOCAL_TEACHER, "杨秀英", "红星小学", "r1"),  # came back
    seat(Role.OBSERVER, "赵敏", ""),
]
IDS = {("杨秀英", "s1"): "p-yang", ("林晓云", "s0"): "p-lin"}


@pytest.mark.parametrize(
    ("text", "subject"),
    [("五年级科学", "科学"), ("体育", "体育与健康"), ("信息技术", "信息科技"), ("书法", "其他"), ("", "其他")],
)
def test_a_subject_is_found_in_what_people_write(text: str, subject: str) -> None:
    assert subject_in(text) == subject


def test_a_grade_is_found_in_the_names_of_lesson_and_classrooms() -> None:
    assert grade_in(("科学", "水的三态", "五年级一班")) == "五年级"
    assert grade_in(("科学", "复式班")) == "不分年级"


@pytest.mark.parametrize("count", range(1, 31))
def test_equal_shares_are_the_whole(count: int) -> None:
    shares = equal_shares(count)
    assert sum(shares) == WHOLE_BP
    assert max(shares) - min(shares) <= 1


def test_lecturer_and_local_teachers_made_it_in_equal_parts() -> None:
    assert contributors_of(LESSON, CAME, {PeerId("林晓云")}, IDS) == (
        Contributor("林晓云", "lecturer", 5_000, "春城实验小学", "p-lin"),
        Contributor("杨秀英", "local_teacher", 5_000, "红星小学", "p-yang"),
    )
    assert [one.share_bp for one in contributors_of(LESSON, [], (), {})] == [WHOLE_BP]


def test_who_led_it_instead_made_it_too_and_who_only_had_a_seat_did_not() -> None:
    came = [*CAME[:1], seat(Role.LECTURER, "周明远", "春城实验小学"), seat(Role.LECTURER, "何静", "春城实验小学")]
    made = contributors_of(LESSON, came, {PeerId("林晓云"), PeerId("周明远")}, IDS)
    assert [(one.name, one.role) for one in made] == [("林晓云", "lecturer"), ("周明远", "lecturer")]


def test_pupils_of_every_classroom_that_came_are_asked_and_the_lecturer_for_the_own_voice() -> None:
    files = [
        FileEntry("guest", "guest.webm", "video/webm", 1, minors=True),
        FileEntry("light", "light.webm", "audio/webm", 1),
        FileEntry("screen", "screen.webm", "video/webm", 1),
    ]
    found = [(need.rendition, need.subject.id) for need in needs_of(LESSON, files, CAME, IDS)]
    assert found == [("guest", "r1"), ("light", "p-lin")]
    unknown = [(need.rendition, need.subject.id) for need in needs_of(LESSON, files, [], {})]
    assert unknown == [("guest", "r1"), ("guest", "r2"), ("light", "p-lin")], "nobody knows who came: all are asked"


def contributors(*shares: int) -> tuple[Contributor, ...]:
    return tuple(Contributor(f"教师{number}", "author", share) for number, share in enumerate(shares))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contributors": contributors(5_000, 4_999)}, "contributors"),
        ({"contributors": contributors(10_000, 1)}, "contributors"),
        ({"contributors": ()}, "contributors"),
        ({"contributors": (Contributor("甲", "author", 5_000),) * 2}, "contributors"),
        ({"title": "  "}, "title"),
        ({"flow": "paid", "licence": "CC-BY-4.0"}, "licence"),
        ({"licence": "all-rights-reserved", "audience": "public"}, "licence"),
    ],
)
def test_metadata_that_contradicts_itself_is_refused(changes: dict[str, object], field: str) -> None:
    check(resource())
    with pytest.raises(FieldInvalid) as refusal:
        check(resource(**changes))
    assert refusal.value.field == field
