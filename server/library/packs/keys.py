"""The keys that sign offline packs, in the folder `keys/` of the data folder: made at the first start, 0600.

    root.pem              the platform's root key: vouches for the others, signs revocations
    school-<id>.pem       a school's key
    school-<id>.json      the root's word for it (a DSSE envelope)
    revocations.json      what no longer counts (a DSSE envelope), each newer than the last

Whoever has `root.pem` signs in the platform's name; whoever loses it must let every school's library trust a new one.
It belongs into the backup, and nowhere else (docs/operations.md).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.pack.build import SigningKey, delegate
from recorder.pack.dsse import Envelope, key_id, open_envelope, public_key, sign
from recorder.pack.manifest import canonical
from recorder.pack.trust import REVOCATIONS_TYPE, Delegation, Revocations, Trust, Vouching, newer_revocations
from server.data_folder import refusal
from signaling.errors import Unavailable

_SCHOOL = re.compile(r"[A-Za-z0-9_-]{1,40}")


class KeyRing:
    """The platform's keys. Methods block for the disk, and may be called from threads."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, and make the root key when there is none.

        Raises:
            Unavailable: `storage_unwritable`, `disk_full` or `key_broken`.
        """
        self._folder = folder
        self._lock = Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._root = _load_or_make(folder / "root.pem")
            self._revocations = self._load_revocations()
        except OSError as error:
            raise refusal(error, folder) from error

    @property
    def root(self) -> str:
        """Return the root's public key, as hex: what a reader trusts."""
        return public_key(self._root)

    @property
    def revocations(self) -> Revocations:
        """Return what no longer counts."""
        return self._revocations

    def signed_revocations(self) -> Envelope:
        """Return the list as the root signed it."""
        return sign(REVOCATIONS_TYPE, canonical(self._revocations), self._root)

    def school_key(self, school_id: str, name: str, now_ms: int) -> SigningKey:
        """Return the school's key, made and vouched for when it has none, or its one was revoked.

        Raises:
            Unavailable: `storage_unwritable`, `disk_full` or `key_broken`.
        """
        if not _SCHOOL.fullmatch(school_id):
            raise ValueError(f"no school's id: {school_id!r}")
        with self._lock:
            try:
                return self._school_key(school_id, name, now_ms)
            except OSError as error:
                raise refusal(error, self._folder) from error

    def _school_key(self, school_id: str, name: str, now_ms: int) -> SigningKey:
        key_path, word_path = (self._folder / f"school-{school_id}.{kind}" for kind in ("pem", "json"))
        private = _load_or_make(key_path)
        if key_id(public_key(private)) in self._revocations.keys:
            key_path.replace(self._folder / f"revoked-{key_id(public_key(private))}.pem")
            word_path.unlink(missing_ok=True)
            private = _load_or_make(key_path)
        word = self._word(word_path, private)
        if word is None:
            word = delegate(self._root, Delegation(public_key(private), name[:80], now_ms))
            _write(word_path, msgspec.json.encode(word))
        return SigningKey(private, name[:80], Vouching(self.root, word, self.signed_revocations()))

    def _word(self, path: Path, private: Ed25519PrivateKey) -> Envelope | None:
        """Return the root's word that is kept, when it is for this key."""
        if not path.exists():
            return None
        try:
            word = msgspec.json.decode(path.read_bytes(), type=Envelope)
            payload = open_envelope(word, "application/vnd.tongtang.delegation+json", self.root)
            found = msgspec.json.decode(payload, type=Delegation)
        except ValueError:
            return None
        return word if found.key == public_key(private) else None

    def revoke_school(self, school_id: str) -> Revocations:
        """Let the school's key count no more, so that every pack it signed is refused; it gets a new one.

        Raises:
            Unavailable: `storage_unwritable`, `disk_full` or `key_broken`.
        """
        key = self.school_key(school_id, "", 0).private
        return self.revoke(key_id(public_key(key)))

    def revoke(self, key: str) -> Revocations:
        """Let the key with this id count no more; return the new list.

        Raises:
            Unavailable: `storage_unwritable` or `disk_full`.
        """
        return self._change(lambda old: old if key in old.keys else msgspec.structs.replace(old, keys=(*old.keys, key)))

    def withdraw(self, pack: str, version: int) -> Revocations:
        """Take a pack back, up to this version; return the new list.

        Raises:
            Unavailable: `storage_unwritable` or `disk_full`.
        """
        return self._change(
            lambda old: (
                old
                if old.packs.get(pack, 0) >= version
                else msgspec.structs.replace(old, packs=old.packs | {pack: version})
            )
        )

    def _change(self, change: Callable[[Revocations], Revocations]) -> Revocations:
        with self._lock:
            changed = change(self._revocations)
            if changed is not self._revocations:
                numbered = msgspec.structs.replace(changed, number=self._revocations.number + 1)
                envelope = sign(REVOCATIONS_TYPE, canonical(numbered), self._root)
                try:
                    _write(self._folder / "revocations.json", msgspec.json.encode(envelope))
                except OSError as error:
                    raise refusal(error, self._folder) from error
                self._revocations = numbered
            return self._revocations

    def _load_revocations(self) -> Revocations:
        path = self._folder / "revocations.json"
        if not path.exists():
            return Revocations()
        try:
            envelope = msgspec.json.decode(path.read_bytes(), type=Envelope)
            return newer_revocations(envelope, Trust(self.root))
        except Exception as error:
            raise _broken(path) from error


def _load_or_make(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write(path, made.private_bytes(*form))
        return made
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _broken(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _broken(path)
    return key


def _write(path: Path, data: bytes) -> None:
    """Write the file whole or not at all, for nobody else to read."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _broken(path: Path) -> Unavailable:
    return Unavailable(
        "key_broken", f"签名密钥文件 {path} 已损坏。请从备份恢复 keys 目录；没有备份就只能换新密钥，各校要重新信任。"
    )
