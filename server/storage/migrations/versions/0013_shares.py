"""Links to resources, which can be revoked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "shares",
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("renditions", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=True),
        sa.Column("note", sa.String(length=80), nullable=False),
        sa.Column("may_take", sa.Boolean(), nullable=False),
        sa.Column("frames", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_shares_resource_id_resources"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_shares_school_id_schools")),
        sa.ForeignKeyConstraint(["made_by_id"], ["people.id"], name=op.f("fk_shares_made_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
    )
    op.create_index(op.f("ix_shares_resource_id"), "shares", ["resource_id"])
