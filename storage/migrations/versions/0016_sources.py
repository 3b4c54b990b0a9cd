"""What documents are made from; their content by its hash."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from storage.guards import frozen, thawed
from storage.types import Document

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Documents that are there keep their content; what they were made from is not known."""
    op.create_table(
        "document_content",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_document_content")),
    )
    op.create_table(
        "document_template",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("files", Document, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_document_template")),
    )
    op.execute(
        "INSERT INTO document_content (sha256, content) SELECT sha256, content FROM document "
        "WHERE key IN (SELECT min(key) FROM document GROUP BY sha256)"
    )
    _run(thawed, "document")
    with op.batch_alter_table("document") as table:
        table.drop_column("content")
        table.add_column(sa.Column("template", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("data", Document, nullable=True))
        table.add_column(sa.Column("inside", sa.Text(), nullable=True))
        table.add_column(sa.Column("maker", sa.String(length=40), nullable=True))
    for kept in ("document", "document_content", "document_template"):
        _run(frozen, kept)


def downgrade() -> None:
    """Take back."""
    for kept in ("document", "document_content", "document_template"):
        _run(thawed, kept)
    op.add_column("document", sa.Column("content", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE document SET content = "
        "(SELECT content FROM document_content WHERE document_content.sha256 = document.sha256)"
    )
    with op.batch_alter_table("document") as table:
        table.alter_column("content", existing_type=sa.LargeBinary(), nullable=False)
        for column in ("maker", "inside", "data", "template"):
            table.drop_column(column)
    op.drop_table("document_template")
    op.drop_table("document_content")
    _run(frozen, "document")


def _run(made: Callable[[str, str], list[str]], table: str) -> None:
    for statement in made(op.get_bind().dialect.name, table):
        op.execute(statement)
