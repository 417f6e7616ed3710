from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.plan_world import PlanWorld, plan_world


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with every table and no plan: bringing one to its schema takes longer than most tests."""
    folder = tmp_path_factory.mktemp("blank")

    async def make() -> None:
        async with plan_world(folder):
            pass

    asyncio.run(make())
    return folder / "tongtang.db"


@pytest.fixture
def folder(tmp_path: Path, blank: Path) -> Path:
    shutil.copy(blank, tmp_path / "tongtang.db")
    return tmp_path


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[PlanWorld]:
    async with plan_world(folder) as made:
        yield made
