"""What of a resource may leave: consents, how far they reach, and what is cut with what stays."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from server.lessons.model import PersonRef
from server.library.resources.leaving import cut, leaving_names, may_leave, missing
from server.library.resources.model import Audience, Consent, Consents, FileEntry, Need, Scope, Subjected

ROOM = Subjected("classroom", "r1", "红星小学 五年级一班", "s1")
OTHER = Subjected("classroom", "r2", "河口小学 五年级", "s2")
LIN = Subjected("person", "p1", "林晓云", "s0")
GUEST = FileEntry("guest", "guest.webm", "video/webm", 9, minors=True)
LECTURER = FileEntry("lecturer", "lecturer.webm", "video/webm", 9)
SCREEN = FileEntry("screen", "screen.webm", "video/webm", 9)
NEEDS = (Need("guest", ROOM), Need("guest", OTHER), Need("lecturer", LIN))
AUDIENCES: tuple[Audience, ...] = ("school", "pairing", "region", "public")


def consent(subject: Subjected, scope: Scope = "public", *renditions: str, revoked_ms: int | None = None) -> Consent:
    return Consent(
        id="c", subject=subject, renditions=renditions or ("guest", "lecturer"), scope=scope, given_on="2026-11-20",
        how="paper", recorded_by=PersonRef("p2", "杨秀英"), recorded_ms=1, revoked_ms=revoked_ms,
    )  # fmt: skip


@pytest.mark.parametrize("to", AUDIENCES)
def test_pupils_stay_while_nobody_consented(to: Audience) -> None:
    assert not may_leave(GUEST, Consents(NEEDS), to)
    assert not may_leave(GUEST, Consents(), to), "nobody knows who is in it"
    assert not may_leave(GUEST, Consents((Need("guest", LIN),), (consent(LIN),)), to), "no classroom is named"


def test_every_classroom_must_have_consented() -> None:
    one = Consents(NEEDS, (consent(ROOM),))
    assert [found.subject for found in missing(GUEST, one)] == [OTHER]
    assert may_leave(GUEST, Consents(NEEDS, (consent(ROOM), consent(OTHER))))


@pytest.mark.parametrize(("scope", "reaches"), [("school", 2), ("region", 3), ("public", 4)])
def test_a_consent_reaches_as_far_as_its_scope(scope: Scope, reaches: int) -> None:
    given = Consents(NEEDS, (consent(ROOM, scope), consent(OTHER, scope)))
    assert [to for to in AUDIENCES if may_leave(GUEST, given, to)] == list(AUDIENCES[:reaches])


def test_a_consent_is_for_the_renditions_that_it_names_and_until_it_is_revoked() -> None:
    assert not may_leave(GUEST, Consents(NEEDS, (consent(ROOM, "public", "lecturer"), consent(OTHER))))
    revoked = consent(ROOM, revoked_ms=5)
    assert not may_leave(GUEST, Consents(NEEDS, (revoked, consent(OTHER))))
    assert may_leave(GUEST, Consents(NEEDS, (revoked, consent(ROOM), consent(OTHER)))), "given again"


def test_a_grown_up_consents_in_person_and_a_screen_shows_nobody() -> None:
    assert not may_leave(LECTURER, Consents(NEEDS))
    assert may_leave(LECTURER, Consents(NEEDS, (consent(LIN),)))
    assert may_leave(SCREEN, Consents(NEEDS))
    assert leaving_names((GUEST, LECTURER, SCREEN), Consents(NEEDS, (consent(LIN, "region"),)), "region") == {
        "lecturer",
        "screen",
    }


def whole() -> dict[str, Any]:
    return {
        "title": "水的三态",
        "poster": "poster.jpg",
        "renditions": [msgspec.to_builtins(one) for one in (LECTURER, SCREEN, GUEST)],
        "chapters": [
            {"start_ms": 0, "title": "封面", "kind": "page"},
            {"start_ms": 9, "title": "举手：李小雨", "kind": "hand"},
        ],
        "captions": [{"path": "zh.vtt"}],
        "peaks": "peaks.bin",
        "sprite": {"path": "sprite.webp"},
    }


def test_what_stays_leaves_no_trace() -> None:
    before = whole()
    shown = cut(before, {"lecturer", "screen"})
    assert [one["name"] for one in shown["renditions"]] == ["lecturer", "screen"]
    assert "李小雨" not in str(shown)
    assert before == whole(), "what was given is not changed"
    bare = cut(whole(), {"screen"})
    assert (bare["poster"], bare["sprite"], bare["captions"], bare["peaks"]) == ("", None, [], "")
    assert cut(whole(), {"lecturer", "screen", "guest"}) == whole()


def test_only_what_is_named_is_left_of_any_choice() -> None:
    names = ("lecturer", "screen", "guest")
    for count in range(4):
        for chosen in itertools.combinations(names, count):
            assert tuple(one["name"] for one in cut(whole(), chosen)["renditions"]) == chosen
