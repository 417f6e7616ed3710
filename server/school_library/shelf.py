"""The lessons that a school's library has: each listed only when every file of it is here and was verified.

    cas/            files by their hash (recorder/pack/store.py)
    packs/<id>.json the signed manifest of a lesson that is listed
    state.json      whom the library trusts, its platform, what it wants
    key.pem         signs what is reported

A lesson appears by the rename of its manifest, after all its files and the trust that it taught are on the disk: a
power cut leaves the old lesson or the new one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from recorder.pack.fetching import Fetching
from recorder.pack.manifest import Manifest, PackFile
from recorder.pack.reader import open_pack, read_signed, read_slice
from recorder.pack.store import SliceStore, SliceWrong
from recorder.pack.trust import SignedManifest, Trust, check, decode_signed
from server.school_library.model import State
from signaling.errors import Refused, Unavailable

RESERVE_BYTES = 256 << 20  # left free: a full disk stops the computer that this runs on

GIVEN_UP_S = 30 * 86_400  # since the last slice of a fetch came

Report = Callable[[int, int], None]  # bytes done, of all


class Lesson(msgspec.Struct, frozen=True):
    """A lesson that is here."""

    manifest: Manifest
    raw: bytes  # manifest.dsse.json


class Shelf:
    """The library's lessons. Methods block for the disk and may be called from threads."""

    def __init__(self, folder: Path, clock_ms: Callable[[], int]) -> None:
        self.folder = folder
        self.store = SliceStore(folder / "cas")
        self._clock_ms = clock_ms
        self._lock = threading.RLock()
        self.stranger = ""  # root key of the pack that was refused last because no platform is trusted yet
        (folder / "packs").mkdir(parents=True, exist_ok=True)
        self._state = self._load_state()
        self._lessons = self._load_lessons()

    @property
    def state(self) -> State:
        """Return what is kept beside the lessons."""
        return self._state

    @property
    def lessons(self) -> dict[str, Lesson]:
        """Return the lessons that are listed, by id."""
        return dict(self._lessons)

    def change(self, **changes: object) -> State:
        """Store changes of the state; return it."""
        with self._lock:
            changed = msgspec.structs.replace(self._state, **changes)
            write_whole(self.folder / "state.json", msgspec.json.encode(changed))
            self._state = changed
            return changed

    def check(self, signed: SignedManifest) -> Manifest:
        """Return the manifest of a pack that may be kept now; nothing is remembered of it.

        Raises:
            Refused: as `recorder.pack.trust.check`.
        """
        return self._checked(signed)[0]

    def _checked(self, signed: SignedManifest) -> tuple[Manifest, Trust]:
        if not self._state.trust.root:
            self.stranger = signed.trust.root
        return check(signed, self._state.trust, self._clock_ms())

    def learn(self, trust: Trust) -> None:
        """Keep what a pack or the platform taught of revocations, and take off the shelf what no longer counts."""
        with self._lock:
            if trust == self._state.trust:
                return
            is_newer = trust.revocations.number > self._state.trust.revocations.number
            self.change(trust=trust)
            if is_newer:
                for pack, lesson in self.lessons.items():
                    if self._still_counts(lesson.raw) is None:
                        self.remove(pack)

    def put(self, raw: bytes) -> Lesson:
        """List the lesson of a signed manifest, whose files are all here.

        Raises:
            Refused: as `check`; `offline_missing`: a file is not here.
        """
        with self._lock:
            manifest, trust = self._checked(decode_signed(raw))
            if missing := [path for path, entry in manifest.files.items() if not self.store.has(entry)]:
                raise Refused("offline_missing", f"离线包不完整，缺少 {missing[0]}，没有导入。请重新拷贝或重新下载。")
            self.learn(trust)
            write_whole(self.folder / "packs" / f"{manifest.id}.json", raw)
            lesson = Lesson(manifest, raw)
            self._lessons[manifest.id] = lesson
            return lesson

    def remove(self, pack: str) -> None:
        """Take a lesson off the shelf; its files go with the next `tidy`."""
        with self._lock:
            if self._lessons.pop(pack, None) is not None:
                (self.folder / "packs" / f"{pack}.json").unlink(missing_ok=True)

    def tidy(self) -> int:
        """Remove files that belong to no lesson, and what began to come and was given up; return the bytes freed."""
        with self._lock:
            wanted = {entry.sha256 for one in self._lessons.values() for entry in one.manifest.files.values()}
            return self.store.sweep(wanted, self._clock_ms() / 1000 - GIVEN_UP_S)

    def require_room(self, manifest: Manifest) -> None:
        """Pass when the disk holds what is still missing of a pack.

        Raises:
            Unavailable: `disk_full`.
        """
        missing = sum(entry.size for entry in manifest.files.values() if not self.store.has(entry))
        if self.store.free_bytes() < missing + RESERVE_BYTES:
            need = (missing + RESERVE_BYTES) >> 20
            raise Unavailable(
                "disk_full", f"磁盘空间不够，这一课还要 {need} MB。请清理磁盘，或移除不用的课，再试一次。"
            )

    def take_zip(self, file: BinaryIO, report: Report) -> Lesson:
        """Import a pack from its ZIP: verified slice by slice as it is copied, listed when all of it is here.

        Raises:
            Refused: as `open_pack`; `offline_damaged`: a part of it is not what was signed.
            Unavailable: `disk_full`.
        """
        self.check(decode_signed(read_signed(file)[0]))
        pack = open_pack(file, self._state.trust, self._clock_ms())
        return self._take(pack.raw, pack.manifest, lambda path, _, index: read_slice(pack, path, index), report)

    def take_folder(self, folder: Path, report: Report) -> Lesson:
        """Import a pack that lies as a folder on a stick.

        Raises:
            Refused: as `take_zip`.
        """
        raw = read_capped(folder / "manifest.dsse.json")
        manifest = self.check(decode_signed(raw))

        def read(path: str, entry: PackFile, index: int) -> bytes:
            file = folder / path
            if file.is_symlink() or not file.is_file() or file.stat().st_size != entry.size:
                raise Refused("offline_missing", f"离线包不完整，缺少 {path}，没有导入。请重新拷贝或重新下载。")
            return read_piece(file, index, entry.size)

        return self._take(raw, manifest, read, report)

    def _take(
        self, raw: bytes, manifest: Manifest, read: Callable[[str, PackFile, int], bytes], report: Report
    ) -> Lesson:
        self.require_room(manifest)
        fetching = Fetching(manifest, self.store)
        report(fetching.have_bytes, manifest.bytes)
        while (wanted := fetching.next_wanted()) is not None:
            index = wanted.start // manifest.slice_bytes
            try:
                fetching.feed(read(wanted.path, wanted.entry, index))
            except SliceWrong as error:
                where = index * manifest.slice_bytes >> 20
                raise Refused(
                    "offline_damaged",
                    f"离线包里 {wanted.path} 在第 {where + 1} MB 处损坏，没有导入；完好的部分已经留下。"
                    "请重新拷贝后再导入，会接着进行。",
                ) from error
            report(fetching.have_bytes, manifest.bytes)
        return self.put(raw)

    def _load_state(self) -> State:
        path = self.folder / "state.json"
        if not path.exists():
            return State()
        try:
            return msgspec.json.decode(path.read_bytes(), type=State)
        except msgspec.DecodeError as error:
            raise Unavailable(
                "library_broken", f"资源库的设置 {path} 已损坏。请把它改名后重新启动，再配对一次；课都还在。"
            ) from error

    def _load_lessons(self) -> dict[str, Lesson]:
        """Return what is listed; a lesson whose manifest cannot be trusted now, or whose files are gone, is not."""
        found: dict[str, Lesson] = {}
        for path in sorted((self.folder / "packs").glob("*.json")):
            raw = path.read_bytes()
            manifest = self._still_counts(raw)
            if manifest is not None and all(self.store.has(entry) for entry in manifest.files.values()):
                found[manifest.id] = Lesson(manifest, raw)
        return found

    def _still_counts(self, raw: bytes) -> Manifest | None:
        """Return the manifest of a lesson that was listed once, unless it was withdrawn or its key revoked since.

        Its key's dates are not asked again: after a power cut the clock of an old computer says 2010.
        """
        try:
            return check(decode_signed(raw), self._state.trust, None)[0]
        except Refused:
            return None


def read_capped(path: Path) -> bytes:
    """Return a manifest's bytes from a stick.

    Raises:
        Refused: `offline_not_a_pack`.
    """
    try:
        if path.is_symlink() or path.stat().st_size > 32 << 20:
            raise FileNotFoundError
        return path.read_bytes()
    except FileNotFoundError:
        raise Refused(
            "offline_not_a_pack", "这个文件夹不是同堂的离线包，或者没有拷贝完整。请选择里面有 index.html 的文件夹。"
        ) from None


def read_piece(path: Path, index: int, size: int) -> bytes:
    """Return one slice of a file."""
    from_byte = index << 20
    with path.open("rb") as file:
        file.seek(from_byte)
        return file.read(min(1 << 20, size - from_byte))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a power cut leaves the old one or the new one."""
    half = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
