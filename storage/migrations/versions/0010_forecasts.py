"""States beside the trails, forecasts over them, and the country by which contracts are found."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COUNTRY = {"sqlite": "json_extract(view, '$.customer.country')", "postgresql": "view->'customer'->>'country'"}


def upgrade() -> None:
    """Apply; contracts that are there get their customer's country from their view."""
    op.create_table(
        "contract_state",
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("shape", sa.String(length=32), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.Column("newer", sa.Integer(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("contract", name=op.f("pk_contract_state")),
    )
    op.create_table(
        "forecast",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("asked", Document, nullable=False),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("progress", Document, nullable=False),
        sa.Column("answer", Document, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
    )
    op.add_column("contract", sa.Column("country", sa.String(length=2), nullable=True))
    op.execute(f"UPDATE contract SET country = {_COUNTRY[op.get_bind().dialect.name]} WHERE view IS NOT NULL")  # noqa: S608


def downgrade() -> None:
    """Take the tables away; the trails have everything that is in them."""
    op.drop_column("contract", "country")
    op.drop_table("forecast")
    op.drop_table("contract_state")
