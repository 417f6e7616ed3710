"""A lesson taught by `tongtang teach`, for stories that need one and are not about who teaches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.school import PASSWORD, ROOT, Region


@contextmanager
def bot(*arguments: str, log: Path, where: Sequence[str] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tongtang teach` or `tongtang watch` inside the block; `where` is a command that runs it elsewhere."""
    environment = {**os.environ, "TONGTANG_PASSWORD": PASSWORD}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*where, sys.executable, "-m", "server.cli", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def teaching(school: Region, lesson: str, clip: Path) -> tuple[str, ...]:
    return ("teach", str(clip), "--room", lesson, "--server", school.server.url, "--user", "lin")
