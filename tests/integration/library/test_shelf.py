from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from recorder.pack.trust import Revocations, Trust
from server.library.packs.model import Use
from server.school_library import sticks
from server.school_library.shelf import Shelf, write_whole
from server.school_library.sticks import FOLDER
from server.school_library.uses import UseLog, load_key, reports, uses_in
from signaling.errors import Refused, TongtangError
from tests.unit.recorder.pack.pack_world import NOW_MS, TRUST, lesson, school_key, zipped


def quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


def make_shelf(folder: Path, trust: Trust = TRUST) -> Shelf:
    shelf = Shelf(folder, lambda: NOW_MS)
    if shelf.state.trust == Trust():
        shelf.change(trust=trust)
    return shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = make_shelf(tmp_path / "box")
    made.take_zip(BytesIO(zipped(lesson())), quiet)
    return made


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(TongtangError) as error:
        work()
    return error.value.code


# --- the shelf ----------------------------------------------------------------------------------------------------


def test_lesson_is_listed_whole_and_is_there_after_a_restart(shelf: Shelf, tmp_path: Path) -> None:
    again = make_shelf(tmp_path / "box")
    assert [one.manifest.title for one in again.lessons.values()] == ["光的折射"]
    assert again.state.trust.highest == {"les1": 1}


def test_damaged_pack_lists_nothing_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    shelf, data = make_shelf(tmp_path), bytearray(zipped(lesson()))
    data[-400_000] ^= 1
    with pytest.raises(Refused) as refused:
        shelf.take_zip(BytesIO(bytes(data)), quiet)
    assert refused.value.code == "offline_damaged"
    assert "media/light.webm 在第 2 MB 处" in refused.value.detail
    assert shelf.lessons == {}
    seen: list[int] = []
    shelf.take_zip(BytesIO(zipped(lesson())), lambda done, total: seen.append(done))
    assert seen[0] > 1 << 20, "what was sound is not copied twice"


def test_older_pack_does_not_replace_a_newer_one(shelf: Shelf) -> None:
    shelf.take_zip(BytesIO(zipped(lesson(version=3))), quiet)
    assert code_of(lambda: shelf.take_zip(BytesIO(zipped(lesson(version=2))), quiet)) == "offline_rollback"
    assert shelf.lessons["les1"].manifest.version == 3


def test_what_is_withdrawn_leaves_the_shelf(shelf: Shelf) -> None:
    listed = Revocations(2, (), {"les1": 1})
    shelf.learn(msgspec.structs.replace(shelf.state.trust, revocations=listed))
    assert shelf.lessons == {}
    assert shelf.tidy() > 1 << 20


def test_revoked_key_takes_its_lessons_off_the_shelf_also_after_a_restart(shelf: Shelf, tmp_path: Path) -> None:
    key = shelf.lessons["les1"].manifest.signer.key
    shelf.learn(msgspec.structs.replace(shelf.state.trust, revocations=Revocations(2, (key,))))
    assert shelf.lessons == {}
    assert make_shelf(tmp_path / "box").lessons == {}


def test_computer_that_lost_its_clock_still_shows_its_lessons(tmp_path: Path) -> None:
    key = school_key(not_before_ms=NOW_MS - 1000)
    make_shelf(tmp_path).take_zip(BytesIO(zipped(lesson(key=key))), quiet)
    assert len(Shelf(tmp_path, lambda: 0).lessons) == 1


def test_lesson_that_lost_a_file_is_not_listed(shelf: Shelf, tmp_path: Path) -> None:
    entry = shelf.lessons["les1"].manifest.files["resource.json"]
    shelf.store.path(entry.sha256).unlink()
    assert make_shelf(tmp_path / "box").lessons == {}


def test_broken_state_is_told_and_kept(tmp_path: Path) -> None:
    make_shelf(tmp_path)
    (tmp_path / "state.json").write_text("{")
    assert code_of(lambda: make_shelf(tmp_path)) == "library_broken"
    assert (tmp_path / "state.json").read_text() == "{"


def test_full_disk_is_told_before_anything_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = make_shelf(tmp_path)
    monkeypatch.setattr(shelf.store, "free_bytes", lambda: 1 << 20)
    assert code_of(lambda: shelf.take_zip(BytesIO(zipped(lesson())), quiet)) == "disk_full"
    assert not list((tmp_path / "cas").rglob("*.part"))


# --- sticks -------------------------------------------------------------------------------------------------------


def test_stick_carries_a_folder_to_another_library(shelf: Shelf, tmp_path: Path) -> None:
    stick = tmp_path / "usb"
    written = sticks.export_folder(shelf, shelf.lessons["les1"], stick, quiet)
    assert (written / "index.html").read_bytes() == b"<!doctype html>"
    other = make_shelf(tmp_path / "other")
    found = sticks.packs_on(stick, lambda raw: "光的折射")
    assert [(one.path, one.is_zip) for one in found] == [(f"{FOLDER}/{written.name}", False)]
    other.take_folder(stick / found[0].path, quiet)
    assert list(other.lessons) == ["les1"]


def test_stick_carries_a_zip_that_is_the_one_that_came(shelf: Shelf, tmp_path: Path) -> None:
    written = sticks.export_zip(shelf, shelf.lessons["les1"], tmp_path / "usb", quiet)
    assert written.read_bytes() == zipped(lesson())


class Pulled:
    """A stick that is pulled out after some reports of progress."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self, done: int, total: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError(5, "Input/output error")


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("as_zip", [False, True])
def test_stick_pulled_out_in_the_middle_keeps_the_old_lesson(
    shelf: Shelf, tmp_path: Path, after: int, as_zip: bool
) -> None:
    stick = tmp_path / "usb"
    write = sticks.export_zip if as_zip else sticks.export_folder
    old = write(shelf, shelf.lessons["les1"], stick, quiet)
    newer = shelf.take_zip(BytesIO(zipped(lesson(version=2))), quiet)
    assert code_of(lambda: write(shelf, newer, stick, Pulled(after))) == "stick_gone"
    other = make_shelf(tmp_path / "other")
    for found in sticks.packs_on(stick, lambda raw: ""):
        path = stick / found.path
        taken = other.take_zip(BytesIO(path.read_bytes()), quiet) if as_zip else other.take_folder(path, quiet)
        assert (path.name, taken.manifest.version) == (old.name, 1)
    assert list(other.lessons) == ["les1"], "the old one, whole, and nothing else"


def test_stick_pulled_out_while_names_were_exchanged_is_put_right(shelf: Shelf, tmp_path: Path) -> None:
    stick = tmp_path / "usb"
    final = sticks.export_folder(shelf, shelf.lessons["les1"], stick, quiet)
    old = final.with_name(f"{final.name}.old")
    final.rename(old)
    sticks.settle(stick / FOLDER)
    assert (final / "index.html").is_file()
    assert not old.exists()


def test_folder_with_a_link_or_a_changed_file_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    folder = sticks.export_folder(shelf, shelf.lessons["les1"], tmp_path / "usb", quiet)
    other = make_shelf(tmp_path / "other")
    secret = tmp_path / "secret"
    shutil.copy(folder / "resource.json", secret)
    (folder / "resource.json").unlink()
    (folder / "resource.json").symlink_to(secret)
    assert code_of(lambda: other.take_folder(folder, quiet)) == "offline_missing"
    (folder / "resource.json").unlink()
    (folder / "resource.json").write_bytes(secret.read_bytes()[:-1] + b"?")
    assert code_of(lambda: other.take_folder(folder, quiet)) == "offline_damaged"
    assert code_of(lambda: other.take_folder(tmp_path, quiet)) == "offline_not_a_pack"


def test_write_whole_leaves_no_half_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"1")
    write_whole(tmp_path / "a", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


# --- what was played ----------------------------------------------------------------------------------------------


def use(number: int, seconds: int = 60) -> Use:
    return Use(f"{number:032x}", "les1", 1, NOW_MS, seconds, "五年级1班")


def test_uses_survive_a_torn_line_and_wait_until_they_are_reported(tmp_path: Path) -> None:
    log = UseLog(tmp_path)
    log.note(use(1, 30))
    log.note(use(1, 60))
    log.note(use(1, 45))
    log.note(use(2))
    with (tmp_path / "uses.jsonl").open("ab") as file:
        file.write(b'{"use":{"id":"00')
    again = UseLog(tmp_path)
    again.note(use(3))
    again = UseLog(tmp_path)
    assert again.waiting() == [use(1, 60), use(2), use(3)]
    again.reported([use(1, 60), use(2, 1)])
    assert UseLog(tmp_path).waiting() == [use(2), use(3)], "one that grew meanwhile is told again"


def test_reports_are_signed_and_no_longer_than_the_platform_takes(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert load_key(tmp_path).private_bytes_raw() == key.private_bytes_raw()
    made = reports("lib", [use(number) for number in range(400)], key)
    assert [len(some) for _, some in made] == [150, 150, 100]
    assert uses_in(made[0][0])[0] == use(0)
    assert len(msgspec.json.encode({"signed": made[0][0]})) < 64_000
