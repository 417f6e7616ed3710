"""Resources: their metadata, life, versions, files, reviews, notes and consents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "resources",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("recording_id", sa.String(length=16), nullable=True),
        sa.Column("school_id", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("version", "published", "revision")),
        sa.Column("reviewer_id", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        *_searched(),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_resources_recording_id_recordings")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_resources_school_id_schools")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_resources_owner_id_people")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["people.id"], name=op.f("fk_resources_reviewer_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_resources_recording_id")),
    )
    for column in ("school_id", "owner_id", "state"):
        op.create_index(op.f(f"ix_resources_{column}"), "resources", [column])
    op.create_table(
        "resource_versions",
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_searched(),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("published_ms", sa.BigInteger(), nullable=False),
        _of_resource("resource_versions"),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_resource_versions_by_id_people")),
        sa.PrimaryKeyConstraint("resource_id", "version", name=op.f("pk_resource_versions")),
    )
    _create_files()
    _create_reviews()
    _create_consents()


def _searched() -> tuple[sa.Column[str], ...]:
    """Return the metadata as a whole, and what lists are filtered by."""
    return (
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("grade", sa.String(length=20), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
    )


def _of_resource(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_resource_id_resources")
    return sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=name, ondelete="CASCADE")


def _create_files() -> None:
    op.create_table(
        "resource_files",
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("mime", sa.String(length=100), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("minors", sa.Boolean(), nullable=False),
        sa.Column("classrooms", sa.Text(), nullable=False),
        _of_resource("resource_files"),
        sa.PrimaryKeyConstraint("resource_id", "version", "name", name=op.f("pk_resource_files")),
    )
    op.create_index(op.f("ix_resource_files_sha256"), "resource_files", ["sha256"])


def _create_reviews() -> None:
    op.create_table(
        "resource_reviews",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("standard", sa.String(length=20), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=False),
        _of_resource("resource_reviews"),
        sa.ForeignKeyConstraint(["reviewer_id"], ["people.id"], name=op.f("fk_resource_reviews_reviewer_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_reviews")),
    )
    op.create_index(op.f("ix_resource_reviews_resource_id"), "resource_reviews", ["resource_id"])
    op.create_table(
        "resource_notes",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("resolved_ms", sa.BigInteger(), nullable=True),
        _of_resource("resource_notes"),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_resource_notes_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_notes")),
    )
    op.create_index(op.f("ix_resource_notes_resource_id"), "resource_notes", ["resource_id"])


def _create_consents() -> None:
    op.create_table(
        "resource_consents",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("resource_id", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=16), nullable=False),
        sa.Column("subject_name", sa.String(length=120), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=False),
        sa.Column("renditions", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("given_on", sa.String(length=10), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", sa.String(length=16), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        _of_resource("resource_consents"),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["people.id"], name=op.f("fk_resource_consents_recorded_by_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_consents")),
    )
    op.create_index(op.f("ix_resource_consents_resource_id"), "resource_consents", ["resource_id"])
