"""The worker's connection to the recorder's tap: never waits, comes back every 500 ms, loses whole frames only."""

from __future__ import annotations

import socket
from collections.abc import Callable

from media import tap
from media.tap_feed import TapFeed

RETRY_S = 0.5


class TapClient:
    """Pumps one `TapFeed` into its socket; call `pump` every 50 ms."""

    def __init__(self, feed: TapFeed, on_keyframe_wanted: Callable[[int], None]) -> None:
        self.feed = feed
        self._on_keyframe_wanted = on_keyframe_wanted
        self._socket: socket.socket | None = None
        self._reader = tap.TapReader()
        self._partial = b""
        self._retry_at = 0.0

    @property
    def is_done(self) -> bool:
        """Return whether the tap was closed and everything has left."""
        return self.feed.is_closed and (self._socket is None or not (self._partial or self.feed.queued_bytes))

    def pump(self, now: float) -> None:
        """Connect when away, write what waits as far as the socket takes it, and read wishes."""
        if self._socket is None and not self._connect(now):
            return
        try:
            self._write()
            self._read()
        except (OSError, ValueError):  # the recorder went away, or is not one
            self._lose(now)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self, now: float) -> bool:
        if now < self._retry_at or self.feed.is_closed:
            return False
        self._retry_at = now + RETRY_S
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(self.feed.socket_path)
        except OSError:
            connection.close()
            return False
        self._socket = connection
        self._reader = tap.TapReader()
        self._partial = self.feed.reconnected()
        return True

    def _write(self) -> None:
        assert self._socket is not None
        try:
            while True:
                if not self._partial:
                    self._partial = self.feed.take()
                    if not self._partial:
                        return
                sent = self._socket.send(self._partial)
                self._partial = self._partial[sent:]
        except BlockingIOError:
            return

    def _read(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError
        for item in self._reader.feed(data):
            if isinstance(item, tap.KeyframeWanted):
                self._on_keyframe_wanted(item.track)

    def _lose(self, now: float) -> None:
        self.close()
        self._partial = b""
        self._retry_at = now + RETRY_S
