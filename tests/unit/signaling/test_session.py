"""A socket's timers, rate and outbox in virtual time."""

from __future__ import annotations

import pytest

from signaling.errors import ProtocolViolation, Unavailable
from signaling.frames import Encoded
from signaling.session import HELLO_S, REQUESTS_BURST, SILENCE_S, Outbox, Session, TokenBucket


def test_first_message_must_come_in_time() -> None:
    session = Session(0.0)
    session.on_message(9.0)  # not a hello
    session.on_timeout(HELLO_S - 0.1)
    with pytest.raises(ProtocolViolation, match="hello_expected"):
        session.on_timeout(HELLO_S)


def test_silence_closes_and_pings_keep_open() -> None:
    session = Session(0.0)
    session.on_message(1.0)
    session.on_hello()
    for n in range(1, 20):
        session.on_message(5.0 * n)
        session.on_timeout(5.0 * n + 4.9)
    assert session.next_timeout() == 95.0 + SILENCE_S
    with pytest.raises(ProtocolViolation, match="silent"):
        session.on_timeout(95.0 + SILENCE_S)


def test_flood_is_a_violation_and_a_busy_hand_is_not() -> None:
    session = Session(0.0)
    for n in range(1000):
        session.on_message(n * 0.06)
    session = Session(0.0)
    for _ in range(REQUESTS_BURST):
        session.on_message(0.0)
    with pytest.raises(ProtocolViolation, match="too_many_messages"):
        session.on_message(0.0)


def test_bucket_never_holds_more_than_its_burst() -> None:
    bucket = TokenBucket(2, 1.0, 0.0)
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]
    assert bucket.take(999.0) is False, "a clock that stands still gives nothing"
    assert bucket.take(1001.0)


def test_outbox_is_bounded_by_count_and_by_bytes() -> None:
    outbox = Outbox(max_messages=2, max_bytes=10)
    outbox.push(Encoded(b"12345"))
    with pytest.raises(Unavailable, match="too_slow"):
        outbox.push(Encoded(b"123456"))
    outbox.push(Encoded(b"1"))
    with pytest.raises(Unavailable, match="too_slow"):
        outbox.push(Encoded(b"1"))
    assert (len(outbox), outbox.queued_bytes) == (2, 6)
    waiting = [outbox.pop(), outbox.pop(), outbox.pop()]
    assert [one.text if one is not None else None for one in waiting] == [b"12345", b"1", None]
    assert outbox.queued_bytes == 0
