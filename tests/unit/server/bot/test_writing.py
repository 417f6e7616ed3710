"""What the lecturer bot writes, and that it writes it once."""

from __future__ import annotations

from msgspec.structs import replace

from server.bot.writing import next_line, underline
from signaling import messages as m, replica
from signaling.board import InkObject
from signaling.board_points import decode_points

BOT = m.PeerId("bot")
LESSON = m.LessonInfo(m.RoomId("k7m2p9qx"), "光的折射", "科学", "实验小学", 40, "live")
DECK = m.Deck("d1", "光的折射", 4, "/api/lessons/k7m2p9qx/pages/{page}")


def test_a_line_is_written_once_a_page_and_counted_up() -> None:
    state = replica.initial(LESSON, DECK)
    first = next_line(state, BOT, 1)
    assert first is not None
    assert (first.n, first.surface) == (1, "page:d1:1")
    state = replica.apply(state, m.Event(state.seq + 1, 0, m.AuthorKnown(BOT)))
    state = replica.apply(state, m.Event(state.seq + 1, 0, m.InkAdded(InkObject("0.1", points=first.points))))
    assert next_line(state, BOT, 2) is None
    state = replica.apply(state, m.Event(state.seq + 1, 0, m.PageTurned(2, "")))
    second = next_line(state, BOT, 2)
    assert second is not None
    assert (second.n, second.surface) == (2, "page:d1:2")


def test_without_pages_nothing_is_written() -> None:
    assert next_line(replace(replica.initial(LESSON, DECK), deck=None), BOT, 1) is None


def test_the_line_lies_on_the_page() -> None:
    points = decode_points(underline())
    assert all(0 < point.x < m.INK_UNITS and 0 < point.y < m.INK_UNITS * 9 / 16 for point in points)
