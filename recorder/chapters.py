"""Chapters: where in a lesson somebody would want to begin. Pure.

Of two moments close together the weightier stays: a mark that somebody made, a question, a classroom that was called
on, a page that was taught, class that went on after a pause. A page that was shown for less than 15 s was passed by,
not taught; chapters closer than 20 s are one; there are at most 30 an hour. The numbers are those that lecture
recordings elsewhere settled on for slide changes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from recorder.control import Chapter
from recorder.story import Story, marks, resumes

DWELL_MS = 15_000
MERGE_MS = 20_000
MOST_AN_HOUR = 30
LEAST_MOST = 5  # of a recording of some minutes
TITLE_CHARACTERS = 40

Kind = Literal["page", "mark", "question", "hand", "resume", "scene"]
Turn = tuple[float, int, str]  # recording time in ms, page, title
_WEIGHT: dict[Kind, int] = {"mark": 0, "question": 1, "hand": 2, "page": 3, "scene": 3, "resume": 4}


class Moment(NamedTuple):
    """Where a chapter could begin, on the file's time."""

    ms: int
    title: str
    kind: Kind
    lasts_ms: int = 0  # how long a page was shown


def place_turns(turns: Sequence[Turn], origin_ms: float, duration_ms: int) -> list[tuple[int, int, str]]:
    """Return the turns on the file's time: the page at its begin first, none after its end, repetitions left out."""
    placed: list[tuple[int, int, str]] = []
    for t_ms, page, title in turns:
        start = max(0, round(t_ms - origin_ms))
        if start >= duration_ms and placed:
            break
        if placed and placed[-1][0] == start:
            placed.pop()
        if placed and placed[-1][1] == page:
            continue
        placed.append((start, page, title))
    if placed and placed[0][0] > 0:  # no turn before it: a lesson begins at its first page
        placed.insert(0, (0, 1, ""))
    return placed


def taught_pages(
    placed: Sequence[tuple[int, int, str]], duration_ms: int, kind: Literal["page", "scene"] = "page"
) -> list[Moment]:
    """Return the pages that were shown for long enough. `placed` is what `place_turns` returned."""
    ends = [*(start for start, _, _ in placed[1:]), duration_ms][: len(placed)]
    return [
        Moment(start, title.strip() or f"第 {page} 页", kind, end - start)
        for (start, page, title), end in zip(placed, ends, strict=True)
        if end - start >= DWELL_MS
    ]


def told_moments(story: Story, outages: Iterable[float], origin_ms: float, duration_ms: int) -> list[Moment]:
    """Return what the lesson's events mark: marks, questions, calls, and where it went on.

    `story` is on the time without pauses; `outages` are when something came again after nothing had come for long.
    """
    found: list[tuple[float, str, Kind]] = [
        (t_ms, f"标记：{label}" if label else "标记", "mark") for t_ms, label in marks(story)
    ]
    names: dict[str, str] = {}
    for t_ms, body in story.events:
        if body.get("kind") == "participant_joined":
            seat = body.get("participant") or {}
            names[str(seat.get("peer"))] = _seat_name(seat)
        elif body.get("kind") == "question_asked":
            title = str((body.get("question") or {}).get("title") or "").strip()
            found.append((t_ms, _short(f"提问：{title}") if title else "提问", "question"))
        elif body.get("kind") == "called_on" and body.get("peer"):
            name = names.get(str(body["peer"]), "")
            found.append((t_ms, _short(f"连线：{name}") if name else "连线课堂", "hand"))
    found += [(t_ms, "继续上课", "resume") for t_ms in (*resumes(story), *outages)]
    placed = [Moment(round(t_ms - origin_ms), title, kind) for t_ms, title, kind in found]
    return [one for one in placed if 0 <= one.ms < duration_ms]


def make_chapters(
    moments: Iterable[Moment], placed: Sequence[tuple[int, int, str]], duration_ms: int
) -> tuple[Chapter, ...]:
    """Return the chapters, in order; the first begins at 0.

    Args:
        moments: where they could begin; those outside of the file are left out.
        placed: the page turns, as `place_turns` returned them.
        duration_ms: how long the file is.
    """
    kept: list[Moment] = []
    most = max(LEAST_MOST, math.floor(MOST_AN_HOUR * duration_ms / 3_600_000))
    for one in sorted(moments, key=lambda one: (_WEIGHT[one.kind], -one.lasts_ms, one)):
        if not 0 <= one.ms < duration_ms:
            continue
        near = next((n for n, other in enumerate(kept) if abs(other.ms - one.ms) < MERGE_MS), None)
        if near is None and len(kept) < most - 1:  # one place is kept for the chapter at 0
            kept.append(one)
        elif near is not None and one.kind == kept[near].kind == "mark" and one.title != kept[near].title:
            both = sorted((kept[near], one))
            kept[near] = both[0]._replace(title=_short("；".join(title.title for title in both)))
    kept.sort()
    if kept and kept[0].ms < MERGE_MS and kept[0].kind != "mark":
        kept[0] = kept[0]._replace(ms=0)
    elif (kept or placed) and (not kept or kept[0].ms > 0):
        title = placed[0][2].strip() or f"第 {placed[0][1]} 页" if placed else "开始"
        kept.insert(0, Moment(0, title, "page"))
    pages = [start for start, _, _ in placed]
    return tuple(Chapter(one.ms, one.title, one.kind, _page_at(one.ms, pages, placed)) for one in kept)


def to_vtt(chapters: Sequence[Chapter], duration_ms: int) -> str:
    """Return the chapters as WebVTT."""
    ends = [*(chapter.start_ms for chapter in chapters[1:]), duration_ms][: len(chapters)]
    cues = [
        f"{vtt_time(one.start_ms)} --> {vtt_time(max(end, one.start_ms + 1))}\n{vtt_text(one.title)}\n"
        for one, end in zip(chapters, ends, strict=True)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def vtt_time(ms: int) -> str:
    """Return a time as WebVTT writes it."""
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def vtt_text(text: str) -> str:
    """Return text as it may stand in a cue: one line, no markup."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _page_at(ms: int, starts: Sequence[int], placed: Sequence[tuple[int, int, str]]) -> int:
    index = bisect_right(starts, ms) - 1
    return placed[index][1] if index >= 0 else 0


def _seat_name(seat: dict[str, Any]) -> str:
    school, name = str(seat.get("school") or ""), str(seat.get("name") or "")
    return name if name.startswith(school) else f"{school} {name}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else f"{line[: TITLE_CHARACTERS - 1]}…"
