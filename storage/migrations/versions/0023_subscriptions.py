"""Messages of a kind that a customer wants no more of, and the links that say so: their hashes only."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _outcome(10, 20)
    op.create_table(
        "unsubscribe_link",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("message", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["message.key"], name=op.f("fk_unsubscribe_link_key_message")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_unsubscribe_link")),
        sa.UniqueConstraint("key", name=op.f("uq_unsubscribe_link_key")),
    )
    op.create_table(
        "unsubscription",
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("message", sa.String(length=60), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "message", name=op.f("pk_unsubscription")),
    )


def downgrade() -> None:
    """Take back: who had unsubscribed gets every message again."""
    op.drop_table("unsubscription")
    op.drop_table("unsubscribe_link")
    op.execute("UPDATE message SET outcome = 'refused' WHERE outcome = 'unsubscribed'")
    _outcome(20, 10)


def _outcome(was: int, becomes: int) -> None:
    """SQLite could change the column only by dropping a table that others refer to: another takes its place there."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            "message",
            "outcome",
            type_=sa.String(length=becomes),
            existing_type=sa.String(length=was),
            existing_nullable=False,
        )
        return
    op.execute(f"ALTER TABLE message ADD COLUMN became VARCHAR({becomes}) NOT NULL DEFAULT 'composed'")
    op.execute("UPDATE message SET became = outcome")
    op.execute("ALTER TABLE message DROP COLUMN outcome")
    op.execute("ALTER TABLE message RENAME COLUMN became TO outcome")
