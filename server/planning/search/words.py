"""The words of a recording that lie in its folder: what stands on its pages, and its subtitles. Blocks for the disk."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from recorder.resource import RESOURCE, Resource, decode_resource
from recorder.words import MAX_CAPTION_BYTES, read_captions
from server.library.resources.leaving import cut


def words_of(folder: Path, names: Collection[str]) -> str:
    """Return the words of a finished recording; none when it is gone, or not finished.

    Args:
        folder: of the recording.
        names: of the renditions that were published: without a voice among them nothing is said either.
    """
    try:
        whole = decode_resource((folder / RESOURCE).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return ""
    shown = msgspec.convert(cut(msgspec.to_builtins(whole), names), Resource)
    said = [line for page in shown.page_files for line in (page.title, page.text) if line]
    for caption in shown.captions:
        said += _spoken(folder / caption.path)
    return "\n".join(said)


def _spoken(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_CAPTION_BYTES:
            return []
        return [one.text for one in read_captions(path.read_text("utf-8-sig"))]
    except (OSError, ValueError):
        return []
