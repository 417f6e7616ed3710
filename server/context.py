"""What the routes of every domain work with, made once by `server/app.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from starlette.requests import HTTPConnection

from server.accounts.devices import DeviceService
from server.accounts.model import Person
from server.accounts.service import AccountService
from server.lessons.page_files import PageFiles
from server.lessons.service import LessonService
from server.lessons.tokens import SignedRoomTokens
from server.lessons.wiring import Preparing
from server.library.wiring import Library
from server.live_ports import Live
from server.planning.wiring import Planning
from server.settings import Settings
from server.storage.database import Database
from server.uploads.service import UploadService


class DemoAccounts(Protocol):
    """The accounts that anybody may use on a demonstration server."""

    def visit(self) -> None:
        """Note that somebody is there."""

    async def accounts_shown(self) -> list[dict[str, str]]:
        """Return the accounts to offer on the log-in page."""

    async def account(self, username: str) -> Person:
        """Return a demo account; Refused `not_allowed` for any other."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """The services of one server."""

    settings: Settings
    database: Database
    accounts: AccountService
    devices: DeviceService
    lessons: LessonService
    files: PageFiles  # the pages of lessons
    tokens: SignedRoomTokens
    live: Live
    demo: DemoAccounts | None
    uploads: UploadService
    preparing: Preparing
    library: Library
    planning: Planning


def services_of(connection: HTTPConnection) -> Services:
    """Return the services that serve this connection."""
    return cast("Services", connection.app.state.services)
