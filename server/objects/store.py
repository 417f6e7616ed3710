"""What a store of objects can do: six methods, all by key, all of whole objects. Objects never change.

A key is a relative path of letters, digits, `-`, `_` and `.`: `parts/<recording>/…` for what closed while class went
on, `cas/<aa>/<sha256>` for finished files, `recordings/<id>/…` for which files a finished recording has.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple, Protocol

from signaling.errors import Unavailable

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
MAX_KEY = 300
READ_BYTES = 1 << 20


class Found(NamedTuple):
    """An object, without its content."""

    key: str
    bytes: int


class ObjectStore(Protocol):
    """A store. Every method raises `Unavailable` `objects_unavailable` when it cannot be reached or refuses us."""

    @property
    def where(self) -> str:
        """Return where it is, for people, without secrets."""

    async def put_if_absent(self, key: str, path: Path) -> bool:
        """Store the file's content durably under the key; False when there is an object already, which stays.

        Raises:
            OSError: the file cannot be read.
        """

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield the object's bytes from `start` on, in pieces.

        Raises:
            KeyError: there is none.
        """

    async def head(self, key: str) -> Found | None:
        """Return the object without its content; None when there is none."""

    def list(self, prefix: str) -> AsyncIterator[Found]:
        """Yield the objects whose key begins with `prefix`, a folder ending in `/` or empty, in the order of keys."""

    async def delete(self, key: str) -> None:
        """Forget the object; nothing happens when there is none."""

    async def sign_get(self, key: str, seconds: int) -> str | None:
        """Return an address from which anybody may fetch it for a while; None when this store has none."""


def checked(key: str) -> str:
    """Return the key.

    Raises:
        ValueError: it is none: our own mistake, since keys are never made of what people type.
    """
    if len(key) > MAX_KEY or not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"no key: {key!r}")
    return key


def unavailable(why: str) -> Unavailable:
    """Return the error of a store that cannot be used now."""
    return Unavailable("objects_unavailable", f"对象存储现在用不了：{why}。录像都还在本机，恢复后会自动接着传。")
