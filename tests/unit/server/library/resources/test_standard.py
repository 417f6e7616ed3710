"""The audit standard: how a filled-in form is checked, and that versions stay as they are."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from server.fields import FieldInvalid
from server.library.resources.standard import CURRENT, STANDARDS, Mark, check_marks

GOOD = tuple(Mark(item.id, 4 if item.kind == "score" else 1) for item in STANDARDS[CURRENT].items)
# What reviews of this version were made by: a change makes a new version.
KEPT = {"2026-1": "c18ac39d4dd01a6b"}


def test_versions_never_change() -> None:
    found = {one: hashlib.sha256(msgspec.json.encode(STANDARDS[one])).hexdigest()[:16] for one in STANDARDS}
    assert found == KEPT


def test_a_whole_good_form_passes_and_a_part_of_one_goes_with_a_return() -> None:
    check_marks(CURRENT, GOOD, is_approval=True)
    check_marks(CURRENT, GOOD[:2], is_approval=False)
    check_marks(CURRENT, (Mark("sound", 1, "有电流声"), Mark("privacy", 0)), is_approval=False)


@pytest.mark.parametrize(
    "marks",
    [
        GOOD[1:],  # an item was left out
        (*GOOD, GOOD[0]),
        (*GOOD, Mark("taste", 1)),
        tuple(Mark(one.item, 0) if one.item == "privacy" else one for one in GOOD),
        tuple(Mark(one.item, 2) if one.item == "sound" else one for one in GOOD),
        tuple(Mark(one.item, 5) if one.item == "rights" else one for one in GOOD),
    ],
)
def test_an_approval_needs_every_item_met(marks: tuple[Mark, ...]) -> None:
    with pytest.raises(FieldInvalid):
        check_marks(CURRENT, marks, is_approval=True)


def test_a_standard_that_is_not_known_is_refused() -> None:
    with pytest.raises(FieldInvalid):
        check_marks("1999-1", GOOD, is_approval=False)
