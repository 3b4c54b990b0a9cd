"""A device of a fleet is found by its serial number alone."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_fleet_device_serial", "fleet_device", ["serial"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_fleet_device_serial", "fleet_device")
