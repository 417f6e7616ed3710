"""What the bots can be told, and how they end."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SERVER = "http://127.0.0.1:8000"


class Exit(enum.IntEnum):
    """Exit codes of `tongtang teach`, `tongtang watch` and the demo's bots."""

    DONE = 0
    BAD_INPUT = 2  # an option or a media file that cannot be used
    NOT_LET_IN = 3  # the server refused the login, the token or the room
    UNREACHABLE = 4  # no server for `GIVE_UP_S`


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the server is and who asks.

    With `token` the bot takes that seat. Else it logs in with `username` and `password`; without a password it asks
    for a demo session, which only a demonstration server gives.
    """

    room: str
    server: str = DEFAULT_SERVER
    username: str = ""
    password: str = ""
    token: str = ""
    insecure: bool = False  # accept any TLS certificate: a self-made one on a LAN


@dataclass(frozen=True, kw_only=True)
class TeachOptions(Access):
    """How `tongtang teach` teaches."""

    file: Path
    page_s: float = 20.0  # seconds a page; 0 turns none
    loop: bool = True
    height: int = 360  # lines; a smaller file is not enlarged
    fps: int = 15
    end_lesson: bool = False  # end the lesson when the file ends (without `loop`)
    writes: bool = False  # underline once on each page


@dataclass(frozen=True, kw_only=True)
class WatchOptions(Access):
    """How `tongtang watch` watches."""

    role: str = "observer"  # or "classroom"
    seconds: float = 0.0  # 0: until stopped
    json: bool = False
    tiles: int = 2
