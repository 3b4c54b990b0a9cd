"""Where each term's end stands on its way to the next; and the calendars that are subscribed to."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant, Money

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; terms that run already come in with the next thing that happens to their renewal."""
    op.create_table(
        "term_end",
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("reseller", sa.String(length=500), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("contract", "term", name=op.f("pk_term_end")),
    )
    columns = ["month", "stage", "currency", "clock", "amount"]
    op.create_index("ix_term_end_month_stage", "term_end", columns, unique=False)
    op.create_index("ix_term_end_reseller_month", "term_end", ["reseller", "month"], unique=False)
    op.create_table(
        "calendar",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("selection", Document, nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
        sa.UniqueConstraint("sha256", name=op.f("uq_calendar_sha256")),
    )


def downgrade() -> None:
    """Take both tables away: the trails have everything of the pipeline, the calendars' tokens are lost."""
    op.drop_table("calendar")
    op.drop_table("term_end")
