"""Devices that were exchanged for others, with what their fleets knew of them."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "device_replacement",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("replaced_by", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("was", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_device_replacement")),
    )
    op.create_index(op.f("ix_device_replacement_replaced_by"), "device_replacement", ["replaced_by"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("device_replacement")
