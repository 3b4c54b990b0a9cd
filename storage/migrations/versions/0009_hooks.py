"""Who outside hears what contracts do, and what has been delivered to them."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "hook",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("kinds", Document, nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=True),
        sa.Column("customer", sa.String(length=40), nullable=True),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("former_secret", sa.String(length=100), nullable=True),
        sa.Column("former_until", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", Instant(), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_why", sa.String(length=500), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
    )
    op.create_table(
        "hook_delivery",
        sa.Column("hook", sa.String(length=40), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("queued_at", Instant(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["hook"], ["hook.id"], name=op.f("fk_hook_delivery_hook_hook")),
        sa.PrimaryKeyConstraint("hook", "contract", "seq", name=op.f("pk_hook_delivery")),
    )
    op.create_index("ix_hook_delivery_state_next_at", "hook_delivery", ["state", "next_at"])
    op.create_index("ix_audit_entry_written_at_contract_seq", "audit_entry", ["written_at", "contract", "seq"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_audit_entry_written_at_contract_seq", "audit_entry")
    op.drop_table("hook_delivery")
    op.drop_table("hook")
