"""Every table, by what it keeps. Unique keys are the domain's own keys: what happens once is written once."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.types import Document, Instant, Money

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

KEY = String(300)

# Programmes, as data

programme_version = Table(
    "programme_version",
    metadata,
    Column("code", String(10), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("terms", Document, nullable=False),
    Column("catalogue", Document, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("loaded_at", Instant, nullable=False),
)

coupon = Table(
    "coupon",
    metadata,
    Column("code", String(30), primary_key=True),
    Column("programme", String(10), nullable=False),
    Column("service", String(40)),
    Column("kind", String(10), nullable=False),
    Column("value", Money, nullable=False),
    Column("periods", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("max_uses", Integer, nullable=False),
)

coupon_use = Table(
    "coupon_use",
    metadata,
    Column("code", ForeignKey("coupon.code"), primary_key=True),
    Column("customer", String(40), primary_key=True),
    Column("contract", String(40), nullable=False),
    Column("used_at", Instant, nullable=False),
)

# Who and what contracts are about

customer = Table(
    "customer",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(500), nullable=False),
    Column("contact", String(500)),
    Column("email", String(254)),
    Column("language", String(2), nullable=False),
    Column("country", String(2), nullable=False),
    Column("region", String(3)),
    Column("vat_number", String(30)),
    Column("password_hash", String(200)),
    Column("registered_at", Instant),
)

device = Table(
    "device",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("model", String(500), nullable=False),
    Column("device_type", String(60), nullable=False),
    Column("country", String(2), nullable=False),
    Column("cover", Document, nullable=False),
    Column("facts", Document, nullable=False, server_default="{}"),
    Column("dates", Document, nullable=False, server_default="{}"),
    Column("in_use_since", Date),
    Column("support_ends", Date),
    Column("updated_at", Instant, nullable=False),
)

# Fleets: the devices of a contract that are too many for it to carry; the primary key finds them by fleet

fleet = Table(
    "fleet",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("customer", String(40), nullable=False, index=True),
    Column("programme", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("imported_at", Instant),
)

fleet_device = Table(
    "fleet_device",
    metadata,
    Column("fleet", ForeignKey("fleet.id"), primary_key=True),
    Column("serial", String(40), primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("model", String(500), nullable=False),
    Column("country", String(2), nullable=False),
    Column("included", Boolean, nullable=False),
    Column("cover", Document, nullable=False),
    Column("dates", Document, nullable=False, server_default="{}"),
    Index("ix_fleet_device_serial", "serial"),
)

device_replacement = Table(
    "device_replacement",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("replaced_by", String(40), nullable=False),
    Column("on", Date, nullable=False),
    Column("was", Document, nullable=False),
    Column("reason", String(500)),
    Column("by", String(500), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_device_replacement_replaced_by", "replaced_by"),
)

# The read model and the trail

contract = Table(
    "contract",
    metadata,
    Column("number", String(40), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("programme", String(10), nullable=False),
    Column("customer", String(40), nullable=False),
    Column("reseller", String(500)),
    Column("country", String(2)),
    Column("version", Integer, nullable=False),
    Column("next_due_at", Instant),
    Column("term_last", Date),
    Column("attention", Boolean, nullable=False),
    Column("clock", String(60)),
    Column("now", Instant, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("view", Document),
    Column("start", Document, nullable=False),
    Column("creation_key", KEY, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Index("ix_contract_status_number", "status", "number"),
    Index("ix_contract_customer_number", "customer", "number"),
    Index("ix_contract_term_last_number", "term_last", "number"),
    Index("ix_contract_clock_next_due_at", "clock", "next_due_at"),
)

import_run = Table(
    "import_run",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("name", String(500), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("by", String(500), nullable=False),
    Column("contracts", Integer, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("written_at", Instant),
)

# Contracts that were brought in: each by its name in the system that it comes from, once

brought_contract = Table(
    "brought_contract",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("contract", String(40), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("run", ForeignKey("import_run.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
)

contract_device = Table(
    "contract_device",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("contract", String(40), primary_key=True),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("contract", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("on", Date, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("by", String(500), nullable=False),
    Column("command", KEY),
    Column("summary", Text, nullable=False),
    Column("amount", Money),
    Column("currency", String(3)),
    Column("data", Document, nullable=False),
    Column("written_at", Instant, nullable=False),
    Index("ix_audit_entry_written_at_contract_seq", "written_at", "contract", "seq"),
)

# States, made from the trail when they are needed: what many contracts' futures are thought through with

contract_state = Table(
    "contract_state",
    metadata,
    Column("contract", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("shape", String(32), nullable=False),
    Column("terms", Integer, nullable=False),
    Column("newer", Integer),
    Column("state", LargeBinary, nullable=False),
)

forecast = Table(
    "forecast",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("asked", Document, nullable=False),
    Column("by", String(500), nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("progress", Document, nullable=False),
    Column("answer", Document),
    Column("error", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

# Where each term's end stands on its way to the next

term_end = Table(
    "term_end",
    metadata,
    Column("contract", String(40), primary_key=True),
    Column("term", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("last", Date, nullable=False),
    Column("month", String(7), nullable=False),
    Column("stage", String(10), nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("programme", String(10), nullable=False),
    Column("customer", String(40), nullable=False),
    Column("reseller", String(500)),
    Column("country", String(2), nullable=False),
    Column("clock", String(60)),
    # Everything that a pipeline is summed up from: the index answers it by itself.
    Index("ix_term_end_month_stage", "month", "stage", "currency", "clock", "amount"),
    Index("ix_term_end_reseller_month", "reseller", "month"),
)

counter = Table(
    "counter",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("value", Integer, nullable=False),
)

# Money

invoice = Table(
    "invoice",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("number", String(40), nullable=False, unique=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("issuer", String(10), nullable=False),
    Column("customer", String(40), nullable=False),
    Column("on", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("net", Money, nullable=False),
    Column("tax_name", String(500), nullable=False),
    Column("tax_percent", Money, nullable=False),
    Column("tax_category", String(2), nullable=False),
    Column("tax", Money, nullable=False),
    Column("taxes", Document, nullable=False, server_default="[]"),
    Column("gross", Money, nullable=False),
    Column("rule", String(20), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("payment", String(10), nullable=False),
    Column("method", String(500)),
    Column("set_off", Money, nullable=False, server_default="0"),
    Column("cut_off", Date),
    Column("collective", KEY, index=True),
    CheckConstraint("gross = net + tax", name="adds_up"),
)

collective_invoice = Table(
    "collective_invoice",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("number", String(40), nullable=False, unique=True),
    Column("customer", String(40), nullable=False, index=True),
    Column("issuer", String(10), nullable=False),
    Column("on", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("clock", String(60)),
    Column("net", Money, nullable=False),
    Column("tax_name", String(500), nullable=False),
    Column("tax_percent", Money, nullable=False),
    Column("tax_category", String(2), nullable=False),
    Column("tax", Money, nullable=False),
    Column("taxes", Document, nullable=False),
    Column("gross", Money, nullable=False),
    Column("rule", String(20), nullable=False),
    Column("issued_at", Instant, nullable=False),
    CheckConstraint("gross = net + tax", name="adds_up"),
)

invoice_line = Table(
    "invoice_line",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("invoice", ForeignKey("invoice.key"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("what", String(60), nullable=False),
    Column("text", String(500), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("net", Money, nullable=False),
    Column("line", String(20)),
    Column("serial", String(40)),
    Column("first", Date),
    Column("last", Date),
    Column("days", Integer),
    Column("of_days", Integer),
    UniqueConstraint("invoice", "position"),
)

credit_note = Table(
    "credit_note",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("number", String(40), nullable=False, unique=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("issuer", String(10), nullable=False),
    Column("customer", String(40), nullable=False),
    Column("on", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("net", Money, nullable=False),
    Column("tax_name", String(500), nullable=False),
    Column("tax_percent", Money, nullable=False),
    Column("tax_category", String(2), nullable=False),
    Column("tax", Money, nullable=False),
    Column("taxes", Document, nullable=False, server_default="[]"),
    Column("gross", Money, nullable=False),
    Column("rule", String(20), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("issued_at", Instant, nullable=False),
    CheckConstraint("gross = net + tax", name="adds_up"),
)

credit_line = Table(
    "credit_line",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("credit_note", ForeignKey("credit_note.key"), nullable=False, index=True),
    # An invoice's line, or a charge that was brought from elsewhere: the database itself looks for either.
    Column("credits", KEY, nullable=False, index=True),
    Column("text", String(500), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("net", Money, nullable=False),
    Column("days", Integer),
    CheckConstraint("net > 0", name="positive"),
)

brought_charge = Table(
    "brought_charge",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("customer", String(40), nullable=False),
    Column("issuer", String(10), nullable=False),
    Column("trial", Boolean, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("line", String(20), nullable=False),
    Column("serial", String(40), nullable=False),
    Column("text", String(500), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("net", Money, nullable=False),
    Column("deferred", Money, nullable=False),
)

payment = Table(
    "payment",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("invoice", ForeignKey("invoice.key"), nullable=False, index=True),
    Column("method", String(500), nullable=False),
    Column("amount", Money, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("reference", String(200)),
    Column("reason", String(500)),
    Column("at", Instant, nullable=False),
    Column("provider", String(20), nullable=False, server_default="embedded"),
)

refund = Table(
    "refund",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("cause", KEY, nullable=False, index=True),
    Column("payment", ForeignKey("payment.key"), nullable=False, index=True),
    Column("amount", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reference", String(200)),
    Column("reason", String(500)),
    Column("at", Instant, nullable=False),
    CheckConstraint("amount > 0", name="positive"),
)

# What the embedded payment provider knows: a truth beside ours, as an outside provider's is

provider_payment = Table(
    "provider_payment",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("invoice", KEY, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("reference", String(200), nullable=False, unique=True),
    Column("reason", String(500)),
    Column("at", Instant, nullable=False),
)

provider_refund = Table(
    "provider_refund",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("payment", ForeignKey("provider_payment.key"), nullable=False, index=True),
    Column("amount", Money, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("amount > 0", name="positive"),
)

provider_event = Table(
    "provider_event",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("about", String(200), nullable=False, index=True),
    Column("received_at", Instant, nullable=False),
)

bank_entry = Table(
    "bank_entry",
    metadata,
    Column("reference", String(100), primary_key=True),
    Column("on", Date, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("text", String(1000), nullable=False),
    Column("state", String(10), nullable=False),
    Column("invoice", String(40)),
    Column("received_at", Instant, nullable=False),
)

posting = Table(
    "posting",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("contract", String(40), nullable=False),
    Column("customer", String(40), nullable=False),
    Column("issuer", String(10), nullable=False),
    Column("trial", Boolean, nullable=False),
    Column("on", Date, nullable=False),
    Column("debit", String(20), nullable=False),
    Column("credit", String(20), nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("document", KEY, nullable=False),
    Column("charge", KEY, index=True),
    Column("text", String(500), nullable=False),
    Column("posted_at", Instant, nullable=False),
    # One row moves an amount from one account to another: the books balance row by row.
    CheckConstraint("amount > 0", name="positive"),
    CheckConstraint("debit <> credit", name="moves"),
    Index("ix_posting_contract_on", "contract", "on"),
    Index("ix_posting_customer_on", "customer", "on"),
)

# What waits for a person

task = Table(
    "task",
    metadata,
    Column("id", String(250), primary_key=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("kind", String(60), nullable=False),
    Column("what", String(500), nullable=False),
    Column("role", String(20), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("by", Instant),
    Column("answers", Document, nullable=False),
    Column("given", Document, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("taken_by", String(500)),
    Column("taken_at", Instant),
    Column("closed_at", Instant),
    Index("ix_task_closed_at_by", "closed_at", "by"),
)

# What the world was told

ticket = Table(
    "ticket",
    metadata,
    Column("case", String(80), primary_key=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("number", String(60)),
    Column("subject", String(500), nullable=False),
    Column("serial", String(40)),
    Column("line", String(20)),
    Column("stage", String(60), nullable=False),
    Column("status", String(10), nullable=False),
    Column("notes", Document, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("description", Text, nullable=False, server_default=""),
    Column("urgency", String(10), nullable=False, server_default="normal"),
    Column("requestor", String(254)),
    Column("answer_by", Instant),
    Column("result", String(60)),
    Column("minutes", Integer, nullable=False, server_default="0"),
)

ticket_move = Table(
    "ticket_move", metadata, Column("key", KEY, primary_key=True), Column("at", Instant, nullable=False)
)

# What people did at the embedded desk, counted without a gap.
ticket_change = Table(
    "ticket_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("case", String(80), nullable=False, index=True),
    Column("what", String(10), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(500), nullable=False),
    Column("stage", String(60)),
    Column("result", String(60)),
    Column("note", Text),
    Column("minutes", Integer, nullable=False),
)

# What was heard from a desk: each of its changes once, and what the contract said to it.
desk_change = Table(
    "desk_change",
    metadata,
    Column("desk", String(20), primary_key=True),
    Column("id", String(60), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("case", String(80), nullable=False, index=True),
    Column("change", Document, nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("reason", String(1000)),
    Column("heard_at", Instant, nullable=False),
)

desk_cursor = Table(
    "desk_cursor",
    metadata,
    Column("desk", String(20), primary_key=True),
    Column("cursor", String(100), nullable=False),
    Column("read_at", Instant, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("name", String(60), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("language", String(2), nullable=False),
    Column("subject", String(500), nullable=False),
    Column("body", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("documents", Document, nullable=False),
    Column("rule", String(20), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("composed_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("outcome", String(20), nullable=False),
    Column("reason", String(500)),
    Column("message_id", String(100), nullable=False, index=True),
    Column("delivered_at", Instant),
    Column("bounced_at", Instant),
)

unsubscribe_link = Table(
    "unsubscribe_link",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("key", ForeignKey("message.key"), nullable=False, unique=True),
    Column("customer", String(40), nullable=False),
    Column("message", String(60), nullable=False),
)

unsubscription = Table(
    "unsubscription",
    metadata,
    Column("customer", String(40), primary_key=True),
    Column("message", String(60), primary_key=True),
    Column("at", Instant, nullable=False),
)

link = Table(
    "link",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("key", ForeignKey("message.key"), nullable=False, unique=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("about", String(10), nullable=False),
    Column("number", Integer, nullable=False),
    Column("until", Date, nullable=False),
    Column("said", Document, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("used_for", String(10)),
)

delivery_report = Table(
    "delivery_report",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("message", ForeignKey("message.key"), nullable=False, index=True),
    Column("action", String(10), nullable=False),
    Column("status", String(20)),
    Column("recipient", String(254)),
    Column("diagnostic", String(1000)),
    Column("reporter", String(300)),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
)

mail = Table(
    "mail",
    metadata,
    Column("message_id", String(300), primary_key=True),
    Column("recipient", String(254), nullable=False),
    Column("subject", String(500), nullable=False),
    Column("raw", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("contract", String(40), nullable=False, index=True),
    Column("name", String(60), nullable=False),
    Column("language", String(2), nullable=False),
    Column("media_type", String(60), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("template", String(64)),
    Column("data", Document),
    Column("inside", Text),
    Column("maker", String(40)),
)

document_content = Table(
    "document_content",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

document_template = Table(
    "document_template",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("files", Document, nullable=False),
)

# Who outside hears what contracts do

hook = Table(
    "hook",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("kinds", Document, nullable=False),
    Column("programme", String(10)),
    Column("customer", String(40)),
    Column("trial", Boolean, nullable=False),
    Column("secret", String(100), nullable=False),
    Column("former_secret", String(100)),
    Column("former_until", Instant),
    Column("failures", Integer, nullable=False),
    Column("retry_at", Instant),
    Column("disabled_at", Instant),
    Column("disabled_why", String(500)),
    Column("created_at", Instant, nullable=False),
)

hook_delivery = Table(
    "hook_delivery",
    metadata,
    Column("hook", ForeignKey("hook.id"), primary_key=True),
    Column("contract", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("status", Integer),
    Column("error", String(500)),
    Column("queued_at", Instant, nullable=False),
    Column("tried_at", Instant),
    Column("delivered_at", Instant),
    Index("ix_hook_delivery_state_next_at", "state", "next_at"),
)

# Campaigns

campaign = Table(
    "campaign",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("name", String(500), nullable=False),
    Column("selection", Document, nullable=False),
    Column("pace", Document, nullable=False),
    Column("by", String(500), nullable=False),
    Column("reason", String(500)),
    Column("schedule", String(60)),
    Column("status", String(10), nullable=False),
    Column("round", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index("ix_campaign_created_at_id", "created_at", "id"),
)

campaign_contract = Table(
    "campaign_contract",
    metadata,
    Column("campaign", ForeignKey("campaign.id"), primary_key=True),
    Column("contract", String(40), primary_key=True),
    Column("customer", String(40), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", String(20)),
    Column("reason", String(500)),
    Column("term", Integer),
    Column("net", Money),
    Column("term_net", Money),
    Column("currency", String(3)),
    Column("quoted_on", Date),
    Column("deadline", Date),
    Column("asked_at", Instant),
    Index("ix_campaign_contract_campaign_outcome", "campaign", "outcome", "contract"),
)

# The API's own

quote_request = Table(
    "quote_request",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("programme", String(10), nullable=False),
    Column("name", String(500), nullable=False),
    Column("email", String(254), nullable=False),
    Column("given", Document, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("answer_by", Instant),
    Column("contract", String(40), index=True),
)

checkout = Table(
    "checkout",
    metadata,
    Column("contract", String(40), primary_key=True),
    Column("billing_address", Document),
    Column("method", String(500)),
    Column("coupon", String(30)),
    Column("coupon_line", String(20)),
    Column("form", Document),
    Column("invoice_on", Date),
)

test_clock = Table(
    "test_clock",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("name", String(500), nullable=False),
    Column("now", Instant, nullable=False),
    Column("target", Instant),
    Column("deleted", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

calendar = Table(
    "calendar",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("scope", String(10), nullable=False),
    Column("selection", Document, nullable=False),
    Column("language", String(2), nullable=False),
    Column("days", Integer, nullable=False),
    Column("by", String(500), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", String(500), nullable=False),
    Column("scopes", Document, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

_UNANSWERED = text("status IS NULL AND contract IS NOT NULL")

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", String(20), primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer),
    Column("answer", Document),
    Column("begun_at", Instant, nullable=False),
    Column("contract", String(40)),
    Index(
        "ix_idempotency_unanswered",
        "begun_at",
        postgresql_where=_UNANSWERED,
        sqlite_where=_UNANSWERED,
    ),
)
