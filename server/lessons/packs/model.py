"""What a lesson's pack is: a list of files named by the SHA-256 of their content, and that list's own SHA-256. Pure.

A **manifest** is canonical JSON: UTF-8, no spaces, keys in the order of the fields here, items in the order in which a
classroom wants them. Its `version` is the SHA-256 of the same JSON with an empty `version`: two packs are the same
exactly when their versions are, whoever made them and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

Kind = Literal["page", "clip", "quiz", "roster", "plan"]
Problem = Literal["", "storage_full", "storage_failed", "hash_failed"]


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of a pack."""

    kind: Kind
    sha256: str
    bytes: int
    mime: str
    url: str
    page: int = 0  # of pages, from 1
    width: int = 0  # px, of pages; 0: a drawing that is sharp at any size
    title: str = ""  # of clips


class Manifest(msgspec.Struct, frozen=True):
    """The pack of a lesson as one asker gets it."""

    lesson: str
    deck: str  # empty: no pages
    version: str
    items: tuple[Item, ...]

    @property
    def total_bytes(self) -> int:
        """Return how much there is to fetch; the same content twice is fetched once."""
        return sum({item.sha256: item.bytes for item in self.items}.values())


class Clip(msgspec.Struct, frozen=True):
    """A piece of sound or film that belongs to a lesson."""

    sha256: str
    title: str
    mime: str
    bytes: int
    duration_ms: int = 0  # 0: not known, of clips that were stored before anybody looked


class PackPolicy(msgspec.Struct, frozen=True):
    """How a school's classrooms fetch packs."""

    night_from_min: int = 22 * 60  # minutes after midnight, by the clocks of the schools
    night_to_min: int = 6 * 60
    lead_hours: int = 4  # a lesson that begins this soon is fetched by day too
    ceiling_bps: int = 2_000_000  # of all classrooms of the school together; 0: none


class PackState(msgspec.Struct, frozen=True):
    """How much of a pack a classroom has, as its screen said."""

    classroom_id: str
    version: str
    have_bytes: int
    total_bytes: int
    problem: str
    seen_ms: int


class Readiness(msgspec.Struct, frozen=True):
    """How far a classroom is with the pack that the lesson has now."""

    state: Literal["ready", "part", "none"]
    percent: int
    is_outdated: bool  # what it has is of an older pack
    problem: str
    seen_ms: int | None  # None: never heard of


def blob_url(lesson_id: str, sha256: str) -> str:
    """Return where a file of a pack is."""
    return f"/api/lessons/{lesson_id}/pack/{sha256}"


def manifest(lesson_id: str, deck_id: str, items: Sequence[Item]) -> Manifest:
    """Return the manifest of these items."""
    unnamed = Manifest(lesson_id, deck_id, "", tuple(items))
    return msgspec.structs.replace(unnamed, version=hashlib.sha256(canonical(unnamed)).hexdigest())


def canonical(pack: Manifest) -> bytes:
    """Return the one JSON of a manifest."""
    return msgspec.json.encode(pack)


def readiness(state: PackState | None, pack: Manifest) -> Readiness:
    """Return how far a classroom is; nobody is told 100 % before the last byte is there."""
    if state is None:
        return Readiness("none", 0, False, "", None)
    total = pack.total_bytes
    if state.version != pack.version:
        return Readiness("none", 0, True, state.problem, state.seen_ms)
    if state.have_bytes >= total:
        return Readiness("ready", 100, False, "", state.seen_ms)
    percent = min(99, state.have_bytes * 100 // total)
    return Readiness("part" if percent else "none", percent, False, state.problem, state.seen_ms)
