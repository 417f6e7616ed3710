"""Pictures of plans and evidence of resolutions: what a row names stays, what none names goes after a week."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Table, delete

from server.ground import FileFolders
from server.orphans import OrphanSweep, folders
from server.planning.meetings.tables import resolutions
from server.planning.plans.tables import plan_pictures
from tests.integration.server.planning.conftest import Workshop
from tests.unit.server.lessons.test_pictures import png

DAY_S = 86_400


def files_of(workshop: Workshop, folder: str) -> list[Path]:
    return sorted(path for path in (workshop.world.folder / folder).rglob("*") if path.is_file())


async def cleared(workshop: Workshop, folder: str, days: float) -> int:
    """Return how many files of the folder go when all were put so long ago."""
    then = datetime.now(UTC).timestamp() - days * DAY_S
    for path in files_of(workshop, folder):
        os.utime(path, (then, then))
    world = workshop.world
    return (await OrphanSweep(world.database, folders(FileFolders(world.folder)), world.clock).sweep())[folder]


def leave_half(workshop: Workshop, folder: str) -> Path:
    """Write the beginning of a file as `PageFiles` does."""
    half = workshop.world.folder / folder / "aa" / f".aa{'0' * 62}.01234567"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"x")
    return half


async def picture(workshop: Workshop) -> None:
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学"}
    plan = (await workshop.send("lin", "POST", "/api/plans", body, 201))["id"]
    lin = await workshop.world.client("lin")
    added = await lin.post(f"/api/plans/{plan}/pictures", content=png(64, 48), headers={"content-type": "image/png"})
    assert added.status_code < 300, added.text


async def open_resolution(workshop: Workshop) -> str:
    called = {"group_id": workshop.group, "title": "联席会议", "kind": "joint", "minutes": 40}
    meeting = (await workshop.send("lin", "POST", "/api/meetings", called, 201))["id"]
    body = {"text": "补实验记录", "owner_id": await workshop.id_of("lin"), "due": "2026-12-01"}
    return str((await workshop.send("lin", "POST", f"/api/meetings/{meeting}/resolutions", body, 201))["id"])


async def put_evidence(workshop: Workshop, resolution: str) -> dict[str, object]:
    lin = await workshop.world.client("lin")
    kept = await lin.post(f"/api/resolutions/{resolution}/files?name=记录.pdf", content=b"%PDF-1.4 evidence")
    assert kept.status_code < 300, kept.text
    return {one: kept.json()[one] for one in ("kind", "id", "title", "bytes")}


async def close(workshop: Workshop, resolution: str, given: dict[str, object]) -> None:
    await workshop.send("lin", "POST", f"/api/resolutions/{resolution}/close", given)


async def evidence(workshop: Workshop) -> None:
    resolution = await open_resolution(workshop)
    await close(workshop, resolution, await put_evidence(workshop, resolution))


@pytest.mark.parametrize(
    ("folder", "make", "rows"), [("plan_pictures", picture, plan_pictures), ("evidence", evidence, resolutions)]
)
async def test_a_file_with_a_row_never_goes_and_one_without_goes_after_a_week(
    workshop: Workshop, folder: str, make: Callable[[Workshop], Awaitable[None]], rows: Table
) -> None:
    await make(workshop)
    assert len(files_of(workshop, folder)) == 1
    assert await cleared(workshop, folder, 400) == 0
    async with workshop.world.database.write() as tx:
        await tx.execute(delete(rows))
    assert await cleared(workshop, folder, 6.9) == 0
    assert await cleared(workshop, folder, 7.1) == 1
    assert files_of(workshop, folder) == []


@pytest.mark.parametrize("folder", ["plan_pictures", "evidence"])
async def test_what_is_being_written_stays_and_what_a_crash_left_goes(workshop: Workshop, folder: str) -> None:
    half = leave_half(workshop, folder)
    assert await cleared(workshop, folder, 6.9) == 0
    assert half.exists()
    assert await cleared(workshop, folder, 7.1) == 1


async def test_evidence_that_is_given_late_is_young_again(workshop: Workshop) -> None:
    resolution = await open_resolution(workshop)
    given = await put_evidence(workshop, resolution)
    [path] = files_of(workshop, "evidence")
    old = datetime.now(UTC).timestamp() - 8 * DAY_S
    os.utime(path, (old, old))
    await close(workshop, resolution, given)
    assert path.stat().st_mtime > old + DAY_S, "a sweep that looked before it was given leaves it"
    assert await cleared(workshop, "evidence", 8) == 0
