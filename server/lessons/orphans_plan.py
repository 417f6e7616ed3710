"""Which files of a folder named by content nothing refers to any more. Pure.

Only what can be explained is ever named: a file whose name is a SHA-256, in the folder of its first two digits, that no
row of the database names; or the beginning of one that a crash left. Everything else on the disk is somebody's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

import msgspec

_CONTENT = re.compile(r"[0-9a-f]{64}")
_HALF = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{8}")  # `PageFiles` writes beside and renames
# A folder that knows fewer files than it would lose does not belong to this database: another one was named in the
# settings, or an old one was restored. A few may go all the same: the first deck of a new server, given up.
FEW = 20


class Found(msgspec.Struct, frozen=True):
    """Something that lies in a folder."""

    shard: str  # the folder in the folder: the first two digits of what should lie in it
    name: str
    mtime_s: float  # UTC epoch seconds
    bytes: int
    is_file: bool = True


class Plan(msgspec.Struct, frozen=True):
    """What is to be done with what was found."""

    orphans: tuple[Found, ...]  # the oldest first
    known: int  # files that something refers to
    strange: int  # left alone, since nobody knows what they are


def candidates(found: Sequence[Found], before_s: float) -> tuple[str, ...]:
    """Return the names to ask the database about: whole files, last put before `before_s`."""
    return tuple(one.name for one in found if _is_whole(one) and one.mtime_s < before_s)


def plan(found: Sequence[Found], referred: Set[str], before_s: float) -> Plan:
    """Return what may go of `found`, when the database refers to `referred` of its candidates.

    Files put at `before_s` (UTC epoch seconds) or later count as known: somebody may be about to refer to them.
    """
    orphans, known, strange = [], 0, 0
    for one in found:
        is_half = one.is_file and _HALF.fullmatch(one.name) is not None and one.name[1:3] == one.shard
        if not is_half and not _is_whole(one):
            strange += 1
        elif one.mtime_s >= before_s or one.name in referred:
            known += not is_half
        else:
            orphans.append(one)
    return Plan(tuple(sorted(orphans, key=lambda one: (one.mtime_s, one.name))), known, strange)


def is_credible(orphans: int, known: int) -> bool:
    """Return whether so many may be orphans beside so many that are known."""
    return orphans <= max(FEW, known)


def _is_whole(one: Found) -> bool:
    return one.is_file and _CONTENT.fullmatch(one.name) is not None and one.name[:2] == one.shard
