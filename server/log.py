"""The server's log: all of it in a file of the data folder, and on the terminal only what somebody should act on.

A traceback never reaches the terminal: people are told in a sentence what happened and where the rest is written.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.logging import RichHandler

FILE_BYTES = 5 << 20  # about a month of a school; with the older ones it never takes more than 20 MB
OLDER_FILES = 3
LINE_BYTES = 4096  # of a child's line; the rest of a longer one is another line
LAST_WORDS_S = 0.5  # for what a child wrote before it ended
_CHATTY = ("alembic", "aiosqlite")
_FILE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Brief(logging.Formatter):
    """The message, and of a traceback the last line alone."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; the record's full traceback is left for the file to format."""
        record.message = record.getMessage()
        line = self.formatMessage(record)
        return f"{line}（{self.formatException(record.exc_info)}）" if record.exc_info else line

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Return the kind and the words of the error."""
        return "".join(traceback.format_exception_only(ei[1])).strip().splitlines()[-1]


def set_up_log(level: str, folder: Path, terminal: Console) -> Path:
    """Log to a file in `folder` from `level` on, and warnings to the terminal; at `debug` everything to both.

    The file is made with its first line, so that a start that is refused leaves nothing behind.

    Returns:
        The file.
    """
    path = folder / "tongtang.log"
    number = logging.getLevelNamesMapping()[level.upper()]
    shown = RichHandler(console=terminal, show_path=False, rich_tracebacks=False)
    shown.setLevel(number if number < logging.INFO else max(number, logging.WARNING))
    shown.setFormatter(_Brief("%(message)s", "[%X]"))
    kept = _FolderFile(path)
    kept.setFormatter(logging.Formatter(_FILE_FORMAT))
    logging.basicConfig(level=number, handlers=[shown, kept], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, number))
    return path


class _FolderFile(RotatingFileHandler):
    """A rotating file that is opened, folder and all, at the first line; one that cannot be written is done without."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8", delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        try:
            if self.stream is None:
                Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            super().emit(record)
        except OSError:  # a full or read-only disk: what follows from it is told where it is met
            return

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: the terminal has the warnings."""


def keep_crash(error: BaseException) -> Path | None:
    """Write the traceback of an error that nobody expected; return the file that holds it, None when none could."""
    kept = next((one for one in logging.getLogger().handlers if isinstance(one, _FolderFile)), None)
    if kept is not None:
        text = "".join(traceback.format_exception(error))
        kept.handle(logging.makeLogRecord({"name": "tongtang", "levelname": "CRITICAL", "msg": text}))
        if kept.stream is not None:
            return Path(kept.baseFilename)
    try:
        with tempfile.NamedTemporaryFile("w", prefix="tongtang-", suffix=".log", delete=False) as file:
            traceback.print_exception(error, file=file)
            return Path(file.name)
    except OSError:
        return None


@asynccontextmanager
async def logged(process: asyncio.subprocess.Process, name: str) -> AsyncIterator[None]:
    """Log what a child process writes to its standard error; the child has ended when the block does.

    All of it goes to the file only: that a child died is told by whoever keeps it alive.
    """
    assert process.stderr is not None, "started with a pipe"
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_relay(process.stderr, logging.getLogger(name)))
        try:
            yield
        finally:
            await asyncio.wait([reading], timeout=LAST_WORDS_S)  # a grandchild may hold the pipe for longer
            reading.cancel()


async def _relay(stream: asyncio.StreamReader, log: logging.Logger) -> None:
    rest = b""
    while data := await stream.read(LINE_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            log.info("%s", line.decode("utf-8", "replace").rstrip())
    if rest:
        log.info("%s", rest.decode("utf-8", "replace").rstrip())
