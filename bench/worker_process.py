"""A media worker as a child process, driven through its real control socket: for benches and tests."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from media.control import (
    Command,
    Done,
    Failed,
    FrameReader,
    Message,
    Sdp,
    WorkerReady,
    decode_message,
    frame,
)

ROOT = Path(__file__).resolve().parent.parent
M = TypeVar("M", bound=Message)


class WorkerProcess:
    """A running worker. Everything it says is kept in `messages`, in order."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, port: int) -> None:
        self.process = process
        self.port = port
        self.messages: list[Message] = []
        self._control = control
        self._frames = FrameReader()
        self._requests = itertools.count(1)
        self._changed = asyncio.Condition()
        self.ended = False

    async def read(self) -> None:
        """Collect what the worker says until it ends."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await loop.sock_recv(self._control, 1 << 16)
            except OSError:
                data = b""
            async with self._changed:
                self.messages += [decode_message(body) for body in self._frames.feed(data)]
                self.ended = not data
                self._changed.notify_all()
            if not data:
                return

    async def command(self, *commands: Command) -> None:
        """Send commands."""
        data = b"".join(frame(command) for command in commands)
        await asyncio.get_running_loop().sock_sendall(self._control, data)

    async def request(self, make: Callable[[int], Command]) -> Sdp | Done | Failed:
        """Send `make(request number)` and return its answer."""
        number = next(self._requests)
        await self.command(make(number))
        answer = await self.wait(
            lambda item: isinstance(item, Sdp | Done | Failed) and item.request == number,
        )
        assert isinstance(answer, Sdp | Done | Failed)
        return answer

    async def wait(self, fits: Callable[[Message], bool], timeout: float = 10.0) -> Message:
        """Return the first message, past or future, that fits."""
        async with asyncio.timeout(timeout), self._changed:
            while True:
                for message in self.messages:
                    if fits(message):
                        return message
                if self.ended:
                    raise ConnectionError("the worker has ended")
                await self._changed.wait()


@asynccontextmanager
async def running_worker(
    port: int, address: str = "127.0.0.1", *, module: str = "media.transport.worker"
) -> AsyncIterator[WorkerProcess]:
    """Run a worker for the length of the block; `port` 0 takes a free one."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    process = _spawn(theirs, port, address, module)
    theirs.close()
    worker = WorkerProcess(process, ours, port)
    try:
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(worker.read())
            ready = await worker.wait(lambda item: isinstance(item, WorkerReady))
            assert isinstance(ready, WorkerReady)
            worker.port = ready.port
            try:
                yield worker
            finally:
                reader.cancel()
    finally:
        ours.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _spawn(control: socket.socket, port: int, address: str, module: str) -> subprocess.Popen[bytes]:
    arguments = {"--control-fd": control.fileno(), "--port": port, "--bind": address, "--address": address}
    return subprocess.Popen(
        [sys.executable, "-m", module, *(str(part) for pair in arguments.items() for part in pair)],
        pass_fds=[control.fileno()],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
