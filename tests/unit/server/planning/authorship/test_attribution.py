from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st

from server.planning.authorship.attribution import COPIED, TEMPLATE, Attribution, Run, Span, counted

WEST = "同学们先观察水面下的铅笔，说一说它看起来为什么像被折断了，再小组讨论光从空气进入水中时的路线。"
EAST = "实验前提醒远端教室准备半杯清水和一支直尺，教师巡视并记录各组的猜想，最后全班汇报。"


@pytest.fixture
def plan() -> Attribution:
    attribution = Attribution()
    attribution.step(WEST, "west")
    attribution.step(WEST + "\n" + EAST, "east")
    return attribution


SHARES = {"west": len(WEST), "east": len(EAST)}


def test_enter_in_anothers_paragraph_changes_no_share(plan: Attribution) -> None:
    plan.step(WEST[:20] + "\n" + WEST[20:] + "\n" + EAST, "east")
    assert plan.shares() == SHARES


def test_words_inserted_in_anothers_sentence_are_the_inserters(plan: Attribution) -> None:
    plan.step(WEST[:20] + "认真地" + WEST[20:] + EAST, "east")
    assert plan.shares() == {"west": len(WEST), "east": len(EAST) + 3}
    assert plan.runs[:3] == [Run("west", 20), Run("east", 3), Run("west", len(WEST) - 20)]  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [WEST, WEST[:4], WEST[:3], WEST[5:7]])
def test_cut_and_paste_elsewhere_changes_no_share(plan: Attribution, words: str) -> None:
    left = (WEST + EAST).replace(words, "", 1)
    plan.step(left, "east")
    plan.step(left[:30] + "\n" + words + left[30:], "east")
    assert plan.shares() == SHARES


def test_delete_all_and_paste_back_changes_no_share(plan: Attribution) -> None:
    plan.step("", "east")
    assert plan.shares() == {}
    plan.step(WEST + EAST, "east")
    assert plan.shares() == SHARES


def test_blocks_that_change_places_in_one_step_change_no_share(plan: Attribution) -> None:
    plan.step(EAST + WEST, "east")
    assert plan.shares() == SHARES


def test_table_columns_of_short_cells_that_change_places_change_no_share() -> None:
    rows = [("导入", "提问", "3"), ("新授", "实验", "15"), ("练习", "答题", "10")]
    plan = Attribution()
    plan.step("\n".join(row[0] for row in rows), "west")
    plan.step("\n".join("\n".join(row) for row in rows), "east")
    before = plan.shares()
    plan.step("\n".join("\n".join((row[2], row[0], row[1])) for row in rows), "somebody")
    assert plan.shares() == before


@pytest.mark.parametrize("is_forwards", [False, True])
def test_undo_of_keys_pressed_one_by_one_gives_the_words_back(plan: Attribution, is_forwards: bool) -> None:
    text = WEST + EAST
    for done in range(1, 4):
        plan.step(text[:20] + text[20 + done :] if is_forwards else text[: 23 - done] + text[23:], "east")
    assert plan.shares()["west"] == len(WEST) - 3  # type: ignore[index]
    plan.step(text, "east")
    assert plan.shares() == SHARES


def test_undo_while_others_type_gives_the_words_back(plan: Attribution) -> None:
    text = WEST + EAST
    for cut in (text[:20] + text[21:], text[:20] + text[22:]):
        plan.step(cut, "east")
        plan.step("先" + cut, "x")
        plan.step(cut, "x")
    plan.step("先" + text[:20] + text[22:], "west")
    plan.step("先" + text, "east")
    assert plan.shares() == {"west": len(WEST) + 1, "east": len(EAST)}


def test_who_mends_a_sentence_that_was_copied_keeps_it(plan: Attribution) -> None:
    plan.step(WEST + EAST + WEST, "east")
    for mended in (WEST[:20] + "嗯" + WEST[20:], WEST, WEST[:20] + WEST[21:], WEST):
        plan.step(mended + EAST + WEST, "west")
    assert plan.shares() == SHARES


def test_one_character_deleted_and_put_back_is_its_authors(plan: Attribution) -> None:
    text = WEST + EAST
    plan.step(text[:20] + text[21:], "east")
    plan.step(text, "east")
    assert plan.shares() == SHARES


@pytest.mark.parametrize("piece", [1, 3, 5, 19, 200])
def test_a_copy_of_what_stands_in_the_plan_is_nobodys(plan: Attribution, piece: int) -> None:
    """However small the pieces are in which it is pasted."""
    text = WEST + EAST
    for done in range(0, len(WEST), piece):
        plan.step(text + "另外：" + WEST[: done + piece], "east")
    assert plan.tally() == {"west": len(WEST), "east": len(EAST) + 3, COPIED: len(WEST)}


def test_who_copies_and_deletes_the_original_has_moved_it(plan: Attribution) -> None:
    plan.step(WEST + EAST + WEST, "east")
    plan.step(EAST + WEST, "east")
    assert plan.shares() == SHARES


def test_who_deletes_and_types_off_has_written_nothing(plan: Attribution) -> None:
    plan.step(EAST, "east")
    for done in range(len(WEST)):
        plan.step(EAST + "。" + WEST[: done + 1], "east")
    assert plan.tally() == {"west": len(WEST), "east": len(EAST) + 1}


def test_an_input_method_leaves_only_what_was_chosen(plan: Attribution) -> None:
    text = WEST + EAST
    for composed in ("n", "ni", "ni'h", "ni'ha", "ni'hao", "你好"):
        plan.step(WEST[:10] + composed + text[10:], "east")
    assert plan.shares() == {"west": len(WEST), "east": len(EAST) + 2}


def test_the_template_is_nobodys_and_stays_so_when_it_moves() -> None:
    plan = Attribution("课题 学情分析 教学目标 作业设计")
    plan.step("课题 光的折射 学情分析 教学目标 作业设计", "west")
    plan.step("作业设计 课题 光的折射 学情分析 教学目标", "west")
    assert plan.tally() == {TEMPLATE: 14, "west": 4}
    assert plan.shares() == {"west": 4}


def test_a_version_brought_back_gives_its_authors_back(plan: Attribution) -> None:
    version = Attribution.decode(plan.encode(), WEST + EAST)
    later = Attribution("", TEMPLATE)
    later.step("全新的一稿，什么都没有留下。", "east")
    later.step(WEST + EAST, "somebody", version)
    assert later.shares() == SHARES


def test_excluded_parts_count_for_nobody(plan: Attribution) -> None:
    assert plan.shares([Span(5, 15), Span(10, 20)]) == {"west": len(WEST) - 15, "east": len(EAST)}


def test_runs_over_the_plain_text_keep_white_space_with_what_stands_before() -> None:
    plan = Attribution()
    plan.step("  光 的", "west")
    plan.step("  光 的\n折 射", "east")
    assert plan.runs_over("  光 的\n折 射") == [(TEMPLATE, 2), ("west", 4), ("east", 3)]
    with pytest.raises(ValueError, match="another text"):
        plan.runs_over("光")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_damaged_states_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Attribution.decode(data, "")


def test_a_state_of_another_text_is_refused(plan: Attribution) -> None:
    with pytest.raises(ValueError, match="another text"):
        Attribution.decode(plan.encode(), WEST)


# --- properties -----------------------------------------------------------------------------------------------------

_CHARACTERS = "光的折射水面铅笔观察实验教师学生小组讨论为什么记录猜想汇报提问回答导入新授练习作业板书课件远端"


def _written(rng: random.Random) -> tuple[Attribution, list[str]]:
    """Return a plan of 24 blocks that four people wrote, into each other's blocks too."""
    plan, blocks = Attribution(), [""] * 24
    for _ in range(60):
        place = rng.randrange(24)
        at = rng.randint(0, len(blocks[place]))
        words = "".join(rng.choices(_CHARACTERS, k=rng.randint(4, 30)))
        blocks[place] = blocks[place][:at] + words + blocks[place][at:]
        plan.step("\n".join(blocks), rng.choice("abcd"))
    return plan, blocks


def _enter(blocks: list[str], rng: random.Random) -> list[list[str]]:
    place = rng.randrange(len(blocks))
    at = rng.randint(0, len(blocks[place]))
    return [[*blocks[:place], blocks[place][:at], blocks[place][at:], *blocks[place + 1 :]]]


def _join(blocks: list[str], rng: random.Random) -> list[list[str]]:
    place = rng.randrange(len(blocks) - 1)
    return [[*blocks[:place], blocks[place] + " " + blocks[place + 1], *blocks[place + 2 :]]]


def _move(blocks: list[str], rng: random.Random) -> list[list[str]]:
    left = list(blocks)
    left.insert(rng.randrange(len(left)), left.pop(rng.randrange(len(blocks))))
    return [left]


def _cut_and_paste(blocks: list[str], rng: random.Random) -> list[list[str]]:
    begin, end = sorted(rng.sample(range(len(blocks) + 1), 2))
    left = [*blocks[:begin], *blocks[end:]]
    at = rng.randint(0, len(left))
    return [left, [*left[:at], *blocks[begin:end], *left[at:]]]


def _delete_and_undo(blocks: list[str], rng: random.Random) -> list[list[str]]:
    text = "\n".join(blocks)
    begin = rng.randrange(len(text))
    length = rng.randint(1, 40)
    return [(text[:begin] + text[begin + length :]).split("\n"), blocks]


_EDITS: list[Callable[[list[str], random.Random], list[list[str]]]] = [
    _enter, _join, _move, _cut_and_paste, _delete_and_undo,
]  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1 << 30), st.lists(st.sampled_from(_EDITS), min_size=1, max_size=12))
def test_structural_edits_change_no_share(
    seed: int, edits: list[Callable[[list[str], random.Random], list[list[str]]]]
) -> None:
    rng = random.Random(seed)
    plan, blocks = _written(rng)
    before = plan.shares()
    for edit in edits:
        states = edit(blocks, rng)
        for state in states:
            plan.step("\n".join(state), "editor")
        blocks = states[-1]
    total = sum(before.values())
    after = plan.shares()
    assert sum(after.values()) == total
    assert all(abs(after.get(one, 0) - before.get(one, 0)) <= 0.005 * total for one in {*before, *after})


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1 << 30), st.integers(0, 30))
def test_a_replay_from_any_saved_state_gives_the_same_shares(seed: int, crash: int) -> None:
    rng = random.Random(seed)
    text = ""
    whole, restarted = Attribution(), Attribution()
    for number in range(30):
        begin = rng.randint(0, len(text))
        end = min(len(text), begin + rng.choice((0, 0, 1, 5, 40)))
        words = rng.choice(("", "".join(rng.choices(_CHARACTERS, k=rng.randint(1, 30))), text[:25], WEST))
        text, author = text[:begin] + words + text[end:], rng.choice("abc")
        whole.step(text, author)
        restarted.step(text, author)
        if number == crash:
            restarted = Attribution.decode(restarted.encode(), text)
    assert restarted.encode() == whole.encode()
    assert sum(whole.tally().values()) == len(counted(text))
