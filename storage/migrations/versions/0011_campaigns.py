"""Campaigns, and what became of every contract that they asked."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant, Money

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("selection", Document, nullable=False),
        sa.Column("pace", Document, nullable=False),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("schedule", sa.String(length=60), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index("ix_campaign_created_at_id", "campaign", ["created_at", "id"])
    op.create_table(
        "campaign_contract",
        sa.Column("campaign", sa.String(length=120), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("term", sa.Integer(), nullable=True),
        sa.Column("net", Money(), nullable=True),
        sa.Column("term_net", Money(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("quoted_on", sa.Date(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["campaign"], ["campaign.id"], name=op.f("fk_campaign_contract_campaign_campaign")),
        sa.PrimaryKeyConstraint("campaign", "contract", name=op.f("pk_campaign_contract")),
    )
    op.create_index("ix_campaign_contract_campaign_outcome", "campaign_contract", ["campaign", "outcome", "contract"])


def downgrade() -> None:
    """Take the tables away, with every campaign in them."""
    op.drop_table("campaign_contract")
    op.drop_table("campaign")
