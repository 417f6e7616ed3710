"""What finds damage in an offline pack: our reader and library at any flipped bit, and a verifier without our code."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder.pack.manifest import SLICE_BYTES, Manifest, slice_size
from recorder.pack.reader import verify
from recorder.pack.trust import Trust
from server.school_library.shelf import Shelf
from signaling.errors import Refused

_ED25519_DER = "302a300506032b6570032100"  # RFC 8410 §4: what stands before the 32 bytes of a public key


def flip(path: Path, at: int, bit: int) -> None:
    """Flip a bit of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))


def found_in_zip(pack: Path, trust: Trust, flips: int, chance: random.Random) -> int:
    """Flip bits anywhere in a ZIP, one at a time; return how many of them a reader found."""
    found = 0
    for _ in range(flips):
        at, bit = chance.randrange(pack.stat().st_size), chance.randrange(8)
        flip(pack, at, bit)
        try:
            found += bool(verify(pack, trust, 0)[1])
        except Refused:
            found += 1
        flip(pack, at, bit)
    return found


def mended(
    shelf: Shelf,
    manifest: Manifest,
    flips: int,
    chance: random.Random,
    fetch: Callable[[], int],
) -> dict[str, int]:
    """Flip bits in what a library keeps, half of them in small files, and let it mend them.

    `fetch` fetches the pack again and returns the bytes that crossed the line.
    """
    paths = sorted(path for path, entry in manifest.files.items() if entry.size)
    sizes = [manifest.files[path].size for path in paths]
    slices, most_bytes, most_beside = 0, 0, 0
    for number in range(flips):
        path = chance.choices(paths, sizes)[0] if number % 2 else chance.choice(paths)
        entry = manifest.files[path]
        at = chance.randrange(entry.size)
        flip(shelf.store.path(entry.sha256), at, chance.randrange(8))
        damaged = shelf.store.recheck(entry)
        assert damaged == [at // SLICE_BYTES], (path, at, damaged)
        over = fetch()
        assert shelf.store.recheck(entry) == [], path
        slices += len(damaged)
        most_bytes = max(most_bytes, over)
        most_beside = max(most_beside, over - slice_size(entry.size, damaged[0]))
    return {"flips": flips, "flip_slices": slices, "flip_fetched_bytes": most_bytes, "flip_beside_bytes": most_beside}


def openssl_agrees(pack: Path, root: str, folder: Path) -> bool:
    """Return whether the pack is what its platform signed, by zipfile, json, hashlib and the openssl command alone."""
    with zipfile.ZipFile(pack) as opened:
        signed = json.loads(opened.read("manifest.dsse.json"))
        for path, entry in json.loads(base64.b64decode(signed["payload"]))["files"].items():
            content = opened.read(path)
            slices = [content[at : at + SLICE_BYTES] for at in range(0, len(content), SLICE_BYTES)]
            told = [hashlib.sha256(content).hexdigest(), *(hashlib.sha256(one).hexdigest() for one in slices)]
            if told != [entry["sha256"], *entry["slices"]]:
                return False
    word = signed["trust"]["delegation"]
    school = json.loads(base64.b64decode(word["payload"]))["key"]
    return _is_signed(folder, root, word) and _is_signed(folder, school, signed)


def _is_signed(folder: Path, key: str, envelope: dict[str, Any]) -> bool:
    kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
    (folder / "said").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (folder / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    (folder / "key.der").write_bytes(bytes.fromhex(_ED25519_DER + key))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin"]
    command += ["-in", "said", "-sigfile", "signature"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=20, check=False).returncode == 0
