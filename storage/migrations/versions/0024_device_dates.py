"""What is known of a device by its day: by it, terms of warranty reckon how long it is covered."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in ("device", "fleet_device"):
        op.add_column(table, sa.Column("dates", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    """Take back."""
    for table in ("device", "fleet_device"):
        op.drop_column(table, "dates")
