"""One socket's rules, without the socket: how long it may be silent, how fast it may ask, how far behind it may be."""

from __future__ import annotations

from signaling.errors import ProtocolViolation, Unavailable
from signaling.frames import Encoded

SILENCE_S = (
    15.0  # three of the client's 5 s pings: one lost ping and a 10 s stall of a 3G cell are no reason to hang up
)
HELLO_S = 10.0  # a first message later than this is no client of ours
REQUESTS_BURST = 60  # a page that opens sends about 10 requests at once
REQUESTS_PER_S = 20.0  # a hand cannot do more; a loop in a client can
INK_BURST = 180  # frames of ink: what a page that stood still for 4 s has to send
INK_PER_S = 60.0  # a page of ours sends 40 a second while it writes, and 15 of the pointer
OUTBOX_MESSAGES = 500  # about 10 minutes of a busy lesson's events
OUTBOX_BYTES = 1 << 20  # 1 MiB: 84 s of a 100 kbit/s link; whoever is further behind needs the snapshot, not the tail


class TokenBucket:
    """Allow `per_s` a second on average and `burst` at once."""

    __slots__ = ("_burst", "_filled", "_per_s", "_tokens")

    def __init__(self, burst: float, per_s: float, now: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._tokens = burst
        self._filled = now

    def take(self, now: float) -> bool:
        """Return whether one more is allowed at `now`, and count it when it is."""
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled) * self._per_s)
        self._filled = max(now, self._filled)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Session:
    """The timers and the rate limit of one socket."""

    __slots__ = ("_bucket", "_greeted", "_heard", "_ink", "_opened")

    def __init__(self, now: float) -> None:
        self._bucket = TokenBucket(REQUESTS_BURST, REQUESTS_PER_S, now)
        self._ink = TokenBucket(INK_BURST, INK_PER_S, now)
        self._heard = now
        self._greeted = False
        self._opened = now

    def on_hello(self) -> None:
        """Note that the socket said who it is."""
        self._greeted = True

    def on_message(self, now: float) -> None:
        """Count a message, before it is decoded.

        Raises:
            ProtocolViolation: `too_many_messages`.
        """
        if not self._bucket.take(now):
            raise ProtocolViolation("too_many_messages", "请求太频繁，连接已断开。")
        self._heard = now

    def on_ink(self, now: float) -> None:
        """Count a frame of ink, before it is read.

        Raises:
            ProtocolViolation: `too_many_messages`.
        """
        if not self._ink.take(now):
            raise ProtocolViolation("too_many_messages", "请求太频繁，连接已断开。")
        self._heard = now

    def next_timeout(self) -> float:
        """Return when the socket must be closed unless it says something."""
        if not self._greeted:
            return self._opened + HELLO_S
        return self._heard + SILENCE_S

    def on_timeout(self, now: float) -> None:
        """Check the silence.

        Raises:
            ProtocolViolation: `hello_expected` or `silent`; nothing when it is not yet time.
        """
        if now < self.next_timeout():
            return
        if not self._greeted:
            raise ProtocolViolation("hello_expected", "没有收到入课请求，连接已断开。")
        raise ProtocolViolation("silent", "太久没有收到心跳，连接已断开。")


class Outbox:
    """What waits to be sent on one socket, bounded by count and by bytes.

    Its overflow rule: the socket is closed with `too_slow`, the seat is kept, the client resumes or gets a snapshot.
    """

    __slots__ = ("_bytes", "_max_bytes", "_max_messages", "_waiting")

    def __init__(self, max_messages: int = OUTBOX_MESSAGES, max_bytes: int = OUTBOX_BYTES) -> None:
        # A list: an empty deque is 0.7 kB, in every idle socket, and 500 pointers are moved in no time.
        self._waiting: list[Encoded] = []
        self._bytes = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait."""
        return self._bytes

    def push(self, message: Encoded) -> None:
        """Queue `message`.

        Raises:
            Unavailable: `too_slow`: the bound is reached and `message` was not queued.
        """
        size = len(message.text)
        if len(self._waiting) >= self._max_messages or self._bytes + size > self._max_bytes:
            raise Unavailable("too_slow", "网络太慢，消息积压，正在重新连接。")
        self._waiting.append(message)
        self._bytes += size

    def pop(self) -> Encoded | None:
        """Take the oldest message, or None."""
        if not self._waiting:
            return None
        message = self._waiting.pop(0)
        self._bytes -= len(message.text)
        return message

    def clear(self) -> None:
        """Forget everything: the socket is beyond use."""
        self._waiting.clear()
        self._bytes = 0
