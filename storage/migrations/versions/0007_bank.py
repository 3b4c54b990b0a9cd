"""Money that came in by bank, and the invoices that it pays."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant, Money

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bank_entry",
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("invoice", sa.String(length=40), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_bank_entry")),
    )


def downgrade() -> None:
    """Take the table away, with every entry in it."""
    op.drop_table("bank_entry")
