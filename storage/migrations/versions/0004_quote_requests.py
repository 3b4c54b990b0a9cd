"""Requests for quotes, and the quotes that answer them."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "quote_request",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("given", Document, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("answer_by", Instant(), nullable=True),
        sa.Column("contract", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_request")),
    )
    op.create_index(op.f("ix_quote_request_contract"), "quote_request", ["contract"], unique=False)


def downgrade() -> None:
    """Take the table away, with every request in it."""
    op.drop_table("quote_request")
