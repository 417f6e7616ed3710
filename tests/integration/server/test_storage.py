from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

import server.accounts.tables
import server.lessons.decks.tables
import server.lessons.packs.tables
import server.lessons.playback_tables
import server.lessons.questions.tables
import server.lessons.rosters.tables
import server.lessons.segments
import server.lessons.tables
import server.lessons.timetable.tables
import server.library.gaps.tables
import server.library.packs.tables
import server.library.sharing.tables
import server.objects.tables
import server.planning.calendar.tables
import server.planning.groups.tables
import server.planning.log
import server.planning.meetings.tables
import server.planning.plans.tables
import server.planning.reviews.tables
import server.planning.templates.tables
import server.storage.jobs
import server.uploads.tables  # noqa: F401
from server.lessons.model import Page, PageFile
from server.lessons.tables import pages_of
from server.storage.database import open_database, sqlite_url
from server.storage.migrate import revisions, upgrade
from server.storage.schema import metadata
from signaling.errors import Refused, Unavailable


async def test_fifty_concurrent_updates_all_count(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "x.db")) as database:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE counter (value INTEGER)"))
            await tx.execute(text("INSERT INTO counter VALUES (0)"))

        async def add_one() -> None:
            async with database.write() as tx:
                value = (await tx.execute(text("SELECT value FROM counter"))).scalar_one()
                await asyncio.sleep(0)
                await tx.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

        async with asyncio.TaskGroup() as tasks:
            for _ in range(50):
                tasks.create_task(add_one())
        async with database.read() as tx:
            assert (await tx.execute(text("SELECT value FROM counter"))).scalar_one() == 50


async def test_a_failed_command_leaves_nothing(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "x.db")) as database:
        with pytest.raises(ZeroDivisionError):
            async with database.write() as tx:
                await tx.execute(text("INSERT INTO schools VALUES ('a', 'b', 'urban', 'c', 0, 1)"))
                raise ZeroDivisionError
        async with database.read() as tx:
            assert (await tx.execute(text("SELECT count(*) FROM schools"))).scalar_one() == 0


async def test_the_reader_cannot_write_and_keys_are_enforced(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "x.db")) as database:
        with pytest.raises(Unavailable) as caught:
            async with database.read() as tx:
                await tx.execute(text("INSERT INTO schools VALUES ('a', 'b', 'urban', 'c', 0, 1)"))
        assert caught.value.code == "storage_unwritable"
        with pytest.raises(Refused) as refused:
            async with database.write() as tx:
                await tx.execute(text("INSERT INTO classrooms VALUES ('a', 'no school', 'c')"))
        assert refused.value.code == "conflict"


async def test_migrations_lead_from_empty_to_the_tables_of_the_program(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    for revision in revisions():
        await upgrade(engine, revision)
    async with engine.connect() as connection:
        found = await connection.run_sync(
            lambda sync: {
                name: {column["name"] for column in inspect(sync).get_columns(name)}
                for name in inspect(sync).get_table_names()
            }
        )
    await engine.dispose()
    del found["alembic_version"]
    for table in metadata.tables.values():
        assert found[table.name] == {column.name for column in table.columns}, table.name


async def test_pages_from_before_there_were_widths_are_still_pages(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    await upgrade(engine, "0004")
    async with engine.begin() as connection:
        for statement in (
            "INSERT INTO schools VALUES ('s', '春城实验小学', 'urban', '云岭县', 0, 1)",
            "INSERT INTO people (id, username, name, password_hash, school_id, is_manager) "
            "VALUES ('p', 'lin', '林晓云', 'x', 's', 0)",
            "INSERT INTO lessons (id, title, subject, state, starts_at_ms, planned_minutes, lecturer_id, "
            "lecturer_school_id, open_to_observers, deck_id, pages) "
            "VALUES ('abcd2345', '光', '科学', 'scheduled', 0, 40, 'p', 's', 1, 'd', 1)",
            "INSERT INTO lesson_pages VALUES ('abcd2345', 1, 'ab12', 'image/png', '封面')",
        ):
            await connection.execute(text(statement))
    await engine.dispose()
    async with open_database(sqlite_url(path)) as database, database.read() as tx:
        assert await pages_of(tx, "abcd2345") == (Page("封面", (PageFile(0, "ab12", "image/png", 0),), 1.7778),)


async def test_a_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with open_database(sqlite_url(path)):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Unavailable, match="更新版本") as caught:
        async with open_database(sqlite_url(path)):
            pass
    assert caught.value.code == "storage_newer"
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
async def test_an_unusable_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        async with open_database(url):
            pass
    assert caught.value.code == "storage_url"


async def test_a_folder_that_is_missing_or_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        async with open_database(sqlite_url(tmp_path / "none" / "x.db")):
            pass
    assert caught.value.code == "storage_unwritable"
    (tmp_path / "bad.db").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable) as caught:
        async with open_database(sqlite_url(tmp_path / "bad.db")):
            pass
    assert caught.value.code == "storage_failed"


async def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "x.db")) as database:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO schools VALUES ('a', 'b', 'urban', 'c', 0, 1)"))
            pages = (await tx.execute(text("PRAGMA page_count"))).scalar_one()
            await tx.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(Unavailable) as caught:
            async with database.write() as tx:
                for index in range(2000):
                    await tx.execute(
                        text("INSERT INTO schools VALUES (:id, :name, 'urban', 'c', 0, 1)"),
                        {"id": str(index), "name": f"{index}" * 20},
                    )
        assert caught.value.code == "disk_full"
        async with database.read() as tx:
            assert (await tx.execute(text("SELECT count(*) FROM schools"))).scalar_one() == 1
