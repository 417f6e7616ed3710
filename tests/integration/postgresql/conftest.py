"""A PostgreSQL of the tests' own, of the distribution's programs: in a folder of its own, on a port of loopback."""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from tests.integration.server.conftest import World, open_world
from tests.ports import free_port

START_S, STOP_S = 30.0, 10.0
# Nothing of it outlives the tests: what only saves data from a power cut is left out.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=40")


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; Debian keeps servers beside each other, by version."""
    found = shutil.which(name) or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))), None)
    assert found, "PostgreSQL is not installed: run .ci/system-packages"
    return found


def account() -> dict[str, Any]:
    """Return as whom to run it: it refuses to run as root."""
    if os.getuid() != 0:
        return {}
    names = {one.pw_name for one in pwd.getpwall()}
    one = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": ()}


@dataclass
class Postgres:
    """A running server."""

    port: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        return f"postgresql://tongtang:secret@127.0.0.1:{self.port}/{name}"

    async def make(self, template: str = "template0") -> str:
        """Return the URL of a new database."""
        name = f"made{next(self._numbers)}"
        await self.say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    async def say(self, statement: str) -> None:
        """Have the server do something outside of transactions."""
        url = self.url("postgres").replace("postgresql://", "postgresql+asyncpg://")
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="tongtang-pg-", ignore_cleanup_errors=True) as name:
        folder, runs_as = Path(name), account()
        if runs_as:
            os.chown(folder, runs_as["user"], runs_as["group"])
        secret = folder / "secret"
        secret.write_text("secret")
        secret.chmod(0o644)
        init = [program("initdb"), "-D", str(folder / "data"), "-U", "tongtang", "-A", "scram-sha-256"]
        init += ["--pwfile", str(secret), "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(init, capture_output=True, text=True, timeout=60, cwd=folder, check=False, **runs_as)
        assert made.returncode == 0, made.stderr
        port = free_port()
        options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *QUICK]
        command = [program("postgres"), "-D", str(folder / "data"), *(part for one in options for part in ("-c", one))]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(command, stderr=log, cwd=folder, **runs_as) as running,
        ):
            try:
                asyncio.run(answering(port, running, folder / "log"))
                yield Postgres(port)
            finally:
                stop(running)


async def answering(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server takes connections."""
    until = time.monotonic() + START_S
    while True:
        assert running.poll() is None, log.read_text()
        try:
            await Postgres(port).say("SELECT 1")
        except (OSError, DBAPIError):  # nobody listens yet, or it says that it is starting
            assert time.monotonic() < until, log.read_text()
            await asyncio.sleep(0.05)
        else:
            return


def stop(running: subprocess.Popen[bytes]) -> None:
    """End it at once, without writing anything down ("immediate shutdown")."""
    running.send_signal(signal.SIGQUIT)
    try:
        running.wait(STOP_S)
    except subprocess.TimeoutExpired:
        running.kill()


@pytest.fixture(scope="session")
def migrated(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a database with every table and the people, to be the template of others."""

    async def make() -> str:
        url = await postgres.make()
        async with open_world(tmp_path_factory.mktemp("migrated"), url):
            pass
        return url.rpartition("/")[2]

    return asyncio.run(make())


@pytest.fixture
async def world(postgres: Postgres, migrated: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "data", await postgres.make(migrated)) as opened:
        yield opened
