"""Column types that keep money exact and instants in UTC, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Numeric
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_PLACES = 4


class Money(TypeDecorator[Decimal]):
    """A decimal amount with four places: NUMERIC on PostgreSQL, ten-thousandths as an integer on SQLite."""

    impl = Numeric(18, _PLACES)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in a database."""
        plain: TypeEngine[Any] = BigInteger() if dialect.name == "sqlite" else Numeric(18, _PLACES)
        return dialect.type_descriptor(plain)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """The amount as it is written."""
        if value is None or dialect.name != "sqlite":
            return value
        return int((value * 10**_PLACES).to_integral_exact())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The amount as it was meant, without trailing zeros beyond two places."""
        if value is None:
            return None
        amount = Decimal(value) / 10**_PLACES if dialect.name == "sqlite" else Decimal(value)
        return amount.quantize(Decimal("0.01")) if amount == amount.quantize(Decimal("0.01")) else amount


class Instant(TypeDecorator[datetime]):
    """An instant, always with its zone: written and read in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant as it is written. Raises ValueError for one without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its signature is given
        """The instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# JSON, not JSONB: a programme's terms are read in the order in which they were written.
Document = JSON(none_as_null=True)
