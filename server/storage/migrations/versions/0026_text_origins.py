"""Which plan or resource a piece of text stood in first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "text_origins",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("object_id", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_text_origins")),
    )
