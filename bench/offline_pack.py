"""An offline pack of 120 MB: `python -m bench.offline_pack [--megabytes 120] [--cuts 50] [--flips 20] [--seed 1]`.

Builds the pack of a lesson with a low rendition, a light one and 40 pages, streams it as the server does, and verifies
it as a reader does (`build_s` with hashing everything, `stream_s`, `verify_s`). Then it is fetched over loopback by the
code of the school library, on a line that is cut at random bytes: `fetch_pct` is what went over the line, headers
included, of what the pack holds. Bits are flipped anywhere in what the library keeps, in large files and small ones:
each must be found in its slice and nowhere else, `flip_fetched_bytes` is the most that mending one fetched, and
`flip_beside_bytes` what of it was not the slice. Bits are flipped anywhere in the ZIP: `zip_flips_found` of them a
reader found. `independent` says whether zipfile, hashlib and the openssl command alone find the signatures and all
hashes right. Prints one JSON line; exit 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.cut_line import CutLine
from bench.offline_checks import found_in_zip, mended, openssl_agrees
from recorder.pack.build import About, Built, SigningKey, build, delegate
from recorder.pack.digests import Source
from recorder.pack.dsse import public_key
from recorder.pack.reader import verify
from recorder.pack.trust import Delegation, Trust, Vouching
from server.school_library.fetcher import Fetcher
from server.school_library.links import peer_link
from server.school_library.shelf import Shelf
from tests.ports import free_port

PAGES, PAGE_BYTES, LIGHT_BYTES = 40, 82_000, 11_000_000  # docs/recording.md: a lesson of an hour

LINE_BYTES = 16_384  # that the line holds when it breaks: a second of 128 kbit/s


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


def fetched(folder: Path, built: Built, trust: Trust, cuts: int, flips: int, seed: int) -> dict[str, float]:
    """Fetch the pack from one library to another over a line that is cut, then flip bits and mend them."""
    source = Shelf(folder / "source", lambda: 0)
    source.change(trust=trust)
    with (folder / "lesson.pack.zip").open("rb") as file:
        source.take_zip(file, lambda done, total: None)
    shelf = Shelf(folder / "box", lambda: 0)
    shelf.change(trust=trust)
    fetcher = Fetcher(shelf, lambda progress: None)
    with library_process(folder / "source") as port, CutLine(port, buffer_bytes=LINE_BYTES).serving() as line:
        link, pack = peer_link(f"127.0.0.1:{line.port}"), built.manifest.id
        with cutting(line, cuts, built.layout.size, random.Random(seed)) as made:
            fetcher.fetch(link, pack, ())
        over = line.down_bytes

        def fetch_again() -> int:
            before = line.down_bytes
            fetcher.fetch(link, pack, ())
            return line.down_bytes - before

        mending = mended(shelf, built.manifest, flips, random.Random(seed + 1), fetch_again)
    return {"cuts": made[0], "fetch_pct": round(100 * over / built.manifest.bytes, 2), **mending}


@contextlib.contextmanager
def library_process(folder: Path) -> Iterator[int]:
    """Run a library in a process of its own; yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "server.cli", "library", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "--data", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it says its address when it serves
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def cutting(line: CutLine, cuts: int, size: int, chance: random.Random) -> Iterator[list[int]]:
    """Cut the line at random bytes, about evenly over `size`, inside the block; yield how often it was."""
    made, over = [0], threading.Event()

    def run() -> None:
        while made[0] < cuts and not over.is_set():
            line.cut_after(int(size / (cuts + 1) * chance.uniform(0.5, 1.4)))
            while not line.was_cut.wait(0.05):
                if over.is_set():
                    return
            made[0] += 1
            line.mend()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        thread.join()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.offline_pack")
    parser.add_argument("--megabytes", type=int, default=120)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--flips", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built, trust, figures = timed_build(folder, options.megabytes * 1_000_000, options.seed)
        figures |= fetched(folder, built, trust, options.cuts, options.flips, options.seed)
        pack = folder / "lesson.pack.zip"
        found = found_in_zip(pack, trust, options.flips, random.Random(options.seed + 2))
        agrees = openssl_agrees(pack, trust.root, folder)
    line = {"bench": "offline_pack", "bytes": built.layout.size, **figures}
    print(json.dumps(line | {"zip_flips_found": found, "independent": agrees}))
    is_met = figures["build_s"] <= 1 and figures["verify_s"] <= 1 and figures["fetch_pct"] <= 101
    sys.exit(not (is_met and agrees and found == options.flips))


if __name__ == "__main__":
    main(sys.argv[1:])
