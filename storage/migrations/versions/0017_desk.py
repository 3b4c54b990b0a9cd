"""Cases with all that a desk needs to know of them, what people do there, and what was heard of it."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("ticket", sa.Column("description", sa.Text(), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("urgency", sa.String(length=10), server_default="normal", nullable=False))
    op.add_column("ticket", sa.Column("requestor", sa.String(length=254), nullable=True))
    op.add_column("ticket", sa.Column("answer_by", Instant(), nullable=True))
    op.add_column("ticket", sa.Column("result", sa.String(length=60), nullable=True))
    op.add_column("ticket", sa.Column("minutes", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "ticket_change",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=True),
        sa.Column("result", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_change")),
    )
    op.create_index(op.f("ix_ticket_change_case"), "ticket_change", ["case"], unique=False)
    op.create_table(
        "desk_change",
        sa.Column("desk", sa.String(length=20), nullable=False),
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("case", sa.String(length=80), nullable=False),
        sa.Column("change", Document, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("heard_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "id", name=op.f("pk_desk_change")),
        sa.UniqueConstraint("seq", name=op.f("uq_desk_change_seq")),
    )
    op.create_index(op.f("ix_desk_change_case"), "desk_change", ["case"], unique=False)
    op.create_index(op.f("ix_desk_change_state"), "desk_change", ["state"], unique=False)
    op.create_table(
        "desk_cursor",
        sa.Column("desk", sa.String(length=20), nullable=False),
        sa.Column("cursor", sa.String(length=100), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("desk", name=op.f("pk_desk_cursor")),
    )


def downgrade() -> None:
    """Take it all away, with what was heard."""
    op.drop_table("desk_cursor")
    op.drop_table("desk_change")
    op.drop_table("ticket_change")
    for column in ("minutes", "result", "answer_by", "requestor", "urgency", "description"):
        op.drop_column("ticket", column)
