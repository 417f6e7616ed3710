"""A recording's folder: time across restarts, whatever the wall clock does; and what a broken file leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.folder import JOURNAL, Folder, Moment
from recorder.journal import read_journal
from recorder.ops import Note

START = {"recording": "r", "room": "room", "title": "光", "lead_role": "lecturer"}
SECOND = 1_000_000_000
WALL_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


def begin(path: Path) -> None:
    """Record ten minutes and crash."""
    folder = Folder(path, Moment(5_000 * SECOND, WALL_MS, "boot-1"), START)
    folder.apply([Note(600_000.0, "map", {})], 600_000.0)
    folder.close(600_000.0)


def origin_s(path: Path, moment: Moment) -> float:
    """Return the recording's time at `moment` when it goes on then."""
    folder = Folder(path, moment, START)
    folder.close((moment.mono_ns - folder.origin_ns) / 1e6)
    return (moment.mono_ns - folder.origin_ns) / SECOND


@pytest.mark.parametrize("set_ms", [0, -HOUR_MS, HOUR_MS], ids=["left alone", "set back", "set forward"])
def test_while_the_machine_runs_the_wall_clock_means_nothing(tmp_path: Path, set_ms: int) -> None:
    begin(tmp_path)
    assert origin_s(tmp_path, Moment(5_700 * SECOND, WALL_MS + 700_000 + set_ms, "boot-1")) == 700
    assert read_journal(tmp_path / JOURNAL).is_intact


def test_after_a_restart_of_the_machine_the_wall_clock_spans_the_time(tmp_path: Path) -> None:
    begin(tmp_path)
    assert origin_s(tmp_path, Moment(30 * SECOND, WALL_MS + 800_000, "boot-2")) == 800


def test_after_a_restart_with_a_clock_set_back_time_goes_on_where_it_was(tmp_path: Path) -> None:
    begin(tmp_path)
    assert origin_s(tmp_path, Moment(30 * SECOND, WALL_MS - HOUR_MS, "boot-2")) == 600
    assert origin_s(tmp_path, Moment(50 * SECOND, WALL_MS - HOUR_MS, "boot-2")) == 620, "and then by this start's clock"
    times = [line["t"] for line in read_journal(tmp_path / JOURNAL).lines]
    assert times == sorted(times)
