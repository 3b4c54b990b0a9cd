"""A small programme of the tests' own, with every stage on, and the life that a test begins with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from domain.commands import Accept, Checkout, Quote
from domain.simulator import Life, World
from domain.state import Cover, Customer, Offer
from domain.terms import Terms

CUSTOMER = Customer(id="c-1", name="Atelier Brun", email="desk@atelier.example", language="fr", country="FR")
PRICES = {1: Decimal(49), 3: Decimal(140), 12: Decimal(520)}

TERMS: dict[str, Any] = {
    "code": "SMP",
    "version": 1,
    "title": {"en": "Sample programme"},
    "issuer": {"code": "SMP", "name": "Sample SARL", "address": "1 rue X, Paris", "email": "desk@sample.example"},
    "currency": "EUR",
    "time_zone": "Europe/Paris",
    "languages": ["fr", "en"],
    "countries": ["FR"],
    "rules": {f"SMP-{n}": f"Sentence {n}." for n in range(1, 15)} | {f"COM-{n}": "Common." for n in range(1, 6)},
    "quote": {"rule": "SMP-9", "valid_days": 30},
    "order": {"rule": "SMP-5", "registration": True, "payment_rule": "SMP-10"},
    "start": {"rule": "SMP-3", "after": ["warranty", "care_pack"]},
    "lapsed_cover": {"rule": "SMP-8", "months": 6, "fee": "verification", "inspection": True},
    "billing": {"rule": "SMP-4", "periods": [1, 3, 12], "covered": "first_of_next_month"},
    "fees": {
        "set_up": {"rule": "SMP-7", "amount": "49", "text": {"en": "Set-up"}},
        "verification": {"rule": "SMP-8", "amount": "180", "text": {"en": "Verification"}},
        "early_termination": {"rule": "SMP-12", "amount": "250", "text": {"en": "Early termination"}},
    },
    "order_fees": ["set_up"],
    "term": {"rule": "SMP-12", "months": 12},
    "cancellation": {
        "rule": "SMP-12",
        "bands": [
            {"until_month": 6, "effect": "at_once", "fee": "early_termination"},
            {"until_month": 12, "effect": "end_of_month"},
            {"effect": "end_of_period"},
        ],
    },
    "renewal": {"rule": "COM-1", "mode": "tacit", "reminder_rule": "COM-2"},
    "change": {"rule": "SMP-13", "what": ["service", "period"]},
    "suspension": {"rule": "SMP-11"},
    "support": {"rule": "SMP-14", "stages": ["remote", "dispatch"]},
    "coupons": {"rule": "SMP-6"},
    "tax": {
        "rule": "COM-4",
        "rates": [{"country": "FR", "since": "2014-01-01", "name": "TVA", "percent": 20}],
    },
}


def terms(**changes: Any) -> Terms:
    """The sample terms, with some parts replaced; a dict is merged into the part."""
    merged = {
        key: {**(TERMS.get(key) or {}), **changes[key]}
        if isinstance(changes.get(key), dict)
        else changes.get(key, TERMS.get(key))
        for key in {**TERMS, **changes}
    }
    return Terms.model_validate(merged)


def offer(line: str = "1", *, warranty: date | None = None, **changes: Any) -> Offer:
    """One service for one device, under warranty until a day or not at all."""
    cover = (Cover(kind="warranty", last_day=warranty),) if warranty else ()
    fields = {
        "id": line,
        "service": "care",
        "text": "Care",
        "serial": f"SN{line}",
        "model": "M1",
        "prices": PRICES,
        "cover": cover,
    }
    return Offer.model_validate(fields | changes)


def quote(*offers: Offer, period: int = 1, under: Terms | None = None) -> Quote:
    """A quote for these offers, or for one uncovered device."""
    return Quote(
        id="quote",
        number="SMP-2027-000001",
        terms=under or terms(),
        customer=CUSTOMER,
        period=period,
        offers=offers or (offer(),),
    )


def utc(year: int, month: int, day: int, hour: int = 10) -> datetime:
    """An instant, by its UTC hour."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def ordered(
    *offers: Offer,
    at: datetime,
    period: int = 1,
    method: str = "pm_ok",
    under: Terms | None = None,
    world: World | None = None,
    **checkout: Any,
) -> Life:
    """A life that is quoted, accepted and ordered at an instant."""
    life = Life.begin(quote(*offers, period=period, under=under), at, world)
    life.give(Accept(id="accept", revision=1), at)
    life.give(Checkout(id="checkout", method=method, registered=True, **checkout), at)
    return life


def kinds(life: Life) -> list[str]:
    """The kinds of event of a life, in order."""
    return [entry.kind for entry in life.entries]


def on(life: Life, kind: str) -> list[date]:
    """The local dates of a life's events of one kind."""
    return [entry.on for entry in life.entries if entry.kind == kind]
