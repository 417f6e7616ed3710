from __future__ import annotations

from urllib.parse import unquote

import pytest

from server.library.naming import MAX_CHARACTERS, attachment, saved_as


@pytest.mark.parametrize(
    ("subject", "title", "rendition", "path", "name"),
    [
        ("科学", "光的折射", "light", "light.webm", "科学 光的折射（轻量版）.webm"),
        ("五年级科学", "五年级科学 水", "lecturer", "lecturer.mp4", "五年级科学 水（原始画质）.mp4"),
        ("科学", '../a\\b:c*?"<>|\0d', "audio", "audio.webm", "科学 .. a b c d（只有声音）.webm"),
        ("", "con", "low", "low.webm", "_con（流畅画质）.webm"),
        ("", " . ", "low", "low.webm", "课堂录像（流畅画质）.webm"),
        ("", "a\u202egnp.exe", "low", "low.webm", "a gnp.exe（流畅画质）.webm"),
    ],
)
def test_a_file_is_saved_under_a_name_that_windows_takes(
    subject: str, title: str, rendition: str, path: str, name: str
) -> None:
    assert saved_as(subject, title, rendition, path) == name


def test_a_long_title_is_cut() -> None:
    name = saved_as("科学", "很长" * 200, "light", "light.webm")
    assert len(name) <= MAX_CHARACTERS + 5
    assert name.endswith("（轻量版）.webm")


@pytest.mark.parametrize("name", ["科学 光的折射（轻量版）.webm", 'a"b\r\nc.webm', "lesson 1.mp4", "。.webm"])
def test_the_header_has_both_forms_and_no_way_out(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert "\r" not in header and "\n" not in header
    plain, _, extended = header.partition("; filename*=UTF-8''")
    assert unquote(extended) == name
    assert plain.startswith('attachment; filename="') and plain.endswith('"')
    assert plain.count('"') == 2
