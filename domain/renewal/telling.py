"""What the world hears of a renewal: the offer with its papers, reminders, confirmations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from domain.activation import next_term, term_months
from domain.calendar import DAY
from domain.casework import expected
from domain.casework.opening import open_case
from domain.deskwork import answer_by
from domain.effects import Effect, MakeDocument, OfferLink, Requote
from domain.events import (
    ReminderSent,
    RenewalCommitted,
    RenewalDeclined,
    RenewalHindered,
    RenewalOpened,
    RenewalQuoted,
    Renewed,
)
from domain.message import message
from domain.money import rounded
from domain.notice import (
    last_answer_day,
    last_day_for_no,
)
from domain.offer_papers import priced, reply_forms, taxed
from domain.renewal.prices import renewal_rules
from domain.state import Contract, Line, Term
from domain.terms import Terms
from domain.values import Prices


def _tell_opened(contract: Contract, event: RenewalOpened) -> Iterator[Effect]:
    index = renewal_rules(contract).price.index
    since = contract.term.first if contract.term else None
    again = f"-{contract.renewal.openings}" if contract.renewal.openings > 1 else ""
    key = contract.key("requote", f"{event.term}{again}")
    yield Requote(key=key, at=event.at, rule=event.rule, index=index, since=since if index else None)


def _tell_hindered(contract: Contract, event: RenewalHindered) -> Iterator[Effect]:
    serials = [line.serial for line in contract.lines if line.id in event.lines]
    if event.alarm:
        case = f"{contract.number}-R{contract.term.number + 1 if contract.term else 1}-{event.lines[0]}"
        yield open_case(
            contract,
            event,
            case,
            f"The renewal of {', '.join(serials[:5])} needs a person: {event.reason}",
            stage="renewal",
            expects=expected.RENEWAL,
            serial=serials[0] if serials else None,
            answer_by=answer_by(contract, event.at),
        )
        return
    for line in contract.lines:
        if line.id in event.lines and contract.customer.email:
            data = {"serial": line.serial, "text": line.text, "reason": event.reason}
            yield message(contract, event, "renewal_not_offered", line.id, **data)


def offered_amounts(
    contract: Contract, prices: dict[str, Prices], terms: Terms | None
) -> Iterator[tuple[Line, Decimal, Decimal]]:
    """What each offered line will cost, net: for one of its periods, and for the whole next term."""
    currency, months = contract.terms.currency, term_months(contract, terms) or 12
    for line in contract.lines:
        if line.id in prices:
            amount = rounded(prices[line.id].get(line.period, Decimal(0)) * line.quantity, currency)
            yield line, amount, rounded(amount * months / line.period, currency) if line.period else amount


def renewal_data(contract: Contract, event: RenewalQuoted) -> dict[str, object]:
    """What the renewal quote says: term, deadline, and net prices by line for a period and for the term."""
    return _offer_data(contract, event.term, event.prices, event.terms, event.deadline)


def _offer_data(
    contract: Contract, term: Term, offered_prices: dict[str, Prices], terms: Terms | None, deadline: date
) -> dict[str, object]:
    """What a text may say of the offer of a term."""
    prices = []
    total = term_total = Decimal(0)
    for line, amount, term_amount in offered_amounts(contract, offered_prices, terms):
        total, term_total = total + amount, term_total + term_amount
        prices.append(priced(line, amount, term_amount))
    return {
        "prices": prices,
        "total": str(total),
        "term_total": str(term_total),
        "period": contract.period,
        "deadline": deadline.isoformat(),
        "answer_until": _answer_until(contract, deadline).isoformat(),
        "last_day": (term.first - DAY).isoformat(),
        "effective_on": term.first.isoformat(),
        "term_last_day": term.last.isoformat(),
        "tacit": renewal_rules(contract).mode == "tacit",
        "terms_version": terms.version if terms else None,
        "term_months": term_months(contract, terms) or 12,
    } | taxed(contract, total, term.first)


def _answer_until(contract: Contract, stated: date) -> date:
    """The last possible day for an answer to a quote that states its deadline."""
    return stated + timedelta(days=renewal_rules(contract).grace_days)


def _link(contract: Contract, term: int, deadline: date) -> OfferLink:
    """The link by which the offer of a term is answered, until the last possible day."""
    return OfferLink(about="renewal", number=term, until=_answer_until(contract, deadline))


def _tell_quoted(contract: Contract, event: RenewalQuoted) -> Iterator[Effect]:
    data = renewal_data(contract, event)
    document = contract.key("document", f"renewal_quote-{event.term.number}")
    papers = (
        MakeDocument(key=document, at=event.at, rule=event.rule, document="renewal_quote", data=data),
        *reply_forms(contract, event, event.term.number, data, renews=True),
    )
    yield from papers
    quote = message(contract, event, "renewal_quote", event.term.number, **data)
    link = _link(contract, event.term.number, event.deadline)
    yield quote.model_copy(update={"attached": tuple(paper.key for paper in papers), "link": link})


def _tell_reminder(contract: Contract, event: ReminderSent) -> Iterator[Effect]:
    """Before the end, with a link to the offer that waits for its answer."""
    name = "reminder" if event.days >= 0 else "expired_reminder"
    term, renewal = contract.term, contract.renewal
    until = last_answer_day(contract, term) if term else event.last_day
    data: dict[str, object] = {}
    link = None
    if term and renewal.quoted_on and renewal.deadline:
        following = next_term(contract, term)
        data = _offer_data(contract, following, renewal.prices, renewal.terms, renewal.deadline)
        link = _link(contract, following.number, renewal.deadline) if event.days >= 0 else None
    data |= {
        "days": event.days,
        "last_day": event.last_day.isoformat(),
        "answer_until": until.isoformat(),
        "tacit": renewal_rules(contract).mode == "tacit",
    }
    yield message(contract, event, name, event.days, **data).model_copy(update={"link": link})


def _tell_committed(contract: Contract, event: RenewalCommitted) -> Iterator[Effect]:
    term = event.term
    until = last_day_for_no(contract, term)
    data = {
        "effective_on": term.first.isoformat(),
        "last_day": term.last.isoformat(),
        "answer_until": until.isoformat(),
    }
    yield message(contract, event, "renewal_committed", contract.version, **data)


def _tell_declined(contract: Contract, event: RenewalDeclined) -> Iterator[Effect]:
    data = {"last_day": event.last_day.isoformat(), "reason": event.reason}
    yield message(contract, event, "renewal_declined", contract.version, **data)


def _tell_renewed(contract: Contract, event: Renewed) -> Iterator[Effect]:
    gap = event.gap
    yield message(
        contract,
        event,
        "renewal_confirmed",
        tacit=event.tacit,
        effective_on=event.term.first.isoformat(),
        last_day=event.term.last.isoformat(),
        gap_first=gap.first.isoformat() if gap else None,
        gap_last=gap.last.isoformat() if gap and gap.last else None,
    )


EFFECTS = {
    RenewalOpened: _tell_opened,
    RenewalHindered: _tell_hindered,
    RenewalQuoted: _tell_quoted,
    ReminderSent: _tell_reminder,
    RenewalDeclined: _tell_declined,
    RenewalCommitted: _tell_committed,
    Renewed: _tell_renewed,
}
WORDS = frozenset({RenewalQuoted, ReminderSent, RenewalDeclined, RenewalCommitted, Renewed})
"""Of these the world hears words alone: papers and messages."""
