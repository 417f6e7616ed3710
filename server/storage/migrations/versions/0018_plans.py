"""Lesson plans: what was written, snapshots, versions, comments, tasks, pictures, and the lessons made of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "plans",
        _id(),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        *(sa.Column(name, sa.String(length=20), nullable=False) for name in ("subject", "grade", "edition")),
        sa.Column("lead_id", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("generation", "revision")),
        sa.Column("template_id", sa.String(length=16), nullable=True),
        sa.Column("previous_id", sa.String(length=16), nullable=True),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created_ms", "changed_ms")),
        _points("plans", "group_id", "research_groups"),
        _points("plans", "lead_id", "people"),
        _points("plans", "previous_id", "plans"),
        _points("plans", "by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    for column in ("group_id", "lead_id", "state", "previous_id"):
        op.create_index(op.f(f"ix_plans_{column}"), "plans", [column])
    _create_document()
    _create_versions()
    _create_comments()
    _create_tasks()
    _create_pictures()


def _create_document() -> None:
    op.create_table(
        "plan_updates",
        _plan_id(),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.String(length=16), nullable=False),
        sa.Column("carrier_id", sa.String(length=16), nullable=True),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        _of_plan("plan_updates"),
        _points("plan_updates", "author_id", "people"),
        _points("plan_updates", "carrier_id", "people"),
        sa.PrimaryKeyConstraint("plan_id", "seq", name=op.f("pk_plan_updates")),
    )
    op.create_table(
        "plan_snapshots",
        _plan_id(),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("runs", sa.LargeBinary(), nullable=False),
        _of_plan("plan_snapshots"),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan_snapshots")),
    )
    op.create_table(
        "plan_clients",
        _plan_id(),
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        _of_plan("plan_clients"),
        _points("plan_clients", "person_id", "people"),
        sa.PrimaryKeyConstraint("plan_id", "client_id", name=op.f("pk_plan_clients")),
    )


def _create_versions() -> None:
    op.create_table(
        "plan_versions",
        _plan_id(),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("runs", sa.LargeBinary(), nullable=False),
        _of_plan("plan_versions"),
        _points("plan_versions", "by_id", "people"),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_versions")),
    )
    op.create_table(
        "plan_lessons",
        _plan_id(),
        sa.Column("lesson_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        _of_plan("plan_lessons"),
        _points("plan_lessons", "lesson_id", "lessons", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "lesson_id", name=op.f("pk_plan_lessons")),
    )
    op.create_index(op.f("ix_plan_lessons_lesson_id"), "plan_lessons", ["lesson_id"])


def _create_comments() -> None:
    op.create_table(
        "plan_comments",
        _id(),
        _plan_id(),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        *(sa.Column(name, sa.String(length=200), nullable=True) for name in ("anchor_start", "anchor_end")),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("resolved_ms", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by_id", sa.String(length=16), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        _of_plan("plan_comments"),
        _points("plan_comments", "by_id", "people"),
        _points("plan_comments", "resolved_by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_comments")),
    )
    op.create_index(op.f("ix_plan_comments_plan_id"), "plan_comments", ["plan_id"])
    op.create_table(
        "plan_replies",
        _id(),
        sa.Column("comment_id", sa.String(length=16), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        _points("plan_replies", "comment_id", "plan_comments", ondelete="CASCADE"),
        _points("plan_replies", "by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_replies")),
    )
    op.create_index(op.f("ix_plan_replies_comment_id"), "plan_replies", ["comment_id"])


def _create_tasks() -> None:
    op.create_table(
        "plan_tasks",
        _id(),
        _plan_id(),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=True),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_by_id", sa.String(length=16), nullable=True),
        _of_plan("plan_tasks"),
        *(_points("plan_tasks", column, "people") for column in ("owner_id", "by_id", "done_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_tasks")),
    )
    for column in ("plan_id", "owner_id"):
        op.create_index(op.f(f"ix_plan_tasks_{column}"), "plan_tasks", [column])


def _create_pictures() -> None:
    op.create_table(
        "plan_pictures",
        _plan_id(),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=40), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("bytes", "width", "height")),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        _of_plan("plan_pictures"),
        _points("plan_pictures", "by_id", "people"),
        sa.PrimaryKeyConstraint("plan_id", "sha256", name=op.f("pk_plan_pictures")),
    )


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(length=16), nullable=False)


def _plan_id() -> sa.Column[str]:
    return sa.Column("plan_id", sa.String(length=16), nullable=False)


def _of_plan(table: str) -> sa.ForeignKeyConstraint:
    return _points(table, "plan_id", "plans", ondelete="CASCADE")


def _points(table: str, column: str, to: str, **how: Any) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), **how)
