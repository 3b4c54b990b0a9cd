"""Contracts that were brought in from elsewhere, and the runs that brought them."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "import_run",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("written_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "brought_contract",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("run", sa.String(length=60), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["import_run.id"], name=op.f("fk_brought_contract_run_import_run")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_brought_contract")),
        sa.UniqueConstraint("contract", name=op.f("uq_brought_contract_contract")),
    )
    op.create_index(op.f("ix_brought_contract_run"), "brought_contract", ["run"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("brought_contract")
    op.drop_table("import_run")
