from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.tls import check_pair, facts_of, own_certificate
from signaling.errors import Unavailable

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMES, ADDRESSES = ("localhost", "box"), ("127.0.0.1", "192.168.1.5")


def test_it_names_hosts_and_addresses_and_can_be_used(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path / "tls", NAMES, ADDRESSES, NOW)
    facts = facts_of(certificate)
    assert facts.names == set(NAMES) and facts.addresses == set(ADDRESSES)
    assert facts.begins < NOW < facts.ends < NOW + timedelta(days=825)
    assert key.stat().st_mode & 0o777 == 0o600
    check_pair(certificate, key)


def test_it_is_kept_while_it_fits(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, NAMES, ADDRESSES, NOW)[0].read_bytes()
    assert own_certificate(tmp_path, NAMES, ADDRESSES[:1], NOW + timedelta(days=700))[0].read_bytes() == first


@pytest.mark.parametrize(
    ("addresses", "later"),
    [((*ADDRESSES, "10.0.0.1"), timedelta()), (ADDRESSES, timedelta(days=800)), (ADDRESSES, timedelta(days=-30))],
)
def test_it_is_renewed_for_a_new_address_and_before_its_end(
    tmp_path: Path, addresses: tuple[str, ...], later: timedelta
) -> None:
    first = own_certificate(tmp_path, NAMES, ADDRESSES, NOW)[0].read_bytes()
    assert own_certificate(tmp_path, NAMES, addresses, NOW + later)[0].read_bytes() != first


def test_a_broken_one_is_made_anew(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path, NAMES, ADDRESSES, NOW)
    certificate.write_text("garbage")
    check_pair(*own_certificate(tmp_path, NAMES, ADDRESSES, NOW))


def test_files_that_do_not_fit_are_refused_in_words(tmp_path: Path) -> None:
    first = own_certificate(tmp_path / "a", NAMES, ADDRESSES, NOW)
    second = own_certificate(tmp_path / "b", NAMES, ADDRESSES, NOW)
    with pytest.raises(Unavailable, match="不能一起使用"):
        check_pair(first[0], second[1])
    with pytest.raises(Unavailable, match="读不到文件"):
        check_pair(tmp_path / "none", second[1])
