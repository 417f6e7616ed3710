"""Who may write what on the board: every rule and every bound, in one place. Pure.

    who                                              write   erase, restore      wipe, boards, who may write
    lecturer, or the local teacher acting for one    yes     everybody's         yes
    a classroom called on or allowed: its wall,      yes     own; restore what   no
      and its local teachers                                 oneself removed
    everybody else                                   no      no                  no

Two on one object: what is gone already cannot be removed again, and only who removed it (or a lecturer) brings it back;
so what a lecturer erased stays erased, whatever its author undoes or redoes.
"""

from __future__ import annotations

from msgspec.structs import replace

from signaling import messages as m
from signaling.acting import may, require_may
from signaling.board import (
    BoardEvent,
    InkObject,
    Surface,
    author_number,
    author_of,
    board_key,
    current_surface,
    page_key,
    surface_named,
)
from signaling.board_points import MOST, Point, decode_points, encode_points
from signaling.board_requests import AddInk, AllowWriting, ClearInk, MoveBoard, ShowBoard
from signaling.errors import ProtocolViolation, Refused
from signaling.replica import find
from signaling.roles import Capability, Role

MAX_OBJECTS = 10_000  # of one surface: what a school PC of 2014 still turns and draws smoothly
MAX_SURFACE_CHARACTERS = 2_000_000  # of all points and texts of one surface: 10,000 strokes of 40 points
MAX_LESSON_OBJECTS = 60_000  # of all surfaces: about 30 MB of the server's memory
MAX_AUTHORS = 500
MAX_BOARDS = 50
MAX_STROKE_CHARACTERS = 12_000  # about 3,000 points, 90 s without lifting the pen; a page of ours goes on in another
MAX_TEXT_CHARACTERS = 200
MAX_IDS = 2_000  # in one request

Steering = ShowBoard | MoveBoard | AllowWriting | ClearInk

SHAPES = frozenset({"line", "arrow", "rectangle", "ellipse"})
COLOURS, WIDTHS = 8, 3


def may_write(state: m.Snapshot, actor: m.Participant) -> bool:
    """Return whether `actor` may write now."""
    if may(state, actor, Capability.DRAW):
        return True
    if actor.role not in (Role.CLASSROOM, Role.LOCAL_TEACHER) or actor.classroom is None:
        return False
    called = find(state, state.called_on)
    is_called = called is not None and called.classroom == actor.classroom
    return is_called or actor.classroom in state.board.writers


def check_writing(state: m.Snapshot, actor: m.Participant, key: str) -> Surface:
    """Return the surface on which `actor` wants to put one more object.

    Raises:
        Refused: `not_allowed`, `surface_unknown` or `surface_full`.
    """
    if not may_write(state, actor):
        raise Refused("not_allowed", "现在不能在这里书写。请老师先允许。")
    check_surface(state, key)
    one = surface_named(state.board, key)
    total = sum(len(other.objects) for other in state.board.surfaces)
    if len(one.objects) >= MAX_OBJECTS or total >= MAX_LESSON_OBJECTS or _characters(one) >= MAX_SURFACE_CHARACTERS:
        raise Refused("surface_full", "这一页已经写满了。请翻到新的一页或新的白板。")
    if author_number(state.board, actor.peer) is None and len(state.board.authors) >= MAX_AUTHORS:
        raise Refused("surface_full", "这节课书写的人太多了。")
    return one


def check_surface(state: m.Snapshot, key: str) -> None:
    """Pass when there is such a surface: a page of the present deck, a board that was opened, or one written on.

    Raises:
        Refused: `surface_unknown`.
    """
    board, deck = state.board, state.deck
    if any(one.key == key for one in board.surfaces):
        return
    kind, _, rest = key.partition(":")
    if kind == "board" and rest.isdecimal() and board_key(int(rest)) == key and 1 <= int(rest) <= board.boards:
        return
    if kind == "page" and deck is not None:
        page = rest.rpartition(":")[2]
        if page.isdecimal() and 1 <= int(page) <= deck.pages and key == page_key(deck.id, int(page)):
            return
    raise Refused("surface_unknown", "没有这一页或这块白板。")


def whole_object(request: AddInk, author: int) -> InkObject:
    """Return the object that `request` adds.

    Raises:
        ProtocolViolation: `message_malformed`.
        Refused: `text_empty` or `text_too_long`.
    """
    try:
        points = decode_points(request.points)
    except ValueError as error:
        raise ProtocolViolation("message_malformed", "消息格式不对。") from error
    is_known = 0 < request.n < 10**9 and 0 <= request.colour < COLOURS and 0 <= request.width < WIDTHS
    if not is_known or not points or len(request.points) > MAX_STROKE_CHARACTERS:
        raise ProtocolViolation("message_malformed", "消息格式不对。")
    text = clean_lines(request.text) if request.tool == "text" else ""
    if request.tool == "text" and not text:
        raise Refused("text_empty", "请先输入文字。")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise Refused("text_too_long", f"文字太长，最多 {MAX_TEXT_CHARACTERS} 个字。")
    kept = kept_points(request.tool, points)
    return InkObject(f"{author}.{request.n}", request.tool, request.colour, request.width, kept or request.points, text)


def kept_points(tool: m.InkTool, points: list[Point]) -> str:
    """Return what is kept of the points of a shape or text: its corners; empty: all."""
    if tool == "text":
        return encode_points(points[:1])
    return encode_points((points[0], points[-1])) if tool in SHAPES else ""


def clean_lines(text: str) -> str:
    """Return `text` without control characters but line feeds."""
    kept = "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in text)
    return kept.strip()


def decide_board(state: m.Snapshot, actor: m.Participant, request: Steering) -> tuple[BoardEvent, ...]:
    """Return the events that carry out a request that needs nothing but the state.

    Raises:
        Refused: `not_allowed`, `surface_unknown`, `surface_full` or `peer_unknown`.
    """
    board = state.board
    require_may(state, actor, Capability.DRAW)
    match request:
        case ShowBoard(board=number):
            if not 0 <= number <= board.boards + 1:
                raise Refused("surface_unknown", "没有这一页或这块白板。")
            if number > MAX_BOARDS:
                raise Refused("surface_full", f"一节课最多 {MAX_BOARDS} 块白板，请接着用已有的。")
            key = board_key(number) if number else ""
            return () if board.shown == key else (m.BoardShown(key),)
        case MoveBoard(x=x, y=y):
            if not board.shown:
                return ()  # the page was turned meanwhile
            at = surface_named(board, board.shown)
            x, y = (min(max(0, one), MOST) for one in (x, y))
            return () if (at.x, at.y) == (x, y) else (m.BoardMoved(board.shown, x, y),)
        case AllowWriting():
            return _allow(state, request)
        case ClearInk(surface=key):
            check_surface(state, key)
            return (m.InkCleared(actor.peer, named(state, key)),) if surface_named(board, key).objects else ()


def may_erase(state: m.Snapshot, actor: m.Participant, object_id: str) -> bool:
    """Return whether `actor`, who may write, may remove the object."""
    return may(state, actor, Capability.DRAW) or author_of(state.board, object_id) == actor.peer


def named(state: m.Snapshot, key: str) -> str:
    """Return how an event names the surface: not at all when it is the one that is shown."""
    return "" if key == current_surface(state) else key


def cut_for_wire(state: m.Snapshot, budget_characters: int) -> m.Snapshot:
    """Return `state` with as much of the shown surface as the budget allows, and of the others nothing yet."""
    current = current_surface(state)
    surfaces = []
    for one in state.board.surfaces:
        objects, known = fitting(one, 0, budget_characters) if one.key == current else ((), 0)
        surfaces.append(replace(one, objects=objects, known=known if one.objects else None))
    return replace(state, board=replace(state.board, surfaces=tuple(surfaces)))


def fitting(one: Surface, after: int, budget_characters: int) -> tuple[tuple[InkObject, ...], int | None]:
    """Return the lowest objects above `after` that fit, one at least, and up to where they are all there are."""
    picked: list[InkObject] = []
    size = 0
    for held in one.objects:
        if held.z <= after:
            continue
        size += len(held.points) + len(held.text) + _ENVELOPE_CHARACTERS
        if picked and size > budget_characters:
            return tuple(picked), picked[-1].z
        picked.append(held)
    return tuple(picked), None


_ENVELOPE_CHARACTERS = 40  # of an object as JSON, besides its points


def _allow(state: m.Snapshot, request: AllowWriting) -> tuple[BoardEvent, ...]:
    held = state.board.writers
    if (request.classroom in held) is request.allowed:
        return ()
    if not request.allowed:
        return (m.WritersChanged(tuple(one for one in held if one != request.classroom)),)
    if not any(one.role is Role.CLASSROOM and one.classroom == request.classroom for one in state.participants):
        raise Refused("peer_unknown", "这位参与者已经离开。")
    return (m.WritersChanged((*held, request.classroom)),)


def _characters(one: Surface) -> int:
    if len(one.objects) < MAX_SURFACE_CHARACTERS // MAX_STROKE_CHARACTERS:
        return 0  # cannot be too much
    return sum(len(held.points) + len(held.text) for held in one.objects)
