"""Who shows a plan, and where their carets are: Yjs awareness, with names that the server knows to be true. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.planning.plans.wire import Presence, signed_presence

MAX_PAGES = 4  # of one connection: an editor has one


class PresenceBoard:
    """The newest entry of each page."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[int, Presence]] = {}  # by client id: the connection, and what it says
        self._news: dict[int, Presence] = {}

    def tell(self, connection: int, user: Mapping[str, Any], entry: Presence) -> None:
        """Take up what a page says of itself; what is old, or of another connection's page, is passed over.

        Raises:
            Malformed: the state is no JSON object.
        """
        known = self._entries.get(entry.client)
        if known is not None and (known[0] != connection or entry.clock <= known[1].clock):
            return
        if known is None and self._pages_of(connection) >= MAX_PAGES:
            return
        signed = signed_presence(entry, user)
        if signed.state == b"null":
            self._entries.pop(entry.client, None)
        else:
            self._entries[entry.client] = connection, signed
        self._news[entry.client] = signed

    def leave(self, connection: int) -> list[Presence]:
        """Forget a connection's pages; return what to tell the others."""
        gone = [entry for owner, entry in self._entries.values() if owner == connection]
        for entry in gone:
            del self._entries[entry.client]
            self._news.pop(entry.client, None)
        return [Presence(entry.client, entry.clock + 1, b"null") for entry in gone]

    def everybody(self) -> list[Presence]:
        """Return the entries of all pages."""
        return [entry for _, entry in self._entries.values()]

    @property
    def has_news(self) -> bool:
        """Return whether there is anything to tell."""
        return bool(self._news)

    def take_news(self) -> list[Presence]:
        """Return what changed since this was asked last."""
        news, self._news = list(self._news.values()), {}
        return news

    def _pages_of(self, connection: int) -> int:
        return sum(1 for owner, _ in self._entries.values() if owner == connection)
