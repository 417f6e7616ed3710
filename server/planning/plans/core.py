"""The room of one plan, without sockets, database and clock: who is in, what waits, what is due. Pure.

Theory of operation. Frames come in by `on_frame` and are looked into at once (`structs.py`): whoever breaks a rule is
`Expelled`, and the document has not seen their frame. What passes waits a few milliseconds for company. `take` puts
what waits into the document and returns it as a `Batch`, one row a connection and author; the shell stores the rows
and calls `done`, and only then is anything acknowledged, or sent to others. When storing fails the shell throws the
whole room away: its people connect again, and bring what was not acknowledged to a room that is loaded from the disk.
So the document in memory is never ahead of the disk for anybody to see.

Who wrote what is known by three things: the person of the connection, the Yjs client ids that this person was the
first to use, and, in the text, `Attribution`, which is stepped once a row. A live update with somebody else's client id
is refused. Older words of somebody else that a page brings back when it connects (the server came back from a backup)
are taken up, credited to whoever's client id they have.

The document is never read in a callback: the library holds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, TransactionEvent

from server.planning.authorship.attribution import Attribution
from server.planning.document import count_pieces, is_too_deep, plain_text, read_tree
from server.planning.plans.batches import Batch, Loaded, StepTaken, Waiting, by_connection, rows_of
from server.planning.plans.cutting import pieces
from server.planning.plans.presence import PresenceBoard
from server.planning.plans.rates import Allowance
from server.planning.plans.storage import Row
from server.planning.plans.structs import Block, Looked, Malformed, clocks_of, fresh, is_complete, look
from server.planning.plans.wire import (
    Awareness,
    Close,
    Sub,
    Sync,
    ack_frame,
    awareness_frame,
    hello_frame,
    read_frame,
    sync_frame,
)

GATHER_S = 0.012  # what comes within this time is one commit: 30 people type a key every 7 ms together
MAX_DOCUMENT_BYTES = 5 << 20  # a plan of 25,000 characters with its history is 0.2 MB
# Elements, texts and stretches of other marks, each read anew after each row: 60 ms for so many. A plan of 25,000
# characters has a thousand.
MAX_PIECES = 20_000
MAX_CONNECTIONS = 100  # of one plan: 30 who write, and a hall that reads along
MAX_OF_PERSON = 8
MAX_FRAMES_S, BURST_FRAMES = 60.0, 300.0  # typing is 10 frames a second, dragging a selection 30
MAX_BYTES_S, BURST_BYTES = 256_000.0, 6_000_000.0  # a page that comes back may bring a whole document
_SERVER = ""  # owner of the client id that the server itself edits with


class Expelled(Exception):
    """The connection is to be closed. `detail` is for people."""

    def __init__(self, code: Close, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Broken(Exception):
    """The document in memory cannot be trusted any more: the room is to be thrown away and loaded again."""

    def __init__(self, connection: int | None, reason: str) -> None:
        super().__init__(reason)
        self.connection = connection  # whose frame it was


@dataclass(slots=True)
class _Seat:
    person: str
    user: dict[str, Any]
    writes: bool
    allowance: Allowance
    carried: int = 0  # frames that carry updates
    acked: int = 0


class PlanCore:
    """One plan's room."""

    def __init__(self, loaded: Loaded, generation: int) -> None:
        self.doc = loaded.doc
        self.attribution = loaded.attribution
        self.generation = generation
        self.rows_since_snapshot = loaded.rows
        self.seq = loaded.seq
        self.outgoing: list[tuple[int, bytes]] = []  # frames by connection, in order; the shell empties it
        self._clients = loaded.clients
        self._new_clients: dict[int, str] = {}
        self._clients[self.doc.client_id] = _SERVER
        self._clocks = clocks_of(self.doc.get_state())
        self._size = loaded.size
        self._pieces = loaded.pieces
        self._seats: dict[int, _Seat] = {}
        self._next_seat = 0
        self._waiting: list[Waiting] = []
        self._to_ack: set[int] = set()
        self._asked: list[tuple[int, bytes]] = []  # state vectors that wait for the commit under way
        self._presence = PresenceBoard()
        self._due: float | None = None
        self._is_storing = False
        self._events: list[bytes] = []
        self._watch = self.doc.observe(self._on_change)

    # --- who is in ------------------------------------------------------------------------------------------------

    @property
    def connections(self) -> tuple[int, ...]:
        """Return who is connected."""
        return tuple(self._seats)

    def writes(self, connection: int) -> bool:
        """Return whether a connection may write."""
        return self._seats[connection].writes

    def join(self, person: str, user: dict[str, Any], generation: int, now: float, *, writes: bool) -> int:
        """Take up a connection, and greet it.

        Args:
            person: who it is, by the ticket.
            user: what the others are told of them.
            generation: of the copy that the page has; 0: it has none.
            now: monotonic seconds.
            writes: whether they may.

        Raises:
            Expelled: the copy is of another document, or too many are here.
        """
        if generation not in (0, self.generation):
            raise Expelled(Close.GENERATION, "这份教案已经重新整理过，和本机保存的旧副本不能合并。")
        own = sum(1 for seat in self._seats.values() if seat.person == person)
        if len(self._seats) >= MAX_CONNECTIONS or own >= MAX_OF_PERSON:
            raise Expelled(Close.TRY_LATER, "同时打开这份教案的页面太多，请关闭几个再试。")
        connection = self._next_seat
        self._next_seat += 1
        allowance = Allowance(now, (MAX_FRAMES_S, BURST_FRAMES), (MAX_BYTES_S, BURST_BYTES))
        self._seats[connection] = _Seat(person, user, writes, allowance)
        self._send(connection, hello_frame(self.generation, read_only=not writes))
        if writes:
            self._send(connection, sync_frame(Sub.STEP_1, self.doc.get_state()))
        if here := self._presence.everybody():
            self._send(connection, awareness_frame(here))
        return connection

    def leave(self, connection: int) -> None:
        """Forget a connection; what it sent stays."""
        del self._seats[connection]
        if gone := self._presence.leave(connection):
            self._send_all(awareness_frame(gone))

    # --- what comes in --------------------------------------------------------------------------------------------

    def on_frame(self, connection: int, data: bytes, now: float) -> None:
        """Take up a frame.

        Raises:
            Expelled: it breaks a rule; nothing of it was taken up.
        """
        seat = self._seats[connection]
        if not seat.allowance.spend(now, (1.0, float(len(data)))):
            raise Expelled(Close.TOO_FAST, "这个页面发送得太快，已暂停，稍后自动继续。")
        try:
            frame = read_frame(data)
            if isinstance(frame, Sync):
                if frame.sub is Sub.STEP_1:
                    clocks_of(frame.payload)
                    self._answer(connection, frame.payload)
                else:
                    self._on_update(connection, seat, frame, now)
            elif isinstance(frame, Awareness):
                self._on_awareness(connection, seat, frame, now)
            else:
                self._send(connection, awareness_frame(self._presence.everybody()))
        except Malformed as error:
            raise Expelled(Close.MALFORMED, "服务器无法理解这个页面发来的内容，请刷新页面。") from error

    def _answer(self, connection: int, state: bytes) -> None:
        if self._is_storing:  # the document has what is not on the disk yet
            self._asked.append((connection, state))
        else:
            self._send(connection, sync_frame(Sub.STEP_2, self.doc.get_update(state)))

    def _on_update(self, connection: int, seat: _Seat, frame: Sync, now: float) -> None:
        looked = look(frame.payload)
        new = {} if looked.is_empty else self._check(seat, looked, frame.sub)
        if new or looked.deletes:
            self._make_room(looked)
            parts = tuple(pieces(looked, self._clocks, lambda one: self._clients.get(one, seat.person), seat.person))
            for client, run in new.items():
                end = run[-1].clock + run[-1].length
                self._clocks[client] = end
                if client not in self._clients:
                    self._clients[client] = self._new_clients[client] = seat.person
            self._size += len(frame.payload)
            self._pieces += looked.makes
            self._waiting.append(Waiting(connection, seat.person, parts, looked.makes_types, looked.makes))
        seat.carried += 1
        self._to_ack.add(connection)
        self._wait(now)

    def _check(self, seat: _Seat, looked: Looked, sub: Sub) -> dict[int, list[Block]]:
        new = fresh(looked, self._clocks)
        if not seat.writes:
            raise Expelled(Close.FORBIDDEN, "您现在只能阅读这份教案，刚才的输入没有上传。")
        others = {self._clients.get(client, seat.person) for client in new} - {seat.person}
        if _SERVER in others or (others and sub is Sub.UPDATE):
            raise Expelled(Close.FORBIDDEN, "这个页面以别人的身份发送了修改，服务器没有接受。请刷新页面。")
        if not is_complete(looked, self._clocks):
            raise Expelled(Close.COME_AGAIN, "正在重新同步。")
        return new

    def _make_room(self, looked: Looked) -> None:
        """Pass when the document can hold the update; what is known of its size is too much rather than too little."""
        if self._size + len(looked.data) > MAX_DOCUMENT_BYTES:
            self._size = len(self.doc.get_update()) + sum(len(blob) for one in self._waiting for _, blob in one.parts)
            if self._size + len(looked.data) > MAX_DOCUMENT_BYTES:
                raise Expelled(
                    Close.DOCUMENT_FULL, "这份教案已达到 5 MB 上限。请主备人在“版本”里点“整理历史”，再继续写。"
                )
        if looked.makes and self._pieces + looked.makes > MAX_PIECES:
            self._pieces = count_pieces(read_tree(self.doc)) + sum(one.makes for one in self._waiting)
            if self._pieces + looked.makes > MAX_PIECES:
                raise Expelled(Close.DOCUMENT_FULL, "这份教案的段落、表格和格式太多了，请分成两份教案。")

    def _on_awareness(self, connection: int, seat: _Seat, frame: Awareness, now: float) -> None:
        for entry in frame.entries:
            if self._clients.get(entry.client, seat.person) == seat.person:  # a page tells of itself only
                self._presence.tell(connection, seat.user, entry)
        self._send(connection, ack_frame(seat.acked))  # tells the page that the link lives
        if self._presence.has_news:
            self._wait(now)

    # --- what is due ----------------------------------------------------------------------------------------------

    def _wait(self, now: float) -> None:
        if self._due is None:
            self._due = now + GATHER_S

    def next_timeout(self) -> float | None:
        """Return when `take` is due; None: nothing waits."""
        return self._due

    def take(self) -> Batch | None:
        """Put what waits into the document, and return what is to be stored; see `taking`."""
        taking = self.taking()
        while True:
            try:
                next(taking)
            except StopIteration as over:
                return over.value  # type: ignore[no-any-return]

    def taking(self) -> Generator[None, None, Batch | None]:
        """Put what waits into the document, and return what is to be stored; None: nothing.

        Yields after each row, which of a large plan takes 50 ms: others may have the processor then.

        Raises:
            Broken: the document did not take it.
        """
        assert not self._is_storing, "one commit at a time"
        self._is_storing = True
        self._due = None
        rows: list[Row] = []
        sources: list[int] = []
        steps: list[StepTaken] = []
        waiting, self._waiting = self._waiting, []
        clients, self._new_clients = self._new_clients, {}
        carried = {one: self._seats[one].carried for one in self._to_ack if one in self._seats}
        self._to_ack.clear()
        for one in by_connection(waiting):
            for author, blob in self._apply(one):
                carrier = None if author == one.person else one.person
                rows.append(Row(self.seq + 1 + len(rows), author, blob, carrier))
                sources.append(one.connection)
                steps.append(StepTaken(plain_text(read_tree(self.doc)), author))
                yield
            if one.makes_types and is_too_deep(self.doc):
                raise Broken(one.connection, "nested too deeply")
        batch = Batch(tuple(rows), clients, tuple(sources), tuple(steps), carried)
        if not rows and not batch.clients:
            self._is_storing = False
            self._settle(batch)
            return None
        return batch

    def edit(self, author: str, change: Callable[[Doc[Any]], None], lent: Attribution | None = None) -> Batch | None:
        """Change the document on the server, in somebody's name; None: nothing changed. What waits comes after it.

        Its authors are counted at once, so that whoever stores it can store them with it.

        Raises:
            Broken: the change failed half-way.
        """
        assert not self._is_storing, "one commit at a time"
        self._events.clear()
        try:
            with self.doc.transaction():
                change(self.doc)
        except Exception as error:
            raise Broken(None, repr(error)) from error
        if not self._events:
            return None
        blob = self._events.pop()
        me = self.doc.client_id  # of the others, what waits is counted already
        self._clocks[me] = clocks_of(self.doc.get_state()).get(me, 0)
        self._size += len(blob)
        self._is_storing = True
        tree = read_tree(self.doc)
        self._pieces = count_pieces(tree) + sum(one.makes for one in self._waiting)
        self.attribution.step(plain_text(tree), author, lent)
        return Batch((Row(self.seq + 1, author, blob),), {}, (-1,), (), {})

    def done(self, batch: Batch) -> None:
        """Acknowledge what was stored, and tell the others."""
        self._is_storing = False
        self.seq += len(batch.rows)
        self.rows_since_snapshot += len(batch.rows)
        self._settle(batch)
        for step in batch.steps:
            self.attribution.step(step.text, step.author)

    def _settle(self, batch: Batch) -> None:
        for connection, carried in batch.carried.items():
            if seat := self._seats.get(connection):
                seat.acked = carried
                self._send(connection, ack_frame(carried))
        for row, source in zip(batch.rows, batch.sources, strict=True):
            self._send_all(sync_frame(Sub.UPDATE, row.blob), but=source)
        for connection, state in self._asked:
            if connection in self._seats:
                self._send(connection, sync_frame(Sub.STEP_2, self.doc.get_update(state)))
        self._asked.clear()
        if news := self._presence.take_news():
            self._send_all(awareness_frame(news))

    # --- the document ---------------------------------------------------------------------------------------------

    def _apply(self, waiting: Waiting) -> Iterator[tuple[str, bytes]]:
        """Put one connection's updates into the document; yield what changed it, by author.

        Raises:
            Broken: the document did not take it.
        """
        for author, parts in rows_of(waiting.parts):
            self._events.clear()
            try:
                with self.doc.transaction():
                    for blob in parts:
                        self.doc.apply_update(blob)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # a panic of the library is no Exception
                raise Broken(waiting.connection, repr(error)) from error
            if self._events:
                yield author, self._events.pop()

    def _on_change(self, event: TransactionEvent) -> None:
        self._events.append(event.update)

    # --- sending --------------------------------------------------------------------------------------------------

    def _send(self, connection: int, frame: bytes) -> None:
        self.outgoing.append((connection, frame))

    def _send_all(self, frame: bytes, but: int = -1) -> None:
        self.outgoing += [(one, frame) for one in self._seats if one != but]
