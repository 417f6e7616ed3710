"""What a link to a resource is: whom it lets in, to what, how long and how often. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from server.lessons.model import PersonRef

# Whom it lets in: whoever has it, whoever is logged in here, or people and screens of one school.
Scope = Literal["anyone", "region", "school"]
# "over" and "used_up" are for who made it; who opens it is told the same of all but "open".
ShareState = Literal["open", "over", "used_up", "revoked"]

ID_BYTES = 16  # 128 bits (RFC 4086 §8.2.2): guessing 10 a second finds one of a million links in 1e24 years
ID = re.compile(r"[A-Za-z0-9_-]{22}")
MAX_DAYS = 366  # a link that nobody renews in a year is forgotten by its maker too
MAX_USES = 100_000
MAX_SHARES = 200  # that are kept of one resource: more make a list that nobody reads
MAX_FRAMES = 10
# A site that may show the player in a frame: scheme and host, as frame-ancestors of CSP takes it (CSP3 §2.3.1).
_ORIGIN = re.compile(r"https?://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?")
ANY_SITE = "*"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link."""

    id: str
    resource_id: str
    renditions: tuple[str, ...]  # names; what of them may leave is asked anew each time
    scope: Scope
    school_id: str | None = None  # of scope "school"
    school_name: str = ""
    note: str = ""  # for whom it was made: for its maker only
    may_take: bool = False  # lets download where the licence does
    frames: tuple[str, ...] = ()  # origins that may show the player, or "*"; none: nowhere
    expires_ms: int  # UTC epoch
    max_uses: int | None = None
    used: int = 0
    made_by: PersonRef
    made_ms: int
    revoked_ms: int | None = None


class NewShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a link is made from: the body of `POST /api/resources/{id}/shares`."""

    renditions: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(max_length=20)]
    scope: Scope
    school_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=80)] = ""
    may_take: bool = False
    frames: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=120)], ...], msgspec.Meta(max_length=MAX_FRAMES)
    ] = ()
    days: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)] = 30
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=MAX_USES)] | None = None


def state_of(share: Share, now_ms: int) -> ShareState:
    """Return what the link is worth at `now_ms` (UTC epoch)."""
    if share.revoked_ms is not None:
        return "revoked"
    if share.expires_ms <= now_ms:
        return "over"
    return "used_up" if share.max_uses is not None and share.used >= share.max_uses else "open"


def plays_on(share: Share, now_ms: int) -> bool:
    """Return whether who opened it in time may go on playing: also when it was opened for the last time."""
    return state_of(share, now_ms) in ("open", "used_up")


def is_site(text: str) -> bool:
    """Return whether a page of `text` may be allowed to show the player."""
    return text == ANY_SITE or _ORIGIN.fullmatch(text) is not None


def frame_ancestors(frames: tuple[str, ...]) -> str:
    """Return the value of CSP's frame-ancestors for these sites."""
    return " ".join(frames) if frames and all(is_site(one) for one in frames) else "'none'"
