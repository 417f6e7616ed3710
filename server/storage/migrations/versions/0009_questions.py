"""Questions: prepared ones, and what came of those that were asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _lesson(table: str, *key: str) -> tuple[SchemaItem, ...]:
    return (
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f(f"fk_{table}_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lesson_id", *key, name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "prepared_questions",
        *_lesson("prepared_questions", "position"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("exit_ticket", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(length=100), nullable=False),
        sa.UniqueConstraint("lesson_id", "id", name=op.f("uq_prepared_questions_lesson_id")),
    )
    op.create_table(
        "asked_questions",
        *_lesson("asked_questions", "question"),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("exit_ticket", sa.Boolean(), nullable=False),
        sa.Column("prepared", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=100), nullable=False),
        sa.Column("t_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "pupil_answers",
        *_lesson("pupil_answers", "question", "pupil"),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("pupil", sa.String(length=32), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("t_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "hand_counts",
        *_lesson("hand_counts", "question", "classroom_id"),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("of_pupils", sa.Integer(), nullable=False),
    )
    op.create_table(
        "answer_photos",
        *_lesson("answer_photos", "classroom_id", "id"),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=32), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index(op.f("ix_answer_photos_sha256"), "answer_photos", ["sha256"], unique=False)
