"""Figures for people: shares, and a table that spreadsheets open as text."""

from __future__ import annotations

import csv
import io

from msgspec.structs import replace

from server.lessons.figures import HEADER, as_csv, figure
from server.lessons.model import PlayedLesson
from signaling.messages import PeerId, RoomId
from signaling.playback import Playback
from signaling.roles import Role

ROW = Playback(
    PeerId("p1"),
    Role.CLASSROOM,
    "五年级一班",
    "河口小学",
    "s1",
    "c1",
    watched_ms=2_400_000,
    video_stall_ms=192_000,
    paused_ms=60_000,
    audio_ms=2_000_000,
    audio_concealed_ms=5_000,
    line_ms=2_400_000 * 330,
    sent_bytes=91_234_567,
    clear_ms=1_800_000,
    smooth_ms=600_000,
    path="turn_tls",
    limited=True,
)
NOTHING = Playback(PeerId("p2"), Role.LECTURER, "林晓云", "春城实验小学")
LESSON = PlayedLesson(RoomId("abcd2345"), "光的折射", "科学", 1_790_000_000_000, "春城实验小学", (ROW, NOTHING))


def lines(lesson: PlayedLesson) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv([lesson]).decode("utf-8-sig"))))


def test_shares_are_percent_of_what_was_watched_and_heard() -> None:
    shown = figure(ROW)
    assert (shown["watched_s"], shown["video_stall_pct"], shown["paused_pct"]) == (2400, 8.0, 2.5)
    assert (shown["audio_concealed_pct"], shown["mean_height"], shown["megabytes"]) == (0.2, 330, 91.2)
    assert shown["rungs"] == {"hd": 0.0, "clear": 75.0, "smooth": 25.0, "slides_audio": 0.0, "audio": 0.0}


def test_of_nothing_there_is_no_share() -> None:
    shown = figure(NOTHING)
    assert (shown["video_stall_pct"], shown["audio_concealed_pct"], shown["mean_height"]) == (None, None, None)
    assert set(shown["rungs"].values()) == {None}


def test_the_table_opens_in_a_spreadsheet() -> None:
    data = as_csv([LESSON])
    assert data.startswith(b"\xef\xbb\xbf" + "课堂代码,课程".encode())
    assert data.count(b"\r\n") == 3
    first, second = lines(LESSON)
    assert tuple(first) == HEADER
    assert (first["学校"], first["教室或姓名"], first["身份"]) == ("河口小学", "五年级一班", "听课教室")
    assert (first["画面卡顿（%）"], first["声音缺损（%）"], first["流量（MB）"]) == ("8.0", "0.2", "91.2")
    assert (first["网络路径"], first["流量上限"], second["画面卡顿（%）"]) == ("TLS 中继", "有", "")


def test_names_are_no_formulas() -> None:
    for name in ("=cmd|x", "+1", "-1", "@a"):
        (line, _) = lines(replace(LESSON, title=name, rows=(replace(ROW, name=name), NOTHING)))
        assert line["课程"] == line["教室或姓名"] == f"'{name}"


def test_commas_quotes_and_lines_stay_in_their_cell() -> None:
    title = '折射，"光",\n第二行'
    assert lines(replace(LESSON, title=title))[0]["课程"] == title
