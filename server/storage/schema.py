"""The one MetaData that every domain's `tables.py` hangs its tables on, and the types they share.

Moments are stored as UTC epoch milliseconds (`…_ms` columns, 64 bit): SQLite has no time zones, and a lesson's log
counts milliseconds anyway.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, MetaData

# Named constraints, so that a later migration can drop them on every database alike (Alembic's "naming" chapter).
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EpochMs = BigInteger
