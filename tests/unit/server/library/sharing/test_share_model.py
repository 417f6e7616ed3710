from __future__ import annotations

import msgspec
import pytest

from server.lessons.model import PersonRef
from server.library.sharing.model import NewShare, Share, ShareState, frame_ancestors, is_site, plays_on, state_of

NOW = 1_795_000_000_000
SHARE = Share(
    id="A" * 22,
    resource_id="r",
    renditions=("light",),
    scope="anyone",
    expires_ms=NOW + 1000,
    made_by=PersonRef("p", "林晓云"),
    made_ms=NOW,
)


@pytest.mark.parametrize(
    ("changes", "at_ms", "state", "plays"),
    [
        ({}, NOW, "open", True),
        ({}, NOW + 1000, "over", False),
        ({"max_uses": 2, "used": 1}, NOW, "open", True),
        ({"max_uses": 2, "used": 2}, NOW, "used_up", True),
        ({"max_uses": 2, "used": 2}, NOW + 1000, "over", False),
        ({"revoked_ms": NOW}, NOW, "revoked", False),
        ({"revoked_ms": NOW}, NOW + 1000, "revoked", False),
    ],
)
def test_what_a_link_is_worth(changes: dict[str, int], at_ms: int, state: ShareState, plays: bool) -> None:
    share = msgspec.structs.replace(SHARE, **changes)
    assert state_of(share, at_ms) == state
    assert plays_on(share, at_ms) is plays


@pytest.mark.parametrize("site", ["*", "https://jiaoyu.example.cn", "http://10.0.0.8:8080", "https://*.example.cn"])
def test_sites_that_may_show_the_player(site: str) -> None:
    assert is_site(site)
    assert frame_ancestors((site,)) == site


@pytest.mark.parametrize(
    "site",
    [
        "",
        "example.cn",
        "https://a.cn/path",
        "https://a.cn; script-src *",
        "javascript:x",
        "https://a.cn\r\nX: y",
        "'self'",
    ],
)
def test_what_is_no_site_gets_into_no_header(site: str) -> None:
    assert not is_site(site)
    assert frame_ancestors(("https://good.cn", site)) == "'none'"


def test_no_site_may_show_the_player_unless_chosen() -> None:
    assert frame_ancestors(()) == "'none'"


@pytest.mark.parametrize(
    "changes",
    [{"days": 0}, {"days": 367}, {"max_uses": 0}, {"scope": "world"}, {"renditions": ["x"] * 21}, {"surprise": 1}],
)
def test_a_link_is_made_within_bounds(changes: dict[str, object]) -> None:
    body = {"renditions": ["light"], "scope": "anyone"} | changes
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, NewShare)
