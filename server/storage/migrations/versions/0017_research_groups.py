"""Research groups, and the activity log that the database itself keeps from being changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step on."""
    _groups()
    _people()
    _activity()
    _refuse_changes()


def _groups() -> None:
    op.create_table(
        "research_groups",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_groups")),
    )
    op.create_table(
        "group_rules",
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        _group_key("group_rules"),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_group_rules_by_id_people")),
        sa.PrimaryKeyConstraint("group_id", "version", name=op.f("pk_group_rules")),
    )


def _people() -> None:
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        _group_key("group_members"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_group_members_person_id_people")),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_person_id"), "group_members", ["person_id"])
    op.create_table(
        "group_invitations",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("by_id", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        _group_key("group_invitations"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_group_invitations_person_id_people")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_group_invitations_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_invitations")),
    )
    op.create_index(op.f("ix_group_invitations_group_id"), "group_invitations", ["group_id"])
    op.create_index(op.f("ix_group_invitations_person_id"), "group_invitations", ["person_id"])


def _group_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_group_id_research_groups")
    return sa.ForeignKeyConstraint(["group_id"], ["research_groups.id"], name=name, ondelete="CASCADE")


def _activity() -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("actor_id", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.String(length=16), nullable=False),
        sa.Column("plan_id", sa.String(length=16), nullable=False),
        sa.Column("lesson_id", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.String(length=16), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("idem", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sa.UniqueConstraint("idem", name=op.f("uq_activity_idem")),
    )
    for column in ("ts_ms", "kind", "actor_id", "group_id", "plan_id", "lesson_id"):
        op.create_index(op.f(f"ix_activity_{column}"), "activity", [column])


def _refuse_changes() -> None:
    """Let the database refuse what would rewrite history, whoever asks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION activity_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'activity is append-only'; END $$"
        )
        for what, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER activity_{each.lower()}_append_only BEFORE {what} ON activity "
                f"FOR EACH {each} EXECUTE FUNCTION activity_is_append_only()"
            )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER activity_no_{what.lower()} BEFORE {what} ON activity "
            "BEGIN SELECT RAISE(ABORT, 'activity is append-only'); END"
        )
