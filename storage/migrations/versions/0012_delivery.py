"""What became of a mail after it was sent, and the reports that say so."""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; mails that were sent before get the id that they went out with."""
    with op.batch_alter_table("message") as batch:
        batch.add_column(sa.Column("message_id", sa.String(length=100), nullable=True))
        batch.add_column(sa.Column("delivered_at", Instant(), nullable=True))
        batch.add_column(sa.Column("bounced_at", Instant(), nullable=True))
    _identify(op.get_bind())
    with op.batch_alter_table("message") as batch:
        batch.alter_column("message_id", existing_type=sa.String(length=100), nullable=False)
    op.create_index(op.f("ix_message_message_id"), "message", ["message_id"])
    op.create_table(
        "delivery_report",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("recipient", sa.String(length=254), nullable=True),
        sa.Column("diagnostic", sa.String(length=1000), nullable=True),
        sa.Column("reporter", sa.String(length=300), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["message.key"], name=op.f("fk_delivery_report_message_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_report")),
    )
    op.create_index(op.f("ix_delivery_report_message"), "delivery_report", ["message"])


def _identify(connection: sa.Connection) -> None:
    message = sa.table("message", sa.column("key", sa.String), sa.column("message_id", sa.String))
    for key in connection.scalars(sa.select(message.c.key)).all():
        identity = f"<{sha256(key.encode()).hexdigest()[:40]}@tenure.invalid>"
        connection.execute(message.update().where(message.c.key == key).values(message_id=identity))


def downgrade() -> None:
    """Take the reports away, and what they said."""
    op.drop_table("delivery_report")
    op.drop_index(op.f("ix_message_message_id"), table_name="message")
    with op.batch_alter_table("message") as batch:
        batch.drop_column("bounced_at")
        batch.drop_column("delivered_at")
        batch.drop_column("message_id")
