"""Credentials of the TURN relay: what coturn computes too, and nothing without a relay."""

from __future__ import annotations

import pytest

from server import setting_values as values
from server.settings import SettingWrong, load
from server.turn import TURN_LIFE_S, ice_servers
from server.turn_probe import Door, _xored, door_of

URLS = ("turn:turn.school.cn:3478?transport=udp", "turns:turn.school.cn:443?transport=tcp")
SECRET = "一个很长很长很长很长很长的密钥啊"


def test_credentials_are_those_of_the_rest_scheme() -> None:
    # openssl: printf '1700007200:a665a4592042' | openssl dgst -sha1 -hmac north-wind-and-sun -binary | base64
    (server,) = ice_servers(URLS, "north-wind-and-sun", "123", 1_700_000_000)
    assert server.urls == URLS
    assert server.username == f"{1_700_000_000 + TURN_LIFE_S}:a665a4592042"
    assert server.credential == "zzIdxdHtBrM6eASt0VjRwHxZUYg="


def test_nothing_is_minted_without_a_relay() -> None:
    assert ice_servers((), "", "person:1", 0) == ()


def test_the_relay_does_not_learn_who_it_is() -> None:
    (server,) = ice_servers(URLS, SECRET, "person:wang", 0)
    assert "wang" not in server.username


@pytest.mark.parametrize(
    "url",
    [
        "turn:10.0.0.1", "turn:turn.school.cn:3478", "turn:turn.school.cn:3478?transport=tcp",
        "turns:turn.school.cn:443", "TURNS:turn.school.cn:443?transport=tcp", "turn:[fd00::1]:3478?transport=udp",
    ],
)  # fmt: skip
def test_addresses_of_relays_are_accepted(url: str) -> None:
    assert values.turn_urls(url) == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "stun:turn.school.cn", "turn.school.cn:3478", "turn:", "turn:a b", "turn:a:0", "turn:a:70000",
        "turn:a?transport=tls", "turns:a:443?transport=udp", "turn:user@a", "turn:a/b", ",".join(["turn:a"] * 7),
    ],
)  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError):
        values.turn_urls(url)


@pytest.mark.parametrize(
    ("url", "door"),
    [
        ("turn:10.0.0.1", Door("turn_udp", "10.0.0.1", 3478)),
        ("turn:turn.school.cn:80?transport=tcp", Door("turn_tcp", "turn.school.cn", 80)),
        ("turns:turn.school.cn:443?transport=tcp", Door("turn_tls", "turn.school.cn", 443)),
        ("TURNS:[fd00::1]", Door("turn_tls", "fd00::1", 5349)),
    ],
)
def test_where_an_address_leads(url: str, door: Door) -> None:
    assert door_of(url) == door


def test_peer_addresses_are_written_as_in_rfc_5769() -> None:
    transaction = bytes.fromhex("b7e7a701bc34d686fa87dfae")
    assert _xored(("192.0.2.1", 32853), transaction).hex() == "0001a147e112a643"  # §2.2
    six = _xored(("2001:db8:1234:5678:11:2233:4455:6677", 32853), transaction)
    assert six.hex() == "0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"  # §2.3


def test_address_and_secret_go_together() -> None:
    with pytest.raises(SettingWrong, match=r"turn\.secret"):
        load({"turn.urls": URLS[0]}, {}, {})
    with pytest.raises(SettingWrong, match=r"turn\.urls"):
        load({}, {"TONGTANG_TURN_SECRET": SECRET}, {})
    settings = load({"turn.urls": ",".join(URLS)}, {"TONGTANG_TURN_SECRET": SECRET}, {})
    assert (settings.turn_urls, settings.turn_secret) == (URLS, SECRET)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(SettingWrong) as caught:
        load({"turn.secret": "tooshort"}, {}, {})
    assert "tooshort" not in caught.value.detail
