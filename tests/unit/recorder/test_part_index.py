"""The clusters of a part while it grows: only whole ones, whatever the file looks like at that moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.ebml import CLUSTER_MARK, CLUSTER_MS, BlockWriter, PartReader, opus_head, part_header
from recorder.part_index import Cluster, PartIndex


def part(seconds: int, *, is_audio: bool = True) -> bytes:
    """Return a part of 10 frames a second, for a picture with a keyframe every 4 s."""
    writer = BlockWriter(is_audio=is_audio)
    codec, config = ("opus", opus_head()) if is_audio else ("vp8", b"")
    blocks = [
        writer.block(ms, bytes([ms // 100 % 251]) * (40 + ms % 7), keyframe=is_audio or ms % 4000 == 0)
        for ms in range(0, seconds * 1000, 100)
    ]
    return part_header(codec, width=320, height=180, config=config) + b"".join(blocks)


def indexed(path: Path, data: bytes, *, closed: bool = False) -> PartIndex:
    path.write_bytes(data)
    index = PartIndex(path)
    index.refresh(closed=closed)
    return index


def test_a_growing_part_gives_out_clusters_that_have_a_next_one(tmp_path: Path) -> None:
    data = part(5)
    index = indexed(tmp_path / "p", data)
    assert [(one.ms, one.end_ms) for one in index.clusters] == [(n * 1000, n * 1000 + 1000) for n in range(4)]
    assert all(one.keyframe for one in index.clusters)
    assert data[: index.header_bytes] == part_header("opus", config=opus_head())
    assert all(data[one.offset :].startswith(CLUSTER_MARK) for one in index.clusters)


@pytest.mark.parametrize("step", [1, 13, 977])
def test_however_it_grows_the_clusters_are_the_same(tmp_path: Path, step: int) -> None:
    data = part(3)
    path = tmp_path / "p"
    path.write_bytes(b"")
    index = PartIndex(path)
    seen: list[Cluster] = []
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(data), step):
            file.write(data[start : start + step])
            if step > 1 or start % 50 == 0:
                index.refresh()
                assert index.clusters[: len(seen)] == seen, "what was handed out stays as it is"
                seen = list(index.clusters)
    index.refresh()
    assert index.clusters == indexed(tmp_path / "whole", data).clusters
    assert len(index.clusters) == 2


def test_a_closed_part_gives_out_its_last_cluster_too(tmp_path: Path) -> None:
    data = part(3)
    index = indexed(tmp_path / "p", data, closed=True)
    assert len(index.clusters) == 3
    assert index.clusters[-1].end == len(data)
    assert index.clusters[-1].end_ms == 2920
    assert index.read(index.clusters[-1].offset, len(data)) == data[index.clusters[-1].offset :]


@pytest.mark.parametrize("torn", [1, 30, 44, 60, 300])
def test_a_part_that_a_crash_cut_ends_with_its_last_whole_block(tmp_path: Path, torn: int) -> None:
    data = part(3)[:-torn]
    index = indexed(tmp_path / "p", data, closed=True)
    reader = PartReader(tmp_path / "p")
    last = list(reader.blocks())[-1]
    reader.close()
    assert index.clusters[-1].end == last.offset + last.length


def test_a_crash_between_a_clusters_head_and_its_first_block_leaves_the_one_before(tmp_path: Path) -> None:
    data = part(2) + CLUSTER_MARK + b"\xe7\x82\x07\xd0\xa3\x90"
    index = indexed(tmp_path / "p", data, closed=True)
    assert [one.ms for one in index.clusters] == [0, 1000]
    assert index.clusters[-1].end == len(part(2))


def test_the_mark_inside_a_frame_is_no_cluster(tmp_path: Path) -> None:
    writer = BlockWriter(is_audio=True)
    blocks = [writer.block(ms, CLUSTER_MARK + bytes([ms // 20]) * 60, keyframe=True) for ms in range(0, 3000, 20)]
    index = indexed(tmp_path / "p", part_header("opus", config=opus_head()) + b"".join(blocks))
    assert [one.ms for one in index.clusters] == [0, 1000]


def test_a_part_that_a_full_disk_cut_back_is_read_anew(tmp_path: Path) -> None:
    path, data = tmp_path / "p", part(6)
    index = indexed(path, data)
    kept = index.clusters[2]
    path.write_bytes(data[: kept.end + 10])
    assert index.read(kept.offset, index.clusters[4].end) == b"", "what is gone is not handed out"
    index.refresh()
    assert [one.ms for one in index.clusters] == [0, 1000]
    path.write_bytes(data)
    index.refresh()
    assert len(index.clusters) == 5


def test_pictures_say_where_they_can_begin(tmp_path: Path) -> None:
    index = indexed(tmp_path / "p", part(9, is_audio=False))
    assert [one.ms for one in index.clusters if one.keyframe] == [0, 4000]
    assert len(index.clusters) == 8
    assert CLUSTER_MS == 1000


def test_a_part_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    index = PartIndex(tmp_path / "p")
    index.refresh()
    assert (index.header_bytes, index.clusters) == (0, [])
