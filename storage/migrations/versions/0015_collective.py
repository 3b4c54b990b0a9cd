"""Collective invoices."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant, Money

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "collective_invoice",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=10), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=True),
        sa.Column("net", Money(), nullable=False),
        sa.Column("tax_name", sa.String(length=500), nullable=False),
        sa.Column("tax_percent", Money(), nullable=False),
        sa.Column("tax_category", sa.String(length=2), nullable=False),
        sa.Column("tax", Money(), nullable=False),
        sa.Column("taxes", Document, nullable=False),
        sa.Column("gross", Money(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.CheckConstraint("gross = net + tax", name=op.f("ck_collective_invoice_adds_up")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_collective_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_collective_invoice_number")),
    )
    op.create_index(op.f("ix_collective_invoice_customer"), "collective_invoice", ["customer"])
    op.add_column("invoice", sa.Column("cut_off", sa.Date(), nullable=True))
    op.add_column("invoice", sa.Column("collective", sa.String(length=300), nullable=True))
    op.create_index(op.f("ix_invoice_collective"), "invoice", ["collective"])
    for statement in _frozen(op.get_bind().dialect.name):
        op.execute(statement)


def _frozen(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER collective_invoice_frozen_{verb} BEFORE {verb} ON collective_invoice "
            "BEGIN SELECT RAISE(ABORT, 'collective_invoice is written once'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    made = (
        "CREATE TRIGGER collective_invoice_frozen BEFORE UPDATE OR DELETE ON collective_invoice "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    return [made]


def downgrade() -> None:
    """Take the table away; the bills of the contracts stay."""
    op.drop_index(op.f("ix_invoice_collective"), "invoice")
    op.drop_column("invoice", "collective")
    op.drop_column("invoice", "cut_off")
    op.drop_table("collective_invoice")
