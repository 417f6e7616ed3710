"""What a school's library keeps beside the packs: whom it trusts, its platform, what it wants and when it fetches."""

from __future__ import annotations

from typing import Annotated

import msgspec

from recorder.pack.trust import Trust
from server.library.packs.model import Use

MAX_WANTED = 500
MAX_USES = 20_000  # records that wait to be reported; a school that plays 20 lessons a day for years

Minute = Annotated[int, msgspec.Meta(ge=0, le=1439)]  # of the day, local time
Tiers = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=5)]


class Hub(msgspec.Struct, frozen=True):
    """The platform that this library is paired with; an empty `url`: none."""

    url: str = ""
    secret: str = ""
    library: str = ""
    school: str = ""


class Plan(msgspec.Struct, frozen=True):
    """When and how much is fetched by itself."""

    from_minute: Minute = 22 * 60
    to_minute: Minute = 6 * 60
    ceiling_kbps: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0  # 0: without a ceiling
    subjects: Annotated[tuple[str, ...], msgspec.Meta(max_length=40)] = ()
    lessons: Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_WANTED)] = ()
    with_low: bool = True  # the small picture too, once all light ones are here


class State(msgspec.Struct, frozen=True):
    """Everything; stored as a whole."""

    trust: Trust = Trust()
    hub: Hub = Hub()
    plan: Plan = Plan()
    name: str = "校内资源库"
    admin: str = ""  # digest of the word that opens the settings; empty: anybody at this computer may set it


class Kept(msgspec.Struct, frozen=True):
    """A use and whether it was reported."""

    use: Use
    is_reported: bool = False


class Progress(msgspec.Struct, frozen=True):
    """How far a fetch, an import or an export is."""

    what: str  # "fetch", "import" or "export"
    title: str
    done: int
    total: int
    note: str = ""
