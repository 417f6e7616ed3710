"""Meetings: a lesson's room of another kind, who is let in, what was minuted, and what was resolved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.add_column("lessons", sa.Column("kind", sa.String(length=8), nullable=False, server_default="lesson"))
    op.create_table(
        "lesson_people",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("convenes", sa.Boolean(), nullable=False),
        _key("lesson_people", "lesson_id", "lessons", ondelete="CASCADE"),
        _key("lesson_people", "person_id", "people"),
        sa.PrimaryKeyConstraint("lesson_id", "person_id", name=op.f("pk_lesson_people")),
    )
    op.create_index(op.f("ix_lesson_people_person_id"), "lesson_people", ["person_id"])
    _meetings()
    _resolutions()


def _meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("plan_id", sa.String(length=16), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("guests", sa.Text(), nullable=False),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("item_id", sa.String(length=16), nullable=False),
        sa.Column("item_since_ms", sa.BigInteger(), nullable=False),
        sa.Column("agenda_revision", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("minutes_revision", sa.Integer(), nullable=False),
        sa.Column("minutes_by_id", sa.String(length=16), nullable=True),
        sa.Column("minutes_ms", sa.BigInteger(), nullable=False),
        _key("meetings", "id", "lessons", ondelete="CASCADE"),
        _key("meetings", "group_id", "research_groups"),
        _key("meetings", "plan_id", "plans"),
        _key("meetings", "minutes_by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
    )
    op.create_index(op.f("ix_meetings_group_id"), "meetings", ["group_id"])
    op.create_index(op.f("ix_meetings_plan_id"), "meetings", ["plan_id"])


def _resolutions() -> None:
    op.create_table(
        "resolutions",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("meeting_id", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("made_by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("closed_by_id", sa.String(length=16), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        _key("resolutions", "meeting_id", "meetings", ondelete="CASCADE"),
        *(_key("resolutions", name, "people") for name in ("owner_id", "made_by_id", "closed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolutions")),
    )
    op.create_index(op.f("ix_resolutions_meeting_id"), "resolutions", ["meeting_id"])
    op.create_index(op.f("ix_resolutions_owner_id"), "resolutions", ["owner_id"])


def _key(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)
