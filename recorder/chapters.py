"""Chapters from page turns, and from the moments that somebody marked. Pure.

A page that was shown for less than 15 s was passed by, not taught; chapters closer than 20 s are one. The numbers are
those that lecture recordings elsewhere settled on for slide changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from recorder.control import Chapter

DWELL_MS = 15_000
MERGE_MS = 20_000

Turn = tuple[float, int, str]  # recording time in ms, page, title
Mark = tuple[float, str]  # recording time in ms, the words of whoever marked it, perhaps none


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


def make_chapters(placed: Sequence[tuple[int, int, str]], duration_ms: int) -> tuple[Chapter, ...]:
    """Return the chapters; the first begins at 0. `placed` is what `place_turns` returned."""
    chapters: list[Chapter] = []
    is_passing = False  # the last chapter's own page was only passed by
    for index, (start, page, title) in enumerate(placed):
        end = placed[index + 1][0] if index + 1 < len(placed) else duration_ms
        name = title.strip() or f"第 {page} 页"
        is_taught = end - start >= DWELL_MS
        if not chapters:
            chapters.append(Chapter(0, name))
            is_passing = not is_taught
        elif is_taught and start - chapters[-1].start_ms >= MERGE_MS:
            chapters.append(Chapter(start, name))
            is_passing = False
        elif is_taught and is_passing:  # a cover, then at once the first real page
            chapters[-1] = Chapter(chapters[-1].start_ms, name)
            is_passing = False
    return tuple(chapters)


def with_marks(
    chapters: Sequence[Chapter], marks: Sequence[Mark], origin_ms: float, duration_ms: int
) -> tuple[Chapter, ...]:
    """Return the chapters with one more for each marked moment of the file; of two at one moment the mark stays."""
    found = {chapter.start_ms: chapter for chapter in chapters}
    for t_ms, label in marks:
        start = round(t_ms - origin_ms)
        if 0 <= start < duration_ms:
            found[start] = Chapter(start, f"标记：{label}" if label else "标记")
    return tuple(found[start] for start in sorted(found))
