"""Run a converter in a confined process group of its own, and end all of it whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from server.lessons.decks import office, wire
from server.lessons.decks.convert import Order

log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[3]
SAID = "said.txt"  # what a converter wrote to its standard error: for the log, when it died


class Limits(NamedTuple):
    """What a process may use."""

    memory_bytes: int
    cpu_s: int
    file_bytes: int


# A page at 1920 px takes 125 MB in all; the rest is for pictures inside of PDFs (48 million pixels are 190 MB).
PAGES = Limits(memory_bytes=1 << 30, cpu_s=1_800, file_bytes=32 << 20)
PAGE_S = 90.0  # wall clock between two things that it says; a page takes under 1 s on a machine with nothing else to do
# Two slides of text take LibreOffice 210 MB, and 1 GB of address space is enough; the rest is for pictures.
OFFICE = Limits(memory_bytes=3 << 30, cpu_s=300, file_bytes=512 << 20)
OFFICE_S = 420.0  # 300 slides full of pictures take about 2 min here
REAP_S = 5.0


class Died(Exception):
    """The process ended without saying why: killed by its limits, a crash, or time ran out."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


@asynccontextmanager
async def confined(
    command: Sequence[str], limits: Limits, folder: Path, reads: Sequence[Path] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `command` with its working folder as home; at the end of the block nothing of it runs any more.

    Of the server's other files it reads `reads`, where the kernel can see to that (`landlock.py`).
    """
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (folder / SAID).open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *_sandbox(limits, folder, reads),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            limit=wire.MAX_LINE_BYTES,
            cwd=_ROOT,
            env=environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        async with asyncio.timeout(REAP_S):
            await process.wait()


def _sandbox(limits: Limits, folder: Path, reads: Sequence[Path]) -> tuple[str, ...]:
    files = json.dumps([str(one.resolve()) for one in reads])
    bounds = (str(os.getpid()), *(str(one) for one in limits), str(folder.resolve()), files)
    return (sys.executable, "-m", "server.lessons.decks.sandbox", *bounds)


async def pages(order: Order, folder: Path) -> AsyncGenerator[wire.Said, None]:
    """Yield what the converting process says.

    Raises:
        Died: it ended before it had finished or said why it cannot.
    """
    arguments = ("-m", "server.lessons.decks.convert", msgspec.json.encode(order).decode())
    reads = [Path(path) for path in (*(path for _, path in order.files), order.pdf) if path]
    async with confined((sys.executable, *arguments), PAGES, folder, reads) as process:
        assert process.stdout is not None
        while True:
            try:
                async with asyncio.timeout(PAGE_S):
                    line = await process.stdout.readline()
            except TimeoutError:
                raise Died("timeout") from None
            except ValueError as error:  # a line beyond the limit of the stream
                raise Died("line too long") from error
            if not line:
                raise Died(await _last_words(process, folder))
            said = wire.decode(line)
            yield said
            if isinstance(said, wire.Finished | wire.Failed | wire.NeedsOffice):
                return


async def to_pdf(program: str, source: Path, folder: Path) -> Path:
    """Return the PDF that LibreOffice makes of `source`, in `folder`.

    Raises:
        Died: it made none.
    """
    office.prepare(folder)
    async with confined(office.command(program, source, folder), OFFICE, folder, [source]) as process:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(OFFICE_S):
                while await process.stdout.read(4096):
                    pass  # it says where it writes; nobody needs that
                await process.wait()
        except TimeoutError:
            raise Died("timeout") from None
        made = folder / f"{source.stem}.pdf"
        if not made.is_file() or made.stat().st_size == 0:
            raise Died(await _last_words(process, folder))
    return made


async def _last_words(process: asyncio.subprocess.Process, folder: Path) -> str:
    async with asyncio.timeout(REAP_S):
        status = await process.wait()
    words = (folder / SAID).read_bytes()[-2_000:].decode(errors="replace").strip()
    log.warning("a converter ended with %d: %s", status, words)
    return f"status {status}"
