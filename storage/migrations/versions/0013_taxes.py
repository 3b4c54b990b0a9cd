"""Several taxes on one document."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = ("invoice", "credit_note")


def upgrade() -> None:
    """Apply."""
    for table in _TABLES:
        op.add_column(table, sa.Column("taxes", Document, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Forget which taxes a document's tax is made of."""
    for table in _TABLES:
        op.drop_column(table, "taxes")
