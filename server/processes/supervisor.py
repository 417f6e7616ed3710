"""Keep a child process alive: start it with a control socket, talk to it, start it again when it dies.

The child gets one end of a socket pair as an inherited file descriptor. The end of that socket is the order to end, in
both directions: whoever dies is noticed by the other at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import Counter

from server.log import logged

log = logging.getLogger(__name__)

FIRST_DELAY_S = 0.05  # a child killed during a lesson must be back within 3 s; its start alone takes about 1 s
LAST_DELAY_S = 5.0  # one that cannot start, say for a taken port, is tried this often
HEALTHY_S = 10.0  # after this long a death is an accident, not a failed start
END_S = 5.0  # time to end by itself: the recorder syncs its parts
KILL_S = 2.0  # then SIGTERM, and after this SIGKILL

_starts = Counter("tongtang_child_starts_total", "Starts of child processes", ["child"])

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Child:
    """One child process.

    Args:
        name: for logs and metrics.
        module: what to run, as `python -m module --control-fd N …`.
        arguments: the rest of its command line.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str]) -> None:
        self.name = name
        self.pid: int | None = None
        self._module = module
        self._arguments = tuple(arguments)

    async def keep(self, serve: Serve) -> None:
        """Run the child and `serve` on its control socket, again and again, until cancelled.

        `serve` returns at the end of the stream; an exception of it means that the child is beyond use: it is logged
        and the child is killed. On cancel the child has ended when this returns.
        """
        delay_s = 0.0
        while True:
            await asyncio.sleep(delay_s)
            started = time.monotonic()
            _starts.labels(self.name).inc()
            status = await self._run(serve)
            if time.monotonic() - started >= HEALTHY_S:
                delay_s = FIRST_DELAY_S
            else:
                delay_s = min(max(FIRST_DELAY_S, delay_s * 2), LAST_DELAY_S)
            log.error("%s 进程退出了（%s），%.2f 秒后重新启动。", self.name, status, delay_s)

    async def _run(self, serve: Serve) -> int:
        """Run the child once; return its exit status."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.processes.child", str(os.getpid()), self._module),
                *("--control-fd", str(theirs.fileno()), *self._arguments),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            theirs.close()
            self.pid = process.pid
            async with logged(process, self.name):
                try:
                    await self._talk(ours, serve, process)
                finally:
                    self.pid = None
                    ours.close()
                    await self._reap(process)
        assert process.returncode is not None
        return process.returncode

    async def _talk(self, ours: socket.socket, serve: Serve, process: asyncio.subprocess.Process) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            await serve(reader, writer)
        except Exception:
            log.exception("%s 进程不能再用，强制结束。", self.name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        finally:
            writer.transport.abort()

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the end of the child, harder and harder."""
        for patience_s, harder in ((END_S, process.terminate), (KILL_S, process.kill)):
            try:
                async with asyncio.timeout(patience_s):
                    await process.wait()
                    return
            except TimeoutError:
                log.warning("%s 进程没有按时退出，强制结束。", self.name)
                with contextlib.suppress(ProcessLookupError):
                    harder()
        await process.wait()
