"""The first schema: schools, people, their sessions, classrooms, screens; lessons, their pages and logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    _accounts()
    _sessions_and_screens()
    _lessons()
    _lesson_parts()


def _accounts() -> None:
    op.create_table(
        "schools",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("region", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schools")),
        sa.UniqueConstraint("name", name=op.f("uq_schools_name")),
    )
    op.create_table(
        "classrooms",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_classrooms_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classrooms")),
    )
    op.create_index(op.f("ix_classrooms_school_id"), "classrooms", ["school_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=True),
        sa.Column("is_manager", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_people_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("username", name=op.f("uq_people_username")),
    )
    op.create_index(op.f("ix_people_school_id"), "people", ["school_id"], unique=False)


def _sessions_and_screens() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=True),
        sa.Column("code_expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("classroom_id", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["classroom_id"], ["classrooms.id"], name=op.f("fk_devices_classroom_id_classrooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("classroom_id", name=op.f("uq_devices_classroom_id")),
        sa.UniqueConstraint("code", name=op.f("uq_devices_code")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_devices_secret_sha256")),
    )
    op.create_index(op.f("ix_devices_code_expires_ms"), "devices", ["code_expires_ms"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sessions_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_ms"), "sessions", ["expires_ms"], unique=False)
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)


def _lessons() -> None:
    op.create_table(
        "lessons",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("planned_minutes", sa.Integer(), nullable=False),
        sa.Column("lecturer_id", sa.String(length=16), nullable=False),
        sa.Column("lecturer_school_id", sa.String(length=16), nullable=False),
        sa.Column("paired_school_id", sa.String(length=16), nullable=True),
        sa.Column("open_to_observers", sa.Boolean(), nullable=False),
        sa.Column("deck_id", sa.String(length=64), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("opened_wallclock_ms", sa.BigInteger(), nullable=True),
        sa.Column("started_t_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_t_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["lecturer_id"], ["people.id"], name=op.f("fk_lessons_lecturer_id_people")),
        sa.ForeignKeyConstraint(
            ["lecturer_school_id"], ["schools.id"], name=op.f("fk_lessons_lecturer_school_id_schools")
        ),
        sa.ForeignKeyConstraint(["paired_school_id"], ["schools.id"], name=op.f("fk_lessons_paired_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    op.create_index(op.f("ix_lessons_lecturer_school_id"), "lessons", ["lecturer_school_id"], unique=False)
    op.create_index(op.f("ix_lessons_paired_school_id"), "lessons", ["paired_school_id"], unique=False)
    op.create_index(op.f("ix_lessons_starts_at_ms"), "lessons", ["starts_at_ms"], unique=False)
    op.create_index(op.f("ix_lessons_state"), "lessons", ["state"], unique=False)


def _lesson_parts() -> None:
    op.create_table(
        "lesson_classrooms",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("classroom_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["classroom_id"], ["classrooms.id"], name=op.f("fk_lesson_classrooms_classroom_id_classrooms")
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_classrooms_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lesson_id", "position", name=op.f("pk_lesson_classrooms")),
    )
    op.create_index(op.f("ix_lesson_classrooms_classroom_id"), "lesson_classrooms", ["classroom_id"], unique=False)
    op.create_table(
        "lesson_events",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("t_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_events_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lesson_id", "seq", name=op.f("pk_lesson_events")),
    )
    op.create_table(
        "lesson_pages",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_pages_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lesson_id", "page", name=op.f("pk_lesson_pages")),
    )
