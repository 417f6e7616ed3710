"""Rosters: the pupils of classrooms, with their seats and answer cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "rosters",
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["classroom_id"], ["classrooms.id"], name=op.f("fk_rosters_classroom_id_classrooms")),
        sa.PrimaryKeyConstraint("classroom_id", name=op.f("pk_rosters")),
    )
    op.create_table(
        "pupils",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("seat_row", sa.Integer(), nullable=False),
        sa.Column("seat_column", sa.Integer(), nullable=False),
        sa.Column("card", sa.Integer(), nullable=True),
        sa.Column("left_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["classroom_id"], ["classrooms.id"], name=op.f("fk_pupils_classroom_id_classrooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pupils")),
        sa.UniqueConstraint("classroom_id", "card", name=op.f("uq_pupils_classroom_id")),
    )
    op.create_index(op.f("ix_pupils_classroom_id"), "pupils", ["classroom_id"], unique=False)
