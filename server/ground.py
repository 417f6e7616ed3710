"""What every domain of a server stands on: its settings, its database, its folders of files, its secret, its clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from server.accounts.service import Clock, utc_now
from server.lessons.page_files import PageFiles
from server.settings import Settings
from server.storage.database import Database


class FileFolders:
    """The folders of files that are named by their content, one object each.

    Whoever puts a file and the sweep that clears old ones away must hold the same object: its lock stands between them.
    """

    def __init__(self, data: Path) -> None:
        self.pages = PageFiles(data / "pages")
        self.photos = PageFiles(data / "photos")
        self.clips = PageFiles(data / "clips")
        self.packs = PageFiles(data / "packs")
        self.material = PageFiles(data / "material")
        self.plan_pictures = PageFiles(data / "plan_pictures")
        self.evidence = PageFiles(data / "evidence")


@dataclass(frozen=True)
class Ground:
    """What is there before any domain opens."""

    settings: Settings
    database: Database
    folder: Path  # the data folder
    secret: bytes
    clock: Clock = utc_now

    @cached_property
    def files(self) -> FileFolders:
        """Return the folders of files."""
        return FileFolders(self.folder)

    @property
    def recordings(self) -> Path:
        """Return the folder of all recordings."""
        return self.folder / "recordings"

    @property
    def zone(self) -> ZoneInfo:
        """Return whose clocks the schools' bells follow."""
        return ZoneInfo(self.settings.timezone)
