"""The credit bank: rules, claims, and a ledger of entries that the database itself keeps from being changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_LEDGER = ("credit_entries", "credit_postings")


def upgrade() -> None:
    """Bring the schema one step on."""
    _claims()
    _ledger()
    _badges()
    _refuse_changes()


def _claims() -> None:
    op.create_table(
        "credit_rules",
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_credit_rules")),
    )
    op.create_table(
        "credit_claims",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("happened_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(length=16), nullable=False),
        sa.Column("term", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("plan_id", sa.String(length=16), nullable=False),
        sa.Column("lesson_id", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_credit_claims_person_id_people")),
        sa.ForeignKeyConstraint(["rules"], ["credit_rules.version"], name=op.f("fk_credit_claims_rules_credit_rules")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_claims")),
        sa.UniqueConstraint("key", name=op.f("uq_credit_claims_key")),
    )
    for column in ("person_id", "due_ms"):
        op.create_index(op.f(f"ix_credit_claims_{column}"), "credit_claims", [column])


def _ledger() -> None:
    claim = op.f("fk_credit_entries_claim_id_credit_claims")
    op.create_table(
        "credit_entries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("claim_id", sa.String(length=16), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["credit_claims.id"], name=claim),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entries")),
        sa.UniqueConstraint("claim_id", "kind", name=op.f("uq_credit_entries_claim_id")),
    )
    entry = op.f("fk_credit_postings_entry_id_credit_entries")
    op.create_table(
        "credit_postings",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["credit_entries.id"], name=entry),
        sa.PrimaryKeyConstraint("entry_id", "account", name=op.f("pk_credit_postings")),
    )


def _badges() -> None:
    op.create_table(
        "credit_badges",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("badge", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("criteria", sa.String(length=200), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_credit_badges_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_badges")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_badges_number")),
    )
    op.create_index(op.f("ix_credit_badges_person_id"), "credit_badges", ["person_id"])


def _refuse_changes() -> None:
    """Let the database refuse what would rewrite the ledger, whoever asks: a mistake is put right by a second entry."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
        for table in _LEDGER:
            for what, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
                op.execute(
                    f"CREATE TRIGGER {table}_{each.lower()}_append_only BEFORE {what} ON {table} "
                    f"FOR EACH {each} EXECUTE FUNCTION ledger_is_append_only()"
                )
        return
    for table in _LEDGER:
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
