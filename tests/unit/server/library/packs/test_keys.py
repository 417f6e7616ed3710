from __future__ import annotations

from pathlib import Path

import pytest

from recorder.pack.dsse import key_id, public_key
from recorder.pack.trust import Trust, newer_revocations
from server.library.packs.keys import KeyRing
from signaling.errors import Unavailable


def test_keys_are_made_once_and_nobody_else_reads_them(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys")
    key = ring.school_key("abc", "春城实验小学", 1000)
    again = KeyRing(tmp_path / "keys")
    assert again.root == ring.root
    assert again.school_key("abc", "春城实验小学", 2000).vouching.delegation == key.vouching.delegation
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert modes == {"root.pem": 0o600, "school-abc.pem": 0o600, "school-abc.json": 0o600}


def test_revoked_key_is_replaced_and_stays_revoked(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    old = key_id(public_key(ring.school_key("abc", "学校", 0).private))
    ring.revoke_school("abc")
    ring.withdraw("les1", 2)
    ring.withdraw("les1", 1)
    again = KeyRing(tmp_path)
    assert key_id(public_key(again.school_key("abc", "学校", 0).private)) != old
    found = newer_revocations(again.signed_revocations(), Trust(again.root))
    assert (found.number, found.keys, found.packs) == (2, (old,), {"les1": 2})


@pytest.mark.parametrize("name", ["root.pem", "revocations.json"])
def test_broken_key_is_told_and_left_alone(tmp_path: Path, name: str) -> None:
    KeyRing(tmp_path)
    (tmp_path / name).write_text("not a key")
    with pytest.raises(Unavailable) as error:
        KeyRing(tmp_path)
    assert error.value.code == "key_broken"
    assert (tmp_path / name).read_text() == "not a key"


def test_no_file_is_made_for_what_is_no_school(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="school"):
        KeyRing(tmp_path).school_key("../x", "学校", 0)
