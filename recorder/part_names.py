"""What the files of parts are called. Pure."""

from __future__ import annotations

import hashlib
import re

from media.tap import TapTrack

_SAFE = re.compile(r"[A-Za-z0-9_-]{1,40}")


def part_file(description: TapTrack, part: int) -> str:
    """Return where a part lies in the recording's folder."""
    suffix = "mkv" if description.codec == "h264" else "webm"
    return f"tracks/{track_folder(description)}/{part:04d}.{suffix}"


def track_folder(description: TapTrack) -> str:
    """Return the folder name of a track; names that are not plain are replaced by a hash of them."""
    parts = [description.source, description.layer, description.peer]
    safe = [part if _SAFE.fullmatch(part) else hashlib.sha256(part.encode()).hexdigest()[:16] for part in parts if part]
    return "-".join(safe)
