"""What a list of pupils would do to a classroom's roster: who comes, who changes, who leaves, and what is wrong. Pure.

A pupil keeps their id, and with it every old answer, through renaming, a new number and a new seat. Somebody in a list
is, in this order: the one with the given id; the pupil with that number; a pupil who left with that number and name;
the only pupil of that name whose number the list does not use; else somebody new. The same list twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from server.lessons.rosters.model import CARDS, MAX_NUMBER, MAX_PUPILS, MAX_SEAT, FormerPupil, Pupil, Wanted
from signaling.ids import PupilId

MAX_NAME = 40  # as in the database; the longest names of minorities in the region have 20 characters and dots


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one entry of a list: `index` from 0, `field` of `Wanted`."""

    index: int
    field: str
    text: str


class Change(msgspec.Struct, frozen=True):
    """A pupil before and after."""

    before: Pupil
    after: Pupil


@dataclass(frozen=True)
class Plan:
    """What would become of a roster; not to be carried out while there are problems."""

    pupils: tuple[Pupil, ...]  # in order of their numbers
    added: tuple[Pupil, ...]
    back: tuple[Pupil, ...]  # had left, and come back
    changed: tuple[Change, ...]
    kept: int
    gone: tuple[Pupil, ...]  # would leave the class
    problems: tuple[Problem, ...]

    @property
    def changes_nothing(self) -> bool:
        """Return whether the roster would stay as it is."""
        return not (self.added or self.back or self.changed or self.gone)


def plan_roster(
    present: Sequence[Pupil],
    former: Sequence[FormerPupil],
    wanted: Sequence[Wanted],
    others_leave: bool,
    new_id: Callable[[], PupilId],
) -> Plan:
    """Return what `wanted` does to a roster of `present`; pupils it does not name leave, or stay as they are."""
    draft = _Draft(present, former, wanted)
    draft.match()
    draft.number(new_id)
    draft.give_seats_and_cards(() if others_leave else draft.unnamed)
    draft.require_unique(() if others_leave else draft.unnamed)
    return draft.plan(others_leave)


@dataclass
class _Entry:
    index: int
    wanted: Wanted
    before: Pupil | None = None
    is_back: bool = False
    after: Pupil | None = None


@dataclass
class _Draft:
    present: Sequence[Pupil]
    former: Sequence[FormerPupil]
    wanted: Sequence[Wanted]
    entries: list[_Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, index: int, name: str, text: str) -> None:
        self.problems.append(Problem(index, name, text))

    @property
    def unnamed(self) -> tuple[Pupil, ...]:
        named = {entry.before.id for entry in self.entries if entry.before is not None}
        return tuple(pupil for pupil in self.present if pupil.id not in named)

    def match(self) -> None:
        """Find out who each entry is, the surest first, so that no entry takes somebody whom a later one names."""
        self.entries = [_Entry(index, _tidy(one)) for index, one in enumerate(self.wanted)]
        taken: set[PupilId] = set()
        for find in (self._by_id, self._by_number, self._by_name):
            for entry in self.entries:
                if entry.before is None:
                    find(entry, taken)
                    if entry.before is not None:
                        taken.add(entry.before.id)

    def _by_id(self, entry: _Entry, taken: set[PupilId]) -> None:
        wanted_id = entry.wanted.id
        if wanted_id is None:
            return
        if wanted_id in taken:
            self.wrong(entry.index, "id", "同一名学生写了两次。")
            return
        entry.before = next((one for one in self.present if one.id == wanted_id), None)
        if entry.before is None:
            self._come_back(entry, next((one for one in self.former if one.id == wanted_id), None))
        if entry.before is None:
            self.wrong(entry.index, "id", "这名学生已经不在这个班，请刷新名单后再改。")

    def _by_number(self, entry: _Entry, taken: set[PupilId]) -> None:
        number, name = entry.wanted.number, entry.wanted.name
        if entry.wanted.id is not None or number == 0:
            return
        entry.before = next((one for one in self.present if one.number == number and one.id not in taken), None)
        if entry.before is None:
            left = (one for one in self.former if (one.number, one.name) == (number, name) and one.id not in taken)
            self._come_back(entry, next(left, None))

    def _by_name(self, entry: _Entry, taken: set[PupilId]) -> None:
        if entry.wanted.id is not None:
            return
        numbers = {one.number for one in self.wanted}
        same = [
            one
            for one in self.present
            if one.name == entry.wanted.name and one.id not in taken and one.number not in numbers
        ]
        if len(same) == 1:
            entry.before = same[0]

    def _come_back(self, entry: _Entry, former: FormerPupil | None) -> None:
        if former is not None:
            entry.before, entry.is_back = Pupil(former.id, former.number, former.name), True

    def number(self, new_id: Callable[[], PupilId]) -> None:
        """Write down number and name of each entry; who has no number gets the lowest free one."""
        used = {one.number for one in self.present} | {entry.wanted.number for entry in self.entries}
        for entry in self.entries:
            number = entry.wanted.number
            if number == 0:
                number = entry.before.number if entry.before else _lowest_free(used, 1)
                used.add(number)
            if not 1 <= number <= MAX_NUMBER:
                self.wrong(entry.index, "number", f"学号要是 1 到 {MAX_NUMBER} 的整数。")
            name = entry.wanted.name
            if not 1 <= len(name) <= MAX_NAME:
                self.wrong(entry.index, "name", f"姓名要有 1 到 {MAX_NAME} 个字。")
            base = entry.before or Pupil(new_id(), number, name)
            entry.after = msgspec.structs.replace(base, number=number, name=name)

    def give_seats_and_cards(self, staying: Iterable[Pupil]) -> None:
        """Seat the pupils; who has no card gets the lowest free one."""
        cards = {pupil.card for pupil in staying}
        for entry in self.entries:
            self._seat(entry)
            if entry.after is not None:
                cards.add(entry.after.card if entry.wanted.card is None else entry.wanted.card)
        for entry in self.entries:
            wanted, after = entry.wanted.card, entry.after
            if after is None:
                continue
            if wanted is not None and not -1 <= wanted < CARDS:
                self.wrong(entry.index, "card", f"答题卡号要是 0 到 {CARDS - 1} 的整数。")
            if wanted is None and after.card == -1:
                wanted = _lowest_free(cards, 0)
                wanted = wanted if wanted < CARDS else -1
                cards.add(wanted)
            entry.after = msgspec.structs.replace(after, card=after.card if wanted is None else wanted)

    def _seat(self, entry: _Entry) -> None:
        assert entry.after is not None, "numbered before"
        row = entry.after.row if entry.wanted.row is None else entry.wanted.row
        column = entry.after.column if entry.wanted.column is None else entry.wanted.column
        for name, value in (("row", row), ("column", column)):
            if not 0 <= value <= MAX_SEAT:
                self.wrong(entry.index, name, f"座位的行和列要是 1 到 {MAX_SEAT} 的整数。")
        if (row == 0) is not (column == 0):
            self.wrong(entry.index, "row" if row == 0 else "column", "座位的行和列要一起填，或都不填。")
        entry.after = msgspec.structs.replace(entry.after, row=row, column=column)

    def require_unique(self, staying: Iterable[Pupil]) -> None:
        """Note numbers, seats and cards that two have, and a class that is too large."""
        stay = tuple(staying)
        owners: dict[tuple[str, object], str] = {}
        for pupil in stay:
            owners |= dict.fromkeys(_keys(pupil), f"{pupil.name}（{pupil.number} 号）")
        for entry in self.entries:
            after = entry.after
            assert after is not None, "numbered before"
            for key in _keys(after):
                if key in owners:
                    self.wrong(entry.index, key[0], f"{_KEY_WORDS[key[0]](key[1])}已经是{owners[key]}的。")
                else:
                    owners[key] = f"{after.name}（{after.number} 号）"
        if len(stay) + len(self.entries) > MAX_PUPILS:
            many = len(stay) + len(self.entries)
            self.wrong(MAX_PUPILS - len(stay), "number", f"一个班最多 {MAX_PUPILS} 名学生，这样会有 {many} 名。")

    def plan(self, others_leave: bool) -> Plan:
        pairs = [(entry, entry.after) for entry in self.entries if entry.after is not None]
        changed = tuple(
            Change(entry.before, after)
            for entry, after in pairs
            if entry.before is not None and not entry.is_back and after != entry.before
        )
        named = sum(1 for entry, _ in pairs if entry.before is not None and not entry.is_back)
        staying = () if others_leave else self.unnamed
        everybody = sorted((*staying, *(after for _, after in pairs)), key=lambda one: one.number)
        return Plan(
            pupils=tuple(everybody),
            added=tuple(after for entry, after in pairs if entry.before is None),
            back=tuple(after for entry, after in pairs if entry.is_back),
            changed=changed,
            kept=named - len(changed) + len(staying),
            gone=self.unnamed if others_leave else (),
            problems=tuple(sorted(self.problems, key=lambda one: one.index)),
        )


_KEY_WORDS: dict[str, Callable[[object], str]] = {
    "number": lambda value: f"学号 {value} ",
    "row": lambda value: "这个座位",
    "card": lambda value: f"{value} 号答题卡",
}


def _keys(pupil: Pupil) -> list[tuple[str, object]]:
    keys: list[tuple[str, object]] = [("number", pupil.number)]
    if pupil.row:
        keys.append(("row", (pupil.row, pupil.column)))
    if pupil.card != -1:
        keys.append(("card", pupil.card))
    return keys


def _lowest_free(used: set[int], first: int) -> int:
    return next(number for number in range(first, first + len(used) + 1) if number not in used)


def _tidy(wanted: Wanted) -> Wanted:
    """Return the entry with a name as people mean it: no blanks around it, no control characters in it."""
    name = " ".join("".join(one if one.isprintable() else " " for one in wanted.name).split())
    return msgspec.structs.replace(wanted, name=name)
