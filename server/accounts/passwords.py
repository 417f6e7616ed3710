"""Password hashes: argon2id, off the event loop."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106 §4, second recommended option (64 MiB, 3 passes, 4 lanes): the library's own default.
_hasher = PasswordHasher()
CONCURRENT = 2  # 64 MiB each: a storm of log-ins must not take the small box's memory


class Passwords:
    """Hash and verify passwords in threads, a few at a time."""

    def __init__(self, hasher: PasswordHasher = _hasher) -> None:
        self._hasher = hasher
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._decoy = hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return a new hash of `password`."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` fits; without a hash, take as long as if there were one and return False."""
        async with self._slots:
            fits = await asyncio.to_thread(self._fits, password_hash or self._decoy, password)
        return fits and password_hash is not None

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
