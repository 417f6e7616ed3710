"""The server's end of one page's socket: what waits to be sent, with a bound, and how it ends."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Send

from server.planning.plans.wire import Close

MAX_OUTBOX_BYTES = 8 << 20  # a whole document, and what is written while a slow link takes it
MAX_OUTBOX_FRAMES = 4_000
SEND_S = 20.0  # a send that takes longer stands still: the page reads nothing
LAST_SEND_S = 2.0
_MAX_REASON_BYTES = 120  # RFC 6455 §5.5: 125 of a control frame, less the code; some room


class Link:
    """One page's socket."""

    def __init__(self, person_id: str, session: str, now: float) -> None:
        self.person_id = person_id
        self.session = session  # the log-in that it was opened with
        self.heard = now  # monotonic seconds
        self.ending: tuple[Close, str] | None = None
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()

    def push(self, frame: bytes) -> None:
        """Queue a frame; a page that takes nothing is closed, and comes back for everything at once."""
        if self.ending is not None:
            return
        self._frames.append(frame)
        self._size += len(frame)
        if self._size > MAX_OUTBOX_BYTES or len(self._frames) > MAX_OUTBOX_FRAMES:
            self._frames.clear()
            self.end(Close.TRY_LATER, "网络太慢，正在重新连接。")
        self._wake.set()

    def end(self, code: Close, reason: str) -> None:
        """Close after what is queued. The first reason stands."""
        if self.ending is None:
            self.ending = code, reason
            self._wake.set()

    async def write(self, send: Send) -> None:
        """Send what is queued until the link ends, and close it.

        Raises:
            TimeoutError: the page reads nothing.
        """
        while self.ending is None or self._frames:
            if not self._frames:
                self._wake.clear()
                await self._wake.wait()
                continue
            frame = self._frames.popleft()
            self._size -= len(frame)
            async with asyncio.timeout(SEND_S):
                await send({"type": "websocket.send", "bytes": frame})
        code, reason = self.ending
        async with asyncio.timeout(LAST_SEND_S):
            await send({"type": "websocket.close", "code": int(code), "reason": cut(reason)})


def cut(reason: str) -> str:
    """Return as much of a reason as a close frame holds."""
    return reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
