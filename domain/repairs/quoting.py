"""What a repair outside cover would cost: quoted first, repaired and billed as the customer has accepted it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.bill import Bill, Charge, bill
from domain.calendar import DAY
from domain.due import Due, Rank, moment
from domain.effects import CommentCase, Effect
from domain.envelope import Command, Event
from domain.message import message
from domain.refusal import Refusal
from domain.repairs.charges import charges_of, hours_of, repair_terms
from domain.repairs.commands import AnswerRepairQuote, QuoteRepair
from domain.repairs.events import RepairQuoteAnswered, RepairQuoted
from domain.repairs.state import RepairQuote
from domain.state import Case, Contract


def check_quote(contract: Contract, command: QuoteRepair, now: datetime) -> tuple[Event, ...]:
    """The offer of a repair of an open case that is not covered; a second one takes the place of the first."""
    rule = _rule(contract)
    case = next((case for case in contract.cases if case.id == command.case), None)
    if case is None:
        raise Refusal(rule, f"there is no open case {command.case}", field="case")
    if case.covered:
        raise Refusal(rule, f"the repair of case {case.id} is covered: it costs nothing", field="case")
    hours = hours_of(case, command.hours, rule)
    charges = [charge for charge in charges_of(contract, case, hours, command.parts) if charge.net]
    if not charges:
        raise Refusal(rule, "a quote needs hours of labour, or parts", field="hours")
    count = 1 + max((quote.number for quote in contract.repair_quotes if quote.case == case.id), default=0)
    today = contract.date_of(now)
    days = repair_terms(contract).quote_days
    return (
        RepairQuoted(
            at=now,
            rule=rule,
            by=command.by,
            case=case.id,
            serial=case.serial,
            number=count,
            offer=bill(contract, contract.key("repair-quote", f"{case.id}.{count}"), today, charges),
            answer_by=today + timedelta(days=days),
        ),
    )


def check_answer(contract: Contract, command: AnswerRepairQuote, now: datetime) -> tuple[Event, ...]:
    """The customer's word on the latest quote for a case, once."""
    rule = _rule(contract)
    quote = quote_for(contract, command.case)
    if quote is None:
        raise Refusal(rule, f"no repair is quoted for case {command.case}", field="case")
    if quote.accepted is not None:
        said = "accepted" if quote.accepted else "declined"
        raise Refusal(
            rule, f"the quote for case {quote.case} is {said}", allowed_when="it is quoted again", field="case"
        )
    return (
        RepairQuoteAnswered(
            at=now,
            rule=rule,
            by=command.by,
            case=quote.case,
            number=quote.number,
            accepted=command.accepted,
            reason=command.reason,
        ),
    )


def check_accepted(contract: Contract, case: Case, charges: Iterable[Charge]) -> None:
    """Refuse a repair outside cover that costs more than the customer has accepted, where the terms ask for that."""
    terms = repair_terms(contract)
    net = sum((charge.net for charge in charges), Decimal(0))
    if terms.quote_rule is None or not net:
        return
    quote = quote_for(contract, case.id)
    if quote is None or not quote.accepted:
        why = f"the customer has accepted no quote for the repair of case {case.id}"
        raise Refusal(terms.quote_rule, why, allowed_when="a quote is accepted", field="case")
    if net > quote.net:
        raise Refusal(
            terms.quote_rule,
            f"the repair costs {net} net, and the customer has accepted {quote.net}",
            allowed_when="it costs no more, or is quoted again and accepted",
            field="parts",
        )


def quote_for(contract: Contract, case: str) -> RepairQuote | None:
    """The latest quote for a case, if there is one."""
    return next((quote for quote in contract.repair_quotes if quote.case == case), None)


def _rule(contract: Contract) -> str:
    terms = repair_terms(contract)
    if terms.quote_rule is None:
        raise Refusal(terms.rule, "the programme bills repairs without a quote")
    return terms.quote_rule


def due(contract: Contract) -> Iterator[Due]:
    """A quote that is not answered in its days is declined."""
    for quote in contract.repair_quotes:
        if quote.accepted is not None:
            continue
        at = moment(contract, quote.answer_by + DAY)
        rule = _rule(contract)
        lapsed = RepairQuoteAnswered(
            at=at, rule=rule, case=quote.case, number=quote.number, accepted=False, reason="no answer in time"
        )
        what = f"the quote for the repair of case {quote.case} lapses unless it is answered"
        yield Due(at, Rank.NOTICE, quote.answer_by, what, rule, (lapsed,))


def _quoted(contract: Contract, event: RepairQuoted) -> dict[str, Any]:
    quote = RepairQuote(
        case=event.case,
        serial=event.serial,
        number=event.number,
        net=_net(event.offer),
        gross=event.offer.gross,
        answer_by=event.answer_by,
    )
    others = (other for other in contract.repair_quotes if other.case != event.case)
    return {"repair_quotes": (*others, quote)}


def _net(offer: Bill) -> Decimal:
    return sum((charge.net for charge in offer.charges), Decimal(0))


def _answered(contract: Contract, event: RepairQuoteAnswered) -> dict[str, Any]:
    quotes = (
        quote.model_copy(update={"accepted": event.accepted}) if quote.case == event.case else quote
        for quote in contract.repair_quotes
    )
    return {"repair_quotes": tuple(quotes)}


def _tell_quoted(contract: Contract, event: RepairQuoted) -> Iterator[Effect]:
    """Data of `repair_quoted`: case, serial, costs (text and net amount), total with tax, answer_by."""
    costs = [{"text": charge.text, "net": str(charge.net)} for charge in event.offer.charges]
    yield message(
        contract,
        event,
        "repair_quoted",
        f"{event.case}.{event.number}",
        case=event.case,
        serial=event.serial,
        costs=costs,
        total=str(event.offer.gross),
        answer_by=event.answer_by.isoformat(),
    )
    total = f"{event.offer.gross} {event.offer.currency} with tax"
    note = f"Quoted to the customer: {total}, to be answered by {event.answer_by}"
    yield _comment(contract, event, "quoted", note)


def _tell_answered(contract: Contract, event: RepairQuoteAnswered) -> Iterator[Effect]:
    reason = f": {event.reason}" if event.reason else ""
    note = "The customer accepts the quote: repair it" if event.accepted else "The quote is declined: do not repair it"
    yield _comment(contract, event, "answered", f"{note}{reason}")


def _comment(contract: Contract, event: RepairQuoted | RepairQuoteAnswered, what: str, note: str) -> Effect:
    key = contract.key("repair-quote", f"{event.case}.{event.number}.{what}")
    return CommentCase(key=key, at=event.at, rule=event.rule, case=event.case, note=note)


CHECKS: dict[type[Command], Callable[..., Any]] = {QuoteRepair: check_quote, AnswerRepairQuote: check_answer}
EVOLVE: dict[type[Event], Callable[..., Any]] = {RepairQuoted: _quoted, RepairQuoteAnswered: _answered}
EFFECTS: dict[type[Event], Callable[..., Any]] = {RepairQuoted: _tell_quoted, RepairQuoteAnswered: _tell_answered}
