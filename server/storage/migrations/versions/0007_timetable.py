"""Timetables: terms, bell times, lessons that repeat, what was changed about a lesson, and calendar addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "terms",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=False),
        sa.Column("makeups", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("name", name=op.f("uq_terms_name")),
    )
    op.create_table(
        "bell_periods",
        sa.Column("school_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("start_min", sa.Integer(), nullable=False),
        sa.Column("end_min", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_bell_periods_school_id_schools")),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_bell_periods")),
    )
    _create_series()
    op.create_table(
        "lesson_plans",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("series_id", sa.String(length=16), nullable=True),
        sa.Column("slot", sa.String(length=12), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=40), nullable=False),
        sa.Column("planned_lecturer_id", sa.String(length=16), nullable=True),
        sa.Column("substitute_reason", sa.String(length=200), nullable=False),
        sa.Column("planned_starts_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("move_reason", sa.String(length=200), nullable=False),
        sa.Column("is_cancelled_by_series", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_plans_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_lesson_plans_series_id_series")),
        sa.ForeignKeyConstraint(
            ["planned_lecturer_id"], ["people.id"], name=op.f("fk_lesson_plans_planned_lecturer_id_people")
        ),
        sa.PrimaryKeyConstraint("lesson_id", name=op.f("pk_lesson_plans")),
        sa.UniqueConstraint("series_id", "slot", name=op.f("uq_lesson_plans_series_id")),
    )
    op.create_index(op.f("ix_lesson_plans_planned_lecturer_id"), "lesson_plans", ["planned_lecturer_id"], unique=False)
    op.create_table(
        "calendar_feeds",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "owner_id", name=op.f("pk_calendar_feeds")),
    )
    # Lessons that are there already are not off, and belong to no series.
    op.add_column("lessons", sa.Column("cancelled", sa.String(length=200), nullable=True))
    op.add_column("lessons", sa.Column("series_id", sa.String(length=16), nullable=True))
    op.create_index(op.f("ix_lessons_series_id"), "lessons", ["series_id"], unique=False)


def _create_series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("term_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("lecturer_id", sa.String(length=16), nullable=False),
        sa.Column("lecturer_school_id", sa.String(length=16), nullable=False),
        sa.Column("paired_school_id", sa.String(length=16), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("weeks", sa.String(length=80), nullable=False),
        sa.Column("open_to_observers", sa.Boolean(), nullable=False),
        sa.Column("is_ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name=op.f("fk_series_term_id_terms")),
        sa.ForeignKeyConstraint(["lecturer_id"], ["people.id"], name=op.f("fk_series_lecturer_id_people")),
        sa.ForeignKeyConstraint(
            ["lecturer_school_id"], ["schools.id"], name=op.f("fk_series_lecturer_school_id_schools")
        ),
        sa.ForeignKeyConstraint(["paired_school_id"], ["schools.id"], name=op.f("fk_series_paired_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    for column in ("term_id", "lecturer_id", "lecturer_school_id", "paired_school_id"):
        op.create_index(op.f(f"ix_series_{column}"), "series", [column], unique=False)
    op.create_table(
        "series_classrooms",
        sa.Column("series_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_series_classrooms_series_id_series"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["classroom_id"], ["classrooms.id"], name=op.f("fk_series_classrooms_classroom_id_classrooms")
        ),
        sa.PrimaryKeyConstraint("series_id", "position", name=op.f("pk_series_classrooms")),
    )
    op.create_index(op.f("ix_series_classrooms_classroom_id"), "series_classrooms", ["classroom_id"], unique=False)
