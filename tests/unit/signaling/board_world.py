"""A lesson in which people write: short ways to draw, for the tests of the board."""

from __future__ import annotations

import random
from typing import TypeVar

from signaling import messages as m
from signaling.board_frames import read_frame
from signaling.board_points import Point, encode_points
from signaling.effects import Effect, Outcome, Relay, Tell
from signaling.errors import Refused
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, OBSERVER, World

PAGE = "page:d1:1"
LINE = [Point(100, 100, 3), Point(140, 120, 4), Point(200, 90, 5)]
Kind = TypeVar("Kind", bound=Effect)


class Class(World):
    """A lecturer, three classrooms, the local teacher of the first, and an observer."""

    def __init__(self) -> None:
        super().__init__()
        self.lecturer = self.join(LECTURER)
        self.rooms = [self.join(one) for one in CLASSROOMS]
        self.teacher = self.join(LOCAL_TEACHER)
        self.observer = self.join(OBSERVER)
        self.erased: list[tuple[str, tuple[str, ...]]] = []

    @property
    def board(self) -> m.Board:
        return self.room.state.board

    def frame(self, peer: m.PeerId, text: str) -> Outcome:
        return self.keep(self.room.on_ink(peer, read_frame(text.encode()), self.now))

    def draw(self, peer: m.PeerId, n: int, surface: str = "", points: list[Point] | None = None) -> Outcome:
        """Draw a stroke in three pieces."""
        points = points or LINE
        self.frame(peer, f"~+{n};p01;{surface};{encode_points(points[:1])}")
        self.frame(peer, f"~:{encode_points(points[1:2], points[0])}")
        return self.frame(peer, f"~.{encode_points(points[2:], points[1])}")

    def add(self, peer: m.PeerId, n: int, surface: str = PAGE) -> Outcome:
        return self.ask(peer, m.AddInk(1, n, surface, "pen", encode_points(LINE)))

    def ids(self, surface: str = PAGE) -> list[str]:
        return [one.id for one in surface_of(self.room.state, surface).objects]

    def relayed(self) -> list[bytes]:
        return [one.frame for one in self.effects if isinstance(one, Relay)]

    def refusals(self) -> list[str]:
        told = [one.message for one in self.effects if isinstance(one, Tell)]
        return [one.code for one in told if isinstance(one, m.InkRefused)]

    def scribble(self, rng: random.Random, steps: int) -> None:
        """Let writers write, erase, undo, wipe and open boards, allowed or not; refusals change nothing."""
        writers = [self.lecturer, *self.rooms, self.teacher]
        counts = dict.fromkeys(writers, 0)
        for _ in range(steps):
            before = self.room.state
            try:
                self._scribble_once(rng, rng.choice(writers), counts)
            except Refused:
                assert self.room.state == before

    def _scribble_once(self, rng: random.Random, peer: m.PeerId, counts: dict[m.PeerId, int]) -> None:
        key = rng.choice([PAGE, PAGE, "page:d1:2", "board:1", ""])
        ids = tuple(rng.choice(self.ids(key or PAGE) or ["0.1"]) for _ in range(2))
        counts[peer] += 1
        match rng.randrange(12):
            case 0 | 1 | 2:
                self.draw(peer, counts[peer], key)
            case 3:
                self.frame(peer, f"~+{counts[peer]};h20;{key};{encode_points(LINE[:2])}")
            case 4:
                self.frame(peer, rng.choice(["~.", "~-", "~:", f"~@{encode_points(LINE[:1])}", "~@"]))
            case 5:
                self.add(peer, rng.randint(1, counts[peer]), key)
            case 6:
                self.ask(peer, m.RemoveInk(1, key or PAGE, ids))
                self.erased.append((key or PAGE, ids))
            case 7:
                where, gone = rng.choice(self.erased[-5:] or [(PAGE, ids)])
                self.ask(self.lecturer, m.RestoreInk(1, where, gone))
            case 8:
                self.ask(self.lecturer, m.AllowWriting(1, m.ClassroomId(f"c{rng.randrange(3)}"), rng.random() < 0.7))
            case 9:
                self.ask(self.lecturer, m.ShowBoard(1, rng.choice([0, 1])))
            case 10:
                self.ask(peer, m.TurnPage(1, rng.choice([1, 2])))
            case 11:
                if rng.random() < 0.2:
                    self.ask(self.lecturer, m.ClearInk(1, key or PAGE))
                else:
                    self.ask(self.lecturer, m.MoveBoard(1, 5, 100 * rng.randrange(9)))


def surface_of(state: m.Snapshot, key: str) -> m.Surface:
    return next((one for one in state.board.surfaces if one.key == key), m.Surface(key))
