from __future__ import annotations

import itertools
from typing import NamedTuple, get_args

import msgspec
import pytest

from server.accounts.model import Asker, Classroom, Device, Person, School, SchoolRef
from server.lessons.access import may_see
from server.lessons.model import Lesson, PersonRef
from server.library.access import (
    REACH,
    TABLE,
    Act,
    Holding,
    Stage,
    Standing,
    acts,
    is_let_in,
    link_reach,
    may_link,
    may_share,
    may_take,
    playable,
    public_acts,
    stage_of,
    standing,
)
from server.library.resources.model import Audience, State
from server.library.sharing.model import Scope
from signaling.messages import RoomId


def school(name: str, region: str = "云岭县") -> School:
    return School(f"id-{name}", name, "rural", region)


def person(name: str, of: School | None, manager: bool = False) -> Asker:
    return Asker(Person(f"p-{name}", name, name, of, manager))


def screen(of: School) -> Asker:
    return Asker(device=Device("d-1", None, Classroom(f"room-{of.name}", "五年级", SchoolRef(of.id, of.name))))


URBAN, INVITED, PAIRED, NEAR, FAR = (
    school("春城"),
    school("红星"),
    school("河口"),
    school("邻校"),
    school("远校", "他县"),
)
ROOM = Classroom("room-红星", "五年级", SchoolRef(INVITED.id, INVITED.name))
LESSON = Lesson(
    id=RoomId("abcdefgh"),
    title="光的折射",
    subject="科学",
    state="ended",
    starts_at_ms=0,
    planned_minutes=40,
    lecturer=PersonRef("p-林", "林晓云"),
    lecturer_school=SchoolRef(URBAN.id, URBAN.name),
    paired_school=None,
    classrooms=(ROOM,),
    open_to_observers=False,
    deck_id=None,
    pages=0,
)
NEAR_SCHOOLS = frozenset(one.id for one in (URBAN, INVITED, PAIRED, NEAR))
FILM = Holding(URBAN.id, NEAR_SCHOOLS, LESSON, frozenset({"p-林"}), frozenset({PAIRED.id}))
BOOK = msgspec.structs.replace(FILM, lesson=None)
OPEN = msgspec.structs.replace(FILM, lesson=msgspec.structs.replace(LESSON, open_to_observers=True))
WHO: list[tuple[Asker, Standing, Standing]] = [  # asker, to a lesson's recording, to a document of the same school
    (person("林", URBAN), Standing.KEEPER, Standing.KEEPER),
    (person("校长", URBAN, manager=True), Standing.KEEPER, Standing.KEEPER),
    (person("县局", None, manager=True), Standing.KEEPER, Standing.KEEPER),
    (person("同事", URBAN), Standing.PARTNER, Standing.COLLEAGUE),
    (person("助教", INVITED), Standing.PARTNER, Standing.NEIGHBOUR),
    (screen(INVITED), Standing.PARTNER, Standing.NEIGHBOUR),
    (screen(URBAN), Standing.COLLEAGUE, Standing.COLLEAGUE),
    (person("结对", PAIRED), Standing.PAIRED, Standing.PAIRED),
    (screen(PAIRED), Standing.PAIRED, Standing.PAIRED),
    (person("邻校", NEAR), Standing.NEIGHBOUR, Standing.NEIGHBOUR),
    (screen(NEAR), Standing.NEIGHBOUR, Standing.NEIGHBOUR),
    (person("教研员", None), Standing.NEIGHBOUR, Standing.NEIGHBOUR),
    (person("远", FAR), Standing.ANYBODY, Standing.ANYBODY),
    (screen(FAR), Standing.ANYBODY, Standing.ANYBODY),
    (Asker(), Standing.ANYBODY, Standing.ANYBODY),
]


@pytest.mark.parametrize(("asker", "to_film", "to_book"), WHO)
def test_standing_is_the_nearest_of_what_applies(asker: Asker, to_film: Standing, to_book: Standing) -> None:
    assert standing(asker, FILM) is to_film
    assert standing(asker, BOOK) is to_book


def test_whoever_may_look_on_at_an_open_lesson_is_an_observer_of_its_recording() -> None:
    assert standing(person("远", FAR), OPEN) is Standing.OBSERVER
    assert acts(person("远", FAR), OPEN) == {Act.SEE, Act.PLAY}
    assert standing(Asker(), OPEN) is Standing.ANYBODY


@pytest.mark.parametrize("holding", [FILM, OPEN])
def test_before_publishing_a_recording_is_seen_by_who_may_see_its_lesson(holding: Holding) -> None:
    for state in (None, "draft", "submitted", "in_review", "returned", "approved"):
        now = msgspec.structs.replace(holding, state=state, audience="public")
        for asker, _, _ in WHO:
            assert now.lesson is not None
            assert (Act.SEE in acts(asker, now)) is may_see(asker, now.lesson), (asker, state)


def test_the_table_has_every_stage_and_standing_and_every_state_has_a_stage() -> None:
    assert set(TABLE) == set(Stage)
    assert all(set(row) == set(Standing) for row in TABLE.values())
    reached = {
        stage_of(msgspec.structs.replace(FILM, state=state, audience=audience))
        for state, audience in itertools.product((None, *get_args(State)), get_args(Audience))
    }
    assert reached == set(Stage)


def test_wider_audiences_only_ever_add_people() -> None:
    widening = (Stage.SCHOOL, Stage.PAIRING, Stage.REGION, Stage.PUBLIC)
    for narrow, wide in itertools.pairwise(widening):
        assert all(TABLE[narrow][one] <= TABLE[wide][one] for one in Standing)
    for stage in Stage:
        for one in Standing:
            granted = TABLE[stage][one]
            assert not granted or Act.SEE in granted
            assert Act.PLAY in granted or not granted & {Act.WHOLE, Act.TAKE}


def test_only_keepers_the_lesson_and_reviewers_need_no_consents() -> None:
    for stage, one in itertools.product(Stage, Standing):
        if Act.WHOLE in TABLE[stage][one]:
            assert one in (Standing.KEEPER, Standing.PARTNER, Standing.REVIEWER)
    assert set(REACH) == set(Standing)


def test_what_is_withdrawn_is_for_its_keepers_eyes_only() -> None:
    gone = msgspec.structs.replace(OPEN, state="withdrawn", audience="public", is_free=True)
    for asker, to_film, _ in WHO:
        granted = acts(asker, gone)
        assert (Act.PLAY in granted) is (to_film is Standing.KEEPER)
        assert not may_take(granted, gone) or to_film is Standing.KEEPER
    assert public_acts(gone) == frozenset()


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    [
        ("school", {"林", "同事"}),
        ("pairing", {"林", "同事", "结对"}),
        ("region", {"林", "同事", "结对", "邻校"}),
        ("public", {"林", "同事", "结对", "邻校", "远"}),
    ],
)
def test_a_published_document_is_seen_by_its_audience(audience: Audience, seen_by: set[str]) -> None:
    book = msgspec.structs.replace(BOOK, state="published", audience=audience)
    people = {"林": URBAN, "同事": URBAN, "结对": PAIRED, "邻校": NEAR, "远": FAR}
    assert {name for name, of in people.items() if Act.PLAY in acts(person(name, of), book)} == seen_by
    assert (Act.PLAY in public_acts(book)) is (audience == "public")


class Track(NamedTuple):
    name: str
    minors: bool


TRACKS = [Track("lecturer", False), Track("guest", True)]


@pytest.mark.parametrize(
    ("asker", "consented", "names"),
    [
        (person("同事", URBAN), False, ["lecturer", "guest"]),
        (person("邻校", NEAR), False, ["lecturer"]),
        (person("邻校", NEAR), True, ["lecturer", "guest"]),
        (Asker(), False, ["lecturer"]),
    ],
)
def test_pupils_leave_their_lesson_only_with_consent(asker: Asker, consented: bool, names: list[str]) -> None:
    def leaves(track: Track) -> bool:
        return consented or not track.minors

    public = msgspec.structs.replace(FILM, state="published", audience="public")
    assert [one.name for one in playable(acts(asker, public), TRACKS, leaves)] == names


def test_who_may_not_play_has_no_rendition() -> None:
    assert playable(acts(Asker(), FILM), TRACKS, lambda _: True) == []


def test_downloads_of_strangers_follow_the_licence() -> None:
    public = msgspec.structs.replace(FILM, state="published", audience="public")
    free = msgspec.structs.replace(public, is_free=True)
    assert may_take(acts(person("助教", INVITED), public), public)
    assert not may_take(acts(person("远", FAR), public), public)
    assert may_take(acts(person("远", FAR), free), free)
    assert not may_take(acts(person("远", FAR), msgspec.structs.replace(FILM, is_free=True)), FILM)


def test_people_of_the_region_see_all_of_what_they_are_to_review() -> None:
    reviewer, waiting = person("教研员", None), msgspec.structs.replace(FILM, state="submitted", is_reviewed=True)
    assert standing(reviewer, waiting) is Standing.REVIEWER
    assert acts(reviewer, waiting) == {Act.SEE, Act.PLAY, Act.WHOLE}
    assert acts(reviewer, FILM) == frozenset(), "a draft is none of their business"
    assert standing(person("邻校", NEAR), waiting) is Standing.NEIGHBOUR


def test_links_are_made_by_keepers() -> None:
    makers = {asker.person.name for asker, _, _ in WHO if asker.person and may_share(asker.person, FILM)}
    assert makers == {"林", "校长", "县局"}


@pytest.mark.parametrize(
    ("state", "scopes"),
    [
        (None, {"school"}),
        ("draft", {"school"}),
        ("approved", {"school"}),
        ("published", {"school", "region", "anyone"}),
        ("withdrawn", set()),
    ],
)
def test_nothing_goes_out_by_a_link_before_it_is_published(state: State | None, scopes: set[str]) -> None:
    holding = msgspec.structs.replace(FILM, state=state)
    assert {scope for scope in get_args(Scope) if may_link(scope, holding)} == scopes


def test_consents_must_reach_as_far_as_the_link() -> None:
    assert link_reach("school", FILM, INVITED.id) == "school"
    assert link_reach("school", FILM, NEAR.id) == "region"
    assert link_reach("school", BOOK, URBAN.id) == "school"
    assert link_reach("school", BOOK, INVITED.id) == "region"
    assert link_reach("region", FILM, None) == "region"
    assert link_reach("anyone", FILM, None) == "public"


def test_a_link_lets_in_whom_it_is_for() -> None:
    near, nobody = person("邻校", NEAR), Asker()
    assert is_let_in(nobody, "anyone", None)
    assert is_let_in(near, "region", None)
    assert not is_let_in(nobody, "region", None)
    assert is_let_in(near, "school", NEAR.id)
    assert is_let_in(screen(NEAR), "school", NEAR.id)
    assert not is_let_in(near, "school", FAR.id)
    assert not is_let_in(person("教研员", None), "school", None)
