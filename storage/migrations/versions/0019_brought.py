"""What was charged elsewhere for contracts that were taken over, and credits that give it back."""

import sqlalchemy as sa
from alembic import op

from storage.guards import credit_lines, frozen
from storage.types import Money

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; the database looks for what is credited among both kinds of charge."""
    op.create_table(
        "brought_charge",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=10), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("line", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.Column("deferred", Money(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_brought_charge")),
    )
    op.create_index(op.f("ix_brought_charge_contract"), "brought_charge", ["contract"], unique=False)
    with op.batch_alter_table("credit_line") as table:
        table.drop_constraint("fk_credit_line_credits_invoice_line", type_="foreignkey")
    dialect = op.get_bind().dialect.name
    for statement in (*credit_lines(dialect, brought=True), *frozen(dialect, "brought_charge")):
        op.execute(statement)


def downgrade() -> None:
    """Take back; refused by the database where something was credited that was charged elsewhere."""
    with op.batch_alter_table("credit_line") as table:
        table.create_foreign_key("fk_credit_line_credits_invoice_line", "invoice_line", ["credits"], ["key"])
    for statement in credit_lines(op.get_bind().dialect.name, brought=False):
        op.execute(statement)
    op.drop_table("brought_charge")
