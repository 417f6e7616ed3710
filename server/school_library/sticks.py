"""USB sticks: packs onto them and from them, as folders that open by a double-click or as ZIP files.

A stick is pulled out when nobody expects it, and most are FAT32, where no file is larger than 4 GB less a byte and a
rename does not replace a folder. So a lesson is written into a folder of its own beside the old one, synced, and then
the names are exchanged: what is on the stick at any moment is the old lesson whole, the new one whole, or, if it was
pulled out in the instant between, the old one under its `.old` name, which the next export or import puts back.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from recorder.pack.digests import Source, digest_of
from recorder.pack.layout import Layout
from recorder.pack.manifest import MANIFEST, MIME, MIMETYPE, Manifest
from recorder.pack.trust import decode_signed
from server.library.naming import saved_as
from server.school_library.shelf import Lesson, Report, Shelf
from signaling.errors import Refused, Unavailable

FAT32_BYTES = (4 << 30) - 1  # the largest file on FAT32
FOLDER = "同堂课程"  # on the stick; lessons are folders `<title>（<id>）` in it, which people find by eye
ZIP_SUFFIX = ".pack.zip"
SLACK_BYTES = 8 << 20  # FAT32 of a large stick gives every file at least 32 KiB
_BLOCK = 1 << 20
_FAT = frozenset({"vfat", "msdos", "fat", "fuseblk.fat"})


class Stick(msgspec.Struct, frozen=True):
    """A folder that lessons may be taken from or brought to."""

    path: str
    name: str
    free_bytes: int
    is_fat32: bool


class Found(msgspec.Struct, frozen=True):
    """A pack on a stick."""

    path: str  # from the stick
    title: str
    is_zip: bool
    bytes: int


def sticks(roots: list[Path], mounts: str) -> list[Stick]:
    """Return the folders below `roots` where something is mounted; `mounts` is the text of /proc/mounts."""
    found = []
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        path = Path(fields[1].replace("\\040", " "))
        if not any(root in path.parents for root in roots):
            continue
        try:
            free = shutil.disk_usage(path).free
        except OSError:
            continue
        found.append(Stick(str(path), path.name, free, fields[2] in _FAT))
    return found


def require_fits(manifest: Manifest, stick: Stick, *, as_zip: bool) -> None:
    """Pass when the lesson fits.

    Raises:
        Refused: `offline_fat32`; `stick_full`.
    """
    largest = max((entry.size for entry in manifest.files.values()), default=0)
    if stick.is_fat32 and (manifest.bytes + SLACK_BYTES if as_zip else largest) > FAT32_BYTES:
        what = "请改选“文件夹”，" if as_zip and largest <= FAT32_BYTES else "请不带原始画质，"
        raise Refused(
            "offline_fat32",
            f"这个 U 盘是 FAT32 格式，放不下 4 GB 以上的单个文件。{what}或把 U 盘改成 exFAT 格式再试。",
        )
    if stick.free_bytes < manifest.bytes + SLACK_BYTES:
        need = (manifest.bytes + SLACK_BYTES - stick.free_bytes) >> 20
        raise Refused("stick_full", f"U 盘空间不够，还差 {need + 1} MB。请删掉不用的文件，或换一个 U 盘。")


def export_folder(shelf: Shelf, lesson: Lesson, stick: Path, report: Report) -> Path:
    """Write the lesson as a folder; return the folder.

    Raises:
        Unavailable: `stick_gone`: it was pulled out, or is full; what was on it before is still whole.
    """
    home = stick / FOLDER
    final = home / _name(lesson.manifest)
    coming = final.with_name(f"{final.name}.new")
    try:
        settle(home)
        shutil.rmtree(coming, ignore_errors=True)
        coming.mkdir(parents=True)
        done = 0
        for path, entry in lesson.manifest.files.items():
            _copy(shelf.store.path(entry.sha256), coming / path)
            done += entry.size
            report(done, lesson.manifest.bytes)
        _write(coming / MIMETYPE, MIME.encode())
        _write(coming / MANIFEST, lesson.raw)  # last: without it a folder is no pack
        for folder in {coming, *(file.parent for file in coming.rglob("*"))}:
            _sync_folder(folder)
        _exchange(final, coming, lesson.manifest.id)
    except OSError as error:
        raise _gone(error) from error
    return final


def export_zip(shelf: Shelf, lesson: Lesson, stick: Path, report: Report) -> Path:
    """Write the lesson as one file; return it.

    Raises:
        Unavailable: `stick_gone`.
    """
    home = stick / FOLDER
    final = home / f"{_name(lesson.manifest)}{ZIP_SUFFIX}"
    coming = final.with_name(f"{final.name}.new")
    try:
        home.mkdir(parents=True, exist_ok=True)
        layout = layout_of(shelf, lesson)
        with coming.open("wb") as file:
            done = 0
            for block in layout.read():
                file.write(block)
                done += len(block)
                report(min(done, lesson.manifest.bytes), lesson.manifest.bytes)
            file.flush()
            os.fsync(file.fileno())
        coming.replace(final)
        _sync_folder(home)
        for other in _same(home, lesson.manifest.id, ZIP_SUFFIX):
            if other != final:
                other.unlink()  # of a version that had another title
    except OSError as error:
        raise _gone(error) from error
    return final


def layout_of(shelf: Shelf, lesson: Lesson) -> Layout:
    """Return the lesson as the ZIP that it came in, byte for byte."""
    heads = [Source(MIMETYPE, data=MIME.encode()), Source(MANIFEST, data=lesson.raw)]
    files = [Source(path, shelf.store.path(entry.sha256)) for path, entry in sorted(lesson.manifest.files.items())]
    return Layout([(source, digest_of(source)) for source in (*heads, *files)])


def settle(home: Path) -> None:
    """Put right what a stick that was pulled out left: names that were being exchanged."""
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob("*（*）.old"):
        pack = old.name.rpartition("（")[2].removesuffix("）.old")
        if _same(home, pack, ""):
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(old.with_name(old.name.removesuffix(".old")))


def _name(manifest: Manifest) -> str:
    return saved_as("", manifest.title, manifest.id, "")


def _same(home: Path, pack: str, suffix: str) -> list[Path]:
    """Return what is on the stick of the same lesson, whatever its title was."""
    return [path for path in home.iterdir() if path.name.endswith(f"（{pack}）{suffix}")]


def packs_on(stick: Path, title_of: Callable[[bytes], str]) -> list[Found]:
    """Return the packs on a stick: in its first level and in our own folder."""
    found: list[Found] = []
    homes = [stick, stick / FOLDER]
    for home in homes:
        try:
            entries = sorted(home.iterdir())[:2_000]
        except OSError:
            continue
        for entry in entries:
            if entry.is_symlink() or entry.name.endswith(".new"):
                continue
            if entry.is_file() and entry.name.endswith(".zip"):
                found.append(Found(str(entry.relative_to(stick)), entry.name, True, entry.stat().st_size))
            elif (entry / MANIFEST).is_file():
                raw = (entry / MANIFEST).read_bytes()
                found.append(Found(str(entry.relative_to(stick)), title_of(raw), False, len(raw)))
    return found


def _exchange(final: Path, coming: Path, pack: str) -> None:
    gone = []
    for old in _same(final.parent, pack, ""):
        gone.append(old.with_name(f"{old.name}.old"))
        old.rename(gone[-1])
    coming.rename(final)
    _sync_folder(final.parent)
    for old in gone:
        shutil.rmtree(old, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, _BLOCK)
        written.flush()
        os.fsync(written.fileno())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _gone(error: OSError) -> Unavailable:
    return Unavailable(
        "stick_gone",
        f"没有写完：U 盘被拔出、写保护或已满（{error.strerror or error}）。"
        "U 盘上原来的课没有变，请重新插好再导出一次。",
    )


def mounted(roots: list[Path]) -> list[Stick]:
    """Return the sticks that are plugged in now."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sticks(roots, mounts)


def title_of(raw: bytes) -> str:
    """Return the title in a manifest that was not checked yet, for a list."""
    try:
        return unchecked(raw).title
    except (Refused, ValueError):
        return "读不懂的离线包"


def unchecked(raw: bytes) -> Manifest:
    """Return a manifest without looking at its signature.

    Raises:
        Refused, ValueError: it cannot be read.
    """
    return msgspec.json.decode(base64.b64decode(decode_signed(raw).payload), type=Manifest)
