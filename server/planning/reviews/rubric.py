"""Rubrics: versioned forms that a lesson is rated by. Pure.

A version is never changed: a review keeps the one it began with, so that scores of two terms are comparable only when
they say so. The default follows the five areas of the ability framework for synchronous classrooms by 杨丽勤 and 郭炯
(意识与态度、协同备课、协同教学、协同评价反思、技术环境应用), which asks other things of the main teacher and of the
teacher at the far end; the items and their wording are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from server.fields import field_invalid
from signaling.errors import Refused

Side = Literal["main", "remote", "both"]  # whose work an item is about

MAX_ITEMS = 40
_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class RubricItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to look at."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern="^[a-z0-9_]+$")]
    area: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    side: Side
    text: _Words
    hint: Annotated[str, msgspec.Meta(max_length=200)] = ""  # what to look for


class Rubric(msgspec.Struct, frozen=True):
    """A form, in one version."""

    id: str
    version: int
    title: str
    items: tuple[RubricItem, ...]
    levels: tuple[str, ...]  # what the values 1, 2, 3… mean, from the lowest
    note: str = ""


def _items(side: Side, *rows: tuple[str, str, str, str]) -> tuple[RubricItem, ...]:
    return tuple(RubricItem(f"{side}_{key}", area, side, text, hint) for key, area, text, hint in rows)


_MAIN = _items(
    "main",
    ("fair", "意识与态度", "心里装着两边的学生", "提问、目光、称呼都顾到远端，不把它当作旁听席。"),
    ("trust", "意识与态度", "把远端教师当作搭档", "把时间和任务放手交给对方，当堂肯定对方的工作。"),
    ("goals", "协同备课", "目标和难度照顾到远端学情", "事先了解远端学生学到哪里，例子和台阶为他们调整过。"),
    ("roles", "协同备课", "每个环节由谁带、做多久有约定", "教案写明分工，课上照着走；临时变化也说得清。"),
    ("across", "协同教学", "两边的学生真正互相说、互相听", "请远端说完以后，有主讲端学生的回应，反过来也有。"),
    ("wait", "协同教学", "提问以后等得住", "知道网络有迟延，留出想和走到话筒前的时间。"),
    ("clear", "协同教学", "讲解和板书后排、远端都看得清听得清", "语速适中，字够大，指到哪里说到哪里。"),
    ("evidence", "协同评价反思", "当堂知道两边学会了没有", "用提问、答题卡或作品看到两边的情况，并据此调整。"),
    ("reflect", "协同评价反思", "课后和远端教师一起复盘", "说出具体的片段和改法，写进下一稿教案。"),
    ("tools", "技术环境应用", "工具为教学服务，用得顺", "翻页、点名、小组、计时自然衔接，断线时课不断。"),
)
_REMOTE = _items(
    "remote",
    ("own", "意识与态度", "把这节课当作自己的课", "主动站到学生中间，不只是看管纪律和设备。"),
    ("grow", "意识与态度", "愿意学，也敢提不同意见", "有自己的判断，能说出本地学生需要什么。"),
    ("local", "协同备课", "把本地学情和资源带进教案", "提供学生的前测、例子、方言或生活经验。"),
    ("ready", "协同备课", "课前让学生准备到位", "座位、学具、预习、名单和答题卡都备好。"),
    ("relay", "协同教学", "接得住主讲教师的任务", "把问题用学生听得懂的话再说一遍，分组、巡视、点拨。"),
    ("voice", "协同教学", "帮学生开口，让他们被听见", "举手、递话筒、鼓励胆小的学生，及时报给主讲。"),
    ("individual", "协同教学", "照顾到跟不上的学生", "看得到个别困难，用私聊或手势告诉主讲。"),
    ("feedback", "协同评价反思", "及时反馈学生的真实情况", "课中报得准，课后说得出谁会了、谁没会、为什么。"),
    ("tools", "技术环境应用", "设备用得熟，出了问题不慌", "声音画面调得好，断网时能先带着学生学下去。"),
)
DEFAULT = Rubric(
    id="dual_teacher",
    version=1,
    title="双师协同课堂观察量表",
    items=(*_MAIN, *_REMOTE),
    levels=("没有做到", "偶尔做到", "基本做到", "做得较好", "做得很好"),
    note="按“同步课堂教师能力”的五个方面编写；主讲教师和远端教师分开看。没有看到的条目可以不打分。",
)


def check_rubric(rubric: Rubric) -> Rubric:
    """Return the rubric when it makes sense.

    Raises:
        FieldInvalid: no items, an item twice, or less than two levels.
    """
    if not 1 <= len(rubric.items) <= MAX_ITEMS:
        raise field_invalid("items", f"量表要有 1 到 {MAX_ITEMS} 个条目。")
    if len({one.id for one in rubric.items}) < len(rubric.items):
        raise field_invalid("items", "同一个条目出现了两次。")
    if not 2 <= len(rubric.levels) <= 10 or not all(one.strip() for one in rubric.levels):
        raise field_invalid("levels", "等级要有 2 到 10 个，每个都要写明含义。")
    return rubric


def check_scores(rubric: Rubric, scores: Mapping[str, int]) -> None:
    """Pass when every score is of an item and within its levels.

    Raises:
        Refused: `score_invalid`.
    """
    known = {one.id for one in rubric.items}
    for item, value in scores.items():
        if item not in known or not 1 <= value <= len(rubric.levels):
            raise Refused("score_invalid", f"打分应在 1 到 {len(rubric.levels)} 之间，并且只给量表里的条目。")
