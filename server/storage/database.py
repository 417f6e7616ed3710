"""The database: one writer, many readers, one transaction a command.

Theory of operation. SQLite lets one connection write at a time. A transaction that begins by reading and writes later
(the default, `BEGIN DEFERRED`) can lose its update or fail in the middle when another one wrote in between; 50
concurrent counter updates left the value at 2. So writers queue for a single connection whose every transaction begins
with `BEGIN IMMEDIATE`, and readers use connections of their own that see the last commit (WAL) and never wait.
On PostgreSQL both are the same engine, at isolation level REPEATABLE READ, where a lost update is an error that is
answered as `conflict`.

`synchronous=FULL`: a commit is on the disk when it is acknowledged, also when the power fails
(https://sqlite.org/pragma.html#pragma_synchronous: WAL with NORMAL may lose the last commits).
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.storage.migrate import upgrade
from signaling.errors import Refused, TongtangError, Unavailable

Transaction = AsyncConnection

BUSY_TIMEOUT_MS = 5_000  # another process (a backup, an administrator's shell) may hold the lock this long
WRITER_WAIT_S = 10.0  # commands wait this long for the single writer, then are answered `busy`
READERS = 4  # threads of aiosqlite; reads take well under a millisecond each


class Database:
    """Where everything is kept that must outlive the process."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Run one command as one transaction: committed when the block ends, rolled back when it raises.

        Raises:
            Refused: `conflict` when another command won.
            Unavailable: `busy`, `disk_full` or `storage_failed`.
        """
        try:
            async with self._writer.begin() as transaction:
                yield transaction
        except (DBAPIError, PoolTimeout) as error:
            raise told(error) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """Read one consistent state."""
        try:
            async with self._reader.begin() as transaction:
                yield transaction
        except (DBAPIError, PoolTimeout) as error:
            raise told(error) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the database at `url`, brought to the newest schema.

    Args:
        url: `sqlite:///path/to/file` or `postgresql://user:password@host/name`.

    Raises:
        Unavailable: `storage_unwritable`, `storage_unavailable`, `storage_newer`, `disk_full` or `storage_failed`.
    """
    writer, reader = _engines(_checked(url))
    database = Database(writer, reader)
    try:
        try:
            await upgrade(writer)
        except DBAPIError as error:
            raise told(error) from error
        yield database
    finally:
        await database.close()


def sqlite_url(path: Path) -> str:
    """Return the URL of the SQLite file at `path`."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Unavailable("storage_url", "数据库地址写得不对，应为 sqlite:///文件 或 postgresql://…。") from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    name = parsed.get_backend_name()
    if name not in drivers:
        raise Unavailable("storage_url", f"不支持的数据库：{name}。可以用 sqlite 或 postgresql。")
    return parsed.set(drivername=drivers[name])


def _engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    if url.get_backend_name() == "postgresql":
        try:
            engine = create_async_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise Unavailable(
                "storage_url", "使用 PostgreSQL 需要先安装 asyncpg：pip install 'tongtang[postgresql]'"
            ) from error
        _connect_in_words(engine)
        return engine, engine
    path = Path(url.database or "")
    if not os.access(path.parent, os.W_OK):
        raise Unavailable("storage_unwritable", f"数据目录不可写：{path.parent}。请检查目录是否存在、是否有权限。")
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=WRITER_WAIT_S)
    reader = create_async_engine(url, pool_size=READERS, max_overflow=0, pool_timeout=WRITER_WAIT_S)
    _prepare(writer, "BEGIN IMMEDIATE", read_only=False)
    _prepare(reader, "BEGIN", read_only=True)
    return writer, reader


def _connect_in_words(engine: AsyncEngine) -> None:
    """Let a server that does not answer be told as such: the driver raises what the socket raised."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, record: object, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        try:
            return dialect.connect(*arguments, **options)
        except OSError as error:  # TimeoutError is one too
            raise Unavailable(
                "storage_unavailable",
                "连不上数据库服务器，刚才的改动没有保存。请管理员检查它是否在运行、地址是否正确。",
            ) from error


def _prepare(engine: AsyncEngine, begin: str, *, read_only: bool) -> None:
    pragmas = [f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "synchronous=FULL"]
    pragmas.append("query_only=ON" if read_only else "journal_mode=WAL")

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def began(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def told(error: Exception) -> TongtangError:
    """Return the error that a person is told for a failure of the database."""
    if isinstance(error, IntegrityError):
        return Refused("conflict", "刚才有人做了同样的改动，请刷新后再试一次。")
    if isinstance(error, PoolTimeout):
        return Unavailable("busy", "服务器正忙，请稍后再试。")
    original = getattr(error, "orig", None)
    text = str(original or error)
    code = getattr(original, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL or "is full" in text or os.strerror(errno.ENOSPC) in text:
        return Unavailable("disk_full", "服务器磁盘已满，刚才的改动没有保存。请管理员清理磁盘后再试。")
    if "readonly database" in text or "unable to open" in text:
        return Unavailable("storage_unwritable", "数据库文件不可写，刚才的改动没有保存。请管理员检查数据目录的权限。")
    if "locked" in text:
        return Unavailable("busy", "数据库正被其他程序占用，请稍后再试。")
    if "could not serialize" in text:
        return Refused("conflict", "刚才有人做了同样的改动，请刷新后再试一次。")
    return Unavailable("storage_failed", "数据库出错，刚才的改动没有保存。请管理员查看服务器日志。")
