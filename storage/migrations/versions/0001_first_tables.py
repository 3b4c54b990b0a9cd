"""First tables."""

import sqlalchemy as sa
from alembic import op

from storage.guards import statements
from storage.types import Document, Instant, Money

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("scopes", Document, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_key_sha256")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=500), nullable=False),
        sa.Column("command", sa.String(length=300), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("amount", Money(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("data", Document, nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("contract", "seq", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "checkout",
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("billing_address", Document, nullable=True),
        sa.Column("method", sa.String(length=500), nullable=True),
        sa.Column("coupon", sa.String(length=30), nullable=True),
        sa.Column("coupon_line", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("contract", name=op.f("pk_checkout")),
    )
    op.create_table(
        "contract",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("reseller", sa.String(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("next_due_at", Instant(), nullable=True),
        sa.Column("term_last", sa.Date(), nullable=True),
        sa.Column("attention", sa.Boolean(), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=True),
        sa.Column("now", Instant(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("view", Document, nullable=True),
        sa.Column("start", Document, nullable=False),
        sa.Column("creation_key", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_contract")),
        sa.UniqueConstraint("creation_key", name=op.f("uq_contract_creation_key")),
    )
    op.create_index("ix_contract_clock_next_due_at", "contract", ["clock", "next_due_at"], unique=False)
    op.create_index("ix_contract_customer_number", "contract", ["customer", "number"], unique=False)
    op.create_index("ix_contract_status_number", "contract", ["status", "number"], unique=False)
    op.create_index("ix_contract_term_last_number", "contract", ["term_last", "number"], unique=False)
    op.create_table(
        "contract_device",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("serial", "contract", name=op.f("pk_contract_device")),
    )
    op.create_table(
        "counter",
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_counter")),
    )
    op.create_table(
        "coupon",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("programme", sa.String(length=10), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", Money(), nullable=False),
        sa.Column("periods", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupon")),
    )
    op.create_table(
        "credit_note",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=10), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.Column("tax_name", sa.String(length=500), nullable=False),
        sa.Column("tax_percent", Money(), nullable=False),
        sa.Column("tax", Money(), nullable=False),
        sa.Column("gross", Money(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.CheckConstraint("gross = net + tax", name=op.f("ck_credit_note_adds_up")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_credit_note")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_note_number")),
    )
    op.create_index(op.f("ix_credit_note_contract"), "credit_note", ["contract"], unique=False)
    op.create_table(
        "customer",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=3), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("registered_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_table(
        "device",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=500), nullable=False),
        sa.Column("printer_type", sa.String(length=60), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("cover", Document, nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_device")),
    )
    op.create_table(
        "document",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_contract"), "document", ["contract"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", Document, nullable=True),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "invoice",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=10), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.Column("tax_name", sa.String(length=500), nullable=False),
        sa.Column("tax_percent", Money(), nullable=False),
        sa.Column("tax", Money(), nullable=False),
        sa.Column("gross", Money(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("payment", sa.String(length=10), nullable=False),
        sa.Column("method", sa.String(length=500), nullable=True),
        sa.CheckConstraint("gross = net + tax", name=op.f("ck_invoice_adds_up")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
    )
    op.create_index(op.f("ix_invoice_contract"), "invoice", ["contract"], unique=False)
    op.create_table(
        "mail",
        sa.Column("message_id", sa.String(length=300), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_mail")),
    )
    op.create_table(
        "message",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("documents", Document, nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("composed_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_contract"), "message", ["contract"], unique=False)
    op.create_table(
        "programme_version",
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", Document, nullable=False),
        sa.Column("catalogue", Document, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_programme_version")),
    )
    op.create_table(
        "test_clock",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("now", Instant(), nullable=False),
        sa.Column("target", Instant(), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_clock")),
    )
    op.create_table(
        "ticket",
        sa.Column("case", sa.String(length=80), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=True),
        sa.Column("line", sa.String(length=20), nullable=True),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("notes", Document, nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_ticket")),
    )
    op.create_index(op.f("ix_ticket_contract"), "ticket", ["contract"], unique=False)
    op.create_table(
        "ticket_move",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ticket_move")),
    )
    op.create_table(
        "coupon_use",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("customer", sa.String(length=40), nullable=False),
        sa.Column("contract", sa.String(length=40), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["coupon.code"], name=op.f("fk_coupon_use_code_coupon")),
        sa.PrimaryKeyConstraint("code", "customer", name=op.f("pk_coupon_use")),
    )
    op.create_table(
        "invoice_line",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("invoice", sa.String(length=300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.Column("line", sa.String(length=20), nullable=True),
        sa.Column("serial", sa.String(length=40), nullable=True),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("of_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["invoice"], ["invoice.key"], name=op.f("fk_invoice_line_invoice_invoice")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("invoice", "position", name=op.f("uq_invoice_line_invoice_position")),
    )
    op.create_index(op.f("ix_invoice_line_invoice"), "invoice_line", ["invoice"], unique=False)
    op.create_table(
        "payment",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("invoice", sa.String(length=300), nullable=False),
        sa.Column("method", sa.String(length=500), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["invoice"], ["invoice.key"], name=op.f("fk_payment_invoice_invoice")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_payment")),
    )
    op.create_index(op.f("ix_payment_invoice"), "payment", ["invoice"], unique=False)
    op.create_table(
        "credit_line",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("credit_note", sa.String(length=300), nullable=False),
        sa.Column("credits", sa.String(length=300), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.CheckConstraint("net > 0", name=op.f("ck_credit_line_positive")),
        sa.ForeignKeyConstraint(
            ["credit_note"], ["credit_note.key"], name=op.f("fk_credit_line_credit_note_credit_note")
        ),
        sa.ForeignKeyConstraint(["credits"], ["invoice_line.key"], name=op.f("fk_credit_line_credits_invoice_line")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_credit_line")),
    )
    op.create_index(op.f("ix_credit_line_credit_note"), "credit_line", ["credit_note"], unique=False)
    op.create_index(op.f("ix_credit_line_credits"), "credit_line", ["credits"], unique=False)
    for statement in statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """There is nothing before the first tables."""
    raise NotImplementedError("the first migration cannot be taken back: make a new database instead")
