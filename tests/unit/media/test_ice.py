from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given, strategies as st

from media import ice
from media.ice import PathState

CLIENT = ("192.0.2.7", 40000)
OTHER = ("2001:db8::1", 40001)


def make(now: float = 0.0) -> tuple[ice.IceDirectory[str], ice.IceAgent[str]]:
    agent = ice.IceAgent("owner", ice.Credentials("server00", "p" * 24), now)
    directory: ice.IceDirectory[str] = ice.IceDirectory()
    directory.register(agent)
    return directory, agent


def request(pwd: str = "p" * 24, ufrag: str = "server00", *, use_candidate: bool = False) -> bytes:
    return ice.build_binding_request(b"0123456789ab", f"{ufrag}:client", pwd, use_candidate=use_candidate)


def test_authentic_check_is_answered_with_the_mapped_address() -> None:
    # RFC 5769 has no vector with our attributes, so the answer is read by its own rules
    directory, agent = make()
    outcome = directory.on_stun(request(), CLIENT, 1.0)
    assert outcome is not None
    assert outcome.added
    assert outcome.changed
    assert outcome.answer[:2] == b"\x01\x01"
    assert outcome.answer[8:20] == b"0123456789ab"
    port = int.from_bytes(outcome.answer[26:28], "big") ^ 0x2112
    address = bytes(a ^ b for a, b in zip(outcome.answer[28:32], b"\x21\x12\xa4\x42", strict=True))
    assert (port, address) == (CLIENT[1], bytes((192, 0, 2, 7)))
    assert agent.selected == CLIENT
    assert agent.state is PathState.CONNECTED


def test_dual_stack_address_is_told_as_ipv4() -> None:
    plain = ice.build_binding_success(bytes(12), ("192.0.2.7", 5), "x")
    assert ice.build_binding_success(bytes(12), ("::ffff:192.0.2.7", 5), "x") == plain
    assert len(ice.build_binding_success(bytes(12), ("fe80::1%eth0", 5), "x")) == len(plain) + 12


def test_rfc5769_request_is_read_and_authentic() -> None:
    # RFC 5769 §2.1, password VOkJxbRl1RmTxUk/WvJxBt
    data = bytes.fromhex(
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff"
        "80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249"
        "c1b571a280280004e57a3bcf"
    )
    parsed = ice.parse_binding_request(data)
    assert (parsed.local_ufrag, parsed.remote_ufrag, parsed.priority) == ("evtj", "h6vY", 0x6E0001FF)
    assert ice.is_authentic(data, parsed, "VOkJxbRl1RmTxUk/WvJxBt")
    assert not ice.is_authentic(data, parsed, "VOkJxbRl1RmTxUk/WvJxBu")


@pytest.mark.parametrize("data", [request(pwd="wrong"), request(ufrag="nobody00"), request()[:-1], b"\0" * 20])
def test_foreign_checks_are_dropped_and_change_nothing(data: bytes) -> None:
    directory, agent = make()
    assert directory.on_stun(data, CLIENT, 1.0) is None
    assert (agent.state, agent.selected, agent.valid) == (PathState.NEW, None, {})


def test_nomination_moves_the_selected_address() -> None:
    directory, agent = make()
    directory.on_stun(request(), CLIENT, 1.0)
    directory.on_stun(request(), OTHER, 1.1)
    assert agent.selected == CLIENT
    directory.on_stun(request(use_candidate=True), OTHER, 1.2)
    assert agent.selected == OTHER
    directory.on_stun(request(), CLIENT, 1.3)
    assert agent.selected == OTHER


def test_only_valid_addresses_are_heard() -> None:
    directory, agent = make()
    assert not agent.on_receive(CLIENT, 0.5)
    directory.on_stun(request(), CLIENT, 1.0)
    assert agent.on_receive(CLIENT, 1.1)
    assert not agent.on_receive(OTHER, 1.1)


def test_at_most_eight_addresses_and_never_without_the_selected_one() -> None:
    directory, agent = make()
    directory.on_stun(request(use_candidate=True), CLIENT, 1.0)
    removed: list[ice.Address] = []
    for port in range(20):
        outcome = directory.on_stun(request(), ("192.0.2.8", port), 2.0 + port)
        assert outcome is not None
        removed += outcome.removed
    assert len(agent.valid) == ice.MAX_ADDRESSES
    assert CLIENT in agent.valid
    assert removed == [("192.0.2.8", port) for port in range(13)]


def test_failing_checks_are_limited_per_source_and_honest_ones_are_not() -> None:
    directory, _ = make()
    for _ in range(200):
        assert directory.on_stun(request(), CLIENT, 1.0) is not None
    for _ in range(ice.STUN_PER_S):
        assert directory.on_stun(request(pwd="wrong"), CLIENT, 1.0) is None
    assert directory.on_stun(request(), CLIENT, 1.0) is None
    assert directory.on_stun(request(), OTHER, 1.0) is not None
    assert directory.on_stun(request(), CLIENT, 1.1) is not None


def test_restart_honours_old_credentials_for_30_s() -> None:
    directory, agent = make()
    directory.on_stun(request(use_candidate=True), CLIENT, 1.0)
    agent.restart(ice.Credentials("server01", "q" * 24), 10.0)
    directory.register(agent)
    assert directory.on_stun(request(), CLIENT, 39.0) is not None
    assert directory.on_stun(request("q" * 24, "server01"), CLIENT, 39.0) is not None
    assert directory.on_stun(request(), CLIENT, 40.0) is None
    directory.on_timeout(40.0)
    assert directory.on_stun(request("q" * 24, "server01"), CLIENT, 100.0) is not None
    directory.unregister(agent)
    assert directory.on_stun(request("q" * 24, "server01"), CLIENT, 100.1) is None


def test_silence_while_sending_is_suspect_then_lost_then_closed() -> None:
    directory, agent = make()
    directory.on_stun(request(), CLIENT, 1.0)
    assert agent.on_timeout(1.0) is PathState.CONNECTED
    agent.on_send(2.0)
    agent.on_send(2.3)
    assert agent.next_timeout() == pytest.approx(2.4)
    assert agent.on_timeout(2.39) is None
    assert agent.on_timeout(2.4) is PathState.SUSPECT
    assert agent.on_timeout(7.0) is PathState.LOST
    assert not agent.may_send(31.1)
    assert agent.on_timeout(181.0) is PathState.CLOSED
    assert agent.next_timeout() is None
    assert directory.on_stun(request(), CLIENT, 182.0) is None


def test_suspect_path_that_is_heard_again_is_connected() -> None:
    directory, agent = make()
    directory.on_stun(request(), CLIENT, 1.0)
    agent.on_timeout(1.0)
    agent.on_send(2.0)
    assert agent.on_timeout(2.5) is PathState.SUSPECT
    assert agent.on_receive(CLIENT, 2.6)
    assert agent.next_timeout() == pytest.approx(2.6)
    assert agent.on_timeout(2.6) is PathState.CONNECTED
    assert agent.on_timeout(3.5) is None


def test_idle_path_is_not_lost_between_consent_checks() -> None:
    directory, agent = make()
    directory.on_stun(request(), CLIENT, 1.0)
    agent.on_timeout(1.0)
    assert agent.on_timeout(8.0) is None
    assert agent.on_timeout(16.0) is PathState.LOST


def test_unheard_addresses_expire() -> None:
    directory, agent = make()
    directory.on_stun(request(use_candidate=True), CLIENT, 1.0)
    directory.on_stun(request(), OTHER, 20.0)
    agent.on_timeout(31.0)
    assert set(agent.valid) == {OTHER}
    assert agent.selected == OTHER


def test_credentials_are_long_and_differ() -> None:
    rng = random.Random(1)
    made = {ice.make_credentials(rng) for _ in range(100)}
    assert len({one.ufrag for one in made}) == 100
    assert all(len(one.pwd) >= 22 for one in made)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_stun_error(data: bytes) -> None:
    for message in (data, b"\0\1" + data):
        with contextlib.suppress(ice.StunError):
            ice.parse_binding_request(message)


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_is_never_answered(position: int, change: int) -> None:
    directory, _ = make()
    data = bytearray(request())
    data[position % (len(data) - 8)] ^= change  # FINGERPRINT itself is optional
    assert directory.on_stun(bytes(data), CLIENT, 1.0) is None
