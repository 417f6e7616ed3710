"""A review that is open as a paper: scores by item, agreement, notes in the lesson's order, what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from server.planning.credits.rules import day_of
from server.planning.export.bound import empty
from server.planning.export.paper import Block, Heading, Paper, line, simple_table
from server.planning.reviews.agreement import Agreement
from server.planning.reviews.model import Item, Note, Rater, Review
from server.planning.reviews.rubric import Rubric

VERDICTS = {"accepted": "已采纳", "declined": "未采纳", "": ""}
_SIDES = {"main": "主讲", "remote": "远端", "both": "两端"}


def review_paper(
    review: Review,
    raters: Sequence[Rater],
    notes: Sequence[Note],
    agreement: Agreement | None,
    items: Sequence[Item],
    zone: ZoneInfo,
    footer: str,
) -> Paper:
    """Return the paper of a review that is open."""
    names = "、".join(f"{one.person.name}（{one.school}）" for one in raters)
    facts = (
        f"量表：{review.rubric.title}（第 {review.rubric.version} 版）",
        f"评课人：{names}",
        day_of(review.begun_ms, zone),
    )
    blocks: list[Block] = [Heading("评分")]
    if agreement is None:
        blocks.append(empty("还没有评分。"))
    else:
        blocks += [_scores(review.rubric, agreement), *_agreement(agreement)]
    blocks.append(Heading("听课记录"))
    blocks += [_notes(review.rubric, notes)] if notes else [empty("没有记录。")]
    remarks = [one for one in raters if one.remark]
    if remarks:
        blocks += [Heading("总评"), *(line(f"{one.person.name}：{one.remark}") for one in remarks)]
    if items:
        blocks += [Heading("改进项"), _items(items)]
    return Paper(f"评课：{review.title}", facts, tuple(blocks), footer)


def _scores(rubric: Rubric, agreement: Agreement) -> Block:
    spreads = {one.item: one for one in agreement.spreads}
    rows = []
    for item in rubric.items:
        spread = spreads.get(item.id)
        if spread is not None:
            values = "、".join(str(value) for value in spread.values)
            rows.append((_SIDES[item.side], item.area, item.text, f"{spread.mean:.1f}", values))
    return simple_table(("对象", "方面", "观察点", "平均", "各人打分"), rows, (0.09, 0.2, 0.43, 0.1, 0.18))


def _agreement(agreement: Agreement) -> list[Block]:
    said = []
    if agreement.alpha is not None:
        said.append(f"Krippendorff α（序次）{agreement.alpha:.2f}")
    if agreement.icc_mean is not None:
        said.append(f"ICC（平均）{agreement.icc_mean:.2f}")
    if agreement.near_pct is not None:
        said.append(f"相差不超过一级的占 {agreement.near_pct:.0f}%")
    text = f"{agreement.raters} 人评课。" + (f"一致性：{'；'.join(said)}。" if said else "")
    if agreement.is_small:
        text += "评课人或项目少，一致性数字只作参考。"
    return [line(text, "note")]


def _notes(rubric: Rubric, notes: Sequence[Note]) -> Block:
    texts = {item.id: item.text for item in rubric.items}
    rows = [
        (clock_of(one.at_ms), one.by.name, texts.get(one.item, ""), one.text, VERDICTS[one.verdict])
        for one in sorted(notes, key=lambda one: (one.at_ms, one.id))
    ]
    return simple_table(("时间", "记录人", "观察点", "内容", "处理"), rows, (0.11, 0.12, 0.25, 0.41, 0.11))


def _items(items: Sequence[Item]) -> Block:
    rows = [(one.text, one.owner.name, one.due_day, one.how or "未完成") for one in items]
    return simple_table(("改进", "负责人", "期限", "完成情况"), rows, (0.4, 0.15, 0.16, 0.29))


def clock_of(ms: int) -> str:
    """Return a time of a lesson as people read it."""
    seconds = max(0, ms) // 1000
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
