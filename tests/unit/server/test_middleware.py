from __future__ import annotations

from server.middleware import content_policy, limit_of


def test_nothing_from_outside_is_allowed() -> None:
    policy = content_policy("10.0.0.2:8000")
    assert "default-src 'self'" in policy and "script-src 'self';" in policy
    assert "connect-src 'self' ws://10.0.0.2:8000 wss://10.0.0.2:8000;" in policy
    assert "http" not in policy and "*" not in policy


def test_a_forged_host_cannot_write_into_the_policy() -> None:
    assert content_policy("a; script-src *") == content_policy("")
    assert "evil" not in content_policy("x evil.example")


def test_only_page_uploads_may_be_large() -> None:
    assert limit_of("/api/lessons/abcdefgh/pages") > 600 << 20
    for path in ("/api/session", "/api/lessons/abcdefgh/pages/1", "/api/lessons/a/b/pages", "/whip/abcdefgh"):
        assert limit_of(path) == 65_536
