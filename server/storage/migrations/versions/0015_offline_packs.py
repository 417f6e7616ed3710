"""Schools' libraries, and what was played offline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "school_libraries",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("code_expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=True),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_school_libraries_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_libraries")),
        sa.UniqueConstraint("code", name=op.f("uq_school_libraries_code")),
        sa.UniqueConstraint("secret", name=op.f("uq_school_libraries_secret")),
    )
    op.create_index(op.f("ix_school_libraries_school_id"), "school_libraries", ["school_id"])
    op.create_table(
        "offline_uses",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=True),
        sa.Column("library_id", sa.String(length=16), nullable=False),
        sa.Column("class_name", sa.String(length=40), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_offline_uses_resource_id_resources"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_offline_uses_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_uses")),
    )
    op.create_index(op.f("ix_offline_uses_resource_id"), "offline_uses", ["resource_id"])
