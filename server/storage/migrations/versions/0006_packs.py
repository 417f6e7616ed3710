"""Lesson packs: clips, what was handed out, how far classrooms are, and when schools fetch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "school_packs",
        sa.Column("school_id", sa.String(length=16), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("night_from_min", "night_to_min", "lead_hours", "ceiling_kbps")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["schools.id"], name=op.f("fk_school_packs_school_id_schools"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_school_packs")),
    )
    op.create_table(
        "lesson_clips",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("mime", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        _of_lesson("lesson_clips"),
        sa.PrimaryKeyConstraint("lesson_id", "sha256", name=op.f("pk_lesson_clips")),
    )
    op.create_table(
        "pack_blobs",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        _of_lesson("pack_blobs"),
        sa.PrimaryKeyConstraint("lesson_id", "classroom_id", "sha256", name=op.f("pk_pack_blobs")),
    )
    op.create_table(
        "pack_states",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("have_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(length=16), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        _of_lesson("pack_states"),
        sa.ForeignKeyConstraint(
            ["classroom_id"],
            ["classrooms.id"],
            name=op.f("fk_pack_states_classroom_id_classrooms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("lesson_id", "classroom_id", name=op.f("pk_pack_states")),
    )


def _of_lesson(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_lesson_id_lessons")
    return sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=name, ondelete="CASCADE")
