"""What settings accept: each parser returns the value in its type, or raises `ValueError`. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any

Parser = Callable[[object], object]


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
    items: list[Any]
    if isinstance(value, str):
        items = [item.strip() for item in value.split(",") if item.strip()]
    elif isinstance(value, list | tuple):
        items = list(value)
    else:
        raise Rejected
    if not all(isinstance(item, str) and is_address(item) for item in items):
        raise Rejected
    return tuple(items)
