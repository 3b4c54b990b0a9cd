"""Links in mails, by which offers are answered without an account: their hashes only."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "link",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("said", Document, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("used_for", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["key"], ["message.key"], name=op.f("fk_link_key_message")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_link")),
        sa.UniqueConstraint("key", name=op.f("uq_link_key")),
    )
    op.create_index(op.f("ix_link_contract"), "link", ["contract"])


def downgrade() -> None:
    """Take the links away: those in mails that went out open nothing any more."""
    op.drop_table("link")
