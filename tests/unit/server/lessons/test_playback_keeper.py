"""Figures wait for the database behind the room's back, and are counted once."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from server.lessons.playback_keeper import MAX_SCHOOLS, OTHER_SCHOOLS, PlaybackKeeper, school_label
from signaling.messages import PeerId, RoomId
from signaling.playback import Playback
from signaling.roles import Role

ROW = Playback(PeerId("p1"), Role.CLASSROOM, "五年级", "学校甲", watched_ms=10_000, video_stall_ms=500, sent_bytes=7)


class Store:
    """A database that takes figures, or is down."""

    def __init__(self) -> None:
        self.kept: list[tuple[Playback, ...]] = []
        self.is_down = False

    async def keep_playback(self, lesson: RoomId, rows: tuple[Playback, ...]) -> None:
        if self.is_down:
            raise OSError("the database is down")
        self.kept.append(rows)


def keeper(store: Store, stored: tuple[Playback, ...] = ()) -> PlaybackKeeper:
    return PlaybackKeeper(RoomId("abcd2345"), store, 1.0, stored)  # type: ignore[arg-type]  # the part it needs


def counted(name: str, school: str) -> float:
    return REGISTRY.get_sample_value(f"tongtang_playback_{name}_total", {"school": school}) or 0.0


async def test_newer_figures_replace_those_that_wait() -> None:
    store = Store()
    one = keeper(store)
    one.add((ROW,))
    one.add((replace(ROW, watched_ms=20_000),))
    await one.flush(1.0)
    assert store.kept == [(replace(ROW, watched_ms=20_000),)]
    one.add((replace(ROW, watched_ms=20_000),))
    await one.flush(1.0)
    assert len(store.kept) == 1, "what is stored already is not stored again"


async def test_figures_outlive_a_database_that_is_down() -> None:
    store = Store()
    store.is_down = True
    one = keeper(store)
    one.add((ROW,))
    await one.flush(0.01)
    store.is_down = False
    await one.flush(1.0)
    assert store.kept == [(ROW,)]


async def test_figures_that_were_being_stored_when_the_room_ended_are_stored() -> None:
    store, entered = Store(), asyncio.Event()

    async def stuck(lesson: RoomId, rows: tuple[Playback, ...]) -> None:
        entered.set()
        await asyncio.Event().wait()

    good, store.keep_playback = store.keep_playback, stuck  # type: ignore[method-assign]
    one = keeper(store)
    one.add((ROW,))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(one.run())
        await entered.wait()
        task.cancel()
    store.keep_playback = good  # type: ignore[method-assign]
    await one.flush(1.0)
    assert store.kept == [(ROW,)]


async def test_only_growth_is_counted_and_only_of_classrooms() -> None:
    school = "学校乙"
    stored = replace(ROW, school=school, watched_ms=60_000, video_stall_ms=3_000)
    one = keeper(Store(), (stored,))
    one.add((replace(stored, watched_ms=70_000, video_stall_ms=3_500, audio_ms=9_000, audio_concealed_ms=90),))
    one.add((replace(stored, peer=PeerId("p2"), role=Role.LECTURER, watched_ms=5_000),))
    assert counted("watched_seconds", school) == 10.0
    assert counted("stalled_seconds", school) == 0.5
    assert (counted("audio_seconds", school), counted("audio_concealed_seconds", school)) == (9.0, 0.09)
    assert counted("sent_bytes", school) == 0.0


def test_schools_past_the_bound_share_one_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lessons.playback_keeper._labels", set())
    labels = {school_label(f"s{n}") for n in range(MAX_SCHOOLS + 5)}
    assert OTHER_SCHOOLS in labels and len(labels) <= MAX_SCHOOLS + 1
    assert school_label("s1") == "s1"
