"""Run the migrations on the connection that `server.storage.migrate` gives."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from server.storage.schema import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
