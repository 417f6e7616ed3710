"""One plan's room as it runs: it stores what the core hands out, then tells everybody, and ends when nobody is there.

One task a room. Whatever cannot be stored ends the room: its people are told, keep what they typed, and come back to a
room that is loaded from the disk. What the server itself does to a document (a version that is restored, a suggestion
that is accepted) is a command: it is served between two batches, in one transaction with what is noted of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from prometheus_client import Counter, Gauge

from server.accounts.service import Clock, epoch_ms
from server.planning.document import plain_text, read_tree
from server.planning.plans import storage, tables
from server.planning.plans.batches import Batch
from server.planning.plans.core import Broken, Expelled, PlanCore
from server.planning.plans.links import Link
from server.planning.plans.wire import Close, close_of
from server.planning.search.keeping import plan_changed
from server.storage.database import Database, Transaction
from signaling.errors import Refused, TongtangError, Unavailable

log = logging.getLogger(__name__)

IDLE_S = 30.0  # a room that nobody is in stays this long: pages are loaded anew, links come back
# A crash leaves rows to be replayed, each a walk over the whole text: about 0.05 s for these (bench.planning).
SNAPSHOT_ROWS = 300
SNAPSHOT_LETTERS = 1_000_000  # rows times letters of the plan
TIDY_AGAIN_S = 30.0  # after a snapshot that could not be stored
TOUCH_MS = 5_000  # how exactly "changed at" is kept: every commit would write the plan's row too

_T = TypeVar("_T")
_EMPTY = Batch((), {}, (), (), {})
_rooms_open = Gauge("tongtang_plan_rooms", "Plans that are open")
_rooms_lost = Counter("tongtang_plan_rooms_lost_total", "Rooms of plans that were thrown away", ["why"])

Work = Callable[[PlanCore], Batch | None]
Record = Callable[[Transaction, PlanCore], Awaitable[Any]]


class _Command(msgspec.Struct):
    work: Work | None
    record: Record
    snapshot: bool
    ends: tuple[Close, str] | None
    answer: asyncio.Future[Any]


class Room:
    """The room of one plan."""

    def __init__(self, plan_id: str, core: PlanCore, database: Database, clock: Clock) -> None:
        self.plan_id = plan_id
        self.core = core
        self.users = 0  # commands under way that need the room to stay
        self.is_over = False
        self.links: dict[int, Link] = {}
        self._database = database
        self._clock = clock
        self._wake = asyncio.Event()
        self._commands: deque[_Command] = deque()
        self._touched_ms = 0
        self._tidy_again = 0.0
        self._empty_since = asyncio.get_running_loop().time()

    # --- for sockets ----------------------------------------------------------------------------------------------

    def join(self, link: Link, user: dict[str, Any], generation: int, *, writes: bool) -> int:
        """Take up a connection; see `PlanCore.join`."""
        now = asyncio.get_running_loop().time()
        connection = self.core.join(link.person_id, user, generation, now, writes=writes)
        self.links[connection] = link
        self._pass_on()
        return connection

    def leave(self, connection: int) -> None:
        """Forget a connection."""
        del self.links[connection]
        if not self.is_over:
            self.core.leave(connection)
            self._pass_on()
        if not self.links:
            self._empty_since = asyncio.get_running_loop().time()
            self._wake.set()

    def on_frame(self, connection: int, data: bytes) -> None:
        """Take up a frame.

        Raises:
            Expelled: it breaks a rule.
        """
        if self.is_over:
            return
        waited = self.core.next_timeout() is not None
        try:
            self.core.on_frame(connection, data, asyncio.get_running_loop().time())
        except (Expelled, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic of the library is no Exception
            log.exception("a frame broke the room of plan %s", self.plan_id)
            self._lose("broken", Close.COME_AGAIN, "正在重新同步。", connection)
            self._wake.set()
            return
        self._pass_on()
        if not waited and self.core.next_timeout() is not None:
            self._wake.set()

    def close_all(self, code: Close, reason: str) -> None:
        """Close every socket after what is queued for it."""
        for link in self.links.values():
            link.end(code, reason)

    def stop(self) -> None:
        """End the room: the server goes down."""
        self.is_over = True
        self.close_all(Close.GOING_AWAY, "")
        self._wake.set()

    # --- for services ---------------------------------------------------------------------------------------------

    async def command(
        self,
        record: Callable[[Transaction, PlanCore], Awaitable[_T]],
        work: Work | None = None,
        *,
        snapshot: bool = False,
        ends: tuple[Close, str] | None = None,
    ) -> _T:
        """Serve a command when nothing waits or is being stored, and return what `record` returned.

        Args:
            record: runs in the transaction that stores the change; the document is at rest meanwhile.
            work: changes the document before.
            snapshot: store the whole document with its authors, in the same transaction.
            ends: close the room with this afterwards, because another document has taken its place on the disk.

        Raises:
            TongtangError: of `record` or of the storage; the document is as before.
        """
        if self.is_over:
            raise _lost()
        answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._commands.append(_Command(work, record, snapshot, ends, answer))
        self._wake.set()
        return await answer

    # --- the task -------------------------------------------------------------------------------------------------

    async def run(self, on_over: Callable[[Room], None]) -> None:
        """Run until nobody needs the room, or it is lost. `on_over` is called before anything else can find it."""
        _rooms_open.inc()
        try:
            while not self.is_over and not await self._is_unused():
                await self._sleep()
                await self._flush()
                while self._commands and not self.is_over:
                    await self._serve(self._commands.popleft())
                if self._has_much_to_replay() and not self.is_over:
                    await self._tidy()
        except Broken as error:
            log.warning("plan %s is loaded anew: %s", self.plan_id, error)
            self._lose("broken", Close.COME_AGAIN, "正在重新同步。", error.connection)
        except Refused as error:
            log.warning("plan %s is loaded anew: %s", self.plan_id, error)
            self._lose("refused", Close.COME_AGAIN, "正在重新同步。")
        except TongtangError as error:
            log.warning("plan %s cannot be stored: %s (%r)", self.plan_id, error, error.__cause__)
            self._lose(error.code, close_of(error.code), error.detail)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic of the library is no Exception
            log.exception("the room of plan %s failed", self.plan_id)
            self._lose("failed", Close.COME_AGAIN, "服务器内部出错，正在重新连接。")
        finally:
            self.is_over = True
            on_over(self)
            for waiting in self._commands:
                if not waiting.answer.done():
                    waiting.answer.set_exception(_lost())
            _rooms_open.dec()

    def _lose(self, why: str, code: Close, detail: str, culprit: int | None = None) -> None:
        self.is_over = True
        _rooms_lost.labels(why).inc()
        if culprit is not None and culprit in self.links:
            self.links[culprit].end(Close.MALFORMED, "服务器无法理解这个页面发来的内容，请刷新页面。")
        self.close_all(code, detail)

    async def _is_unused(self) -> bool:
        """Return whether the room can go; store a snapshot before, so that it is loaded quickly the next time."""
        if self._is_needed():
            return False
        if self.core.rows_since_snapshot:
            await self._tidy()
        return not self._is_needed()

    def _has_much_to_replay(self) -> bool:
        if asyncio.get_running_loop().time() < self._tidy_again:
            return False
        rows = self.core.rows_since_snapshot
        return rows >= SNAPSHOT_ROWS or rows * len(self.core.attribution.text) >= SNAPSHOT_LETTERS

    def _is_needed(self) -> bool:
        is_fresh = asyncio.get_running_loop().time() < self._empty_since + IDLE_S
        return bool(self.links or self.users or self._commands or is_fresh or self.core.next_timeout() is not None)

    async def _sleep(self) -> None:
        """Wait for work, or until some is due."""
        now, due = asyncio.get_running_loop().time(), self.core.next_timeout()
        if self._commands:
            return
        if due is None:
            self._wake.clear()
            until = None if self.links or self.users else self._empty_since + IDLE_S
            try:
                async with asyncio.timeout_at(until):
                    await self._wake.wait()
            except TimeoutError:
                return
        elif due > now:
            await asyncio.sleep(due - now)

    async def _flush(self, *, at_once: bool = False) -> None:
        due = self.core.next_timeout()
        if due is None or (due > asyncio.get_running_loop().time() and not at_once):
            return
        batch = await self._take()
        if batch is not None:
            await self._store(batch)
            self.core.done(batch)
        self._pass_on()

    async def _take(self) -> Batch | None:
        """Take what waits; other rooms have their turn after each row."""
        taking = self.core.taking()
        while True:
            try:
                next(taking)
            except StopIteration as over:
                return over.value  # type: ignore[no-any-return]
            await asyncio.sleep(0)

    async def _serve(self, command: _Command) -> None:
        batch: Batch | None = None
        try:
            await self._flush(at_once=True)  # what was typed before the command is in it
            batch = _EMPTY
            if command.work:
                batch = command.work(self.core) or _EMPTY
            result = await self._store(batch, command.record, snapshot=command.snapshot)
        except BaseException as error:
            if not command.answer.done():
                is_ours = isinstance(error, Broken) or not isinstance(error, Exception)
                command.answer.set_exception(_lost() if is_ours else error)
            if batch is _EMPTY and isinstance(error, TongtangError):
                return  # nothing was changed in memory
            raise
        self.core.done(batch)
        self._pass_on()
        if command.ends is not None:
            self._lose("replaced", *command.ends)
        if not command.answer.done():
            command.answer.set_result(result)

    async def _store(self, batch: Batch, record: Record | None = None, *, snapshot: bool = False) -> Any:
        now = epoch_ms(self._clock())
        seq = self.core.seq + len(batch.rows)
        async with self._database.write() as tx:
            await storage.append(tx, self.plan_id, () if snapshot else batch.rows, batch.clients, now)
            if batch.rows and now - self._touched_ms >= TOUCH_MS:
                await tables.touch(tx, self.plan_id, now)
                self._touched_ms = now
            if snapshot:
                await storage.compact(tx, self.plan_id, seq, self.core.doc.get_update(), self.core.attribution.encode())
            result = None if record is None else await record(tx, self.core)
        if snapshot:
            self.core.rows_since_snapshot = -len(batch.rows)  # `done` counts them
        return result

    async def _tidy(self) -> None:
        """Put a snapshot in the place of the rows, and let the search know the words.

        The rows have everything: when there is no room for a snapshot, nobody is disturbed, and it is tried later.
        """
        try:
            await self._compact()
        except TongtangError as error:
            log.warning("no snapshot of plan %s now: %s (%r)", self.plan_id, error, error.__cause__)
            self._tidy_again = asyncio.get_running_loop().time() + TIDY_AGAIN_S

    async def _compact(self) -> None:
        text = plain_text(read_tree(self.core.doc))

        async def record(tx: Transaction, _core: PlanCore) -> None:
            await plan_changed(tx, self.plan_id, text)

        await self._store(_EMPTY, record, snapshot=True)

    def _pass_on(self) -> None:
        """Queue what the core wants sent."""
        for connection, frame in self.core.outgoing:
            if link := self.links.get(connection):
                link.push(frame)
        self.core.outgoing.clear()


def _lost() -> Unavailable:
    return Unavailable("plan_busy", "这份教案正在重新载入，请稍后再试。")
