"""How lessons played, for people: shares in percent, and the same as a table for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from server.lessons.model import PlayedLesson
from signaling.playback import Playback
from signaling.roles import Role

_ROLES = {
    Role.LECTURER: "主讲教师",
    Role.CLASSROOM: "听课教室",
    Role.LOCAL_TEACHER: "远端教师",
    Role.OBSERVER: "观摩",
    Role.CONVENER: "召集人",
    Role.MEMBER: "参会人",
}
_PATHS = {"udp": "直连", "turn_udp": "UDP 中继", "turn_tcp": "TCP 中继", "turn_tls": "TLS 中继", "unknown": "未知"}
HEADER = (
    "课堂代码", "课程", "科目", "上课时间", "主讲学校", "学校", "教室或姓名", "身份", "观看（分钟）", "画面卡顿（%）",
    "画面暂停（%）", "声音缺损（%）", "平均画面高度（线）", "高清（%）", "清晰（%）", "流畅（%）", "课件+声音（%）",
    "仅声音（%）", "流量（MB）", "网络路径", "流量上限",
)  # fmt: skip


def figure(row: Playback) -> dict[str, Any]:
    """Return the figures of a seat as docs/http.md has them (`Figure`)."""
    return {
        "peer": row.peer,
        "role": row.role,
        "name": row.name,
        "school": row.school,
        "watched_s": round(row.watched_ms / 1000),
        "video_stall_pct": share(row.video_stall_ms, row.watched_ms),
        "paused_pct": share(row.paused_ms, row.watched_ms),
        "audio_concealed_pct": share(row.audio_concealed_ms, row.audio_ms),
        "mean_height": round(row.line_ms / row.watched_ms) if row.watched_ms else None,
        "rungs": dict(zip(("hd", "clear", "smooth", "slides_audio", "audio"), rung_shares(row), strict=True)),
        "megabytes": round(row.sent_bytes / 1e6, 1),
        "path": row.path,
        "limited": row.limited,
    }


def share(part: int, whole: int) -> float | None:
    """Return `part` of `whole` in percent with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def rung_shares(row: Playback) -> tuple[float | None, ...]:
    """Return the share of time at each rung in percent, the best first."""
    times = (row.hd_ms, row.clear_ms, row.smooth_ms, row.slides_audio_ms, row.audio_only_ms)
    return tuple(share(time, sum(times)) for time in times)


def as_csv(lessons: Iterable[PlayedLesson]) -> bytes:
    """Return the figures as CSV that spreadsheet programs open: UTF-8 with a byte order mark, CRLF (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for lesson in lessons:
        writer.writerows(_line(lesson, row) for row in lesson.rows)
    return text.getvalue().encode("utf-8-sig")


def _line(lesson: PlayedLesson, row: Playback) -> Sequence[object]:
    starts_at = datetime.fromtimestamp(
        lesson.starts_at_ms / 1000, UTC
    ).astimezone()  # as the server's clock on the wall
    shown = figure(row)
    return (
        *map(_inert, (lesson.id, lesson.title, lesson.subject)),
        starts_at.strftime("%Y-%m-%d %H:%M"),
        *map(_inert, (lesson.lecturer_school, row.school, row.name)),
        _ROLES[row.role],
        round(row.watched_ms / 60_000, 1),
        *(_blank(shown[name]) for name in ("video_stall_pct", "paused_pct", "audio_concealed_pct", "mean_height")),
        *(_blank(one) for one in rung_shares(row)),
        shown["megabytes"],
        _PATHS[row.path],
        "有" if row.limited else "无",
    )


def _blank(value: float | None) -> float | str:
    return "" if value is None else value


def _inert(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula: names are typed in by people."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
