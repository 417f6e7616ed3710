"""What the converting process says on its standard output: one JSON object a line."""

from __future__ import annotations

import msgspec

from server.lessons.decks.model import Heading, Remark


class NeedsOffice(msgspec.Struct, frozen=True, tag="office"):
    """The file was judged and is one for LibreOffice first."""

    extension: str
    remarks: tuple[Remark, ...]


class Plan(msgspec.Struct, frozen=True, tag="plan"):
    """What the file is."""

    pages: int
    outline: tuple[Heading, ...] = ()
    remarks: tuple[Remark, ...] = ()


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """Work on a page has begun: whose fault it is when nothing follows."""

    page: int


class MadeFile(msgspec.Struct, frozen=True):
    """One width of a page, in the working folder."""

    width: int
    name: str


class Made(msgspec.Struct, frozen=True, tag="made"):
    """A page is finished."""

    page: int
    title: str
    text: str
    ratio: float
    files: tuple[MadeFile, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The file cannot be converted."""

    reason: str
    page: int | None = None


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """All pages were made."""


Said = NeedsOffice | Plan | Begun | Made | Failed | Finished
MAX_LINE_BYTES = 1 << 20  # an outline of 500 headings is 60 kB, a page's text 30 kB

decode = msgspec.json.Decoder(Said).decode
encode = msgspec.json.Encoder().encode
