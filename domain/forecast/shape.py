"""What of a contract its future depends on: contracts of one shape bill, renew and end alike, to the day and the cent.

A portfolio is forecast shape by shape. Names, numbers, serials and references are not part of a shape; neither is what
is over for good, such as how an order was paid whose service has started.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from domain.activation import line_since
from domain.bill import Bill
from domain.calendar import DAY, full_months, instant, last_day_of, months_after
from domain.commitment.state import Committed
from domain.simulator import payment
from domain.state import OFFERED, RUNNING, Billed, Contract, Customer, Line, Order, Status, Term
from domain.terms import Terms

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NOTHING = Bill.model_validate(
    {"key": "", "on": "2000-01-01", "currency": "XXX", "charges": (), "net": 0, "tax_name": "", "tax_percent": 0}
    | {"tax": 0, "gross": 0}
)
_STARTED = RUNNING | {Status.EXPIRED}


def shape(contract: Contract) -> str:
    """The name of a contract's shape; ``at`` is no part of it, as long as nothing that is due is late."""
    shown = plain(contract)
    newer = shown.renewal.terms.version if shown.renewal.terms else 0
    text = shown.model_dump_json(exclude={"at": True, "terms": True, "renewal": {"terms"}})
    named = f"{contract.terms.code}/{contract.terms.version}/{newer}/{text.replace(contract.number, '~')}"
    return sha256(named.encode()).hexdigest()[:32]


def plain(contract: Contract) -> Contract:
    """The contract without everything that its future does not depend on."""
    changes: dict[str, Any] = {
        "customer": _nobody(contract.customer),
        "reseller": None,
        "reenrols": None,
        "contacts": (),
        "access_code": None,
        "repairs": (),
        "cases": (),
        "requests": (),
        "case_count": 0,
        "request_count": 0,
        "renewal": contract.renewal.model_copy(update={"asked": None, "openings": 0}),
        "version": contract.version if contract.unpaid else 0,
        "supplies": contract.supplies.model_copy(update={"cartridges": ()}),
        "entitled": contract.entitled.model_copy(update={"used": (), "use_count": 0}),
    }
    if contract.status not in OFFERED:
        changes |= {"revision": 1, "valid_until": _LONG_AGO.date()}
    if contract.order:
        method = payment(contract.order.method)
        changes["order"] = contract.order.model_copy(update={"method": method, "reference": None, "form": None})
    if contract.status in _STARTED and all(line.active_since or line.over for line in contract.lines):
        changes |= {"start_on": None, "order": _served(contract)}
    without = contract.model_copy(update=changes)
    lines = tuple(_line(without, line, index) for index, line in enumerate(contract.lines))
    return _younger(without.model_copy(update={"lines": lines}))


def _nobody(customer: Customer) -> Customer:
    """A customer who is taxed and written to like this one."""
    return Customer(
        id="nobody",
        name="nobody",
        email="nobody@example.com" if customer.email else None,
        language="en",
        country=customer.country,
        region=customer.region,
        vat_number=f"{customer.vat_number[:2]}00" if customer.vat_number else None,
    )


def _served(contract: Contract) -> Order | None:
    """What is left to know of an order whose service has started: how it is paid, and its discount."""
    order = contract.order
    if order is None:
        return None
    unbilled = all(line.billed is None for line in contract.lines)
    return Order(
        placed_at=_LONG_AGO,
        pay_by=None,
        method=payment(order.method),
        discount=order.discount,
        invoice_on=order.invoice_on if unbilled else None,
        bill=_NOTHING,
    )


def _line(contract: Contract, line: Line, index: int) -> Line:
    changes: dict[str, Any] = {"text": "", "serial": str(index), "place": None}
    changes["billed"] = _without_key(line.billed)
    if contract.order is None or contract.order.discount is None:
        changes["billed_periods"] = 0
    if line.active_since:
        began = instant(contract.date_of(line.active_since), contract.zone)
        changes |= {"active_since": began, "starts_on": None, "since": line_since(contract, line), "cover": ()}
        changes |= {"cover_before": None, "restarts": 0, "replaced": ()}
    return line.model_copy(update=changes | _counted_anew(line))


def _counted_anew(line: Line) -> dict[str, Any]:
    """The line's periods counted from the last one that was billed, where that gives the same days for ever."""
    if line.anchor is None or line.billed is None or line.planned:
        return {}
    first = line.billed.first
    past = full_months(line.anchor, first)
    if first.day != line.anchor.day or months_after(line.anchor, past) != first:
        return {}
    return {"anchor": first, "billed_months": line.billed_months - past}


def _without_key(billed: Billed | None) -> Billed | None:
    return billed.model_copy(update={"key": ""}) if billed else None


def bound(terms: Terms) -> int:
    """The month of service after which leaving is always the same: what is older is all alike."""
    leaving = terms.cancellation
    months = [band.until_month or 0 for band in leaving.bands]
    months += [leaving.provider.after_months] if leaving.provider else []
    return max(months)


def _younger(contract: Contract) -> Contract:
    """The contract with as few past terms as make no difference; where age may matter otherwise, as it is."""
    term, since, terms = contract.term, contract.active_since, contract.terms
    if term is None or since is None or contract.unpaid or contract.commitment != Committed():
        return contract
    if terms.entitlements or terms.fleet or terms.supplies or terms.minimum_commitment:
        return contract
    own = full_months(term.first, term.last + DAY)
    regular = last_day_of(term.first, own) == term.last and months_after(since, term.months - own) == term.first
    if not regular or since.day != term.first.day or own == 0:
        return contract
    kept = -(-bound(terms) // own)
    first = months_after(term.first, -kept * own)
    if first.day != since.day or first <= since:
        return contract
    began = instant(first, contract.zone)
    lines = tuple(_not_before(line, first, began) for line in contract.lines)
    shorter = Term(number=kept + 1, first=term.first, last=term.last, months=(kept + 1) * own)
    return contract.model_copy(update={"active_since": first, "term": shorter, "lines": lines})


def _not_before(line: Line, first: date, began: datetime) -> Line:
    if line.active_since is None or line.since is None:
        return line
    return line.model_copy(update={"since": max(line.since, first), "active_since": max(line.active_since, began)})
