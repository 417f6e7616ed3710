from __future__ import annotations

import hashlib
import random
from pathlib import Path

import msgspec
import pytest

from recorder.pack.digests import Source, digest_of
from recorder.pack.fetching import Fetching
from recorder.pack.manifest import SLICE_BYTES, Manifest
from recorder.pack.store import SliceStore, SliceWrong
from tests.unit.recorder.pack.pack_world import content, lesson


def sources() -> dict[str, bytes]:
    return {source.path: source.data for source in content(int(2.5 * SLICE_BYTES))}


def manifest() -> Manifest:
    return lesson(sources=content(int(2.5 * SLICE_BYTES))).manifest


def fetch(fetching: Fetching, most: int = 1 << 60, break_after: int = 1 << 60) -> int:
    """Serve what is wanted from `sources`, in odd pieces; return how many bytes went over the line."""
    files, sent = sources(), 0
    while (wanted := fetching.next_wanted()) is not None and sent < most:
        data = files[wanted.path][wanted.start : wanted.end][:break_after]
        for at in range(0, len(data), 300_007):
            fetching.feed(data[at : at + 300_007])
        sent += len(data)
    return sent


def test_everything_comes_once_and_is_whole(tmp_path: Path) -> None:
    store, found = SliceStore(tmp_path), manifest()
    fetching = Fetching(found, store)
    assert fetch(fetching) == found.bytes == fetching.have_bytes
    for path, entry in found.files.items():
        assert store.path(entry.sha256).read_bytes() == sources()[path]
    assert not list(tmp_path.glob("??/*.part"))
    assert Fetching(found, store).is_done, "a second time there is nothing to fetch"


def test_line_that_breaks_costs_no_byte_twice(tmp_path: Path) -> None:
    found = manifest()
    assert fetch(Fetching(found, SliceStore(tmp_path)), break_after=77_777) == found.bytes


def test_after_a_power_cut_only_the_slice_on_its_way_comes_again(tmp_path: Path) -> None:
    found = manifest()
    sent = fetch(Fetching(found, SliceStore(tmp_path)), most=SLICE_BYTES + 1000, break_after=SLICE_BYTES + 1000)
    again = fetch(Fetching(found, SliceStore(tmp_path)))
    assert found.bytes < sent + again <= found.bytes + SLICE_BYTES


def test_wrong_slice_is_not_kept_and_is_asked_for_again(tmp_path: Path) -> None:
    store, found = SliceStore(tmp_path), manifest()
    fetching = Fetching(found, store)
    while (wanted := fetching.next_wanted()) is not None and wanted.entry.size < SLICE_BYTES:
        fetching.feed(sources()[wanted.path])
    assert wanted is not None
    with pytest.raises(SliceWrong):
        fetching.feed(bytes(SLICE_BYTES))
    assert fetching.next_wanted() == wanted
    assert fetch(fetching) == wanted.entry.size


def test_slice_that_the_disk_lost_is_fetched_again_and_no_other(tmp_path: Path) -> None:
    store, found = SliceStore(tmp_path), manifest()
    entry = found.files["media/light.webm"]
    data = sources()["media/light.webm"]
    for index in (0, 1):
        store.put(entry, index, data[index * SLICE_BYTES : (index + 1) * SLICE_BYTES])
    part = store.path(entry.sha256).with_name(entry.sha256 + ".part")
    torn = bytearray(part.read_bytes())
    torn[SLICE_BYTES + 5] ^= 1
    part.write_bytes(torn)
    store.put(entry, 2, data[2 * SLICE_BYTES :])
    assert not store.finish(entry)
    assert store.missing(entry) == [1]


def test_bit_that_flipped_on_the_disk_costs_one_slice(tmp_path: Path) -> None:
    store, found = SliceStore(tmp_path), manifest()
    fetch(Fetching(found, store))
    entry = found.files["media/light.webm"]
    file = store.path(entry.sha256)
    assert store.recheck(entry) == []
    data = bytearray(file.read_bytes())
    data[2 * SLICE_BYTES + 1] ^= 64
    file.write_bytes(data)
    assert store.recheck(entry) == [2]
    assert not store.has(entry)
    assert fetch(Fetching(found, store)) == entry.size - 2 * SLICE_BYTES


def test_lying_signer_cannot_put_a_file_under_the_hash_of_another(tmp_path: Path) -> None:
    store, data = SliceStore(tmp_path), sources()["media/light.webm"]
    entry = digest_of(Source("a", data=data)).entry
    lying = msgspec.structs.replace(entry, sha256=hashlib.sha256(b"wanted by others").hexdigest())
    for index in range(3):
        store.put(lying, index, data[index * SLICE_BYTES : (index + 1) * SLICE_BYTES])
    assert not store.finish(lying)
    assert not store.has(lying)
    assert store.missing(lying) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(4))
def test_cut_bitmap_or_part_only_costs_slices(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store, found = SliceStore(tmp_path), manifest()
    entry = found.files["media/light.webm"]
    store.put(entry, 0, sources()["media/light.webm"][:SLICE_BYTES])
    side = store.path(entry.sha256).with_name(entry.sha256 + (".part" if seed % 2 else ".bits"))
    side.write_bytes(side.read_bytes()[: chance.randrange(side.stat().st_size)])
    assert fetch(Fetching(found, store)) <= found.bytes
    assert store.has(entry)


def test_sweep_keeps_what_is_wanted(tmp_path: Path) -> None:
    store, found = SliceStore(tmp_path), manifest()
    fetch(Fetching(found, store))
    kept = found.files["index.html"]
    entry = msgspec.structs.replace(found.files["media/light.webm"], sha256="ab" * 32)
    store.put(entry, 0, sources()["media/light.webm"][:SLICE_BYTES])
    assert store.sweep({kept.sha256}) == found.bytes - kept.size
    assert store.missing(entry) == [1, 2], "what is on its way stays"
    assert store.sweep({kept.sha256}, stale_before_s=1e12) > SLICE_BYTES, "until it was given up"
    assert store.has(kept)
    assert not store.has_hash("../../etc/passwd")
