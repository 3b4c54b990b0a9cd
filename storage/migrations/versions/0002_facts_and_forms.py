"""What else is known of devices, customers and orders: facts, days of use and support, contacts, order forms."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("device", sa.Column("facts", Document, nullable=False, server_default="{}"))
    op.add_column("device", sa.Column("in_use_since", sa.Date(), nullable=True))
    op.add_column("device", sa.Column("support_ends", sa.Date(), nullable=True))
    with op.batch_alter_table("customer") as customer:
        customer.add_column(sa.Column("contact", sa.String(length=500), nullable=True))
        customer.alter_column("email", existing_type=sa.String(length=254), nullable=True)
    op.add_column("checkout", sa.Column("form", Document, nullable=True))
    op.add_column("checkout", sa.Column("invoice_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Take back."""
    for name in ("invoice_on", "form"):
        op.drop_column("checkout", name)
    with op.batch_alter_table("customer") as customer:
        customer.alter_column("email", existing_type=sa.String(length=254), nullable=False)
        customer.drop_column("contact")
    for name in ("support_ends", "in_use_since", "facts"):
        op.drop_column("device", name)
