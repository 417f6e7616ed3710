"""The board's server side: strokes while they are drawn, and what was removed and may come back. Pure.

Theory of operation. A writer's frames are checked, relayed at once to all others, and gathered; when the pen is up they
are one `ink_added` event, made of exactly the points that were relayed, so nothing is sent twice. A stroke whose writer
goes away in the middle, or stands still for `IDLE_S`, is kept as far as it came: what the pupils saw does not vanish.
One stroke a seat is open at a time, since a seat is one pen. After a refusal the rest of that stroke is passed over.

What was removed leaves the state, so that a screen that comes back need not fetch it; it is remembered here, the last
`MAX_REMOVED` objects, with who removed it. Like the state it follows from the log alone (`note`).
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from signaling import messages as m
from signaling.acting import may
from signaling.board import (
    AuthorKnown,
    BoardEvent,
    BoardPart,
    InkAdded,
    InkCleared,
    InkObject,
    InkRemoved,
    InkRestored,
    author_number,
    current_surface,
    surface_named,
)
from signaling.board_frames import Begin, Cancel, End, Frame, More, Pointer, write_frame
from signaling.board_points import ORIGIN, Point, decode_points
from signaling.board_requests import AddInk, AskBoard, BoardCommand, InkRefused, RemoveInk, RestoreInk
from signaling.board_rules import (
    MAX_IDS,
    MAX_STROKE_CHARACTERS,
    check_surface,
    check_writing,
    decide_board,
    fitting,
    kept_points,
    may_erase,
    may_write,
    named,
    whole_object,
)
from signaling.errors import ProtocolViolation, Refused
from signaling.roles import Capability
from signaling.session import TokenBucket

IDLE_S = 20.0  # a pen that rests on the glass this long has stopped; a teacher who explains holds it for some seconds
MAX_REMOVED = 10_000  # objects of the whole lesson: a full page wiped by mistake comes back
PART_CHARACTERS = 12_000  # of one `board_part`: 1.6 s of a 60 kbit/s link, in which events still come between
RESTORED_CHARACTERS = 24_000  # of one `ink_restored`
POINTER_PER_S, POINTER_BURST = 20.0, 10.0  # a page of ours sends 15; more is not seen


class InkOutcome(msgspec.Struct, frozen=True):
    """What a frame made: events, a frame for all others, or a refusal for the writer."""

    bodies: tuple[BoardEvent, ...] = ()
    relay: bytes = b""
    refused: InkRefused | None = None


class _Stroke:
    """A stroke that is being drawn."""

    def __init__(self, author: int, begin: Begin, key: str, now: float) -> None:
        self.author = author
        self.begin = begin
        self.key = key
        self.first = self.last = ORIGIN
        self.texts: list[str] = []
        self.characters = 0
        self.began = self.heard = now

    def add(self, text: str, points: list[Point], now: float) -> None:
        """Take in points that continue it."""
        if points:
            self.first = self.first if self.texts else points[0]
            self.last = points[-1]
            self.texts.append(text)
            self.characters += len(text)
        self.heard = now

    def added(self, state: m.Snapshot) -> InkAdded:
        """Return what is drawn so far as a finished object."""
        begin = self.begin
        points = kept_points(begin.tool, [self.first, self.last]) or "".join(self.texts)
        drawn = InkObject(f"{self.author}.{begin.n}", begin.tool, begin.colour, begin.width, points)
        return InkAdded(drawn, named(state, self.key), round(1000 * (self.heard - self.began)))


class InkDesk:
    """The board's private side in a room."""

    def __init__(self) -> None:
        self._open: dict[m.PeerId, _Stroke] = {}
        self._removed: dict[str, tuple[str, InkObject, m.PeerId]] = {}  # by id: surface, object, who removed it
        self._pointers: dict[m.PeerId, TokenBucket] = {}
        self._pointing: set[m.PeerId] = set()

    # --- ink in flight

    def on_frame(self, state: m.Snapshot, actor: m.Participant, frame: Frame, now: float) -> InkOutcome:
        """Take in a frame of `actor`.

        Raises:
            ProtocolViolation: `message_malformed`: the points are none.
        """
        match frame:
            case Begin():
                return self._begin(state, actor, frame, now)
            case More(points=text):
                return self._go_on(state, actor, text, now)
            case End(points=text):
                stroke = self._open.get(actor.peer)
                if stroke is not None:
                    stroke.add(text, _points(text, stroke.last if stroke.texts else ORIGIN), now)
                return InkOutcome(self.finish(state, actor.peer))
            case Cancel():
                stroke = self._open.pop(actor.peer, None)
                return InkOutcome(relay=write_frame(stroke.author, frame)) if stroke is not None else InkOutcome()
            case Pointer():
                return self._point(state, actor, frame, now)

    def finish(self, state: m.Snapshot, peer: m.PeerId) -> tuple[BoardEvent, ...]:
        """Return the event of the stroke that `peer` has open, which is kept as it is; none when there is none."""
        stroke = self._open.pop(peer, None)
        if stroke is None or not stroke.texts:
            return ()
        return (stroke.added(state),)

    def on_gone(self, state: m.Snapshot, peer: m.PeerId) -> InkOutcome:
        """Take in that a writer's socket is gone."""
        self._pointers.pop(peer, None)
        was_pointing, author = peer in self._pointing, author_number(state.board, peer)
        self._pointing.discard(peer)
        relay = write_frame(author, Pointer("")) if was_pointing and author is not None else b""
        return InkOutcome(self.finish(state, peer), relay)

    def open_frames(self, state: m.Snapshot, peer: m.PeerId) -> tuple[bytes, ...]:
        """Return the strokes that others are drawing, for a socket that has just come."""
        return tuple(
            write_frame(one.author, replace(one.begin, surface=named(state, one.key), points="".join(one.texts)))
            for other, one in self._open.items()
            if other != peer
        )

    def next_timeout(self) -> float | None:
        """Return when the oldest open stroke has stood still for too long."""
        return min((one.heard + IDLE_S for one in self._open.values()), default=None)

    def on_timeout(self, state: m.Snapshot, now: float) -> tuple[BoardEvent, ...]:
        """Return the events of strokes that stood still for too long."""
        still = [peer for peer, one in self._open.items() if one.heard + IDLE_S <= now]
        return tuple(body for peer in still for body in self.finish(state, peer))

    # --- requests

    def decide(self, state: m.Snapshot, actor: m.Participant, request: BoardCommand) -> tuple[BoardEvent, ...]:
        """Return the events that carry out a request; none when it is so already.

        Raises:
            Refused: `not_allowed`, `surface_unknown`, `surface_full`, `ink_too_many`, `text_empty`, `text_too_long`.
            ProtocolViolation: `message_malformed`.
        """
        match request:
            case AddInk():
                return self._add(state, actor, request)
            case RemoveInk(surface=key, ids=ids):
                return self._remove(state, actor, key, ids)
            case RestoreInk(surface=key, ids=ids):
                return self._restore(state, actor, key, ids)
            case _:
                return decide_board(state, actor, request)

    def part(self, state: m.Snapshot, request: AskBoard) -> BoardPart:
        """Return the next piece of a surface.

        Raises:
            Refused: `surface_unknown`.
        """
        check_surface(state, request.surface)
        objects, known = fitting(surface_named(state.board, request.surface), request.after, PART_CHARACTERS)
        return BoardPart(state.seq, request.surface, request.after, objects, known)

    def note(self, before: m.Snapshot, body: m.EventBody) -> None:
        """Remember what `body`, which is about to change `before`, removes."""
        match body:
            case InkRemoved(ids=ids):
                gone: frozenset[str] | None = frozenset(ids)
            case InkCleared():
                gone = None
            case InkRestored(objects=objects):
                for one in objects:
                    self._removed.pop(one.id, None)
                return
            case _:
                return
        key = body.surface or current_surface(before)
        for one in surface_named(before.board, key).objects:
            if gone is None or one.id in gone:
                self._removed[one.id] = (key, one, body.by)
        while len(self._removed) > MAX_REMOVED:
            del self._removed[next(iter(self._removed))]

    # --- inside

    def _begin(self, state: m.Snapshot, actor: m.Participant, frame: Begin, now: float) -> InkOutcome:
        points = _points(frame.points, ORIGIN)
        before = self.finish(state, actor.peer)
        author = author_number(state.board, actor.peer)
        if author is not None and frame.n <= self._last(state, author, before):
            return InkOutcome(before)  # it came already, before a socket that was lost
        key = frame.surface or current_surface(state)
        try:
            check_writing(state, actor, key)
        except Refused as error:
            return InkOutcome(before, refused=InkRefused(frame.n, error.code, error.detail))
        bodies = before if author is not None else (*before, AuthorKnown(actor.peer))
        number = author if author is not None else len(state.board.authors)
        stroke = self._open[actor.peer] = _Stroke(number, frame, key, now)
        stroke.add(frame.points, points, now)
        return InkOutcome(bodies, write_frame(number, replace(frame, surface=named(state, key))))

    def _last(self, state: m.Snapshot, author: int, bodies: tuple[BoardEvent, ...]) -> int:
        coming = (int(one.object.id.partition(".")[2]) for one in bodies if isinstance(one, InkAdded))
        return max(state.board.authors[author].last, *coming, 0)

    def _go_on(self, state: m.Snapshot, actor: m.Participant, text: str, now: float) -> InkOutcome:
        stroke = self._open.get(actor.peer)
        if stroke is None:
            return InkOutcome()  # refused, or finished meanwhile: the writer is told, and begins anew
        points = _points(text, stroke.last if stroke.texts else ORIGIN)
        if stroke.characters + len(text) > MAX_STROKE_CHARACTERS:
            refused = InkRefused(stroke.begin.n, "ink_too_long", "这一笔太长了，请抬一下笔。")
            return InkOutcome(self.finish(state, actor.peer), refused=refused)
        stroke.add(text, points, now)
        return InkOutcome(relay=write_frame(stroke.author, More(text)) if text else b"")

    def _point(self, state: m.Snapshot, actor: m.Participant, frame: Pointer, now: float) -> InkOutcome:
        if not may_write(state, actor):
            return InkOutcome()  # it fades on its own
        _points(frame.points, ORIGIN)
        bucket = self._pointers.get(actor.peer)
        if bucket is None:
            bucket = self._pointers[actor.peer] = TokenBucket(POINTER_BURST, POINTER_PER_S, now)
        if frame.points and not bucket.take(now):
            return InkOutcome()
        (self._pointing.add if frame.points else self._pointing.discard)(actor.peer)
        author = author_number(state.board, actor.peer)
        if author is not None:
            return InkOutcome(relay=write_frame(author, frame))
        return InkOutcome((AuthorKnown(actor.peer),), write_frame(len(state.board.authors), frame))

    def _add(self, state: m.Snapshot, actor: m.Participant, request: AddInk) -> tuple[BoardEvent, ...]:
        before = self.finish(state, actor.peer)
        author = author_number(state.board, actor.peer)
        if author is not None and request.n <= self._last(state, author, before):
            return before
        check_writing(state, actor, request.surface)
        number = len(state.board.authors) if author is None else author
        added = InkAdded(whole_object(request, number), named(state, request.surface))
        return (*before, added) if author is not None else (*before, AuthorKnown(actor.peer), added)

    def _remove(
        self, state: m.Snapshot, actor: m.Participant, key: str, ids: tuple[str, ...]
    ) -> tuple[BoardEvent, ...]:
        self._check_ids(state, actor, key, ids)
        wanted = frozenset(ids)
        found = tuple(one.id for one in surface_named(state.board, key).objects if one.id in wanted)
        if any(not may_erase(state, actor, one) for one in found):
            raise Refused("not_allowed", "只能擦除自己写的内容。")
        return (InkRemoved(found, actor.peer, named(state, key)),) if found else ()

    def _restore(
        self, state: m.Snapshot, actor: m.Participant, key: str, ids: tuple[str, ...]
    ) -> tuple[BoardEvent, ...]:
        self._check_ids(state, actor, key, ids)
        is_master = may(state, actor, Capability.DRAW)
        held = [self._removed[one] for one in dict.fromkeys(ids) if one in self._removed]
        back = [one for where, one, by in held if where == key and (is_master or by == actor.peer)]
        back.sort(key=lambda one: one.z)
        surface = named(state, key)
        return tuple(InkRestored(objects, surface) for objects in _portions(back))

    def _check_ids(self, state: m.Snapshot, actor: m.Participant, key: str, ids: tuple[str, ...]) -> None:
        if not may_write(state, actor):
            raise Refused("not_allowed", "现在不能在这里书写。请老师先允许。")
        if len(ids) > MAX_IDS:
            raise Refused("ink_too_many", f"一次最多擦除或恢复 {MAX_IDS} 笔。")
        check_surface(state, key)


def _portions(objects: list[InkObject]) -> list[tuple[InkObject, ...]]:
    portions: list[list[InkObject]] = []
    size = RESTORED_CHARACTERS
    for one in objects:
        size += len(one.points) + len(one.text) + 40  # its envelope
        if size > RESTORED_CHARACTERS:
            portions.append([])
            size = 0
        portions[-1].append(one)
    return [tuple(one) for one in portions]


def _points(text: str, before: Point) -> list[Point]:
    try:
        return decode_points(text, before)
    except ValueError as error:
        raise ProtocolViolation("message_malformed", "消息格式不对。") from error
