"""What a deck is to the rest of the server."""

from __future__ import annotations

from typing import Literal

import msgspec

from server.accounts.model import SchoolRef
from server.lessons.model import PersonRef

DeckState = Literal["converting", "ready", "failed", "removed"]
# What was left out of a file, and is told to its owner.
Remark = Literal["scripts", "macros", "attachments", "forms"]

MAX_DECK_PAGES = 300  # a semester's book of slides; the titles of all go into every snapshot of the room
MAX_PAGE_TITLE = 40  # characters: 300 of them in Chinese are 36 kB
MAX_PAGE_TEXT = 10_000  # characters kept for search: five times a dense page


class Heading(msgspec.Struct, frozen=True):
    """A chapter of the file's own outline."""

    title: str
    page: int  # from 1
    depth: int = 0


class Original(msgspec.Struct, frozen=True):
    """A file as it was uploaded; kept."""

    name: str
    bytes: int
    upload_id: str = ""  # where it came from, until it was moved


class DeckInfo(msgspec.Struct, frozen=True):
    """A deck: who made it of what, and how far it is."""

    id: str
    owner: PersonRef
    school: SchoolRef | None
    title: str
    state: DeckState
    pages: int  # 0: not known yet
    done: int  # pages that are converted
    created_ms: int
    problem: str = ""
    problem_page: int | None = None
    remarks: tuple[Remark, ...] = ()
    outline: tuple[Heading, ...] = ()
    originals: tuple[Original, ...] = ()
