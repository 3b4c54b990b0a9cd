"""What the database itself forbids: changing an issued invoice or a written trail, crediting more than was charged."""

from __future__ import annotations

_FROZEN = ("invoice_line", "credit_note", "credit_line", "audit_entry", "document")
# What was credited and then charged again carries the first charge's key and a part of its own after a slash.
_CREDITED = "(SELECT SUM(net) FROM credit_line WHERE credits = NEW.credits)"
_CHARGED = (
    "(SELECT SUM(line.net) FROM invoice_line AS first JOIN invoice ON invoice.contract = "
    "(SELECT contract FROM invoice WHERE key = first.invoice) JOIN invoice_line AS line ON line.invoice = invoice.key "
    "WHERE first.key = NEW.credits AND (line.key = first.key OR "
    "substr(line.key, 1, length(first.key) + 1) = first.key || '/'))"
)
_INVOICE_COLUMNS = ("key", "number", "contract", "issuer", "customer", "net", "tax", "gross", "currency")


def statements(dialect: str) -> list[str]:
    """The triggers that guard the books, in the words of a database."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def books(dialect: str) -> list[str]:
    """The triggers that guard the postings, once there are any."""
    return frozen(dialect, "posting")


def frozen(dialect: str, table: str) -> list[str]:
    """The triggers by which a table's rows are written once; PostgreSQL's need `statements` before them."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_frozen_{verb} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is written once'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    when = f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
    return [f"CREATE TRIGGER {table}_frozen {when} EXECUTE FUNCTION refuse_change()"]


def thawed(dialect: str, table: str) -> list[str]:
    """What takes those triggers away."""
    names = [f"{table}_frozen_{verb}" for verb in ("UPDATE", "DELETE")] if dialect == "sqlite" else [f"{table}_frozen"]
    return [f"DROP TRIGGER {name}" + ("" if dialect == "sqlite" else f" ON {table}") for name in names]


_BROUGHT = "(SELECT SUM(net) FROM brought_charge WHERE key = NEW.credits)"
_CHARGED_ANYWHERE = f"COALESCE({_CHARGED}, 0) + COALESCE({_BROUGHT}, 0)"


def credit_lines(dialect: str, *, brought: bool) -> list[str]:
    """The triggers that guard credit lines, whose table has just been made anew on SQLite.

    Nothing is credited that was not charged, here, or where some was ``brought``, elsewhere.
    """
    charged = _CHARGED_ANYWHERE if brought else _CHARGED
    if dialect == "sqlite":
        return [*frozen(dialect, "credit_line"), _bounded(charged)]
    held = ("invoice_line", "brought_charge") if brought else ("invoice_line",)
    return [_bound_credit(charged, held)]


def _bounded(charged: str) -> str:
    return (
        f"CREATE TRIGGER credit_line_bounded AFTER INSERT ON credit_line WHEN {_CREDITED} > {charged} "
        "BEGIN SELECT RAISE(ABORT, 'more would be credited than was charged'); END"
    )


def _bound_credit(charged: str, held: tuple[str, ...]) -> str:
    locks = " ".join(f"PERFORM 1 FROM {table} WHERE key = NEW.credits FOR UPDATE;" for table in held)
    return (
        f"CREATE OR REPLACE FUNCTION bound_credit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {locks} "
        f"IF {_CREDITED} > {charged} "
        "THEN RAISE EXCEPTION 'more would be credited than was charged'; END IF; RETURN NEW; END $$"
    )


def _sqlite() -> list[str]:
    triggers = [trigger for table in _FROZEN for trigger in frozen("sqlite", table)]
    columns = ", ".join(f'"{name}"' for name in (*_INVOICE_COLUMNS, "on"))
    triggers.append(
        f"CREATE TRIGGER invoice_frozen_UPDATE BEFORE UPDATE OF {columns} ON invoice "
        "BEGIN SELECT RAISE(ABORT, 'an issued invoice is only credited'); END"
    )
    triggers.append(
        "CREATE TRIGGER invoice_frozen_DELETE BEFORE DELETE ON invoice "
        "BEGIN SELECT RAISE(ABORT, 'an issued invoice is only credited'); END"
    )
    triggers.append(_bounded(_CHARGED))
    return triggers


def _postgresql() -> list[str]:
    made = [
        (
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is written once', TG_TABLE_NAME; END $$"
        ),
        _bound_credit(_CHARGED, ("invoice_line",)),
        "CREATE TRIGGER credit_line_bounded AFTER INSERT ON credit_line FOR EACH ROW EXECUTE FUNCTION bound_credit()",
    ]
    made += [trigger for table in _FROZEN for trigger in frozen("postgresql", table)]
    columns = ", ".join(f'"{name}"' for name in (*_INVOICE_COLUMNS, "on"))
    made.append(
        f"CREATE TRIGGER invoice_frozen BEFORE UPDATE OF {columns} ON invoice "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    made.append("CREATE TRIGGER invoice_kept BEFORE DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    return made
