"""What renewal makes of the contract: quoted, reminded, answered, in its next term."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from domain.billing import in_arrears
from domain.calendar import DAY
from domain.events import (
    ReminderSent,
    ReminderSkipped,
    RenewalAccepted,
    RenewalAnswerWithdrawn,
    RenewalCommitted,
    RenewalDeclined,
    RenewalHindered,
    RenewalOpened,
    RenewalQuoted,
    Renewed,
)
from domain.late import taken_up
from domain.periods import next_period
from domain.renewal.prices import renewal_rules
from domain.state import Contract, Ending, Line, Renewal, Status, Term


def _opened(contract: Contract, event: RenewalOpened) -> dict[str, Any]:
    asked = {
        "opened": True,
        "asked": event.asked,
        "openings": contract.renewal.openings + 1,
        "order_by": event.order_by,
    }
    return {"renewal": contract.renewal.model_copy(update=asked | {"unoffered": (), "hindered": None})}


def _quoted(contract: Contract, event: RenewalQuoted) -> dict[str, Any]:
    offer = {
        "quoted_on": contract.date_of(event.at),
        "deadline": event.deadline,
        "prices": event.prices,
        "terms": event.terms,
    }
    return {"renewal": contract.renewal.model_copy(update=offer)}


def _reminded(contract: Contract, event: ReminderSent | ReminderSkipped) -> dict[str, Any]:
    reminded = (*contract.renewal.reminded, event.days)
    return {"renewal": contract.renewal.model_copy(update={"reminded": reminded})}


def _answered(contract: Contract, answer: Literal["accepted", "declined"] | None, until: date | None = None) -> Renewal:
    return contract.renewal.model_copy(update={"answer": answer, "until": until})


def _declined(contract: Contract, event: RenewalDeclined) -> dict[str, Any]:
    reason = event.reason or "the customer does not renew"
    ending = Ending(last_day=event.last_day, status=Status.EXPIRED, reason=reason, rule=event.rule)
    renewal = _answered(contract, "declined").model_copy(update={"committed": False})
    return {"renewal": renewal, "ending": ending}


def _committed(contract: Contract, event: RenewalCommitted) -> dict[str, Any]:
    return {"renewal": contract.renewal.model_copy(update={"committed": True})}


def answer_withdrawn(contract: Contract, event: RenewalAnswerWithdrawn) -> dict[str, Any]:
    """What the contract is without its answer: not ending, if that was a no."""
    ended = {"ending": None} if contract.renewal.answer == "declined" else {}
    return {"renewal": _answered(contract, None)} | ended


def _into_next(contract: Contract, line: Line, term: Term) -> Line:
    """A line in the next term, its periods counted from there; one that was not offered stays behind."""
    if line.id in contract.renewal.unoffered:
        last = contract.term.last if contract.term else term.first - DAY
        return line.model_copy(update={"ends_on": line.ends_on or last, "over": True})
    begun = {"anchor": term.first, "billed_months": 0, "running_prices": None}
    # A change that waits takes effect with the term: its months were counted from the former anchor.
    planned = line.planned.model_copy(update={"on": term.first, "months": 0}) if line.planned else None
    return line.model_copy(update=begun | {"planned": planned})


def _hindered_lines(contract: Contract, event: RenewalHindered) -> dict[str, Any]:
    unoffered = contract.renewal.unoffered if event.alarm else (*contract.renewal.unoffered, *event.lines)
    return {"renewal": contract.renewal.model_copy(update={"unoffered": unoffered, "hindered": event.reason})}


def _repriced(contract: Contract, line: Line, event: Renewed) -> Line:
    """A line at its new prices; a period that has begun and is billed in arrears keeps those that it began with."""
    begun = next_period(contract, line)
    kept = line.running_prices or line.prices if in_arrears(contract) and begun and begun < event.term.first else None
    return line.model_copy(update={"prices": event.prices.get(line.id, line.prices), "running_prices": kept})


def _renewed(contract: Contract, event: Renewed) -> dict[str, Any]:
    again = taken_up(contract)
    contract = contract.model_copy(update=again)
    lines = tuple(_repriced(contract, line, event) for line in contract.lines)
    if renewal_rules(contract).mode == "on_acceptance":
        # Such a term is billed up to its last day and no further, so that the next one's periods begin with it.
        lines = tuple(
            _into_next(contract, line, event.term) if line.active_since and not line.over else line for line in lines
        )
    return again | {
        "term": event.term,
        "renewal": Renewal(),
        "lines": lines,
        "terms": event.terms or contract.terms,
    }


EVOLVE = {
    RenewalOpened: _opened,
    RenewalHindered: _hindered_lines,
    RenewalQuoted: _quoted,
    ReminderSent: _reminded,
    ReminderSkipped: _reminded,
    RenewalAccepted: lambda contract, event: {"renewal": _answered(contract, "accepted", event.until)},
    RenewalDeclined: _declined,
    RenewalAnswerWithdrawn: answer_withdrawn,
    RenewalCommitted: _committed,
    Renewed: _renewed,
}
