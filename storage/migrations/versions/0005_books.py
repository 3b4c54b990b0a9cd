"""The books: every amount moves from one account to another."""

import sqlalchemy as sa
from alembic import op

from storage.guards import books
from storage.types import Instant, Money

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply, with the database's own guards."""
    op.create_table(
        "posting",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=10), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("debit", sa.String(length=20), nullable=False),
        sa.Column("credit", sa.String(length=20), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("document", sa.String(length=300), nullable=False),
        sa.Column("charge", sa.String(length=300), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("posted_at", Instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_posting_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_posting_moves")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_posting")),
    )
    op.create_index(op.f("ix_posting_charge"), "posting", ["charge"], unique=False)
    op.create_index("ix_posting_contract_on", "posting", ["contract", "on"], unique=False)
    op.create_index("ix_posting_customer_on", "posting", ["customer", "on"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _keep_order()
    for statement in books(op.get_bind().dialect.name):
        op.execute(statement)


def _keep_order() -> None:
    """Documents keep the order in which they were written, which JSONB does not."""
    query = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'jsonb' AND table_schema = "
    )
    for table, column in op.get_bind().execute(sa.text(f"{query}current_schema()")).all():
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE json USING "{column}"::json')


def downgrade() -> None:
    """Take the books away, with everything in them."""
    op.drop_table("posting")
