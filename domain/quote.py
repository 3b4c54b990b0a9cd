"""The offer: quoted, revised, accepted, rejected, or lapsed when the order deadline passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.activation import term_months
from domain.calendar import DAY, local_date
from domain.commands import Accept, Quote, Reject, Revise
from domain.due import Due, Rank, moment
from domain.effects import Effect, MakeDocument, OfferLink
from domain.eligibility import admitted, check_reenrolment
from domain.envelope import Event
from domain.events import QuoteAccepted, Quoted, QuoteLapsed, QuoteRejected, QuoteRevised
from domain.fleet.offer import agreed_fleet, check_fleet, device_of
from domain.message import message
from domain.money import rounded
from domain.offer_papers import priced, reply_forms, taxed
from domain.refusal import Refusal
from domain.state import OFFERED, Contract, Line, Offer, Status
from domain.tax import check_vat_number, levied
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
    check_vat_number(quote.customer, terms.tax.rule)
    if terms.tax.source == "terms" and levied(terms, quote.customer, today) is None:
        raise Refusal(
            terms.tax.rule,
            f"the terms hold no tax rate for {quote.customer.country}; add one under `tax.rates`",
            field="customer.country",
        )
    if quote.reenrols:
        check_reenrolment(terms, quote.offers, today=today, start=quote.start_on)
    valid_until = _deadline(terms, quote, today)
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
        offers=admitted(terms, quote.offers, today=today, start=quote.start_on or today),
        valid_until=valid_until,
        reseller=quote.reseller,
        start_on=quote.start_on,
        term_months=_term_months(terms, quote.term_months),
        reenrols=quote.reenrols,
        fleet=agreed_fleet(quote.offers, quote.fleet, quote.fleet_id),
        contacts=quote.contacts,
        access_code=quote.access_code,
    )


def _deadline(terms: Terms, quote: Quote | Revise, today: date, start_on: date | None = None) -> date:
    """The last day for the order: as the quote states it, else as the terms do. Refuses one that is past."""
    start = quote.start_on or start_on
    rule = terms.quote.deadline_rule or terms.quote.rule
    if quote.order_by:
        deadline, field = quote.order_by, "order_by"
    elif start and terms.quote.deadline == "day_before_start":
        deadline, field = start - DAY, "start_on"
    else:
        return today + timedelta(days=terms.quote.valid_days)
    if deadline < today:
        raise Refusal(
            rule,
            f"the order deadline would be {deadline}, which is past",
            allowed_when=f"service starts after {today}, and the stated deadline is not before it",
            field=field,
        )
    return deadline


def _term_months(terms: Terms, wanted: int | None) -> int | None:
    """The length of term that a quote chose; none where the terms set it."""
    if terms.term is None or wanted is None:
        return None
    choices = terms.term.choices or (terms.term.months,)
    if wanted not in choices:
        raise Refusal(
            terms.term.rule,
            f"there is no term of {wanted} months",
            allowed_when=f"the term is one of {', '.join(map(str, choices))} months",
            field="term_months",
        )
    return wanted


def check_period(terms: Terms, period: int, offers: Iterable[Offer]) -> None:
    """Refuse a billing period that the terms, or one of the services, do not have; 0 where nothing is billed."""
    if terms.billing is None:
        if period:
            raise Refusal(
                terms.quote.rule, "the service is free: there is no billing period", allowed_when="0", field="period"
            )
        return
    if period not in terms.billing.periods:
        raise Refusal(
            terms.billing.rule,
            f"there is no billing period of {period} months",
            allowed_when=f"the period is one of {', '.join(map(str, terms.billing.periods))} months",
            field="period",
        )
    for offer in offers:
        if period not in offer.prices:
            raise Refusal(
                terms.billing.rule,
                f"service {offer.service} has no price for a period of {period} months",
                allowed_when=f"the period is one of {', '.join(map(str, sorted(offer.prices)))} months",
                field="period",
            )


def _check_offers(terms: Terms, period: int, offers: tuple[Offer, ...]) -> None:
    check_period(terms, period, offers)
    for field, values in (("id", [offer.id for offer in offers]), ("serial", [device_of(offer) for offer in offers])):
        if len(set(values)) < len(values):
            raise Refusal(terms.quote.rule, f"each offer needs its own {field}", field=f"offers.{field}")


def check_revise(contract: Contract, command: Revise, now: datetime) -> tuple[Event, ...]:
    """A new revision, which is offered for as many days as a new quote."""
    terms, today = contract.terms, contract.date_of(now)
    _check_offers(terms, command.period, command.offers)
    check_fleet(terms, command.offers, command.fleet)
    start_on = command.start_on or contract.start_on
    return (
        QuoteRevised(
            at=now,
            rule=contract.terms.quote.rule,
            by=command.by,
            revision=contract.revision + 1,
            period=command.period,
            offers=admitted(terms, command.offers, today=today, start=start_on or today),
            valid_until=_deadline(terms, command, today, contract.start_on),
            customer=command.customer,
            start_on=start_on,
            term_months=_term_months(terms, command.term_months or contract.term_months),
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
        rule = contract.terms.quote.deadline_rule or contract.terms.quote.rule
        lapse = QuoteLapsed(at=at, rule=rule, deadline=contract.valid_until)
        yield Due(at, Rank.END, contract.valid_until, "the quote lapses", rule, (lapse,))


def begin(event: Quoted) -> Contract:
    """The contract that a quote begins."""
    return Contract(
        number=event.number,
        terms=event.terms,
        rules=event.rules,
        at=event.at,
        version=1,
        customer=event.customer,
        valid_until=event.valid_until,
        reseller=event.reseller,
        start_on=event.start_on,
        term_months=event.term_months,
        reenrols=event.reenrols,
        period=event.period,
        lines=_lines(event.offers, event.period),
        fleet=event.fleet,
        contacts=event.contacts,
        access_code=event.access_code,
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
        "customer": event.customer or contract.customer,
        "start_on": event.start_on,
        "term_months": event.term_months,
        "fleet": event.fleet,
    }


def _ended(status: Status) -> Any:
    return lambda contract, event: {"status": status, "ended_on": contract.date_of(event.at)}


def price_of(line: Line) -> Decimal:
    """What a line costs a period, net, not rounded; nothing where it is free."""
    return line.prices.get(line.period, Decimal(0)) * line.quantity


def _of_term(amount: Decimal, line: Line, months: int | None, currency: str) -> Decimal:
    """What a line costs a term; a contract without an end is reckoned by the year."""
    return rounded(amount * (months or 12) / line.period, currency) if line.period else amount


def offer_data(contract: Contract, valid_until: date) -> dict[str, object]:
    """What the texts about an offer may say: deadline, revision, period in months, and net totals by period."""
    currency = contract.terms.currency
    amounts = {line.id: rounded(price_of(line), currency) for line in contract.lines}
    total = sum(amounts.values(), Decimal(0))
    months = term_months(contract)
    return {
        "valid_until": valid_until.isoformat(),
        "revision": contract.revision,
        "period": contract.period,
        "total": str(total),
        "term_total": str(
            sum((_of_term(amounts[line.id], line, months, currency) for line in contract.lines), Decimal(0))
        ),
        "prices": [
            priced(line, amounts[line.id], _of_term(amounts[line.id], line, months, currency))
            for line in contract.lines
        ],
        "term_months": months,
    } | taxed(contract, total, contract.date_of(contract.at))


def _tell_offer(contract: Contract, event: Quoted | QuoteRevised) -> tuple[Effect, ...]:
    data = offer_data(contract, event.valid_until)
    document = contract.key("document", f"quote-{contract.revision}")
    name = "quote" if contract.revision == 1 else "quote_revised"
    papers = (
        MakeDocument(key=document, at=event.at, rule=event.rule, document="quote", data=data),
        *reply_forms(contract, event, contract.revision, data, renews=False),
    )
    told = message(contract, event, name, contract.revision, **data)
    link = OfferLink(about="quote", number=contract.revision, until=event.valid_until)
    return (*papers, told.model_copy(update={"attached": tuple(paper.key for paper in papers), "link": link}))


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
