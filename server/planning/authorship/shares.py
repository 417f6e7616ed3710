"""What the authors of a plan come to: shares of people, schools and regions, and whether the west led it. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import msgspec

from server.accounts.model import Person
from server.planning.authorship.regions import is_western, region_of

HALF = 0.5  # of the surviving characters: who wrote less did not lead
PRESENT = 0.05  # of them: a region that wrote less had no part in a plan
REGIONS_NEEDED = 2
Z_95 = 1.96  # of the standard normal distribution: the interval holds the true value 19 times of 20


class Share(msgspec.Struct, frozen=True):
    """How much of a plan's surviving characters somebody wrote."""

    id: str  # of the person or the school; the region's name
    name: str
    characters: int
    part: float  # 0 to 1, of all characters that people wrote
    school: str = ""  # of a person
    region: str = ""
    is_western: bool = False


class Led(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the west led a plan: three conditions, each shown with what it was decided by."""

    is_final: bool
    lead: str  # name of the plan's lead
    lead_school: str
    lead_region: str
    is_lead_western: bool
    western_part: float
    regions: tuple[str, ...]  # that wrote `PRESENT` and more

    @property
    def by_lead(self) -> bool:
        """Return whether the plan is final and its lead teaches in the west."""
        return self.is_final and self.is_lead_western

    @property
    def by_share(self) -> bool:
        """Return whether the west wrote half of it."""
        return self.western_part >= HALF

    @property
    def by_regions(self) -> bool:
        """Return whether it was written across regions."""
        return len(self.regions) >= REGIONS_NEEDED

    @property
    def is_led(self) -> bool:
        """Return the verdict."""
        return self.by_lead and self.by_share and self.by_regions


class Shares(msgspec.Struct, frozen=True):
    """Who wrote a plan."""

    characters: int  # that people wrote
    people: tuple[Share, ...]  # the largest first, as in the next two
    schools: tuple[Share, ...]
    regions: tuple[Share, ...]
    led: Led


class Interval(msgspec.Struct, frozen=True):
    """A proportion with what is known of it."""

    count: int
    of: int
    part: float
    low: float
    high: float


def shares_of(
    written: Mapping[str, int], people: Mapping[str, Person], lead: Person, *, is_final: bool, west: Collection[str]
) -> Shares:
    """Return the shares of a plan.

    Args:
        written: surviving characters by person's id.
        people: all of these people. Whoever has no school counts as a person only.
        lead: the plan's lead (主备人).
        is_final: whether the plan has a final version.
        west: the western regions.
    """
    total = sum(written.values())
    by_person, by_school, by_region = [], dict[str, Share](), dict[str, Share]()
    for person_id, characters in written.items():
        person = people[person_id]
        school = person.school
        place = "" if school is None else school.region
        region, western = region_of(place), is_western(place, west)
        name = "" if school is None else school.name
        by_person.append(Share(person_id, person.name, characters, _part(characters, total), name, region, western))
        if school is not None:
            _add(by_school, Share(school.id, school.name, characters, 0.0, region=region, is_western=western), total)
        if region:
            _add(by_region, Share(region, region, characters, 0.0, is_western=western), total)
    place = "" if lead.school is None else lead.school.region
    led = Led(
        is_final=is_final,
        lead=lead.name,
        lead_school="" if lead.school is None else lead.school.name,
        lead_region=region_of(place),
        is_lead_western=is_western(place, west),
        western_part=_part(sum(one.characters for one in by_person if one.is_western), total),
        regions=tuple(one.name for one in _ranked(by_region.values()) if one.part >= PRESENT),
    )
    return Shares(total, _ranked(by_person), _ranked(by_school.values()), _ranked(by_region.values()), led)


def _add(sums: dict[str, Share], share: Share, total: int) -> None:
    before = sums.get(share.id)
    characters = share.characters + (0 if before is None else before.characters)
    western = share.is_western or (before is not None and before.is_western)
    sums[share.id] = msgspec.structs.replace(
        share, characters=characters, part=_part(characters, total), is_western=western
    )


def _part(characters: int, total: int) -> float:
    return characters / total if total else 0.0


def _ranked(shares: Collection[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda one: (-one.characters, one.name, one.id)))


def wilson(count: int, of: int, z: float = Z_95) -> Interval:
    """Return a proportion with its score interval (Wilson 1927): right for few cases and near 0 and 1 as well.

    Without any case nothing is known: 0 to 1.
    """
    if of == 0:
        return Interval(0, 0, 0.0, 0.0, 1.0)
    part, squared = count / of, z * z
    middle = (part + squared / (2 * of)) / (1 + squared / of)
    half = z * math.sqrt(part * (1 - part) / of + squared / (4 * of * of)) / (1 + squared / of)
    return Interval(count, of, part, max(0.0, middle - half), min(1.0, middle + half))
