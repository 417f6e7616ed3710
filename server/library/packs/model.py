"""Schools' libraries, and what was played offline, to the rest of the server."""

from __future__ import annotations

from typing import Annotated

import msgspec

from recorder.pack.manifest import PackId
from server.accounts.model import SchoolRef

USES_TYPE = "application/vnd.tongtang.offline-uses+json"
MAX_USES = 150  # of one report: with base64 around it below the 64 kB that a request may have


class SchoolLibrary(msgspec.Struct, frozen=True):
    """A school's library: a program on a computer in the school that keeps packs for the local network."""

    id: str
    name: str
    school: SchoolRef
    is_paired: bool
    public_key: str  # that its reports are signed by
    seen_ms: int


class Use(msgspec.Struct, frozen=True):
    """That a pack was played. The id is random and made where it was played."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    pack: PackId
    version: Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]
    began_ms: Annotated[int, msgspec.Meta(ge=0, le=1 << 43)]  # UTC epoch, by that computer's clock
    seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)]  # that something played
    class_name: Annotated[str, msgspec.Meta(max_length=40)] = ""
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""


class UsesReport(msgspec.Struct, frozen=True):
    """What a library reports, signed by it."""

    library: str
    uses: Annotated[tuple[Use, ...], msgspec.Meta(max_length=MAX_USES)]


class UseTotal(msgspec.Struct, frozen=True):
    """How often and how long a class played a resource offline."""

    school: str
    class_name: str
    times: int
    seconds: int
    last_ms: int


class Listed(msgspec.Struct, frozen=True):
    """A pack that a school's library can fetch."""

    id: str
    version: int
    title: str
    subject: str
    grade: str
    tier: str
    school: str
    duration_ms: int
