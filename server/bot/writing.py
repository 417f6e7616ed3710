"""How the lecturer bot writes: a line on each page, so that demonstrations and recordings have ink. Pure."""

from __future__ import annotations

from typing import Final

from signaling import messages as m
from signaling.board import author_number, current_surface, surface_named
from signaling.board_points import Point, encode_points
from signaling.board_requests import AddInk

WAIT_S: Final = 1.5  # after a page's turning: nobody writes before having looked
FROM, TO = (0.2, 0.3), (0.7, 0.3)  # of the page's width and of 9/16 of it: below a title
_POINTS = 26


def next_line(state: m.Snapshot, you: m.PeerId, request: int) -> AddInk | None:
    """Return the request for the line on the page that is shown; None where one of ours is there already."""
    surface = current_surface(state)
    if state.deck is None or not surface:
        return None
    author = author_number(state.board, you)
    last = 0 if author is None else state.board.authors[author].last
    written = surface_named(state.board, surface).objects
    if author is not None and any(one.id.startswith(f"{author}.") for one in written):
        return None
    return AddInk(request, last + 1, surface, "pen", underline(), colour=1, width=2)


def underline() -> str:
    """Return the points of a line by hand: it swings a little."""
    points = []
    for n in range(_POINTS):
        share = n / (_POINTS - 1)
        x = FROM[0] + share * (TO[0] - FROM[0])
        swing = (0.004, 0.0, -0.004, 0.0)[n % 4]
        points.append(Point(round(x * m.INK_UNITS), round((FROM[1] + swing) * m.INK_UNITS * 9 / 16), 4))
    return encode_points(points)
