"""Search over plans and resources: entries, and the database's own index over them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Tokens come ready, with spaces between: nothing is folded here, and vowel signs (Mn, Mc) belong to their syllable.
# prefix='1': a query of one Chinese character is the beginning of a pair.
_FTS5 = (
    "CREATE VIRTUAL TABLE search_terms USING fts5(title, body, final, content='', prefix='1', "
    "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'\")"
)


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("object_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("final", sa.Text(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
        sa.UniqueConstraint("kind", "object_id", name=op.f("uq_search_entries_kind")),
    )
    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_FTS5)
        return
    for name in ("title", "body", "final"):
        op.execute(f"ALTER TABLE search_entries ADD COLUMN {name}_terms tsvector")
        op.execute(f"ALTER TABLE search_entries ADD COLUMN {name}_folded text NOT NULL DEFAULT ''")
    op.execute(
        "CREATE INDEX ix_search_entries_terms ON search_entries USING gin (title_terms, body_terms, final_terms)"
    )
