"""What was played, until the platform has counted it: kept on the disk, reported by network or on a stick.

    uses.jsonl    a line whenever a record grew; the last line of an id holds

Records have random ids, so that the same one may come home by network and by stick and is counted once. They are kept
after they were reported: a platform that is restored from a backup gets them again when somebody exports all.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.pack.dsse import Envelope, sign
from recorder.pack.manifest import canonical
from server.library.packs.model import MAX_USES, USES_TYPE, Use, UsesReport
from server.school_library.model import MAX_USES as MAX_KEPT, Kept
from server.school_library.shelf import write_whole

REPEATED_LINES = 5_000  # lines more than records, before the file is written anew


class UseLog:
    """The records. Methods block for the disk and may be called from threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "uses.jsonl"
        self._lock = threading.Lock()
        self._kept: dict[str, Kept] = {}
        self._lines = 0
        if self._path.exists():
            data = self._path.read_bytes()
            for line in data.splitlines():
                self._read(line)
            if data and not data.endswith(b"\n"):  # torn by a power cut: what follows must not be glued to it
                write_whole(self._path, data + b"\n")

    def _read(self, line: bytes) -> None:
        self._lines += 1
        try:
            kept = msgspec.json.decode(line, type=Kept)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # torn by a power cut: the page says it again while it plays
        self._kept[kept.use.id] = kept

    def note(self, use: Use) -> None:
        """Keep a record, or that it grew."""
        with self._lock:
            known = self._kept.get(use.id)
            if known is not None and known.use.seconds >= use.seconds:
                return
            if known is None and len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._store([Kept(use)])

    def waiting(self) -> list[Use]:
        """Return what the platform has not counted yet, the oldest first."""
        with self._lock:
            return [kept.use for kept in self._kept.values() if not kept.is_reported]

    def reported(self, uses: Sequence[Use]) -> None:
        """Note that these were counted; one that has grown since waits again."""
        with self._lock:
            done = [use for use in uses if (known := self._kept.get(use.id)) is not None and known.use == use]
            self._store([Kept(use, True) for use in done])

    def _store(self, changed: Sequence[Kept]) -> None:
        for kept in changed:
            self._kept[kept.use.id] = kept
        if self._lines > len(self._kept) + REPEATED_LINES:
            write_whole(self._path, b"".join(msgspec.json.encode(kept) + b"\n" for kept in self._kept.values()))
            self._lines = len(self._kept)
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, b"".join(msgspec.json.encode(kept) + b"\n" for kept in changed))
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        self._lines += len(changed)


def reports(library: str, uses: Sequence[Use], key: Ed25519PrivateKey) -> list[tuple[Envelope, list[Use]]]:
    """Return signed reports of these records, as many in each as the platform takes at once."""
    found = []
    for at in range(0, len(uses), MAX_USES):
        some = list(uses[at : at + MAX_USES])
        found.append((sign(USES_TYPE, canonical(UsesReport(library, tuple(some))), key), some))
    return found


def uses_in(envelope: Envelope) -> tuple[Use, ...]:
    """Return the records in a report of our own."""
    return msgspec.json.decode(base64.b64decode(envelope.payload), type=UsesReport).uses


def load_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key that reports are signed by, made once."""
    path = folder / "key.pem"
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        return key
    made = Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_whole(path, made.private_bytes(*form))
    return made
