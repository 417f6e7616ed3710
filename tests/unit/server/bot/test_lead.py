"""When the lecturer bot leads, and which page comes next."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from server.bot.lead import may_lead, next_page
from signaling import messages as m, replica
from signaling.roles import Role

BOT, HUMAN = m.PeerId("bot"), m.PeerId("human")
LESSON = m.LessonInfo("k7m2p9qx", "光的折射", "科学", "实验小学", 40, "live")
DECK = m.Deck("d1", "光的折射", 4, "/api/lessons/k7m2p9qx/pages/{page}")


def room(lead: m.PeerId | None, *seats: m.PeerId) -> m.Snapshot:
    people = tuple(m.Participant(seat, Role.LECTURER, "老师", "实验小学") for seat in seats)
    return replace(replica.initial(LESSON, DECK), participants=people, lead=lead)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (room(None, BOT), True),
        (room(BOT, BOT), True),
        (room(HUMAN, BOT, HUMAN), False),
        (room(HUMAN, BOT), True),  # the human's seat is gone, and nobody has taken the lead since
    ],
    ids=["nobody leads", "it leads itself", "a human leads", "the leader is gone"],
)
def test_leads_only_where_nobody_else_does(state: m.Snapshot, expected: bool) -> None:
    assert may_lead(state, BOT) is expected


@pytest.mark.parametrize(("page", "expected"), [(1, 2), (3, 4), (4, 1)])
def test_after_the_last_page_comes_the_first(page: int, expected: int) -> None:
    assert next_page(replace(room(BOT, BOT), page=page)) == expected


@pytest.mark.parametrize("deck", [None, replace(DECK, pages=1)])
def test_without_pages_nothing_is_turned(deck: m.Deck | None) -> None:
    assert next_page(replace(room(BOT, BOT), deck=deck)) is None
