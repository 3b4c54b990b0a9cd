"""VAT numbers of customers, and the category of the tax on what was issued."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; what was issued before was taxed at a rate."""
    op.add_column("customer", sa.Column("vat_number", sa.String(length=30), nullable=True))
    for table in ("invoice", "credit_note"):
        op.add_column(table, sa.Column("tax_category", sa.String(length=2), nullable=False, server_default="S"))


def downgrade() -> None:
    """Take back."""
    for table in ("credit_note", "invoice"):
        op.drop_column(table, "tax_category")
    op.drop_column("customer", "vat_number")
