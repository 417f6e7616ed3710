from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from recorder.ebml import CLUSTER_MS, BlockWriter, PartReader, opus_head, part_header

Frames = list[tuple[int, bytes, bool]]


def part(frames: Frames, *, is_audio: bool = False) -> bytes:
    writer = BlockWriter(is_audio=is_audio)
    codec, config = ("opus", opus_head()) if is_audio else ("vp8", b"")
    head = part_header(codec, width=320, height=180, config=config)
    return head + b"".join(writer.block(ms, data, keyframe=key) for ms, data, key in frames)


def read(path: Path, data: bytes) -> Frames:
    path.write_bytes(data)
    reader = PartReader(path)
    try:
        return [(block.ms, reader.payload(block), block.keyframe) for block in reader.blocks()]
    finally:
        reader.close()


@pytest.mark.parametrize("is_audio", [False, True])
def test_what_was_written_is_read(tmp_path: Path, is_audio: bool) -> None:
    frames = [(ms, bytes([ms % 251]) * (1 + ms % 700), ms % 4000 == 0) for ms in range(0, 70_000, 40)]
    assert read(tmp_path / "part", part(frames, is_audio=is_audio)) == frames


def test_times_reach_over_the_longest_cluster(tmp_path: Path) -> None:
    frames = [
        (0, b"a", True),
        (CLUSTER_MS - 1, b"b", False),
        (CLUSTER_MS, b"c", False),
        (10_000_000, b"d", False),
    ]
    assert read(tmp_path / "part", part(frames)) == frames


@settings(max_examples=60)
@given(cut=st.integers(0, 2_500), tail=st.sampled_from([b"", b"\0" * 64, b"\xff" * 64]))
def test_a_part_cut_anywhere_keeps_the_blocks_before(
    tmp_path_factory: pytest.TempPathFactory, cut: int, tail: bytes
) -> None:
    frames = [(ms, bytes([65 + ms // 40]) * 100, ms == 0) for ms in range(0, 800, 40)]
    data = part(frames)
    kept = read(tmp_path_factory.mktemp("part") / "part", data[:cut] + tail)
    whole = sum(1 for count in range(1, len(frames) + 1) if len(part(frames[:count])) <= cut)
    assert kept[:whole] == frames[:whole]
    assert len(kept) <= whole + 1, "at most the block that the tail fell into"


def test_after_an_interruption_a_cluster_begins(tmp_path: Path) -> None:
    writer = BlockWriter(is_audio=False)
    data = part_header("vp8", width=2, height=2) + writer.block(0, b"a", keyframe=True)
    writer.interrupt()
    data += writer.block(90, b"b", keyframe=False)
    assert data.count(b"\x1f\x43\xb6\x75") == 2
    assert read(tmp_path / "part", data) == [(0, b"a", True), (90, b"b", False)]


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    assert read(tmp_path / "part", b"") == []
