"""How long a clip is: a lesson plays it by its own clock, and nobody may seek beyond its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    # Of clips that were stored before, nothing is known: they come with the pack, and are shown to their end.
    op.add_column("lesson_clips", sa.Column("duration_ms", sa.Integer(), nullable=False, server_default="0"))
