from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from server.school_library import sticks
from server.school_library.links import checked_url, peer_link
from server.school_library.night import Pace, is_open
from server.school_library.sticks import Stick
from signaling.errors import TongtangError
from tests.unit.recorder.pack.pack_world import lesson


def stick_at(folder: Path, free: int = 1 << 40, *, is_fat32: bool = False) -> Stick:
    folder.mkdir(parents=True, exist_ok=True)
    return Stick(str(folder), folder.name, free, is_fat32)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(TongtangError) as error:
        work()
    return error.value.code


def test_fat32_takes_no_file_of_four_gigabytes(tmp_path: Path) -> None:
    manifest = lesson().manifest
    film = msgspec.structs.replace(manifest.files["media/light.webm"], size=sticks.FAT32_BYTES)
    just = msgspec.structs.replace(manifest, files={"film.mp4": film})
    large = msgspec.structs.replace(manifest, files={"film.mp4": msgspec.structs.replace(film, size=film.size + 1)})
    fat, other = stick_at(tmp_path / "fat", is_fat32=True), stick_at(tmp_path / "exfat")
    sticks.require_fits(just, fat, as_zip=False)
    sticks.require_fits(large, other, as_zip=True)
    assert code_of(lambda: sticks.require_fits(just, fat, as_zip=True)) == "offline_fat32"
    assert code_of(lambda: sticks.require_fits(large, fat, as_zip=False)) == "offline_fat32"
    assert code_of(lambda: sticks.require_fits(manifest, stick_at(tmp_path / "s", 1000), as_zip=False)) == "stick_full"


def test_sticks_are_what_is_mounted_below_the_roots(tmp_path: Path) -> None:
    (tmp_path / "MY USB").mkdir()
    mounts = f"/dev/sdb1 {tmp_path}/MY\\040USB vfat rw 0 0\n/dev/sda1 / ext4 rw 0 0\nodd\n"
    found = sticks.sticks([tmp_path], mounts)
    assert [(one.name, one.is_fat32) for one in found] == [("MY USB", True)]


# --- time and addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "minute", "opened"),
    [
        ((1320, 360), 1320, True),
        ((1320, 360), 0, True),
        ((1320, 360), 359, True),
        ((1320, 360), 360, False),
        ((1320, 360), 720, False),
        ((60, 120), 90, True),
        ((60, 120), 120, False),
        ((0, 0), 700, True),
    ],
)
def test_window_may_pass_midnight(window: tuple[int, int], minute: int, opened: bool) -> None:
    assert is_open(*window, minute) is opened


def test_ceiling_holds_over_a_minute_whatever_the_pieces() -> None:
    pace, now, came = Pace(200_000), 0.0, 0
    while now < 60:
        came += 65_536
        now += pace.after(65_536, now)
    assert 60 <= came * 8 / 200_000 <= 64
    assert Pace(0).after(1 << 30, 0.0) == 0.0


@pytest.mark.parametrize("text", ["", "ftp://a", "http://", "http://user@host", "a:99999", "http://[", "x" * 300])
def test_address_that_is_none_is_refused(text: str) -> None:
    assert code_of(lambda: checked_url(text)) == "address_wrong"


def test_address_is_taken_as_the_other_screen_shows_it() -> None:
    assert checked_url(" 192.168.1.20:8600 ") == "http://192.168.1.20:8600"
    assert peer_link("http://box:8600/").base == "http://box:8600/lessons"
