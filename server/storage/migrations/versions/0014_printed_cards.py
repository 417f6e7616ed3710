"""When a classroom's answer cards were printed: a wall that asks to hold up what nobody has is of no help."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.add_column("rosters", sa.Column("printed_ms", sa.BigInteger(), nullable=True))
