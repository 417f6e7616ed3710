from __future__ import annotations

import pytest

from server.accounts.model import Person, School
from server.planning.authorship.regions import WEST, is_western, region_of
from server.planning.authorship.shares import Shares, shares_of, wilson

HEKOU = School("hekou", "河口小学", "rural", "云南省红河州")
QINGSHAN = School("qingshan", "青山教学点", "rural", "云南 文山州")
SHIYAN = School("shiyan", "实验小学", "urban", "上海市徐汇区")
HUIMIN = School("huimin", "回民小学", "urban", "宁夏回族自治区银川市")
LI, YANG = Person("li", "li", "李老师", HEKOU), Person("yang", "yang", "杨老师", QINGSHAN)
WANG, MA = Person("wang", "wang", "王老师", SHIYAN), Person("ma", "ma", "马老师", HUIMIN)
REGION = Person("yan", "yan", "教研员", None, is_manager=True)
PEOPLE = {one.id: one for one in (LI, YANG, WANG, MA, REGION)}


def shares(written: dict[str, int], lead: Person = LI, *, is_final: bool = True) -> Shares:
    return shares_of(written, PEOPLE, lead, is_final=is_final, west=WEST)


def test_people_schools_and_regions_add_up() -> None:
    found = shares({"li": 300, "yang": 200, "wang": 400, "ma": 100})
    assert [(one.name, one.characters) for one in found.people] == [
        ("王老师", 400), ("李老师", 300), ("杨老师", 200), ("马老师", 100),
    ]  # fmt: skip
    assert [(one.name, one.part, one.is_western) for one in found.regions] == [
        ("云南", 0.5, True), ("上海", 0.4, False), ("宁夏", 0.1, True),
    ]  # fmt: skip
    assert {one.name: one.characters for one in found.schools}["河口小学"] == 300
    assert found.characters == 1000


@pytest.mark.parametrize(
    ("written", "lead", "is_final", "parts"),
    [
        ({"li": 600, "wang": 400}, LI, True, (True, True, True)),
        ({"li": 600, "wang": 400}, LI, False, (False, True, True)),
        ({"li": 600, "wang": 400}, WANG, True, (False, True, True)),
        ({"li": 499, "wang": 501}, LI, True, (True, False, True)),
        ({"li": 500, "wang": 500}, LI, True, (True, True, True)),
        ({"li": 960, "wang": 40}, LI, True, (True, True, False)),
        ({"li": 600, "yang": 400}, LI, True, (True, True, False)),  # two schools of one province
        ({"li": 600, "yan": 400}, LI, True, (True, True, False)),  # a person of no school
        ({}, LI, True, (True, False, False)),
    ],
)
def test_led_by_the_west_takes_three_things(
    written: dict[str, int], lead: Person, is_final: bool, parts: tuple[bool, bool, bool]
) -> None:
    led = shares(written, lead, is_final=is_final).led
    assert (led.by_lead, led.by_share, led.by_regions) == parts
    assert led.is_led is all(parts)


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("云南省红河州", "云南"),
        ("内蒙古自治区", "内蒙古"),
        (" 黑龙江 哈尔滨", "黑龙江"),
        ("示范区", "示范区"),
        ("", ""),
    ],
)
def test_a_place_lies_in_its_province(place: str, region: str) -> None:
    assert region_of(place) == region


def test_the_west_is_twelve_provinces_unless_set_otherwise() -> None:
    assert len(WEST) == 12
    assert is_western("广西壮族自治区南宁市", WEST)
    assert not is_western("湖南省湘西州", WEST)
    assert is_western("湖南省湘西州", [*WEST, "湖南省湘西"])
    assert not is_western("", WEST)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    found = wilson(count, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_of_nothing_nothing_is_known() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
