"""Templates of lesson plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "plan_templates",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_plan_templates_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_templates")),
    )
    op.create_index(op.f("ix_plan_templates_owner_id"), "plan_templates", ["owner_id"])
    op.create_table(
        "plan_template_versions",
        sa.Column("template_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["plan_templates.id"],
            name=op.f("fk_plan_template_versions_template_id_plan_templates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_plan_template_versions_by_id_people")),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_plan_template_versions")),
    )
