"""Of which contract a request was, for as long as it has no answer."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("idempotency", sa.Column("contract", sa.String(length=40), nullable=True))
    waiting = sa.text("status IS NULL AND contract IS NOT NULL")
    op.create_index(
        "ix_idempotency_unanswered", "idempotency", ["begun_at"], postgresql_where=waiting, sqlite_where=waiting
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_idempotency_unanswered", table_name="idempotency")
    op.drop_column("idempotency", "contract")
