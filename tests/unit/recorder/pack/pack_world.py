"""A platform, a school and a small lesson, for tests of offline packs."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.pack.build import About, Built, SigningKey, build, delegate
from recorder.pack.digests import Source
from recorder.pack.dsse import public_key, sign
from recorder.pack.manifest import SLICE_BYTES, canonical
from recorder.pack.trust import REVOCATIONS_TYPE, Delegation, Revocations, Trust, Vouching

NOW_MS = 1_790_000_000_000
ROOT = Ed25519PrivateKey.from_private_bytes(b"root" * 8)
SCHOOL = Ed25519PrivateKey.from_private_bytes(b"hill" * 8)
TRUST = Trust(public_key(ROOT))


def school_key(
    not_before_ms: int = 0, not_after_ms: int = 0, revoked: Revocations | None = None, root: Ed25519PrivateKey = ROOT
) -> SigningKey:
    """Return the school's key as the root vouches for it."""
    delegation = Delegation(public_key(SCHOOL), "春城实验小学", not_before_ms, not_after_ms)
    listed = None if revoked is None else sign(REVOCATIONS_TYPE, canonical(revoked), root)
    return SigningKey(SCHOOL, "春城实验小学", Vouching(public_key(root), delegate(root, delegation), listed))


def about(version: int = 1) -> About:
    return About("les1", version, "光的折射", "基础", "CC BY-NC-SA 4.0", ("light",))


def content(size: int = 3 * SLICE_BYTES // 2) -> list[Source]:
    sound = random.Random(1).randbytes(size)
    return [
        Source("media/light.webm", data=sound),
        Source("resource.json", data=b'{"title":"\xe5\x85\x89"}'),
        Source("empty.txt"),
        Source("index.html", data=b"<!doctype html>"),
    ]


def lesson(version: int = 1, key: SigningKey | None = None, sources: list[Source] | None = None) -> Built:
    return build(about(version), content() if sources is None else sources, key or school_key())


def zipped(built: Built) -> bytes:
    return b"".join(built.layout.read())


def rewritten(change: Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]) -> bytes:
    """Return a pack written anew by another program, each entry as `change` writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(zipped(lesson()))) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            change(new, entry, old.read(entry))
    return out.getvalue()


def copy(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
    new.writestr(zipfile.ZipInfo(entry.filename), data)
