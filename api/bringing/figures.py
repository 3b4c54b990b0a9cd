"""What bringing contracts in would do, in figures: how many, what they cost a month, and what happens next when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from domain.calendar import local_date
from domain.decider import next_due
from domain.preview import recurring
from domain.state import Contract


class Recurring(BaseModel):
    """What some contracts cost for a month of service, net."""

    programme: str
    currency: str
    contracts: int
    monthly: Decimal


class Happening(BaseModel):
    """How many contracts do something next in a month, by what it is; `at once` where its time has come."""

    month: str = Field(examples=["2027-04", "at once"])
    what: str = Field(examples=["period billed"])
    contracts: int


class FiguresOut(BaseModel):
    """Contracts in figures."""

    contracts: int
    lines: int
    by_status: dict[str, int]
    recurring: list[Recurring]
    next: list[Happening]


@dataclass(slots=True)
class Figures:
    """Sums over contracts, one after the other."""

    lines: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    sums: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    happenings: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, contract: Contract, now: datetime) -> None:
        """Count one contract."""
        self.lines += len(contract.lines)
        self.statuses[contract.status.value] += 1
        key = contract.terms.code, contract.terms.currency
        self.counts[key] += 1
        self.sums[key] = self.sums.get(key, Decimal(0)) + recurring(contract)
        upcoming = next_due(contract)
        if upcoming:
            month = "at once" if upcoming.at <= now else f"{local_date(upcoming.at, contract.zone):%Y-%m}"
            kind = str(getattr(upcoming.events[0], "kind", ""))
            self.happenings[month, kind.replace("_", " ")] += 1

    def out(self) -> FiguresOut:
        """The figures, by programme and month."""
        return FiguresOut(
            contracts=sum(self.statuses.values()),
            lines=self.lines,
            by_status=dict(sorted(self.statuses.items())),
            recurring=[
                Recurring(programme=code, currency=currency, contracts=count, monthly=self.sums[code, currency])
                for (code, currency), count in sorted(self.counts.items())
            ],
            next=[
                Happening(month=month, what=what, contracts=count)
                for (month, what), count in sorted(self.happenings.items(), key=_order)
            ],
        )


def _order(item: tuple[tuple[str, str], int]) -> tuple[bool, str, str]:
    (month, what), _ = item
    return month != "at once", month, what
