"""Forward-only migrations, run at start.

Each file in `migrations/versions/` brings the schema one step on; none goes back. A database whose revision this
program does not know was written by a newer one and is refused untouched.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from signaling.errors import Unavailable

_FOLDER = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def revisions() -> tuple[str, ...]:
    """Return all known revisions, oldest first."""
    return tuple(script.revision for script in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions())))


async def upgrade(engine: AsyncEngine, target: str = "head") -> None:
    """Bring the database to revision `target`, in one transaction.

    Raises:
        Unavailable: `storage_newer`.
    """
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, target)


def _upgrade(connection: Connection, target: str) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in revisions():
        raise Unavailable(
            "storage_newer",
            f"数据库是由更新版本的同堂建立的（版本 {current}），当前程序不认识，没有改动它。"
            "请升级程序，或用 --data 指定另一个数据目录。",
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)
