from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from server.lessons.packs.model import Item, Manifest, PackState, blob_url, canonical, manifest, readiness

ONE = Item("page", "a" * 64, 40_000, "image/webp", blob_url("abcd2345", "a" * 64), 1, 1280)
TWO = Item("clip", "b" * 64, 60_000, "video/mp4", blob_url("abcd2345", "b" * 64), title="日食")


def test_the_version_is_the_hash_of_the_manifest_without_it() -> None:
    pack = manifest("abcd2345", "d1", [ONE, TWO])
    text = canonical(msgspec.structs.replace(pack, version=""))
    assert pack.version == hashlib.sha256(text).hexdigest()
    assert text.decode().startswith(
        '{"lesson":"abcd2345","deck":"d1","version":"","items":[{"kind":"page","sha256":"aa'
    )
    assert msgspec.json.decode(canonical(pack), type=Manifest) == pack


def test_another_item_order_or_deck_is_another_version() -> None:
    versions = {
        manifest(lesson, deck, items).version
        for lesson, deck, items in [
            ("a", "d", [ONE, TWO]),
            ("a", "d", [TWO, ONE]),
            ("a", "e", [ONE, TWO]),
            ("b", "d", []),
        ]
    }
    assert len(versions) == 4


def test_the_same_content_twice_is_fetched_once() -> None:
    again = msgspec.structs.replace(ONE, page=2)
    assert manifest("a", "d", [ONE, again, TWO]).total_bytes == 100_000


@pytest.mark.parametrize(
    ("have", "state", "percent"),
    [(0, "none", 0), (999, "none", 0), (1_000, "part", 1), (60_000, "part", 60), (99_999, "part", 99)],
)
def test_nobody_is_ready_before_the_last_byte(have: int, state: str, percent: int) -> None:
    pack = manifest("a", "d", [ONE, TWO])
    found = readiness(PackState("r", pack.version, have, 100_000, "", 5), pack)
    assert (found.state, found.percent, found.seen_ms) == (state, percent, 5)
    full = readiness(PackState("r", pack.version, 100_000, 100_000, "", 5), pack)
    assert (full.state, full.percent) == ("ready", 100)


def test_an_older_pack_is_not_ready_and_says_so() -> None:
    pack = manifest("a", "d", [ONE, TWO])
    old = readiness(PackState("r", "0" * 64, 100_000, 100_000, "storage_full", 5), pack)
    assert (old.state, old.is_outdated, old.problem) == ("none", True, "storage_full")
    assert readiness(None, pack).seen_ms is None


def test_a_lesson_without_anything_is_ready_at_once() -> None:
    empty = manifest("a", "", [])
    assert readiness(PackState("r", empty.version, 0, 0, "", 5), empty).state == "ready"


@settings(max_examples=25)
@given(st.integers(0, 200_000))
def test_percent_never_lies(have: int) -> None:
    pack = manifest("a", "d", [ONE, TWO])
    found = readiness(PackState("r", pack.version, have, 100_000, "", 5), pack)
    assert (found.percent == 100) is (have >= 100_000) is (found.state == "ready")
