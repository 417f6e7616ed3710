"""`steps/<name>.json`: what is noted of a finalising step that is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from recorder.folder import STEPS


class StepNote(msgspec.Struct, frozen=True):
    """A step that is done."""

    inputs: str  # a hash of what it was made from
    outputs: dict[str, int]  # file name: bytes
    facts: dict[str, Any] = {}  # what later steps need to know of it


def read_note(folder: Path, name: str) -> StepNote | None:
    """Return the note of a step whose files are all there as it left them."""
    try:
        note = msgspec.json.decode((folder / STEPS / f"{name}.json").read_bytes(), type=StepNote)
        sizes = {output: (folder / output).stat().st_size for output in note.outputs}
    except (OSError, msgspec.DecodeError):
        return None
    return note if sizes == note.outputs else None


def is_left_for_night(folder: Path) -> bool:
    """Return whether a finished recording has work left for the night. Blocks for the disk."""
    low = read_note(folder, "low")
    return low is not None and bool(low.facts.get("night")) and read_note(folder, "night") is None
