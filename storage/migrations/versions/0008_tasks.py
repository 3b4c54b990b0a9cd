"""What waits for a person."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "task",
        sa.Column("id", sa.String(length=250), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("what", sa.String(length=500), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("by", Instant(), nullable=True),
        sa.Column("answers", Document, nullable=False),
        sa.Column("given", Document, nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("taken_by", sa.String(length=500), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(op.f("ix_task_contract"), "task", ["contract"])
    op.create_index("ix_task_closed_at_by", "task", ["closed_at", "by"])


def downgrade() -> None:
    """Take the table away, with every task in it."""
    op.drop_table("task")
