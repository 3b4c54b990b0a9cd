"""Requests for quotes, and the quotes that answer them; a device has a type, whether it prints or not."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "quote_request",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("given", Document, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("answer_by", Instant(), nullable=True),
        sa.Column("contract", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_request")),
    )
    op.create_index(op.f("ix_quote_request_contract"), "quote_request", ["contract"], unique=False)
    _rename("printer_type", "device_type")


def downgrade() -> None:
    """Take the table away, with every request in it."""
    _rename("device_type", "printer_type")
    op.drop_table("quote_request")


def _rename(old: str, new: str) -> None:
    """The column of devices, and the field of the catalogues that are kept."""
    with op.batch_alter_table("device") as device:
        device.alter_column(old, new_column_name=new, existing_type=sa.String(length=60), existing_nullable=False)
    kept = sa.column("catalogue", Document)
    text = sa.func.replace(sa.cast(kept, sa.Text), f'"{old}"', f'"{new}"')
    on_postgres = op.get_bind().dialect.name == "postgresql"
    op.execute(
        sa.table("programme_version", kept).update().values(catalogue=sa.cast(text, sa.JSON) if on_postgres else text)
    )
