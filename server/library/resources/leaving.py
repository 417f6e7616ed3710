"""What of a resource may leave: the one door for shares, feeds, embeds, downloads and packs. Pure.

A rendition that shows pupils leaves only when every classroom in it has consented, far enough; a grown-up's picture or
voice leaves only when the grown-up has. Who is in a rendition stands in `Consents.needs`. A rendition that shows pupils
of whom nobody knows never leaves. A consent that was revoked is none, from that moment on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from server.library.resources.model import Audience, Consent, Consents, Scope, Subjected


class Leavable(Protocol):
    """A rendition, as far as leaving goes."""

    @property
    def name(self) -> str:
        """Return its name, as in resource.json."""

    @property
    def minors(self) -> bool:
        """Return whether pupils are seen or heard in it."""


_REACH: dict[Scope, int] = {"school": 0, "region": 1, "public": 2}
# The paired school's pupils were in the lesson, so what the two schools may see among themselves is one scope.
_NEEDED: dict[Audience, int] = {"school": 0, "pairing": 0, "region": 1, "public": 2}
# In the lesson's events: who raised the hand, and a pupil's photo on the walls; the fields of `CalledPupil`.
_PUPIL_TEXTS = frozenset({"hand_for", "photo"})
_CALLED_PUPIL = {"classroom", "pupil", "name"}
# Chapters of these kinds name pupils or their classroom.
_NAMING_CHAPTERS = {"hand": "学生发言"}


class Missing(msgspec.Struct, frozen=True):
    """Why a rendition stays: who has not consented, or not far enough. `subject` None: nobody knows who is in it."""

    rendition: str
    subject: Subjected | None


def missing(rendition: Leavable, consents: Consents, to: Audience = "public") -> list[Missing]:
    """Return what keeps the rendition from an audience; nothing: it may leave."""
    needed = [need.subject for need in consents.needs if need.rendition == rendition.name]
    if rendition.minors and not any(subject.kind == "classroom" for subject in needed):
        return [Missing(rendition.name, None)]
    return [
        Missing(rendition.name, subject)
        for subject in needed
        if not any(_covers(one, rendition.name, subject, to) for one in consents.given)
    ]


def may_leave(rendition: Leavable, consents: Consents, to: Audience = "public") -> bool:
    """Return whether the rendition may go to this audience. A link to anybody, a pack on a stick: "public"."""
    return not missing(rendition, consents, to)


def leaving_names(renditions: Iterable[Leavable], consents: Consents, to: Audience = "public") -> frozenset[str]:
    """Return the names of the renditions that may go to this audience: what `cut` takes."""
    return frozenset(one.name for one in renditions if may_leave(one, consents, to))


def _covers(consent: Consent, rendition: str, subject: Subjected, to: Audience) -> bool:
    return (
        consent.revoked_ms is None
        and (consent.subject.kind, consent.subject.id) == (subject.kind, subject.id)
        and rendition in consent.renditions
        and _REACH[consent.scope] >= _NEEDED[to]
    )


def cut(resource: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return `resource.json` with these renditions only, and without what tells of the others.

    Args:
        resource: the decoded file; it is not changed.
        names: of the renditions that may leave.

    Without the pupils' rendition no chapter names a pupil. Without any rendition that has the voice there are neither
    captions nor the voice's outline; without the lecturer's picture neither poster nor preview pictures.
    """
    kept = [one for one in resource.get("renditions", ()) if one.get("name") in names]
    left = {one.get("name") for one in kept}
    shown = dict(resource) | {"renditions": kept}
    if "guest" not in left:
        shown["chapters"] = [_anonymous(one) for one in resource.get("chapters", ())]
        shown["filled"] = [one for one in resource.get("filled", ()) if one.get("rendition") != "guest"]
    if not left & {"lecturer", "low"}:
        shown |= {"poster": "", "sprite": None}
    if not left & {"lecturer", "low", "audio", "light"}:
        shown |= {"captions": [], "peaks": ""}
    return shown


def _anonymous(chapter: Mapping[str, Any]) -> dict[str, Any]:
    title = _NAMING_CHAPTERS.get(str(chapter.get("kind", "")))
    return dict(chapter) | ({} if title is None else {"title": title})


def cut_events(events: Any, names: Collection[str]) -> Any:
    """Return `events.json` (decoded) for whoever gets these renditions only: without the pupils' none names a pupil.

    Grown-ups stay: they are named in class and in the resource itself.
    """
    return events if "guest" in names else _unnamed(events)


def _unnamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_unnamed(one) for one in value]
    if not isinstance(value, dict):
        return value
    shown = {key: "" if key in _PUPIL_TEXTS and isinstance(one, str) else _unnamed(one) for key, one in value.items()}
    return shown | ({"name": "学生"} if value.keys() >= _CALLED_PUPIL else {})
