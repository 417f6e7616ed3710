"""What an upload is to the rest of the server."""

from __future__ import annotations

import msgspec


class Upload(msgspec.Struct, frozen=True):
    """A file on its way to the server, or all of it, not yet taken by what it was sent for."""

    id: str
    person_id: str
    name: str  # as its sender calls it; never a path of ours
    purpose: str
    bytes: int
    received: int
    sha256: str | None = None  # as the sender counted it
    is_taken: bool = False

    @property
    def is_whole(self) -> bool:
        """Return whether all of it is here."""
        return self.received == self.bytes
