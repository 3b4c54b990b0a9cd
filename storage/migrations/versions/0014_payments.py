"""Refunds, what is set off against invoices, whose payments they are, and what the provider says of them."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant, Money

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KEY = sa.String(length=300)


def upgrade() -> None:
    """Apply; until now nothing was set off, and the embedded provider collected everything."""
    op.add_column("invoice", sa.Column("set_off", Money(), nullable=False, server_default="0"))
    op.add_column("payment", sa.Column("provider", sa.String(length=20), nullable=False, server_default="embedded"))
    op.create_table(
        "refund",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("cause", _KEY, nullable=False),
        sa.Column("payment", _KEY, nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_positive")),
        sa.ForeignKeyConstraint(["payment"], ["payment.key"], name=op.f("fk_refund_payment_payment")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_refund")),
    )
    op.create_index(op.f("ix_refund_cause"), "refund", ["cause"], unique=False)
    op.create_index(op.f("ix_refund_payment"), "refund", ["payment"], unique=False)
    _provider()


def _provider() -> None:
    op.create_table(
        "provider_payment",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("invoice", _KEY, nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_provider_payment")),
        sa.UniqueConstraint("reference", name=op.f("uq_provider_payment_reference")),
    )
    op.create_table(
        "provider_refund",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("payment", _KEY, nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_provider_refund_positive")),
        sa.ForeignKeyConstraint(
            ["payment"], ["provider_payment.key"], name=op.f("fk_provider_refund_payment_provider_payment")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_provider_refund")),
    )
    op.create_index(op.f("ix_provider_refund_payment"), "provider_refund", ["payment"], unique=False)
    op.create_table(
        "provider_event",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_event")),
    )
    op.create_index(op.f("ix_provider_event_about"), "provider_event", ["about"], unique=False)
    op.execute(
        "INSERT INTO provider_payment (key, invoice, amount, currency, outcome, reference, reason, at) "
        "SELECT payment.key, payment.invoice, payment.amount, invoice.currency, payment.outcome, payment.reference, "
        "payment.reason, payment.at FROM payment JOIN invoice ON invoice.key = payment.invoice "
        "WHERE payment.method <> 'on_account' AND payment.reference IS NOT NULL"
    )


def downgrade() -> None:
    """Take back, with every refund and what the provider knew."""
    for table in ("provider_event", "provider_refund", "provider_payment", "refund"):
        op.drop_table(table)
    op.drop_column("payment", "provider")
    op.drop_column("invoice", "set_off")
