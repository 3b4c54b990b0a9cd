"""Fleets and their devices."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "fleet",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("imported_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet")),
    )
    op.create_index(op.f("ix_fleet_customer"), "fleet", ["customer"], unique=False)
    op.create_table(
        "fleet_device",
        sa.Column("fleet", sa.String(length=40), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=500), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("included", sa.Boolean(), nullable=False),
        sa.Column("cover", Document, nullable=False),
        sa.ForeignKeyConstraint(["fleet"], ["fleet.id"], name=op.f("fk_fleet_device_fleet_fleet")),
        sa.PrimaryKeyConstraint("fleet", "serial", name=op.f("pk_fleet_device")),
    )


def downgrade() -> None:
    """Take the tables away, with every device in them."""
    op.drop_table("fleet_device")
    op.drop_table("fleet")
