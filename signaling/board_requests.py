"""What a client asks of the board, besides the frames of ink in flight (`signaling.board_frames`)."""

from __future__ import annotations

import msgspec

from signaling.board import InkTool
from signaling.ids import ClassroomId


class AddInk(msgspec.Struct, frozen=True, tag_field="type", tag="add_ink"):
    """Add a whole object: a text, or what was drawn while the socket was away. The same `n` again changes nothing."""

    id: int
    n: int  # counted up by the author, over all objects
    surface: str
    tool: InkTool
    points: str
    colour: int = 0
    width: int = 1
    text: str = ""


class RemoveInk(msgspec.Struct, frozen=True, tag_field="type", tag="remove_ink"):
    """Remove objects: one's own, or as a lecturer any. Those that are gone already are passed over."""

    id: int
    surface: str
    ids: tuple[str, ...]


class RestoreInk(msgspec.Struct, frozen=True, tag_field="type", tag="restore_ink"):
    """Bring back what oneself removed, or as a lecturer what anybody did."""

    id: int
    surface: str
    ids: tuple[str, ...]


class ClearInk(msgspec.Struct, frozen=True, tag_field="type", tag="clear_ink"):
    """Wipe a surface."""

    id: int
    surface: str


class ShowBoard(msgspec.Struct, frozen=True, tag_field="type", tag="show_board"):
    """Show a blank board in place of the page: one that was opened before, or the next new one. 0: the page again."""

    id: int
    board: int


class MoveBoard(msgspec.Struct, frozen=True, tag_field="type", tag="move_board"):
    """Show another part of the blank board that is shown, to everyone."""

    id: int
    x: int
    y: int


class AllowWriting(msgspec.Struct, frozen=True, tag_field="type", tag="allow_writing"):
    """Let a classroom write, or no longer."""

    id: int
    classroom: ClassroomId
    allowed: bool


class AskBoard(msgspec.Struct, frozen=True, tag_field="type", tag="ask_board"):
    """Ask for what stands on a surface higher than `after`: `board_part` says it, piece by piece."""

    id: int
    surface: str
    after: int = 0


class InkRefused(msgspec.Struct, frozen=True, tag_field="type", tag="ink_refused"):
    """Notice to its writer: object `n` was not taken. `code` as in docs/errors.md."""

    n: int
    code: str
    detail: str


BoardCommand = AddInk | RemoveInk | RestoreInk | ClearInk | ShowBoard | MoveBoard | AllowWriting
