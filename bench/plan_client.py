"""One page at a plan, without a browser: the protocol of docs/planning.md over a real socket, a pycrdt document behind.

It sends what `write` changes, counts what the server has acknowledged, and takes what the others write. A connection
that ends is told by `ended`; `resume` opens another with the same document, as a page does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import websockets
from pycrdt import Doc, TransactionEvent, XmlElement, XmlFragment, XmlText

from server.planning.document import ROOT, plain_text, read_tree
from server.planning.plans.cutting import pieces
from server.planning.plans.structs import Reader, clocks_of, look
from server.planning.plans.wire import Presence, Sub, awareness_frame, sync_frame

PATIENCE_S = 60.0  # a machine that builds and tests beside it
SESSION = "tongtang_session"


class PlanClient:
    """A page of one person."""

    def __init__(self, base: str, plan_id: str, session: str) -> None:
        self.base = base
        self.plan_id = plan_id
        self.session = session
        self.doc: Doc[Any] = Doc()
        self.hello: dict[str, Any] = {}
        self.generation = 0
        self.made = 0  # local updates
        self.saved = 0  # of which the server has
        self.others: dict[int, bytes] = {}  # awareness by client id
        self.on_update: Callable[[bytes], None] | None = None  # of somebody else
        self.ended: tuple[int, str] | None = None
        self._sent: list[int] = []
        self._answered = 0
        self._socket: websockets.ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._is_taking = False
        self._outbox: list[bytes] = []
        self._watch = self.doc.observe(self._on_change)

    # --- the connection -------------------------------------------------------------------------------------------

    async def ticket(self) -> dict[str, Any]:
        """Fetch a ticket."""
        async with httpx.AsyncClient(
            cookies={SESSION: self.session}, trust_env=False, verify=False, timeout=PATIENCE_S
        ) as http:
            answer = await http.post(f"{self.base}/api/plans/{self.plan_id}/ticket", headers={"X-Tongtang": "1"})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def resume(self, ticket: str | None = None) -> None:
        """Connect, and send what the server does not have."""
        signed = ticket or (await self.ticket())["ticket"]
        url = f"{self.base.replace('http', 'ws', 1)}/api/plans/{self.plan_id}/socket"
        self._sent, self._answered, self.ended = [], 0, None
        self._socket = await websockets.connect(
            f"{url}?ticket={signed}&generation={self.generation}",
            additional_headers={"cookie": f"{SESSION}={self.session}"},
            proxy=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            max_size=16 << 20,
            compression=None,
        )
        self._reading = asyncio.get_running_loop().create_task(self._read(self._socket))

    async def open(self) -> PlanClient:
        """Connect, and wait until the text is there."""
        await self.resume()
        await self.until(lambda: bool(self.hello) and self._is_synced)
        return self

    _is_synced = False

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            await self._socket.close()
        if self._reading is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def send(self, frame: bytes) -> None:
        """Send any frame."""
        assert self._socket is not None
        await self._socket.send(frame)

    async def closed(self) -> int:
        """Wait until the server closed the connection, and return its code.

        Raises:
            TimeoutError: it does not.
        """
        await self.until(lambda: self.ended is not None)
        assert self.ended is not None
        return self.ended[0]

    async def until(self, holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: it does not.
        """
        async with asyncio.timeout(patience_s):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    # --- the document ---------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Return the plan's words as this page has them."""
        return plain_text(read_tree(self.doc))

    @property
    def unsaved(self) -> int:
        """Return how many local updates the server has not acknowledged."""
        return self.made - self.saved

    async def change(self, edit: Callable[[XmlFragment], None]) -> None:
        """Change the document, and send the change."""
        with self.doc.transaction():
            edit(self.doc.get(ROOT, type=XmlFragment))
        await self._flush()

    async def write(self, words: str, field: int = 0) -> None:
        """Type words at the end of a field's first line."""

        def edit(root: XmlFragment) -> None:
            block = root.children[field]
            assert isinstance(block, XmlElement)
            line = block.children[0]
            assert isinstance(line, XmlElement)
            if len(line.children) == 0:
                line.children.append(XmlText(words))
            else:
                text = line.children[0]
                assert isinstance(text, XmlText)
                text.insert(len(text), words)

        await self.change(edit)

    async def tell(self, clock: int, state: dict[str, Any] | None, client: int | None = None) -> None:
        """Send an awareness."""
        entry = Presence(self.doc.client_id if client is None else client, clock, msgspec.json.encode(state))
        await self.send(awareness_frame([entry]))

    async def _flush(self) -> None:
        waiting, self._outbox = self._outbox, []
        for update in waiting:
            await self.send_update(Sub.UPDATE, update)

    async def send_update(self, sub: Sub, update: bytes, clocks: Mapping[int, int] | None = None) -> None:
        """Send an update; one for a server of these clocks in pieces, when it is large."""
        if self.ended is not None or self._socket is None or not self.hello or self.hello["read_only"]:
            return
        parts = [update] if clocks is None else [part for _, part in pieces(look(update), clocks, lambda _: "", "")]
        for at, part in enumerate(parts, 1):
            self._sent.append(self.made if at == len(parts) else self.saved)
            with contextlib.suppress(websockets.ConnectionClosed):
                await self._socket.send(sync_frame(sub, part))

    def _on_change(self, event: TransactionEvent) -> None:
        if not self._is_taking:
            self.made += 1
            self._outbox.append(event.update)

    # --- what comes in --------------------------------------------------------------------------------------------

    async def _read(self, socket: websockets.ClientConnection) -> None:
        try:
            async for data in socket:
                assert isinstance(data, bytes)
                await self._serve(Reader(data))
                self._changed.set()
        except websockets.ConnectionClosed:
            pass
        self.ended = (socket.close_code or 1006, socket.close_reason or "")
        self.hello = {}
        self._is_synced = False
        self._changed.set()

    async def _serve(self, reader: Reader) -> None:
        match reader.uint():
            case 0:
                sub, payload = reader.uint(), reader.bytes()
                if sub == Sub.STEP_1:
                    await self.send_update(Sub.STEP_2, self.doc.get_update(payload), clocks_of(payload))
                else:
                    self.take(payload)
                    self._is_synced = self._is_synced or sub == Sub.STEP_2
            case 1:
                reader = Reader(reader.bytes())
                for _ in range(reader.uint()):
                    client, _clock, state = reader.uint(), reader.uint(), reader.bytes()
                    self.others[client] = state
            case 4:
                frames = reader.uint()
                if frames > self._answered:
                    self.saved = max(self.saved, self._sent[frames - self._answered - 1])
                    del self._sent[: frames - self._answered]
                    self._answered = frames
            case 5:
                self.hello = msgspec.json.decode(reader.bytes())
                self.generation = self.hello["generation"]
                await self.send(sync_frame(Sub.STEP_1, self.doc.get_state()))

    def take(self, update: bytes) -> None:
        """Take an update up as if the server had sent it."""
        self._is_taking = True
        try:
            self.doc.apply_update(update)
        finally:
            self._is_taking = False
        if self.on_update is not None:
            self.on_update(update)
