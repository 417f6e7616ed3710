"""How often each pupil was called on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count calls of pupils over their lessons."""
    op.add_column("pupils", sa.Column("called", sa.Integer(), nullable=False, server_default="0"))
