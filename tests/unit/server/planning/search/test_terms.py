from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from server.planning.search.index import match, phrases
from server.planning.search.snippets import marked, snippet
from server.planning.search.terms import Term, fold, query, shown, tokens

FTS5 = (
    "CREATE VIRTUAL TABLE search_terms USING fts5(title, body, final, content='', prefix='1', "
    "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'\")"
)
BASE = sqlite3.connect(":memory:", isolation_level=None)
BASE.execute(FTS5)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("光的折射", ["光的", "的折", "折射", "射"]),
        ("光，折射。", ["光", "折射", "射"]),
        ("ＰＰＴ课件２份", ["ppt", "课件", "件", "2", "份"]),
        ("བོད་ཡིག", ["བོད", "ཡིག"]),  # Tibetan: two syllables, each with its vowel sign
        ("ئۇيغۇر تىلى", ["ئۇيغۇر", "تىلى"]),
        ("ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ", ["ᠮᠣᠩᠭᠣᠯ", "ᠬᠡᠯᠡ"]),
        ("Vahcuengh snell-Gesetz_1", ["vahcuengh", "snell", "gesetz", "1"]),
        ("人々 𠮷野", ["人々", "々", "𠮷野", "野"]),
        ("，。！…", []),
    ],
)
def test_dense_scripts_are_kept_by_pairs_and_others_by_words(text: str, kept: list[str]) -> None:
    assert tokens(fold(shown(text))) == kept


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("光的折射", [Term("光的折射", ("光的", "的折", "折射"), False)]),
        ("光", [Term("光", ("光",), True)]),
        ("唐卡 社火 唐卡", [Term("唐卡", ("唐卡",), False), Term("社火", ("社火",), False)]),
        ("Snell", [Term("snell", ("snell",), True)]),
        ("课ppt", [Term("课ppt", ("课", "ppt"), True)]),
        ("，光。", [Term("光", ("光",), True)]),
        ("བོད་", [Term("བོད", ("བོད",), True)]),
        ("  ，。 \" * ' ) OR", [Term("or", ("or",), True)]),
        ("", []),
    ],
)
def test_a_query_is_words_that_are_phrases(typed: str, terms: list[Term]) -> None:
    assert list(query(typed)) == terms


def test_a_query_has_no_more_than_eight_words_of_eighty_characters() -> None:
    assert len(query(" ".join("一二三四五六七八九十"))) == 8
    assert len(query("光" * 300)[0].text) == 80


def _found(texts: list[str], typed: str) -> set[int]:
    BASE.execute("INSERT INTO search_terms(search_terms) VALUES ('delete-all')")
    rows = [(number, " ".join(tokens(fold(shown(text))))) for number, text in enumerate(texts)]
    BASE.executemany("INSERT INTO search_terms(rowid, title, body, final) VALUES (?, '', ?, '')", rows)
    found = BASE.execute("SELECT rowid FROM search_terms WHERE search_terms MATCH ?", (phrases(query(typed)),))
    return {row[0] for row in found}


_SOME = st.text("光的折射在水面上", min_size=1, max_size=12)


@settings(max_examples=15, deadline=None)
@given(st.lists(_SOME, min_size=1, max_size=12), st.text("光的折射在水面上", min_size=1, max_size=8))
def test_a_query_finds_what_a_substring_finds(texts: list[str], typed: str) -> None:
    assert _found(texts, typed) == {number for number, text in enumerate(texts) if typed in text}


@pytest.mark.parametrize("typed", ['"', '光" OR "x', "NEAR(光 射)", "-光", "{body}: 光", "光*", "a AND b", "ب OR 1"])
def test_no_query_is_read_as_a_command(typed: str) -> None:
    _found(["光"], "光" + typed)


@settings(max_examples=10, deadline=None)
@given(st.text(max_size=30))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_a_snippet_shows_what_was_found_and_where() -> None:
    text = "同学们先说一说。" * 10 + "ＳＮＥＬＬ定律讲的是光的折射。" + "下课。" * 40
    found = snippet(text, query("snell 折射"), before=4, length=24)
    assert found.text == "…说一说。ＳＮＥＬＬ定律讲的是光的折射。下课。下课…"
    assert [found.text[begin:end] for begin, end in found.marks] == ["ＳＮＥＬＬ", "折射"]


def test_a_snippet_without_a_hit_is_the_beginning() -> None:
    assert snippet("课题：光的折射", query("水"), length=4).text == "课题：光…"
    assert snippet("", query("水")).text == ""


def test_marks_that_touch_are_one() -> None:
    found = marked("光的折射光的折射", query("光的 的折 折射"))
    assert found.marks == ((0, 8),)
    assert all(one[1] < other[0] for one, other in pairwise(found.marks))


def test_postgres_looks_for_sets_and_then_for_the_text() -> None:
    found = match("postgresql", query("光的折射 水"))
    assert found.values == {"q0": "'光的' & '的折' & '折射'", "s0": "光的折射", "q1": "'水':*", "s1": "水"}
    assert "strpos(body_folded, :s0) > 0" in found.ranked
    assert "body_terms" not in found.in_final
