"""How large messages of the server go over the wire: a binary frame of one byte and compressed JSON.

A snapshot, what was missed, a whole board: text of some kilobytes that says the same words again and again. WebSocket's
own compression (RFC 7692) would keep two windows for each socket, 48 kB measured, for a lesson of small messages which
it hardly shortens on the wire: TCP's headers are most of those. So each large message is compressed by itself, once for
all who get it.

    byte 0     1: the rest is a zlib stream (RFC 1950) of the JSON text
    byte 1 …   the stream

Only a client whose `Hello` said `inflates` gets such frames; a browser inflates with DecompressionStream("deflate").
"""

from __future__ import annotations

import zlib
from typing import Final

from signaling.errors import ProtocolViolation

DEFLATED: Final = 1
LARGE_BYTES: Final = 1024  # below, a frame fits into one segment of TCP as it is
# Of a classroom's snapshot with ink (60 kB, bench.snapshot): 21.4 kB in 1.2 ms; level 1 leaves 7 % more in 0.5 ms,
# level 9 takes twice as long for 0.3 % less.
LEVEL: Final = 6
MAX_INFLATED_BYTES: Final = 16 << 20  # no snapshot comes near; what says more is not ours


class Encoded:
    """A message for one or many sockets: encoded once, compressed at most once."""

    __slots__ = ("_packed", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._packed: bytes | None = None

    @property
    def is_large(self) -> bool:
        """Whether it is worth compressing."""
        return len(self.text) > LARGE_BYTES

    def packed(self) -> bytes:
        """Return the binary frame. May be called from another thread: at worst the work is done twice."""
        if self._packed is None:
            self._packed = pack(self.text)
        return self._packed


def pack(text: bytes) -> bytes:
    """Return the binary frame of the JSON `text`."""
    return bytes([DEFLATED]) + zlib.compress(text, LEVEL)


def unpack(frame: bytes, most_bytes: int = MAX_INFLATED_BYTES) -> bytes:
    """Return the JSON text in a binary frame.

    Raises:
        ProtocolViolation: `message_malformed`, or `message_too_large` when it would grow past the most; nothing else.
    """
    if not frame or frame[0] != DEFLATED:
        raise ProtocolViolation("message_malformed", "消息格式不对。")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(frame[1:], most_bytes)
    except zlib.error as error:
        raise ProtocolViolation("message_malformed", "消息格式不对。") from error
    if stream.unconsumed_tail:
        raise ProtocolViolation("message_too_large", "消息太大。")
    if not stream.eof:
        raise ProtocolViolation("message_malformed", "消息格式不对。")
    return text
