"""Only what can be explained is ever cleared away."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from server.lessons.orphans_plan import FEW, Found, candidates, is_credible, plan

BEFORE_S = 1_000.0
OLD_S, NEW_S = BEFORE_S - 1, BEFORE_S
A, B, C = "aa" + "0" * 62, "aa" + "1" * 62, "aa" + "2" * 62


def test_old_files_that_nothing_refers_to_are_orphans_the_oldest_first() -> None:
    found = [Found("aa", A, OLD_S, 1), Found("aa", B, OLD_S, 1), Found("aa", C, OLD_S - 5, 1)]
    made = plan(found, {A}, BEFORE_S)
    assert [one.name for one in made.orphans] == [C, B]
    assert (made.known, made.strange) == (1, 0)


def test_young_files_are_neither_asked_about_nor_removed() -> None:
    found = [Found("aa", A, NEW_S, 1), Found("aa", B, OLD_S, 1)]
    assert candidates(found, BEFORE_S) == (B,)
    assert [one.name for one in plan(found, set(), BEFORE_S).orphans] == [B]


def test_what_is_none_of_ours_stays() -> None:
    strange = [
        Found("aa", "notes.txt", 0.0, 1),
        Found("aa", "bb" + "0" * 62, 0.0, 1),  # in the wrong folder
        Found("aa", A.upper(), 0.0, 1),
        Found("aa", A + ".bak", 0.0, 1),
        Found("aa", B, 0.0, 1, is_file=False),  # a folder or a link
        Found("aa", f".{'b' * 64}.01234567", 0.0, 1),
    ]
    made = plan(strange, set(), BEFORE_S)
    assert (made.orphans, made.strange, candidates(strange, BEFORE_S)) == ((), len(strange), ())


def test_beginnings_that_a_crash_left_go_when_they_are_old() -> None:
    half = f".{A}.01234567"
    assert [one.name for one in plan([Found("aa", half, OLD_S, 1)], set(), BEFORE_S).orphans] == [half]
    assert plan([Found("aa", half, NEW_S, 1)], set(), BEFORE_S).orphans == ()


def test_a_folder_of_another_database_is_not_emptied() -> None:
    assert is_credible(FEW, 0)
    assert not is_credible(FEW + 1, 0)
    assert is_credible(500, 500)
    assert not is_credible(501, 500)


_FOUND = st.builds(
    Found,
    st.sampled_from(["aa", "ab"]),
    st.sampled_from([A, B, C, f".{A}.01234567", "x"]),
    st.sampled_from([0.0, OLD_S, NEW_S]),
    st.just(1),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_FOUND, max_size=6), st.frozensets(st.sampled_from([A, B, C])))
def test_no_plan_takes_what_is_referred_to_young_or_strange(found: list[Found], referred: frozenset[str]) -> None:
    made = plan(found, referred, BEFORE_S)
    assert len(made.orphans) + made.known + made.strange <= len(found)
    for one in made.orphans:
        assert one.is_file and one.mtime_s < BEFORE_S and one.name not in referred
        assert one.name.lstrip(".").startswith(one.shard)
