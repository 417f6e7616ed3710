from __future__ import annotations

import base64
import hashlib

import pytest

from server.library.sharing.signing import PASS_S, STAMP_S, derive, is_pass, make_pass, path_of, stamped

NOW = 1_795_000_000
SECRET = "县里的-secret-of-16"
SHARE = "A" * 22
KEY = derive(bytes(32), "passes")
FILM, PAGE = "abcdefghjkmn/light.webm", "abcdefghjkmn/pages/" + "0" * 64 + ".webp"


def test_a_key_is_for_one_purpose() -> None:
    assert len({derive(bytes(32), "passes"), derive(bytes(32), "stamps"), derive(b"another", "passes")}) == 3


def test_a_pass_is_good_for_its_link_and_its_time_only() -> None:
    text = make_pass(KEY, SHARE, NOW)
    assert is_pass(KEY, SHARE, text, NOW)
    assert is_pass(KEY, SHARE, text, NOW + PASS_S - 1)
    assert not is_pass(KEY, SHARE, text, NOW + PASS_S)
    assert not is_pass(KEY, "B" * 22, text, NOW)
    assert not is_pass(derive(b"another", "passes"), SHARE, text, NOW)


@pytest.mark.parametrize("at", range(33))
def test_a_pass_with_any_character_changed_is_none(at: int) -> None:
    text = make_pass(KEY, SHARE, NOW)
    for other in "0A-":
        changed = text[:at] + other + text[at + 1 :]
        # The last of 22 characters of base64 holds 2 of 128 bits: some of them stand for the same.
        assert changed == text or not is_pass(KEY, SHARE, changed, NOW), changed


def test_a_pass_for_longer_than_one_is_made_for_is_none() -> None:
    assert not is_pass(KEY, SHARE, make_pass(KEY, SHARE, NOW + 60), NOW)


@pytest.mark.parametrize("text", ["", "-", "0" * 33, "１" * 10 + "-" + "A" * 22, f"{NOW}-", "../" * 11])
def test_what_has_not_the_form_of_a_pass_is_none(text: str) -> None:
    assert not is_pass(KEY, SHARE, text, NOW)


@pytest.mark.parametrize("path", [FILM, PAGE])
def test_a_stamp_is_good_for_minutes(path: str) -> None:
    text = stamped(SECRET, path, NOW)
    assert path_of(SECRET, text, NOW) == path
    assert path_of(SECRET, text, NOW + STAMP_S // 2) == path, "who got it last has half its life at least"
    assert path_of(SECRET, text, NOW + STAMP_S + 1) is None
    assert path_of(SECRET, stamped(SECRET, path, NOW + STAMP_S), NOW) is None
    assert path_of("another-secret-of-16", text, NOW) is None


def test_a_stamp_stays_the_same_for_half_its_life() -> None:
    begin = NOW // 300 * 300
    assert len({stamped(SECRET, FILM, begin + second) for second in range(0, 300, 7)}) == 1
    assert stamped(SECRET, FILM, begin) != stamped(SECRET, FILM, begin + 300)


def test_a_stamp_is_for_one_file_and_that_of_a_page_for_its_folder() -> None:
    until, signature, _ = stamped(SECRET, FILM, NOW).split("/", 2)
    for other in ("abcdefghjkmn/lecturer.webm", "abcdefghjkmp/light.webm", "abcdefghjkmn/tracks/light.webm", PAGE):
        assert path_of(SECRET, f"{until}/{signature}/{other}", NOW) is None
    until, signature, _ = stamped(SECRET, PAGE, NOW).split("/", 2)
    assert path_of(SECRET, f"{until}/{signature}/abcdefghjkmn/pages/{'1' * 64}.webp", NOW)
    for other in ("abcdefghjkmn/light.webm", "abcdefghjkmn/pages/../journal.jsonl", "abcdefghjkmp/pages/1.webp"):
        assert path_of(SECRET, f"{until}/{signature}/{other}", NOW) is None


def test_a_later_expiry_needs_another_signature() -> None:
    until, signature, path = stamped(SECRET, FILM, NOW).split("/", 2)
    assert path_of(SECRET, f"{int(until) + 1}/{signature}/{path}", NOW) is None


def test_the_stamp_is_what_nginx_computes() -> None:
    """https://nginx.org/en/docs/http/ngx_http_secure_link_module.html: base64url of the MD5, without padding."""
    until, signature, path = stamped(SECRET, FILM, NOW).split("/", 2)
    digest = hashlib.md5(f"{until}/{path} {SECRET}".encode()).digest()
    assert signature == base64.urlsafe_b64encode(digest).decode().rstrip("=")
