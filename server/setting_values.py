"""What settings accept: each parser returns the value in its type, or raises `ValueError`. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Parser = Callable[[object], object]

MAX_TURN_URLS = 6  # every browser asks all of them before it can choose
MIN_SECRET = 16  # characters: who guesses it uses the relay for free
# RFC 7065 §3.1, with the transports that browsers have
_TURN_URL = re.compile(
    r"(?:turn:(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?P<port>:\d{1,5})?(?:\?transport=(?:udp|tcp))?"
    r"|turns:(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?P<tls_port>:\d{1,5})?(?:\?transport=tcp)?)",
    re.IGNORECASE,
)
_NIGHT = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
_PLUG_IN = re.compile(r"[A-Za-z0-9_.-]{0,40}")
_WORD = re.compile(r"[A-Za-z0-9_-]+")
# Bucket: 3 to 63 of these characters (Amazon S3, "Bucket naming rules").
_OBJECTS = re.compile(r"file:///.+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9._/-]*)?")
_SITE = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,5})?", re.IGNORECASE)


class Rejected(ValueError):
    """The value is not accepted."""


def text(value: object) -> str:
    """Accept a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Rejected
    return value.strip()


def host(value: object) -> str:
    """Accept a host name or an IP address."""
    host = text(value)
    if any(character.isspace() or character in "/:" for character in host) and not is_address(host):
        raise Rejected
    return host


def is_address(text: str) -> bool:
    """Return whether `text` is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def whole(low: int, high: int) -> Parser:
    """Accept whole numbers from `low` to `high`, also written as text."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise Rejected
        number = int(value)  # ValueError: not a whole number
        if not low <= number <= high:
            raise Rejected
        return number

    return parse


def seconds(low: float, high: float) -> Parser:
    """Accept numbers from `low` to `high`, also written as text."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Rejected
        number = float(value)
        if not low <= number <= high:  # also refuses NaN
            raise Rejected
        return number

    return parse


def flag(value: object) -> bool:
    """Accept yes and no in their usual spellings."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise Rejected


def timezone(value: object) -> str:
    """Accept the IANA name of a time zone that this machine knows."""
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder of zones
        raise Rejected from error
    return name


def choice(*words: str) -> Parser:
    """Accept one of `words`."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value.strip().lower() not in words:
            raise Rejected
        return value.strip().lower()

    return parse


def path(value: object) -> Path:
    """Accept a path; `~` is the home."""
    if isinstance(value, Path):
        return value
    return Path(text(value)).expanduser()


def optional_path(value: object) -> Path | None:
    """Accept a path or nothing."""
    return None if value is None or value == "" else path(value)


def database(value: object) -> str:
    """Accept the URL of a database, or an empty text."""
    if value == "":
        return ""
    url = text(value)
    if not url.startswith(("sqlite:///", "postgresql://")):
        raise Rejected
    return url


def addresses(value: object) -> tuple[str, ...]:
    """Accept IP addresses: a list, or a text with commas."""
    items = _listed(value)
    if not all(isinstance(item, str) and is_address(item) for item in items):
        raise Rejected
    return tuple(items)


def places(value: object) -> tuple[str, ...]:
    """Accept names of places: a list, or a text with commas."""
    items = _listed(value)
    if not items or not all(isinstance(item, str) and 0 < len(item.strip()) <= 40 for item in items):
        raise Rejected
    return tuple(item.strip() for item in items)


def turn_urls(value: object) -> tuple[str, ...]:
    """Accept addresses of a TURN server: a list, or a text with commas."""
    items = _listed(value)
    if len(items) > MAX_TURN_URLS or not all(isinstance(item, str) and _is_turn_url(item) for item in items):
        raise Rejected
    return tuple(items)


def optional_secret(value: object) -> str:
    """Accept a text that is long enough not to be guessed, or nothing."""
    if value == "":
        return ""
    secret = text(value)
    if len(secret) < MIN_SECRET:
        raise Rejected
    return secret


def optional_word_secret(value: object) -> str:
    """Accept a secret that may stand in another program's configuration without quoting, or nothing."""
    secret = optional_secret(value)
    if secret and not _WORD.fullmatch(secret):
        raise Rejected
    return secret


def optional_text(value: object) -> str:
    """Accept a text, or nothing."""
    return "" if value == "" else text(value)


def optional_site(value: object) -> str:
    """Accept scheme and host of a site, or nothing."""
    site = optional_text(value)
    if site and not _SITE.fullmatch(site):
        raise Rejected
    return site


def objects_url(value: object) -> str:
    """Accept where objects are kept: an absolute folder, or a bucket with or without a prefix; or nothing."""
    url = optional_text(value)
    if url and not _OBJECTS.fullmatch(url):
        raise Rejected
    return url


def files_url(value: object) -> str:
    """Accept where signed addresses begin: `/` for this host, or scheme and host of another; or nothing."""
    if value == "":
        return ""
    url = text(value)
    if url != "/" and not _SITE.fullmatch(url):
        raise Rejected
    return url


def _listed(value: object) -> list[Any]:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    if isinstance(value, list | tuple):
        return list(value)
    raise Rejected


def _is_turn_url(url: str) -> bool:
    found = _TURN_URL.fullmatch(url)
    if found is None:
        return False
    port = found["port"] or found["tls_port"]
    return port is None or 1 <= int(port[1:]) <= 65535


def night(value: object) -> tuple[int, int] | None:
    """Accept `HH:MM-HH:MM`, as minutes of the day, or `off` as None."""
    words = text(value)
    if words.lower() == "off":
        return None
    found = _NIGHT.fullmatch(words)
    if found is None:
        raise Rejected
    begin, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
    if begin == end:
        raise Rejected
    return begin, end


def plug_in(value: object) -> str:
    """Accept the name of a plug-in, or an empty text for none."""
    if not isinstance(value, str) or not _PLUG_IN.fullmatch(value.strip()):
        raise Rejected
    return value.strip()
