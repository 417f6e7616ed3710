"""A file that is written whole or not at all, also when the power fails."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, data: bytes, half: Path | None = None) -> None:
    """Write `data` beside `path` and rename it. Blocks for the disk.

    Args:
        path: what is written; a file that is there is replaced.
        data: all of it.
        half: where it is written to, on the same disk; two who write at once need different ones.

    Raises:
        OSError: it could not be written; what was there before stays.
    """
    half = half or path.with_name(f"{path.name}.tmp")
    try:
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
