"""A portfolio in mid-life: so many contracts of every programme, as another system would hand them over; by a seed.

`python -m bench.portfolio 10000 contracts.jsonl --as-of 2027-03-15` writes what `./tenure import` takes. The same seed
and day give the same contracts. About a fifth end within ninety days, and nothing is known of their renewal quotes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from adapters.programme_files import Programme, load_all
from domain.calendar import DAY, first_of_next_month, last_day_of, months_after
from domain.catalogue import Service
from domain.terms import Terms
from runtime.settings import CHECKOUT

ENDING = 0.2
"""The share of all contracts whose term ends within ninety days."""

WEIGHTS = {"HPG": 34, "HPJ": 22, "ICM": 24, "HPP": 6, "XEC": 14}
_OTHERS = 10
_FIRMS = (
    "Atelier",
    "Imprimerie",
    "Cabinet",
    "Studio",
    "Nordkontor",
    "Kaisha",
    "Librairie",
    "Clinique",
    "Works",
    "Agence",
)
_NAMES = ("Brun", "Sato", "Tremblay", "Moreau", "Tanaka", "Gagnon", "Leroy", "Suzuki", "Roy", "Petit", "Ito", "Cote")


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Contracts that may be taken over as of a day; of ``ending`` of them the term ends within ninety days."""

    as_of: date
    seed: int
    programmes: tuple[Programme, ...]
    ending: float = ENDING

    def records(self, number: int) -> Iterator[dict[str, Any]]:
        """So many contracts, as records of a file."""
        dice = Random(self.seed)
        weights = [WEIGHTS.get(programme.terms.code, _OTHERS) for programme in self.programmes]
        with_term = sum(
            weight for weight, programme in zip(weights, self.programmes, strict=True) if programme.terms.term
        )
        ending = self.ending * sum(weights) / with_term
        for index in range(1, number + 1):
            (programme,) = dice.choices(self.programmes, weights)
            yield _Contract(dice, programme, self.as_of, ending).record(index)


class _Contract:
    """One contract, as the dice have it."""

    def __init__(self, dice: Random, programme: Programme, as_of: date, ending: float) -> None:
        self.dice, self.as_of, self.ending = dice, as_of, ending
        self.terms: Terms = programme.terms
        self.services = programme.catalogue.services
        self.lines = count(1)

    def record(self, index: int) -> dict[str, Any]:
        """The contract as a record of a file."""
        code, dice = self.terms.code, self.dice
        first = dice.choice(self.services)
        country = dice.choice([known for known in first.countries if known in self.terms.countries])
        data = {
            "reference": f"{code}-{self.as_of.year - 1}-{index:06d}",
            "programme": code,
            "source": "Contracts 4",
            "as_of": self.as_of.isoformat(),
            "customer": self._customer(index, country),
        }
        if self.terms.supplies:
            return data | self._kept_by_supplies(first, index)
        if dice.random() < 0.04 and self.terms.start.after and self.terms.billing:
            return data | self._waiting(first, index)
        return data | self._running(first, index)

    def _customer(self, index: int, country: str) -> dict[str, Any]:
        who = self.dice.randrange(1, 2 + index // 3)
        name = f"{_FIRMS[who % len(_FIRMS)]} {_NAMES[who // 7 % len(_NAMES)]} {who}"
        region = self.dice.choice(["QC", "ON"]) if country == "CA" else None
        customer = {
            "id": f"c-{country.lower()}-{who}",
            "name": name,
            "email": f"desk-{who}@customer.example",
            "language": self.terms.languages[0],
            "country": country,
        }
        return customer | ({"region": region} if region else {})

    def _running(self, service: Service, index: int) -> dict[str, Any]:
        """In service, somewhere in its term."""
        dice, terms = self.dice, self.terms
        length = self._length(service)
        data: dict[str, Any] = {"period": self._period(service)}
        if terms.term and length:
            since, term = self._term(length)
            data |= {"active_since": since.isoformat(), "term": term}
            if length != terms.term.months:
                data["term_months"] = length
            counted = date.fromisoformat(term["first"]) if self._anew else since
        else:
            since = self.as_of - timedelta(days=dice.randrange(20, 2000))
            counted = since
        data["lines"] = self._lines(service, index, since, self._anchor(counted), data["period"])
        if terms.fleet:
            data["fleet"] = self._fleet(data["lines"], index)
        dealt = dice.random()
        if dealt < 0.02 and terms.suspension:
            data["suspended_since"] = (self.as_of - timedelta(days=dice.randrange(1, 12))).isoformat()
        elif dealt < 0.05 and "term" in data:
            data["ending"] = {"last_day": data["term"]["last"], "reason": "notice was given in time"}
        return data

    @property
    def _anew(self) -> bool:
        """Whether every term is billed by itself."""
        return self.terms.renewal is not None and self.terms.renewal.mode == "on_acceptance"

    def _length(self, service: Service) -> int | None:
        if self.terms.term is None:
            return None
        return service.term_months or self.dice.choice((self.terms.term.months, *self.terms.term.choices[:2]))

    def _term(self, length: int) -> tuple[date, dict[str, Any]]:
        """The day of activation, and the term that runs; it begins on a day that every month has."""
        soon = self.dice.random() < self.ending
        ahead = self.dice.randrange(5, 90) if soon else self.dice.randrange(92, length * 30)
        after = self.as_of + timedelta(days=ahead)
        after = after.replace(day=min(after.day, 28))
        terms = self.dice.choice((1, 1, 1, 2, 2, 3))
        since = months_after(after, -length * terms)
        first = months_after(since, length * (terms - 1))
        last = after - DAY
        return since, {"number": terms, "first": first.isoformat(), "last": last.isoformat()}

    def _period(self, service: Service) -> int:
        billing = self.terms.billing
        return self.dice.choice([months for months in billing.periods if months in service.prices]) if billing else 0

    def _anchor(self, since: date) -> date:
        """The day from which periods are counted; a contract that waited for a warranty is billed by calendar month."""
        deferred = self.terms.billing is not None and self.terms.billing.covered == "first_of_next_month"
        anchor = first_of_next_month(since) if deferred and self.dice.random() < 0.6 else since
        return anchor if anchor < self.as_of else since

    def _lines(self, service: Service, index: int, since: date, anchor: date, period: int) -> list[dict[str, Any]]:
        many = 1 if self.terms.fleet else self.dice.choices((1, 2, 3, 8), (70, 18, 9, 3))[0]
        fitting = [other for other in self.services if period in other.prices and self._length_fits(service, other)]
        return [
            self._line(service if item == 0 else self.dice.choice(fitting), index)
            | {
                "active_since": since.isoformat(),
                "anchor": anchor.isoformat(),
                "billed_until": self._billed_until(anchor, period).isoformat(),
            }
            for item in range(many)
        ]

    @staticmethod
    def _length_fits(service: Service, other: Service) -> bool:
        return service.term_months == other.term_months and service.sold_as == other.sold_as

    def _line(self, service: Service, index: int) -> dict[str, Any]:
        position = next(self.lines)
        fleet = self.terms.fleet is not None
        serial = f"FLEET-{self.terms.code}-{index}" if fleet else f"{self.terms.code}{index:06d}-{position}"
        line: dict[str, Any] = {"id": str(position), "service": service.id, "serial": serial}
        line["model"] = self.dice.choice(service.models)
        if fleet:
            line["quantity"] = self._devices(service)
        return line

    def _devices(self, service: Service) -> int:
        minimums = self.terms.fleet.minimums.get(service.level or "", ()) if self.terms.fleet else ()
        least = max((ways.get(service.device_class or "", 0) for ways in minimums), default=0)
        return least + self.dice.randrange(10, 800)

    def _billed_until(self, anchor: date, period: int) -> date:
        months = 0
        while months_after(anchor, months) < self.as_of:
            months += period
        return last_day_of(anchor, months)

    def _fleet(self, lines: list[dict[str, Any]], index: int) -> dict[str, Any]:
        by_id = {service.id: service for service in self.services}
        counted: dict[str, int] = {}
        for line in lines:
            name = by_id[line["service"]].device_class or "pc"
            counted[name] = counted.get(name, 0) + line["quantity"]
        last = {
            "on": (self.as_of - timedelta(days=30)).isoformat(),
            "devices": sum(counted.values()),
            "counted": counted,
        }
        return {"fleet": f"FLEET-{self.terms.code}-{index}", "agreed": {"counted": counted}, "last": last}

    def _waiting(self, service: Service, index: int) -> dict[str, Any]:
        """Ordered, and waiting for the end of the device's own cover."""
        last = self.as_of + timedelta(days=self.dice.randrange(1, 300))
        cover = [{"kind": self.terms.start.after[0], "last_day": last.isoformat()}]
        placed = (self.as_of - timedelta(days=self.dice.randrange(1, 60))).isoformat()
        return {
            "period": self._period(service),
            "order": {"placed_on": placed},
            "lines": [self._line(service, index) | {"cover": cover}],
        }

    def _kept_by_supplies(self, service: Service, index: int) -> dict[str, Any]:
        """Kept alive by supplies, the last of them ordered some weeks ago."""
        since = self.as_of - timedelta(days=self.dice.randrange(40, 900))
        ordered = max(since, self.as_of - timedelta(days=self.dice.randrange(1, 200)))
        line = self._line(service, index) | {
            "active_since": since.isoformat(),
            "in_use_since": (since - timedelta(days=self.dice.randrange(30, 300))).isoformat(),
            "supplies_counted": self.dice.randrange(2, 30),
            "supplies_last_order": ordered.isoformat(),
        }
        return {"period": 0, "lines": [line]}


def portfolio(as_of: date, *, seed: int = 1, ending: float = ENDING) -> Portfolio:
    """The portfolio of the programmes that ship."""
    return Portfolio(as_of, seed, load_all(CHECKOUT / "programmes"), ending)


def main(
    contracts: Annotated[int, typer.Argument(help="How many.", min=1)],
    file: Annotated[Path, typer.Argument(help="Where to write them, a contract a line.")],
    *,
    as_of: Annotated[str, typer.Option(help="The day as of which they stand; today without it.")] = "",
    seed: Annotated[int, typer.Option(help="Another seed, another portfolio.")] = 1,
) -> None:
    """Write a portfolio that `./tenure import` takes."""
    day = date.fromisoformat(as_of) if as_of else datetime.now(UTC).date()
    with file.open("w", encoding="utf-8") as out:
        for record in portfolio(day, seed=seed).records(contracts):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    typer.run(main)
