from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server import doctor
from server.settings import load
from server.tls import own_certificate

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("free", "verdict"), [(500 << 20, "bad"), (5 << 30, "warning"), (50 << 30, "good")], ids=["0.5 GB", "5 GB", "50 GB"]
)
def test_free_space_is_judged(free: int, verdict: str) -> None:
    finding = doctor._free_space(free)
    assert finding.verdict == verdict and (finding.todo != "") == (verdict != "good")


@pytest.mark.parametrize(("days", "verdict"), [(-10_000, "bad"), (0, "good"), (10_000, "warning")])
def test_a_wrong_clock_is_seen(days: int, verdict: str) -> None:
    installed = datetime.fromtimestamp(Path(doctor.__file__).stat().st_mtime, UTC)
    (finding,) = doctor._clock(installed + timedelta(days=days))
    assert finding.verdict == verdict


def test_a_server_for_others_needs_https() -> None:
    (finding,) = doctor._certificate(load({"host": "0.0.0.0"}, {}, {}), NOW)
    assert finding.verdict == "bad" and "--tls self" in finding.todo
    assert list(doctor._certificate(load({}, {}, {}), NOW)) == []


@pytest.mark.parametrize(("days", "verdict"), [(1, "good"), (800, "warning"), (900, "bad")])
def test_the_certificates_dates_are_read(tmp_path: Path, days: int, verdict: str) -> None:
    own_certificate(tmp_path / "tls", ("localhost",), ("127.0.0.1",), NOW)
    settings = load({"tls.mode": "self", "data": tmp_path}, {}, {})
    (finding,) = doctor._certificate(settings, NOW + timedelta(days=days))
    assert finding.verdict == verdict


def test_broken_certificate_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("x")
    settings = load({"tls.cert": tmp_path / "a.pem", "tls.key": tmp_path / "a.pem"}, {}, {})
    (finding,) = doctor._certificate(settings, NOW)
    assert finding.verdict == "bad" and "不能一起使用" in finding.what


def test_the_data_folder_is_tried_and_left_clean(tmp_path: Path) -> None:
    findings = list(doctor._data_folder(tmp_path / "new"))
    assert [finding.check for finding in findings] == ["磁盘空间", "磁盘速度"]
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("x")
    (finding,) = doctor._data_folder(tmp_path / "file" / "data")
    assert finding.verdict == "bad" and finding.todo


def test_the_object_store_is_tried_and_left_clean(tmp_path: Path) -> None:
    settings = load({}, {}, {"objects": {"url": f"file://{tmp_path}"}})
    (finding,) = doctor._objects(settings)
    assert finding.verdict == "bad" and ".tongtang-objects" in finding.what, "nothing is mounted there"
    (tmp_path / ".tongtang-objects").touch()
    (finding,) = doctor._objects(settings)
    assert finding.verdict == "good", finding.what
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".tongtang-objects"]
    (finding,) = doctor._objects(load({}, {}, {}))
    assert finding.verdict == "good"
