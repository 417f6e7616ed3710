"""Pages in several widths, uploads, decks, and the jobs that convert them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    _lesson_pages()
    _uploads()
    _jobs()
    _decks()
    _pages_of("deck", sa.String(length=16))


def _pages_of(owner: str, kind: sa.String) -> None:
    owner_id = f"{owner}_id"
    if owner == "deck":
        op.create_table(
            "deck_pages",
            sa.Column(owner_id, kind, nullable=False),
            sa.Column("page", sa.Integer(), nullable=False),
            sa.Column("title", sa.String(length=80), nullable=False),
            sa.Column("ratio", sa.Float(), nullable=False),
            sa.Column("text", sa.Text(), nullable=False),
            sa.ForeignKeyConstraint(
                [owner_id], [f"{owner}s.id"], name=op.f("fk_deck_pages_deck_id_decks"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(owner_id, "page", name=op.f("pk_deck_pages")),
        )
    files = f"{owner}_page_files"
    op.create_table(
        files,
        sa.Column(owner_id, kind, nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=32), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            [owner_id], [f"{owner}s.id"], name=op.f(f"fk_{files}_{owner_id}_{owner}s"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(owner_id, "page", "width", name=op.f(f"pk_{files}")),
    )
    op.create_index(op.f(f"ix_{files}_sha256"), files, ["sha256"], unique=False)


def _lesson_pages() -> None:
    _pages_of("lesson", sa.String(length=8))
    # A picture from before has one file for every width; how large it is was not written down.
    op.execute(
        "INSERT INTO lesson_page_files (lesson_id, page, width, sha256, mime, bytes) "
        "SELECT lesson_id, page, 0, sha256, mime, 0 FROM lesson_pages"
    )
    op.drop_column("lesson_pages", "sha256")
    op.drop_column("lesson_pages", "mime")
    op.add_column("lesson_pages", sa.Column("ratio", sa.Float(), nullable=False, server_default="1.7778"))
    op.add_column("lesson_pages", sa.Column("text", sa.Text(), nullable=False, server_default=""))


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.Column("touched_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_uploads_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_person_id"), "uploads", ["person_id"], unique=False)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_jobs")),
    )


def _decks() -> None:
    op.create_table(
        "decks",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.String(length=16), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=True),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("problem_page", sa.Integer(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_decks_owner_id_people")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_decks_school_id_schools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decks")),
    )
    op.create_index(op.f("ix_decks_owner_id"), "decks", ["owner_id"], unique=False)
    op.create_index(op.f("ix_decks_school_id"), "decks", ["school_id"], unique=False)
    op.create_table(
        "deck_originals",
        sa.Column("deck_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("upload_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["deck_id"], ["decks.id"], name=op.f("fk_deck_originals_deck_id_decks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("deck_id", "position", name=op.f("pk_deck_originals")),
    )
    op.create_table(
        "deck_wishes",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("deck_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_deck_wishes_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["deck_id"], ["decks.id"], name=op.f("fk_deck_wishes_deck_id_decks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lesson_id", name=op.f("pk_deck_wishes")),
    )
    op.create_index(op.f("ix_deck_wishes_deck_id"), "deck_wishes", ["deck_id"], unique=False)
