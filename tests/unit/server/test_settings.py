from __future__ import annotations

from pathlib import Path

import pytest

from server.settings import SETTINGS, SettingWrong, load, read_file


def test_defaults_stand_when_nothing_is_given() -> None:
    settings = load({}, {}, {})
    assert (settings.host, settings.port, settings.media_port) == ("127.0.0.1", 8000, 8189)
    assert settings.is_loopback and settings.scheme == "http"


def test_flags_go_before_environment_before_file() -> None:
    file = {"port": 1, "media": {"port": 2, "workers": 3}}
    settings = load({"port": "7000"}, {"TONGTANG_PORT": "8", "TONGTANG_MEDIA_PORT": "9"}, file)
    assert (settings.port, settings.media_port, settings.media_workers) == (7000, 9, 3)


def test_a_flag_that_was_not_given_hides_nothing() -> None:
    assert load({"port": None}, {"TONGTANG_PORT": "81"}, {}).port == 81


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "achtzig"),
        ("port", 70_000),
        ("port", True),
        ("port", 1.5),
        ("host", "a b"),
        ("host", ""),
        ("demo", "vielleicht"),
        ("database", "mysql://x"),
        ("tls.mode", "on"),
        ("media.addresses", "school.example"),
        ("media.addresses", [1]),
        ("media.workers", -1),
        ("shutdown_s", "nan"),
        ("log.level", "loud"),
    ],
)
def test_a_wrong_value_is_refused_with_name_value_and_what_is_accepted(name: str, value: object) -> None:
    with pytest.raises(SettingWrong) as caught:
        load({name: value}, {}, {})
    setting = next(one for one in SETTINGS if one.name == name)
    assert caught.value.name == name
    chinese, english = caught.value.detail.split("\n")
    assert f"设置 {name} 的值不对" in chinese and repr(value) in chinese and setting.accepts in chinese
    assert f"Setting {name}: got {value!r}, accepts {setting.accepts_english}." == english


@pytest.mark.parametrize(
    ("file", "environment", "name", "near"),
    [
        ({"prot": 80}, {}, "prot", "port"),
        ({"media": {"adresses": []}}, {}, "media.adresses", "media.addresses"),
        ({}, {"TONGTANG_MEDIA_PROT": "1"}, "TONGTANG_MEDIA_PROT", "TONGTANG_MEDIA_PORT"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(
    file: dict[str, object], environment: dict[str, str], name: str, near: str
) -> None:
    with pytest.raises(SettingWrong) as caught:
        load({}, environment, file, "tongtang.toml")
    assert caught.value.name == name
    assert f"是不是想写 {near}" in caught.value.detail


def test_other_programs_variables_are_left_alone() -> None:
    load({}, {"TONGTANG_PASSWORD": "x", "TONGTANG_TOKEN": "y", "PATH": "/bin"}, {})


def test_certificate_and_key_go_together() -> None:
    with pytest.raises(SettingWrong, match=r"tls\.key"):
        load({"tls.cert": "a.pem"}, {}, {})
    with pytest.raises(SettingWrong, match=r"tls\.cert"):
        load({"tls.mode": "files"}, {}, {})
    settings = load({"tls.cert": "a.pem", "tls.key": "b.pem"}, {}, {})
    assert (settings.tls_mode, settings.scheme) == ("files", "https")


def test_addresses_may_be_a_list_or_a_text() -> None:
    assert load({"media.addresses": "10.0.0.1, ::1"}, {}, {}).media_addresses == ("10.0.0.1", "::1")
    assert load({}, {}, {"media": {"addresses": ["10.0.0.1"]}}).media_addresses == ("10.0.0.1",)


def test_a_file_that_is_missing_or_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match="读不到设置文件"):
        read_file(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("port = = 1", encoding="utf-8")
    with pytest.raises(SettingWrong, match="不是正确的 TOML"):
        read_file(bad)
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingWrong, match="不是正确的 TOML"):
        read_file(bad)


def test_every_setting_has_a_flag_and_a_variable() -> None:
    assert {setting.flag for setting in SETTINGS} >= {"--media-port", "--tls-cert", "--log-level"}
    assert {setting.variable for setting in SETTINGS} >= {"TONGTANG_MEDIA_PORT", "TONGTANG_TLS_MODE"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ({"files": {"url": "/"}}, "files.secret"),
        ({"files": {"secret": "a-secret-of-the-county"}}, "files.url"),
        ({"files": {"url": "cdn.example.cn", "secret": "a-secret-of-the-county"}}, "files.url"),
        ({"files": {"url": "/", "secret": 'has $ and " in it, long'}}, "files.secret"),
        ({"objects": {"url": "s3://bucket"}}, "objects.key"),
        ({"objects": {"url": "s3://bucket", "key": "k"}}, "objects.secret"),
        ({"objects": {"url": "s3://B"}}, "objects.url"),
        ({"objects": {"url": "file://relative"}}, "objects.url"),
        ({"objects": {"endpoint": "minio:9000"}}, "objects.endpoint"),
    ],
)
def test_settings_of_files_and_objects_go_together(file: dict[str, object], name: str) -> None:
    with pytest.raises(SettingWrong) as raised:
        load({}, {}, file)
    assert raised.value.name == name
    assert "county" not in raised.value.detail
