"""The audit standard 审核标准: a form in versions, and how a filled-in one is checked. Pure.

A review keeps the number of the version that it was made by, and versions stay here for good: an old review is read
against the items that its reviewer saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from server.fields import field_invalid


class Item(msgspec.Struct, frozen=True):
    """One thing to look at."""

    id: str
    area: str
    text: str
    kind: Literal["score", "yes_no"]  # a score is 1 to 5


class Standard(msgspec.Struct, frozen=True):
    """A version of the form."""

    version: str
    items: tuple[Item, ...]


class Mark(msgspec.Struct, frozen=True):
    """What a reviewer put down for an item: a score of 1 to 5, or 1 for yes and 0 for no."""

    item: Annotated[str, msgspec.Meta(max_length=20)]
    value: Annotated[int, msgspec.Meta(ge=0, le=5)]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


MIN_SCORE = 3  # of 5: what is weaker goes back to its author before others teach with it

STANDARDS: dict[str, Standard] = {
    "2026-1": Standard(
        "2026-1",
        (
            Item("facts", "内容", "知识准确，没有科学性和政治性错误", "yes_no"),
            Item("fit", "内容", "符合课程标准，适合所标的学科、年级和层级", "score"),
            Item("design", "内容", "目标清楚，环节完整，能直接用于课堂", "score"),
            Item("language", "语言", "普通话和文字规范，讲解清楚，没有错别字", "score"),
            Item("picture", "画面", "画面清楚、稳定，课件文字看得清", "score"),
            Item("sound", "声音", "声音清楚，音量合适，没有长时间的杂音或空白", "score"),
            Item("privacy", "未成年人隐私", "没有不该公开的学生姓名、成绩、面孔和声音", "yes_no"),
            Item("rights", "版权", "图片、音乐、课文的来源合法，署名和许可填写正确", "yes_no"),
        ),
    ),
}
CURRENT = "2026-1"


def check_marks(version: str, marks: Sequence[Mark], *, is_approval: bool) -> None:
    """Pass when the form is filled in rightly: whole for an approval, as far as it goes otherwise.

    Raises:
        FieldInvalid: an item is unknown, marked twice or out of its range; or, for an approval, left out or not met.
    """
    standard = STANDARDS.get(version)
    if standard is None:
        raise field_invalid("standard", "没有这一版审核标准，请刷新页面。")
    items = {item.id: item for item in standard.items}
    seen: set[str] = set()
    for mark in marks:
        item = items.get(mark.item)
        least, most = (1, 5) if item is not None and item.kind == "score" else (0, 1)
        if item is None or mark.item in seen or not least <= mark.value <= most:
            raise field_invalid("marks", "审核表里有认不出的项目，请刷新页面重新填写。")
        seen.add(mark.item)
        if is_approval and mark.value < (MIN_SCORE if item.kind == "score" else 1):
            raise field_invalid("marks", f"“{item.text}”没有达到要求，不能通过。请退回修改，写明问题。")
    if is_approval and (left := [items[one].text for one in items if one not in seen]):
        raise field_invalid("marks", f"还有 {len(left)} 项没有填：{left[0]}。")
