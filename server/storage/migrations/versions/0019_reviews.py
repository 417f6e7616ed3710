"""Lessons taught by a plan: their segments, reviews by several raters, and improvement items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "lesson_segments",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("leader", sa.String(length=10), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_segments_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lesson_id", "position", name=op.f("pk_lesson_segments")),
    )
    op.create_table(
        "review_rubrics",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_review_rubrics_by_id_people")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_review_rubrics")),
    )
    op.create_index(op.f("ix_review_rubrics_group_id"), "review_rubrics", ["group_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("plan_id", sa.String(length=16), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("rubric", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_reviews_by_id_people")),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_reviews_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_group_id"), "reviews", ["group_id"], unique=False)
    op.create_index(op.f("ix_reviews_lesson_id"), "reviews", ["lesson_id"], unique=False)
    op.create_index(op.f("ix_reviews_plan_id"), "reviews", ["plan_id"], unique=False)
    op.create_table(
        "review_raters",
        sa.Column("review_id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("handed_ms", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_review_raters_person_id_people")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_raters_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", "person_id", name=op.f("pk_review_raters")),
    )
    op.create_index(op.f("ix_review_raters_person_id"), "review_raters", ["person_id"], unique=False)
    op.create_table(
        "review_scores",
        sa.Column("review_id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_review_scores_person_id_people")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_scores_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", "person_id", "item", name=op.f("pk_review_scores")),
    )
    op.create_table(
        "review_notes",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("review_id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.String(length=10), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_review_notes_person_id_people")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_notes_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_notes")),
    )
    op.create_index(op.f("ix_review_notes_review_id"), "review_notes", ["review_id"], unique=False)
    op.create_table(
        "improvement_items",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("plan_id", sa.String(length=16), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("review_id", sa.String(length=16), nullable=False),
        sa.Column("note_id", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("due_day", sa.String(length=10), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_by_id", sa.String(length=16), nullable=True),
        sa.Column("by_plan_id", sa.String(length=16), nullable=False),
        sa.Column("by_version", sa.Integer(), nullable=False),
        sa.Column("by_lesson_id", sa.String(length=8), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["closed_by_id"],
            ["people.id"],
            name=op.f("fk_improvement_items_closed_by_id_people"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_improvement_items_owner_id_people")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_improvement_items_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_improvement_items")),
        sa.UniqueConstraint("note_id", name=op.f("uq_improvement_items_note_id")),
    )
    op.create_index(op.f("ix_improvement_items_group_id"), "improvement_items", ["group_id"], unique=False)
    op.create_index(op.f("ix_improvement_items_lesson_id"), "improvement_items", ["lesson_id"], unique=False)
    op.create_index(op.f("ix_improvement_items_owner_id"), "improvement_items", ["owner_id"], unique=False)
    op.create_index(op.f("ix_improvement_items_plan_id"), "improvement_items", ["plan_id"], unique=False)
