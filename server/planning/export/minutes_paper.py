"""A meeting as a paper: who was there, the agenda, the minutes as they were written, what was resolved."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from server.planning.export.bound import empty
from server.planning.export.paper import Block, Heading, Paper, line, simple_table
from server.planning.meetings.service import Shown

KINDS = {"plan": "备课会议", "joint": "联席会议"}
STATES = {"open": "进行中", "late": "已过期", "done": "已完成"}


def minutes_paper(shown: Shown, zone: ZoneInfo, today: str, footer: str) -> Paper:
    """Return the paper; `today` is the day (ISO 8601) that open resolutions are late by."""
    meeting = shown.meeting
    when = datetime.fromtimestamp(meeting.room.starts_at_ms / 1000, UTC).astimezone(zone)
    facts = (
        f"{KINDS[meeting.kind]}　{shown.group_name}",
        f"{when:%Y-%m-%d %H:%M}　召集人：{meeting.room.lecturer.name}",
    )
    return Paper(
        meeting.room.title,
        facts,
        (*_people(shown), *_agenda(shown), *_minutes(shown), *_resolutions(shown, today)),
        footer,
    )


def _people(shown: Shown) -> list[Block]:
    if not shown.attendees:
        return [Heading("出席"), empty("会议还没有举行。")]
    rows = [(one.name, one.school, f"{one.ms / 60_000:.0f} 分钟") for one in shown.attendees]
    return [Heading("出席"), simple_table(("姓名", "学校", "在场"), rows, (0.3, 0.5, 0.2))]


def _agenda(shown: Shown) -> list[Block]:
    rows = [(one.title, one.person, str(one.minutes)) for one in shown.meeting.agenda]
    return [Heading("议程"), simple_table(("内容", "主讲人", "分钟"), rows, (0.6, 0.25, 0.15))] if rows else []


def _minutes(shown: Shown) -> list[Block]:
    text = shown.meeting.minutes.text.strip()
    paragraphs: list[Block] = [line(one) for one in text.split("\n")] if text else [empty("没有纪要。")]
    return [Heading("纪要"), *paragraphs]


def _resolutions(shown: Shown, today: str) -> list[Block]:
    if not shown.resolutions:
        return [Heading("决议"), empty("没有形成决议。")]
    rows = [
        (
            one.text,
            one.owner.name,
            one.due,
            STATES[one.state(today)],
            "" if one.evidence is None else one.evidence.title,
        )
        for one in shown.resolutions
    ]
    return [
        Heading("决议"),
        simple_table(("决议", "负责人", "期限", "状态", "依据"), rows, (0.36, 0.14, 0.15, 0.12, 0.23)),
    ]
