"""The manifest of an offline pack: what is in it, each file by its hash and by the hashes of its slices. Pure.

The manifest is canonical JSON (keys sorted, no space, UTF-8), so that the same content is always the same bytes, and
is signed as those bytes (`dsse.py`). Names inside a pack are ours, never a user's: plain ASCII that Windows, FAT32 and
an address in a browser all take as they are.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any

import msgspec

from signaling.errors import Refused

SLICE_BYTES = 1 << 20  # what is fetched again when a bit flipped; 32 bytes of hash for each are 0.003 %
MAX_FILES = 5_000  # a lesson has a page picture for each of at most 500 pages and about ten files beside them
MAX_FILE_BYTES = 1 << 38  # 256 GiB: an hour of original is 0.6 GB
MAX_MANIFEST_BYTES = 32 << 20  # a terabyte of slices is 64 MB of hashes as hex: no lesson comes near
MANIFEST = "manifest.dsse.json"
MIMETYPE = "mimetype"
MIME = "application/vnd.tongtang.lesson-pack+zip"

_EMPTY = hashlib.sha256().hexdigest()
_PART = r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
_PATH = re.compile(rf"{_PART}(?:/{_PART}){{0,7}}")
_MAX_PATH = 150  # with the folder of a stick before it, below the 260 of Windows
# Names that Windows gives to devices, with any ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
PackId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,40}$")]


class PackFile(msgspec.Struct, frozen=True):
    """A file: its size, its hash, and the hashes of its slices in order; the last slice may be shorter."""

    size: Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)]
    sha256: Sha256
    slices: tuple[Sha256, ...]


class Signer(msgspec.Struct, frozen=True):
    """Who signed: the id of the key, and its name for people."""

    key: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    name: Annotated[str, msgspec.Meta(max_length=80)]


class Manifest(msgspec.Struct, frozen=True, rename={"slice_bytes": "sliceSize"}):
    """What a pack holds. `requires` names what a reader must understand; one that it does not know is refused."""

    id: PackId
    version: Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]
    title: Annotated[str, msgspec.Meta(max_length=200)]
    tier: Annotated[str, msgspec.Meta(max_length=20)]  # 基础, 发展 or 创新
    licence: Annotated[str, msgspec.Meta(max_length=200)]
    files: dict[str, PackFile]
    signer: Signer
    renditions: tuple[str, ...] = ()  # names of the renditions inside, the lightest first
    subject: Annotated[str, msgspec.Meta(max_length=80)] = ""
    duration_ms: int = 0
    requires: tuple[str, ...] = ()
    slice_bytes: int = SLICE_BYTES

    @property
    def bytes(self) -> int:
        """Return the size of all files together."""
        return sum(file.size for file in self.files.values())


KNOWN_REQUIREMENTS: frozenset[str] = frozenset()  # this version of the format needs nothing beyond it


def canonical(content: Any) -> bytes:
    """Return `content` as JSON with one possible form."""
    plain = msgspec.to_builtins(content)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def slice_count(size: int) -> int:
    """Return how many slices a file of `size` bytes has; an empty file has none."""
    return -(-size // SLICE_BYTES)


def slice_size(size: int, index: int) -> int:
    """Return the length of one slice of a file of `size` bytes."""
    return min(SLICE_BYTES, size - index * SLICE_BYTES)


def is_safe_path(path: str) -> bool:
    """Return whether a file may have this name in a pack: relative, plain, and the same everywhere."""
    if len(path) > _MAX_PATH or not _PATH.fullmatch(path):
        return False
    return not any(_DEVICES.fullmatch(part) for part in path.split("/"))


def check_paths(paths: list[str]) -> None:
    """Pass when all names are safe and differ also where upper and lower case do not.

    Raises:
        Refused: `offline_path` or `offline_duplicate`.
    """
    seen: set[str] = set()
    for path in paths:
        if not is_safe_path(path):
            raise Refused(
                "offline_path",
                f"离线包里有不安全的文件名（{path[:60]!r}），没有导入。请重新下载这个包；如果是别人给的，不要使用。",
            )
        if path.lower() in seen:
            raise Refused(
                "offline_duplicate", f"离线包里有两个文件叫 {path[:60]!r}，没有导入。请重新下载或重新拷贝这个包。"
            )
        seen.add(path.lower())


def read_manifest(payload: bytes) -> Manifest:
    """Return the manifest of signed bytes whose signature holds.

    Raises:
        Refused: `offline_manifest`, `offline_path`, `offline_duplicate` or `offline_newer_format`.
    """
    try:
        manifest = msgspec.json.decode(payload, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable() from error
    if len(manifest.files) > MAX_FILES or manifest.slice_bytes != SLICE_BYTES:
        raise _unreadable()
    if unknown := [one for one in manifest.requires if one not in KNOWN_REQUIREMENTS]:
        raise Refused(
            "offline_newer_format", f"这个离线包需要更新的版本才能打开（{unknown[0][:40]}）。请先升级本机的同堂。"
        )
    check_paths([*manifest.files, MANIFEST, MIMETYPE])
    if not all(_agrees(file) for file in manifest.files.values()):
        raise _unreadable()
    return manifest


def _agrees(file: PackFile) -> bool:
    """Return whether size, hash and slices can be of one file."""
    if not file.size:
        return file.sha256 == _EMPTY and not file.slices
    return len(file.slices) == slice_count(file.size) and (len(file.slices) > 1 or file.slices[0] == file.sha256)


def _unreadable() -> Refused:
    return Refused("offline_manifest", "离线包的目录读不懂，没有导入。请重新下载或重新拷贝这个包。")
