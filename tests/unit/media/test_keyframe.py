from __future__ import annotations

import pytest

from media.keyframe import MAX_REPEATS, KeyframeRequester


def test_requests_of_one_source_are_gated_to_one_a_second() -> None:
    requester: KeyframeRequester[str] = KeyframeRequester()
    assert requester.request("camera", 0.0)
    assert requester.request("screen", 0.1)
    requester.on_keyframe("camera", 0.1)
    assert not requester.request("camera", 0.5)
    assert requester.on_timeout(0.99) == ["screen"]
    assert requester.on_timeout(1.0) == ["camera"]
    requester.on_keyframe("camera", 1.1)
    requester.on_keyframe("screen", 1.1)
    assert requester.next_timeout() is None


def test_unanswered_request_is_repeated_past_the_gate() -> None:
    requester: KeyframeRequester[int] = KeyframeRequester()
    requester.set_rtt(1, 0.05)
    assert requester.request(1, 0.0)
    assert requester.next_timeout() == pytest.approx(0.25)
    assert requester.on_timeout(0.24) == []
    assert requester.on_timeout(0.25) == [1]
    assert requester.next_timeout() == pytest.approx(1.25)


def test_repeating_ends() -> None:
    requester: KeyframeRequester[int] = KeyframeRequester()
    requester.request(1, 0.0)
    sent = 0
    while (due := requester.next_timeout()) is not None:
        sent += len(requester.on_timeout(due))
    assert sent == MAX_REPEATS
    assert requester.request(1, 100.0)


def test_fresh_keyframe_serves_the_request() -> None:
    requester: KeyframeRequester[int] = KeyframeRequester()
    requester.on_keyframe(1, 10.0)
    assert not requester.request(1, 10.29)
    assert requester.next_timeout() is None
    assert requester.request(1, 10.31)


def test_keyframe_serves_remembered_requests() -> None:
    requester: KeyframeRequester[int] = KeyframeRequester()
    requester.request(1, 0.0)
    requester.request(1, 0.05)
    requester.on_keyframe(1, 0.1)
    assert requester.next_timeout() is None


def test_forgotten_source_starts_over() -> None:
    requester: KeyframeRequester[int] = KeyframeRequester()
    requester.request(1, 0.0)
    requester.forget(1)
    assert requester.next_timeout() is None
    assert requester.request(1, 0.1)


def test_oldest_request_comes_first() -> None:
    requester: KeyframeRequester[str] = KeyframeRequester()
    for now, source in enumerate("cab"):
        requester.request(source, now / 100)
    assert requester.on_timeout(1.0) == ["c", "a", "b"]
