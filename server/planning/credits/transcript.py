"""Somebody's credits as a paper: what a teacher hands in where credits are asked for."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from server.planning.credits.model import AccountClass, Claim, ClaimState, Statement
from server.planning.credits.rules import day_of
from server.planning.export.paper import Block, Heading, Paper, line, simple_table

ACCOUNT_NAMES: dict[AccountClass, str] = {"unified": "统筹学分", "autonomous": "自主学分", "growth": "提升学分"}
STATE_NAMES: dict[ClaimState, str] = {
    "pending": "公示中",
    "posted": "已入账",
    "lapsed": "未入账",
    "reversed": "已冲回",
}


def credits(amount: int) -> str:
    """Return an amount as people write it."""
    return f"{amount / 100:.2f}"


def transcript(statement: Statement, zone: ZoneInfo, now_ms: int) -> Paper:
    """Return the statement as a paper: what is posted or was reversed, never what is only pending."""
    rules = statement.rules
    shown = [one for one in statement.claims if one.state in ("posted", "reversed")]
    total = sum(one.amount for one in statement.balances)
    sums = [(ACCOUNT_NAMES[one.account], credits(one.amount)) for one in statement.balances]
    blocks: list[Block] = [
        Heading("汇总"),
        simple_table(("账户", "学分"), [*sums, ("合计", credits(total))], (0.6, 0.4)),
        Heading("明细"),
    ]
    if shown:
        head = ("日期", "工作", "内容", "学分", "状态", "凭证号")
        rows = [_row(one, zone) for one in shown]
        blocks.append(simple_table(head, rows, (0.15, 0.21, 0.32, 0.1, 0.11, 0.11)))
    else:
        blocks.append(line("还没有入账的学分。"))
    blocks += [
        Heading("说明"),
        line(f"按“{rules.name}”（{rules.version}）计算，每笔学分公示 {rules.window_days} 天后入账。"),
        line("凭证号可以在平台上打开到对应的教案、课堂或评课记录。更正只用冲回凭证，不修改原凭证。"),
    ]
    facts = (f"{statement.name}　{statement.school}", f"打印日期 {day_of(now_ms, zone)}")
    return Paper(
        "教研学分证明", facts, tuple(blocks), "同堂 教研学分银行", {"author": "同堂", "subject": "教研学分证明"}
    )


def _row(one: Claim, zone: ZoneInfo) -> tuple[str, ...]:
    number = "" if one.entry_id is None else f"{one.entry_id:06d}"
    return (day_of(one.happened_ms, zone), one.name, one.title, credits(one.amount), STATE_NAMES[one.state], number)
