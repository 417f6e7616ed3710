"""What can be found, as a table. What it is found by lies beside it, in the database's own kind of index (`index.py`).

An entry is derived: it can be thrown away and made anew from the plans and resources.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint

from server.storage.schema import EpochMs, metadata

entries = Table(
    "search_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(12), nullable=False),  # plan | resource
    Column("object_id", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),  # of a plan: the living document; of a resource: all that was published
    Column("final", Text, nullable=False),  # of a plan: what everybody may read of it once it is final
    Column("changed_ms", EpochMs, nullable=False),
    Column("is_whole", Boolean, nullable=False),  # not: the words of a recording are still to be read
    UniqueConstraint("kind", "object_id"),
)
state = Table(
    "search_state",
    metadata,
    Column("id", Integer, primary_key=True),  # 1
    Column("version", Integer, nullable=False),  # `terms.VERSION` that the index was made with; 0: none
)
