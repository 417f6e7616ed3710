"""A part that a crash, a power cut or a full disk truncated, at any byte: what was whole before it is in the cut."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from recorder.edit import Editor
from recorder.folder import JOURNAL
from recorder.journal import read_journal
from recorder.story import read_story
from recorder.timeline import Placed
from tests.unit.recorder.test_growing import START_NS, taught


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lesson")
    recorded = taught(folder)
    recorded.run(9)
    recorded.session.stop(START_NS + 9_000_000_000)
    recorded.write()
    return folder


def shown_and_heard(folder: Path) -> tuple[list[float], list[float]]:
    """Return when pictures are shown and sounds are heard, in ms of the recording."""
    editor = Editor(folder, read_story(read_journal(folder / JOURNAL).lines))
    cut = editor.lecturer()
    editor.close()
    assert cut is not None
    pictures = [picture.t_ms for picture in cut.pictures if isinstance(picture, Placed)]
    return pictures, [sound.ms for sound in cut.sounds if sound.placed is not None]


@pytest.mark.parametrize("source", ["camera", "mic"])
@pytest.mark.parametrize("tail", [b"", b"\0" * 500, b"\xff\xa3\x81" * 60], ids=["cut", "zeros", "rubbish"])
def test_a_part_torn_at_any_byte_costs_what_follows_and_nothing_else(whole: Path, source: str, tail: bytes) -> None:
    (path,) = whole.glob(f"tracks/{source}-*/*")
    data = path.read_bytes()
    pictures, sounds = shown_and_heard(whole)
    chance = random.Random(11)
    cuts = [0, 1, 40, len(data) - 1, *(chance.randrange(len(data)) for _ in range(12))]
    try:
        for at in cuts:
            path.write_bytes(data[:at] + tail)
            shown, heard = shown_and_heard(whole)
            kept, before, other, all_other = (
                (shown, pictures, heard, sounds) if source == "camera" else (heard, sounds, shown, pictures)
            )
            assert other == all_other, "the other track is as it was"
            assert kept[: len(kept) - 2] == before[: max(0, len(kept) - 2)]  # rubbish may look like one more frame
            if not tail:
                assert kept == before[: len(kept)]
                assert len(kept) >= len(before) * at // len(data) - 12, "no more than the torn cluster is gone"
    finally:
        path.write_bytes(data)
