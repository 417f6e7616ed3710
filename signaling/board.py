"""The board: what is written and drawn on the lesson's pages and on blank boards.

Theory of operation. A *surface* is what can be written on: a page of the deck, `page:<deck>:<n>`, or a blank board,
`board:<n>`. It holds *objects* (strokes, shapes, texts) in the order of their height `z`; whoever writes is an *author*
with a number, and an object's id is `<author>.<n>`, where `n` only grows: so nobody can make another's object, and one
that is sent twice is known. Points are text (`signaling.board_points`).

A page of a long lesson may hold thousands of objects, and a screen that comes back needs one page at once. So a copy of
the state may know a surface only up to a height: `known`. The law, checked by hypothesis for every height:

    cut(step(board, event)) == step(cut(board), event)

A copy that wants the rest asks for it piece by piece (`BoardPart`); each piece is whole at its place in the order of
events. The server's own state knows everything (`known` is None everywhere).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from signaling.ids import ClassroomId, PeerId

if TYPE_CHECKING:
    from signaling.messages import Snapshot  # which has a `Board` in it

InkTool = Literal["pen", "highlighter", "line", "arrow", "rectangle", "ellipse", "text"]

INK_UNITS = 16_384  # a page's width: 8.5 to a pixel of a 1920 screen, so that rounding is not seen


class InkObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something written. A shape has two points, a text one: its upper left corner."""

    id: str  # "<author>.<n>"
    tool: InkTool = "pen"
    colour: int = 0  # of the palette, 0..7
    width: int = 1  # 0 thin, 1 middle, 2 thick; a text's size
    points: str = ""
    text: str = ""
    z: int = 0  # height; 0 in `ink_added`: on top


class Surface(msgspec.Struct, frozen=True):
    """What can be written on, and what is written there."""

    key: str
    top: int = 0  # the greatest height given here so far
    x: int = 0  # which part of a blank board is shown: its upper left corner
    y: int = 0
    objects: tuple[InkObject, ...] = ()  # in order of z
    known: int | None = None  # objects higher than this are not in this copy; None: all are


class InkAuthor(msgspec.Struct, frozen=True):
    """Somebody who has written. The place in `Board.authors` is the author's number."""

    peer: PeerId
    last: int = 0  # the greatest n of an object of this author


class Board(msgspec.Struct, frozen=True):
    """Everything written in a lesson."""

    shown: str = ""  # a blank board's key; empty: the lesson's page
    boards: int = 0  # how many blank boards were opened
    authors: tuple[InkAuthor, ...] = ()
    writers: tuple[ClassroomId, ...] = ()  # the classrooms that may write; the one called on may in any case
    surfaces: tuple[Surface, ...] = ()  # those that were written on or moved, in that order


class InkAdded(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="ink_added"):
    """An object is finished. An empty surface is the one that is shown.

    `took_ms`: how long it was drawn, so that a recording can draw it again as it grew; 0: it came whole.
    """

    object: InkObject
    surface: str = ""
    took_ms: int = 0


class InkRemoved(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="ink_removed"):
    """Objects were erased, or undone."""

    ids: tuple[str, ...]
    by: PeerId
    surface: str = ""


class InkRestored(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="ink_restored"):
    """Objects that were removed are back, at their heights."""

    objects: tuple[InkObject, ...]
    surface: str = ""


class InkCleared(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="ink_cleared"):
    """A surface was wiped."""

    by: PeerId
    surface: str = ""


class AuthorKnown(msgspec.Struct, frozen=True, tag_field="kind", tag="author_known"):
    """Somebody begins to write: the next author's number is theirs."""

    peer: PeerId


class WritersChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="writers_changed"):
    """These classrooms may write, besides the one that is called on."""

    classrooms: tuple[ClassroomId, ...]


class BoardShown(msgspec.Struct, frozen=True, tag_field="kind", tag="board_shown"):
    """A blank board is shown in place of the page, or (empty) the page again."""

    surface: str


class BoardMoved(msgspec.Struct, frozen=True, tag_field="kind", tag="board_moved"):
    """Another part of a blank board is shown."""

    surface: str
    x: int
    y: int


BoardEvent = InkAdded | InkRemoved | InkRestored | InkCleared | AuthorKnown | WritersChanged | BoardShown | BoardMoved


class BoardPart(msgspec.Struct, frozen=True, tag_field="type", tag="board_part"):
    """Notice, the answer to `ask_board`: what stands on a surface higher than `after`, as it is after event `seq`."""

    seq: int
    surface: str
    after: int
    objects: tuple[InkObject, ...]
    known: int | None  # up to where, None: to the top


def page_key(deck: str, page: int) -> str:
    """Return the surface of a page."""
    return f"page:{deck}:{page}"


def board_key(number: int) -> str:
    """Return the surface of a blank board, from 1."""
    return f"board:{number}"


def current_surface(state: Snapshot) -> str:
    """Return the key of the surface that is shown; empty: there is none."""
    if state.board.shown:
        return state.board.shown
    return page_key(state.deck.id, state.page) if state.deck is not None else ""


def author_number(board: Board, peer: PeerId) -> int | None:
    """Return the number of `peer` as an author, or None."""
    return next((number for number, one in enumerate(board.authors) if one.peer == peer), None)


def author_of(board: Board, object_id: str) -> PeerId | None:
    """Return who made the object, or None for an id that nobody can have made."""
    number = object_id.partition(".")[0]
    return board.authors[int(number)].peer if number.isdecimal() and int(number) < len(board.authors) else None


def surface_named(board: Board, key: str) -> Surface:
    """Return a surface; one on which nothing was written is empty."""
    return next((one for one in board.surfaces if one.key == key), Surface(key))


def step(board: Board, body: BoardEvent, current: str) -> Board:
    """Return the board after an event, while `current` is the surface that is shown."""
    match body:
        case AuthorKnown(peer=peer):
            return replace(board, authors=(*board.authors, InkAuthor(peer)))
        case WritersChanged(classrooms=classrooms):
            return replace(board, writers=classrooms)
        case BoardShown(surface=key):
            number = int(key.partition(":")[2]) if key else 0
            return replace(board, shown=key, boards=max(board.boards, number))
        case BoardMoved(surface=key, x=x, y=y):
            return _change(board, key, lambda one: replace(one, x=x, y=y))
        case InkAdded(object=added, surface=key):
            noted = replace(board, authors=_noted(board.authors, added.id))
            return _change(noted, key or current, lambda one: _add(one, added))
        case InkRemoved(ids=ids, surface=key):
            gone = frozenset(ids)
            return _change(board, key or current, lambda one: _keep(one, lambda held: held.id not in gone))
        case InkRestored(objects=objects, surface=key):
            return _change(board, key or current, lambda one: _restore(one, objects))
        case InkCleared(surface=key):
            return _change(board, key or current, lambda one: replace(one, objects=()))


def leave(board: Board) -> Board:
    """Return the board when the lesson's page is shown instead."""
    return replace(board, shown="") if board.shown else board


def cut(board: Board, known: Callable[[Surface], int | None]) -> Board:
    """Return the board with each surface only up to the height that `known` says; None leaves it whole."""
    surfaces = []
    for one in board.surfaces:
        height = known(one)
        if height is not None:
            one = replace(one, objects=tuple(held for held in one.objects if held.z <= height), known=height)
        surfaces.append(one)
    return replace(board, surfaces=tuple(surfaces))


def add_part(board: Board, part: BoardPart) -> Board:
    """Return the board with a piece that was asked for; one that does not fit on changes nothing."""
    one = surface_named(board, part.surface)
    if one.known is None or one.known != part.after:
        return board
    whole = replace(one, objects=(*one.objects, *part.objects), known=part.known)
    return _change(board, part.surface, lambda _: whole)


def _change(board: Board, key: str, change: Callable[[Surface], Surface]) -> Board:
    if not any(one.key == key for one in board.surfaces):
        return replace(board, surfaces=(*board.surfaces, change(Surface(key))))
    return replace(board, surfaces=tuple(change(one) if one.key == key else one for one in board.surfaces))


def _noted(authors: tuple[InkAuthor, ...], object_id: str) -> tuple[InkAuthor, ...]:
    number, _, n = object_id.partition(".")
    return tuple(
        replace(one, last=max(one.last, int(n))) if place == int(number) else one for place, one in enumerate(authors)
    )


def _add(one: Surface, added: InkObject) -> Surface:
    top = one.top + 1
    if one.known is not None:
        return replace(one, top=top)
    return replace(one, top=top, objects=(*one.objects, replace(added, z=top)))


def _keep(one: Surface, is_kept: Callable[[InkObject], bool]) -> Surface:
    return replace(one, objects=tuple(held for held in one.objects if is_kept(held)))


def _restore(one: Surface, objects: tuple[InkObject, ...]) -> Surface:
    here = {held.id for held in one.objects}
    back = [held for held in objects if held.id not in here and (one.known is None or held.z <= one.known)]
    return replace(one, objects=tuple(sorted((*one.objects, *back), key=lambda held: held.z)))
