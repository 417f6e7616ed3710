"""How lessons played at each seat, and the data caps of schools."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIGURES = (
    "watched_ms",
    "video_stall_ms",
    "paused_ms",
    "audio_ms",
    "audio_concealed_ms",
    "received_bytes",
    "line_ms",
    "sent_bytes",
    "hd_ms",
    "clear_ms",
    "smooth_ms",
    "slides_audio_ms",
    "audio_only_ms",
)


def upgrade() -> None:
    """Bring the schema one step on."""
    op.create_table(
        "lesson_playback",
        sa.Column("lesson_id", sa.String(length=8), nullable=False),
        sa.Column("peer", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("school", sa.String(length=80), nullable=False),
        sa.Column("school_id", sa.String(length=16), nullable=True),
        sa.Column("classroom", sa.String(length=16), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _FIGURES),
        sa.Column("path", sa.String(length=8), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_playback_lesson_id_lessons"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_lesson_playback_school_id_schools")),
        sa.PrimaryKeyConstraint("lesson_id", "peer", name=op.f("pk_lesson_playback")),
    )
    op.create_index(op.f("ix_lesson_playback_school_id"), "lesson_playback", ["school_id"], unique=False)
    # Schools that are there already have no cap: the defaults of the database fill their rows.
    op.add_column("schools", sa.Column("cap_kbps", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("schools", sa.Column("cap_video", sa.Boolean(), nullable=False, server_default=sa.true()))
