"""Papers that go together: the case collection (案例集) of a group, one plan after the other with what came of each."""

from __future__ import annotations

from collections.abc import Iterable

from server.planning.export.paper import Block, Heading, PageBreak, Paper, Paragraph, line, words


def bind(title: str, facts: tuple[str, ...], parts: Iterable[tuple[Paper, ...]], footer: str) -> Paper:
    """Return one paper of several: a cover with its contents, then each part on a page of its own.

    Args:
        title: of the whole.
        facts: under it.
        parts: what belongs together: a plan, its lessons, their reviews.
        footer: of every page.
    """
    all_parts = list(parts)
    cover: list[Block] = [Heading("目录", 1)]
    cover += [line(part[0].title, bullet=f"{number}.") for number, part in enumerate(all_parts, 1)]
    inside = [block for number, part in enumerate(all_parts, 1) for block in _part(number, part)]
    return Paper(title, facts, (*cover, *inside), footer)


def _part(number: int, papers: tuple[Paper, ...]) -> list[Block]:
    found: list[Block] = [PageBreak()]
    for place, paper in enumerate(papers):
        found.append(Heading(f"案例{number}　{paper.title}" if place == 0 else paper.title, 1))
        found += [line(fact, "note") for fact in paper.facts]
        found += [_deeper(block) for block in paper.blocks]
    return found


def _deeper(block: Block) -> Block:
    return Heading(block.text, min(3, block.level + 1)) if isinstance(block, Heading) else block


def empty(text: str) -> Paragraph:
    """Return the line that stands where nothing is."""
    return Paragraph(words(text), "note")
