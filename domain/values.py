"""The two kinds of value that the domain is made of, and the words that many of them share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Value(BaseModel):
    """An immutable value from outside: a field that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Carried(BaseModel):
    """An immutable value that histories keep for years: an unknown field, from a newer worker, is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


Rule = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*-\d+[a-z]?$", max_length=20)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
SpokenLanguage = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Texts = dict[Language, Text]
"""What is said in several languages: a language's code to its text."""

Urgency = Literal["normal", "high", "urgent"]
"""How much a case presses, in words that every desk can map to its own."""

Amount = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
Prices = dict[int, Amount]
"""What a line costs for each billing period that it is offered in: months to amount, net of tax."""


class Span(Carried):
    """The days from ``first`` to ``last``, both included; without ``last`` it is still open."""

    first: date
    last: date | None = None

    @property
    def days(self) -> int:
        """How many days it holds; an open span holds none yet."""
        return 0 if self.last is None else max(0, (self.last - self.first).days + 1)

    def overlap(self, first: date, last: date) -> int:
        """How many of its days lie from ``first`` to ``last``, both included."""
        end = last if self.last is None else min(self.last, last)
        return max(0, (end - max(self.first, first)).days + 1)
