"""The offer: quoted, revised, accepted, rejected, or lapsed when the order deadline passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.calendar import DAY, local_date
from domain.commands import Accept, Quote, Reject, Revise
from domain.due import Due, Rank, moment
from domain.effects import Effect, MakeDocument
from domain.envelope import Event
from domain.events import QuoteAccepted, Quoted, QuoteLapsed, QuoteRejected, QuoteRevised
from domain.fleet.offer import agreed_fleet, check_fleet, device_of
from domain.message import message
from domain.money import rounded
from domain.refusal import Refusal
from domain.state import OFFERED, Contract, Line, Offer, Status
from domain.terms import Terms


def check_quote(quote: Quote, now: datetime) -> Quoted:
    """The offer as the first event of a contract. Refuses what the programme does not offer."""
    terms = quote.terms
    if quote.customer.country not in terms.countries:
        raise Refusal(
            terms.quote.rule,
            f"the programme is not offered in {quote.customer.country}",
            allowed_when=f"the customer's country is one of {', '.join(terms.countries)}",
            field="customer.country",
        )
    today = local_date(now, terms.time_zone)
    if terms.rate(quote.customer.country, today, quote.customer.region) is None:
        raise Refusal(
            terms.tax.rule,
            f"the terms hold no tax rate for {quote.customer.country}; add one under `tax.rates`",
            field="customer.country",
        )
    _check_offers(terms, quote.period, quote.offers)
    check_fleet(terms, quote.offers, quote.fleet)
    return Quoted(
        at=now,
        rule=terms.quote.rule,
        by=quote.by,
        number=quote.number,
        terms=terms,
        customer=quote.customer,
        period=quote.period,
        offers=quote.offers,
        valid_until=today + timedelta(days=terms.quote.valid_days),
        reseller=quote.reseller,
        fleet=agreed_fleet(quote.offers, quote.fleet, quote.fleet_id),
    )


def _check_offers(terms: Terms, period: int, offers: tuple[Offer, ...]) -> None:
    if period not in terms.billing.periods:
        raise Refusal(
            terms.billing.rule,
            f"there is no billing period of {period} months",
            allowed_when=f"the period is one of {', '.join(map(str, terms.billing.periods))} months",
            field="period",
        )
    for field, values in (("id", [offer.id for offer in offers]), ("serial", [device_of(offer) for offer in offers])):
        if len(set(values)) < len(values):
            raise Refusal(terms.quote.rule, f"each offer needs its own {field}", field=f"offers.{field}")
    for offer in offers:
        if period not in offer.prices:
            raise Refusal(
                terms.billing.rule,
                f"service {offer.service} has no price for a period of {period} months",
                allowed_when=f"the period is one of {', '.join(map(str, sorted(offer.prices)))} months",
                field="period",
            )


def check_revise(contract: Contract, command: Revise, now: datetime) -> tuple[Event, ...]:
    """A new revision, which is offered for as many days as a new quote."""
    _check_offers(contract.terms, command.period, command.offers)
    check_fleet(contract.terms, command.offers, command.fleet)
    return (
        QuoteRevised(
            at=now,
            rule=contract.terms.quote.rule,
            by=command.by,
            revision=contract.revision + 1,
            period=command.period,
            offers=command.offers,
            valid_until=contract.date_of(now) + timedelta(days=contract.terms.quote.valid_days),
            fleet=agreed_fleet(command.offers, command.fleet, contract.fleet.fleet if contract.fleet else None),
        ),
    )


def check_accept(contract: Contract, command: Accept, now: datetime) -> tuple[Event, ...]:
    """The customer's yes to the latest revision, once."""
    rule = contract.terms.quote.rule
    if contract.status is Status.ACCEPTED:
        raise Refusal(rule, "the quote is accepted already", allowed_when="the checkout completes the order")
    if command.revision != contract.revision:
        raise Refusal(
            rule,
            f"revision {command.revision} is not the latest one",
            allowed_when=f"revision {contract.revision} is accepted",
            field="revision",
        )
    return (QuoteAccepted(at=now, rule=rule, by=command.by, revision=command.revision),)


def check_reject(contract: Contract, command: Reject, now: datetime) -> tuple[Event, ...]:
    """The customer's no, until the order is placed."""
    return (QuoteRejected(at=now, rule=contract.terms.quote.rule, by=command.by, reason=command.reason),)


def due(contract: Contract) -> Iterator[Due]:
    """An offer that is not ordered lapses when its last day is over."""
    if contract.status in OFFERED:
        at = moment(contract, contract.valid_until + DAY)
        rule = contract.terms.quote.rule
        lapse = QuoteLapsed(at=at, rule=rule, deadline=contract.valid_until)
        yield Due(at, Rank.END, contract.valid_until, "the quote lapses", rule, (lapse,))


def begin(event: Quoted) -> Contract:
    """The contract that a quote begins."""
    return Contract(
        number=event.number,
        terms=event.terms,
        at=event.at,
        version=1,
        customer=event.customer,
        valid_until=event.valid_until,
        reseller=event.reseller,
        period=event.period,
        lines=_lines(event.offers, event.period),
        fleet=event.fleet,
    )


def _lines(offers: tuple[Offer, ...], period: int) -> tuple[Line, ...]:
    return tuple(Line(period=period, **offer.model_dump()) for offer in offers)


def _revised(contract: Contract, event: QuoteRevised) -> dict[str, Any]:
    return {
        "status": Status.QUOTED,
        "revision": event.revision,
        "period": event.period,
        "valid_until": event.valid_until,
        "lines": _lines(event.offers, event.period),
        "fleet": event.fleet,
    }


def _ended(status: Status) -> Any:
    return lambda contract, event: {"status": status, "ended_on": contract.date_of(event.at)}


def offer_data(contract: Contract, valid_until: date) -> dict[str, object]:
    """What the texts about an offer may say: deadline, revision, period in months, and net totals by period."""
    currency = contract.terms.currency
    amounts = {line.id: rounded(line.prices[line.period] * line.quantity, currency) for line in contract.lines}
    months = contract.terms.term.months
    return {
        "valid_until": valid_until.isoformat(),
        "revision": contract.revision,
        "period": contract.period,
        "total": str(sum(amounts.values(), Decimal(0))),
        "prices": [
            {
                "serial": line.serial,
                "text": line.text,
                "period": line.period,
                "amount": str(amounts[line.id]),
                "term_amount": str(rounded(amounts[line.id] * months / line.period, currency)),
            }
            for line in contract.lines
        ],
    }


def _tell_offer(contract: Contract, event: Quoted | QuoteRevised) -> tuple[Effect, ...]:
    data = offer_data(contract, event.valid_until)
    document = contract.key("document", f"quote-{contract.revision}")
    name = "quote" if contract.revision == 1 else "quote_revised"
    return (
        MakeDocument(key=document, at=event.at, rule=event.rule, document="quote", data=data),
        message(contract, event, name, contract.revision, **data).model_copy(update={"attached": (document,)}),
    )


def _tell_lapse(contract: Contract, event: QuoteLapsed) -> tuple[Effect, ...]:
    return (message(contract, event, "quote_lapsed", valid_until=event.deadline.isoformat()),)


CHECKS = {Revise: check_revise, Accept: check_accept, Reject: check_reject}
EVOLVE = {
    QuoteRevised: _revised,
    QuoteAccepted: lambda contract, event: {"status": Status.ACCEPTED},
    QuoteRejected: _ended(Status.REJECTED),
    QuoteLapsed: _ended(Status.LAPSED),
}
EFFECTS = {Quoted: _tell_offer, QuoteRevised: _tell_offer, QuoteLapsed: _tell_lapse}
