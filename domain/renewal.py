"""From one term into the next: the quote before it ends, reminders, the answer, and what happens without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from domain.activation import next_term, term_months
from domain.billing import in_arrears, recharge
from domain.calendar import DAY
from domain.cancellation import lines_withdrawn, settle, withdrawn
from domain.casework import expected
from domain.casework.opening import open_case
from domain.commands import DeclineRenewal, Renew, ReportRequote
from domain.delivery.hold import held
from domain.deskwork import answer_by
from domain.due import Due, Rank, moment
from domain.effects import Effect, MakeDocument, OfferLink, Requote
from domain.envelope import Event
from domain.events import (
    CancellationWithdrawn,
    Ended,
    LineCancellationWithdrawn,
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
from domain.forms import check_decline_form, check_order_form
from domain.late import late_terms, renewed_late, taken_up
from domain.message import message
from domain.money import repriced, rounded
from domain.notice import (
    check_written,
    deadline,
    last_answer_day,
    last_day_for_no,
    opens_on,
    received,
    taken_up_again,
    term_of_no,
)
from domain.offer_papers import priced, reply_forms, taxed
from domain.periods import next_period, paused_so_far, stands_still
from domain.refusal import Refusal
from domain.state import RULES_VERSION, RUNNING, Contract, Ending, Line, Renewal, Status, Term
from domain.terms import RenewalTerms, Terms, Uplift
from domain.values import Prices


def offered(
    line: Line, listed: Prices | None, policy: Uplift, currency: str, index: tuple[Decimal, Decimal] | None = None
) -> Prices:
    """What a line costs in the next term: the same, as listed, or the same raised or moved with an index."""
    match policy.policy:
        case "same":
            return line.prices
        case "list":
            return listed or line.prices
        case "uplift":
            factor = 1 + policy.percent / 100
            return {months: repriced(price, price * factor, currency) for months, price in line.prices.items()}
        case "index":
            then, now = index or (Decimal(1), Decimal(1))
            return {months: repriced(price, price * now / then, currency) for months, price in line.prices.items()}


def _rules(contract: Contract) -> RenewalTerms:
    """The terms of renewal. Refuses where a contract has no term that could be renewed."""
    rules = contract.terms.renewal
    if rules is None:
        raise Refusal(contract.terms.quote.rule, "the contract has no term: it runs until somebody ends it")
    return rules


def due(contract: Contract) -> Iterator[Due]:
    """The offer of the next term, the reminders, and the end of the term."""
    term = contract.term
    if term is None:
        return
    if stands_still(contract):
        # Each day of the pause moves the term's end, and all that is counted from it, on by a day.
        return
    if contract.status in RUNNING:
        yield from _due_offer(contract, term)
        yield from _due_commitment(contract, term)
        yield from _due_end(contract, term)
    if contract.status in RUNNING or contract.status is Status.EXPIRED:
        yield from _due_reminder(contract, term)


def _due_offer(contract: Contract, term: Term) -> Iterator[Due]:
    if contract.renewal.opened or ends_before_next(contract, term):
        return
    rules = _rules(contract)
    on = opens_on(rules, term)
    at = moment(contract, on, contract.terms.notices_at)
    rule = rules.quote_rule or rules.rule
    event = RenewalOpened(at=at, rule=rule, term=term.number + 1)
    yield Due(at, Rank.NOTICE, on, f"offer term {term.number + 1}", rule, (event,))


def _due_reminder(contract: Contract, term: Term) -> Iterator[Due]:
    terms = _rules(contract)
    days = next((days for days in terms.reminder_days if days not in contract.renewal.reminded), None)
    if days is None:
        return
    on = term.last - timedelta(days=days)
    if (days < 0) != (contract.status is Status.EXPIRED or _in_grace(contract, term, on)):
        return
    at = moment(contract, on, contract.terms.notices_at)
    reason = _needless(contract, term, on)
    event: Event = (
        ReminderSkipped(at=at, rule=terms.reminder_rule, days=days, reason=reason)
        if reason
        else ReminderSent(at=at, rule=terms.reminder_rule, days=days, last_day=term.last)
    )
    what = f"reminder {days} days before the term ends" if days > 0 else "reminder after the end"
    yield Due(at, Rank.NOTICE, on, what, terms.reminder_rule, (event,))


def _in_grace(contract: Contract, term: Term, day: date) -> bool:
    """Whether a contract that ends unless it is renewed still waits for its answer on a day after its last."""
    unanswered = _rules(contract).mode == "on_acceptance" and contract.renewal.answer is None
    return unanswered and term.last < day <= last_answer_day(contract, term)


def _needless(contract: Contract, term: Term, on: date) -> str | None:
    """Why a reminder no longer makes sense; nothing while it does."""
    if contract.renewal.answer:
        return f"the customer has answered: {contract.renewal.answer}"
    if contract.ending:
        return f"the contract ends on {contract.ending.last_day} as planned"
    if on < term.first:
        return "its day lies before the term began"
    if _rules(contract).mode == "tacit" and on > last_day_for_no(contract, term):
        return "the time for notice is over: the contract goes on"
    return None


def ends_before_next(contract: Contract, term: Term) -> bool:
    """Whether a planned end lies in this term or the next; a no that came too late lets the next one run whole."""
    return contract.ending is not None and contract.ending.last_day < next_term(contract, term).last


def _due_commitment(contract: Contract, term: Term) -> Iterator[Due]:
    """The day after the last possible one for a no, where that is not the term's own last."""
    rules, renewal = _rules(contract), contract.renewal
    last = last_day_for_no(contract, term)
    decided = renewal.committed or renewal.answer or ends_before_next(contract, term) or held(contract, term)
    if rules.mode != "tacit" or rules.commits == "at_end" or decided or last >= term.last:
        return
    at, rule = moment(contract, last + DAY), rules.notice_rule or rules.rule
    event = RenewalCommitted(at=at, rule=rule, term=next_term(contract, term))
    yield Due(at, Rank.TERM, last + DAY, f"term {term.number + 1} is certain unless somebody says no", rule, (event,))


def _due_end(contract: Contract, term: Term) -> Iterator[Due]:
    if ends_before_next(contract, term) or held(contract, term):
        return
    rules, renewal = _rules(contract), contract.renewal
    at, rule = moment(contract, term.last + DAY), rules.rule
    if renewal.answer == "accepted" or rules.mode == "tacit":
        renewed = Renewed(
            rules=RULES_VERSION,
            at=at,
            rule=rule,
            term=next_term(contract, term),
            tacit=renewal.answer is None,
            prices=renewal.prices,
            terms=renewal.terms,
        )
        yield Due(at, Rank.TERM, term.last + DAY, f"term {term.number + 1} begins", rule, (renewed,))
    else:
        at = moment(contract, max(term.last, last_answer_day(contract, term)) + DAY)
        ended = Ended(at=at, rule=rule, status="Expired", last_day=term.last, reason="the term was not renewed")
        ends = {line.id: min(line.ends_on or term.last, term.last) for line in contract.lines}
        what = "the contract expires unless it is renewed"
        yield Due(at, Rank.END, term.last, what, rule, lambda: (*settle(contract, at, ends), ended))


def check_requote(contract: Contract, command: ReportRequote, now: datetime) -> tuple[Event, ...]:
    """The offer of the next term, once per term; an answer that comes when it is no longer asked changes nothing."""
    term = contract.term
    if term is None or contract.status not in RUNNING or not contract.renewal.opened or contract.renewal.quoted_on:
        return ()
    rules = _rules(contract)
    policy = (command.terms.renewal if command.terms and command.terms.renewal else rules).price
    hindered = tuple(_hindered(contract, command, policy, now))
    skipped = {line for event in hindered if not event.alarm for line in event.lines}
    prices = {
        line.id: offered(line, command.prices.get(line.id), policy, contract.terms.currency, command.index)
        for line in contract.lines
        if line.ends_on is None and line.id not in skipped
    }
    if not prices:
        return hindered
    quoted = RenewalQuoted(
        at=now,
        rule=rules.quote_rule or rules.rule,
        by=command.by,
        term=next_term(contract.model_copy(update={"renewal": Renewal(terms=command.terms)}), term),
        deadline=contract.renewal.order_by or deadline(contract, term),
        prices=prices,
        terms=command.terms,
    )
    return (*hindered, quoted)


def _hindered(contract: Contract, command: ReportRequote, policy: Uplift, now: datetime) -> Iterator[RenewalHindered]:
    """What stands against offering some lines: a note where their offer is best effort, an alarm where it is owed."""
    rules = _rules(contract)
    if rules.quote_rule is None:
        return
    reasons: dict[tuple[str, bool], list[str]] = {}
    for line in contract.lines:
        reason = _hindrance(contract, line, command, policy) if line.ends_on is None else None
        if reason:
            reasons.setdefault((reason, line.sold_as not in rules.best_effort), []).append(line.id)
    for (reason, alarm), lines in reasons.items():
        yield RenewalHindered(at=now, rule=rules.quote_rule, lines=tuple(lines), reason=reason, alarm=alarm)


def _hindrance(contract: Contract, line: Line, command: ReportRequote, policy: Uplift) -> str | None:
    if contract.customer.email is None:
        return "the customer has no e-mail address"
    if policy.policy == "list" and line.id not in command.prices and contract.terms.billing:
        return f"{line.service} is no longer in the price list"
    if policy.policy == "index" and command.index is None:
        return f"the price index {policy.index} has no value"
    return None


def _open_question(contract: Contract, now: datetime) -> Term:
    """The term whose renewal may be answered now. Refuses when it is too early, too late, or answered."""
    rules, term, renewal = _rules(contract), contract.term, contract.renewal
    rule = rules.rule
    if contract.status is Status.EXPIRED:
        raise Refusal(
            rules.late.rule if rules.late else rules.notice_rule or rule,
            f"the contract ran out on {contract.ended_on}",
            allowed_when=taken_up_again(contract),
        )
    if contract.ending and renewal.answer is None:
        raise Refusal(
            rule,
            f"the contract ends on {contract.ending.last_day} as planned",
            allowed_when="the cancellation is withdrawn",
        )
    if renewal.answer:
        raise Refusal(rule, f"the renewal quote is answered: {renewal.answer}", allowed_when="the answer is withdrawn")
    if term is None:
        raise Refusal(rule, "service has not started; there is no term to renew", allowed_when="service has started")
    if renewal.quoted_on is None:
        raise Refusal(
            rule,
            f"the next term is offered {rules.quote_days} days before {term.last}",
            allowed_from=opens_on(rules, term),
        )
    return term


def _check_in_time(contract: Contract, term: Term, day: date) -> None:
    """Refuse an answer after its last possible day."""
    rules = _rules(contract)
    if day - timedelta(days=paused_so_far(contract, day)) <= last_answer_day(contract, term):
        return
    rule = rules.grace_rule if rules.grace_days and rules.grace_rule else rules.notice_rule or rules.rule
    grace = f", with {rules.grace_days} days of grace" if rules.grace_days else ""
    until = contract.renewal.deadline or deadline(contract, term)
    again = taken_up_again(contract)
    raise Refusal(rule, f"the deadline for an answer was {until}{grace}", allowed_when=again)


def check_renew(contract: Contract, command: Renew, now: datetime) -> tuple[Event, ...]:
    """The customer's yes to the next term, in a form that the terms take; where they do, also after the term ended."""
    late = late_terms(contract)
    term = contract.term if late and contract.term else _open_question(contract, now)
    check_order_form(contract.renewal.terms or contract.terms, command.form)
    day, rule = received(contract, command.received_on, now), _rules(contract).rule
    if command.until:
        _check_until(contract, term, command.until)
    if late and day > last_answer_day(contract, term):
        return renewed_late(contract, command, now, late, term)
    _check_in_time(contract, term, day)
    accepted = RenewalAccepted(
        at=now, rule=rule, by=command.by, form=command.form, received_on=command.received_on, until=command.until
    )
    if late is None:
        return (accepted,)
    # It came in in time and is entered when the contract has run out: it is renewed as if it never had.
    return renewed_late(contract, command, now, late.model_copy(update={"begins": "without_gap", "rule": rule}), term)


def _check_until(contract: Contract, term: Term, until: date) -> None:
    """Refuse a last day of the next term where the terms know none, or that does not lie in it."""
    rules, following = _rules(contract), next_term(contract, term)
    if rules.coterm_rule is None:
        raise Refusal(rules.rule, "the next term runs its whole length", field="until")
    if not following.first <= until <= following.last:
        raise Refusal(
            rules.coterm_rule,
            f"the next term cannot end on {until}",
            allowed_when=f"its last day is one from {following.first} to {following.last}",
            field="until",
        )


def check_decline(contract: Contract, command: DeclineRenewal, now: datetime) -> tuple[Event, ...]:
    """The customer's no: reminders stop, and the contract runs out with its term.

    One that came in while the term before could still be ended ends that one, though it is entered later.
    """
    day, before = received(contract, command.received_on, now), _overtaken(contract, command, now)
    last_day = before or _open_question(contract, now).last
    check_decline_form(contract.terms, command.form)
    check_written(contract, command.form.details if command.form else {}, "form.details")
    if contract.term and not before:
        _check_in_time(contract, contract.term, day)
    return (
        RenewalDeclined(
            at=now,
            rule=_rules(contract).rule,
            by=command.by,
            last_day=last_day,
            reason=command.reason,
            form=command.form,
            received_on=command.received_on,
        ),
    )


def _overtaken(contract: Contract, command: DeclineRenewal, now: datetime) -> date | None:
    """The end of the term before, where a no for it came in in time and is entered after the next one began."""
    term = contract.term
    if term is None or contract.ending or contract.renewal.answer or command.received_on is None:
        return None
    end = term_of_no(contract, term, received(contract, command.received_on, now))
    return end if end and end < term.first and _rules(contract).mode == "tacit" else None


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


def _answer_withdrawn(contract: Contract, event: RenewalAnswerWithdrawn) -> dict[str, Any]:
    ended = {"ending": None} if contract.renewal.answer == "declined" else {}
    return {"renewal": _answered(contract, None)} | ended


def _into_next(contract: Contract, line: Line, term: Term) -> Line:
    """A line in the next term, its periods counted from there; one that was not offered stays behind."""
    if line.id in contract.renewal.unoffered:
        last = contract.term.last if contract.term else term.first - DAY
        return line.model_copy(update={"ends_on": line.ends_on or last, "over": True})
    begun = {"anchor": term.first, "billed_months": 0, "served_from": None, "running_prices": None}
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
    if _rules(contract).mode == "on_acceptance":
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


def _tell_opened(contract: Contract, event: RenewalOpened) -> Iterator[Effect]:
    index = _rules(contract).price.index
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
        "tacit": _rules(contract).mode == "tacit",
        "terms_version": terms.version if terms else None,
        "term_months": term_months(contract, terms) or 12,
    } | taxed(contract, total, term.first)


def _answer_until(contract: Contract, stated: date) -> date:
    """The last possible day for an answer to a quote that states its deadline."""
    return stated + timedelta(days=_rules(contract).grace_days)


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
        "tacit": _rules(contract).mode == "tacit",
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


def check_undo_answer(contract: Contract, now: datetime, by: str) -> tuple[Event, ...]:
    """The answer to the renewal quote taken back, while the term still runs."""
    rule = _rules(contract).rule
    if contract.renewal.answer is None:
        raise Refusal(rule, "there is no answer to a renewal quote to take back", field="what")
    event = RenewalAnswerWithdrawn(at=now, rule=rule, by=by)
    return (event, *_restored(contract, _answer_withdrawn(contract, event), now, rule))


def check_undo_cancellation(contract: Contract, now: datetime, by: str) -> tuple[Event, ...]:
    """The planned end withdrawn: everything stands as it stood, and days taken off a bill are charged again."""
    rule = contract.terms.cancellation.rule
    if contract.ending is None or contract.ending.status is not Status.CANCELLED:
        raise Refusal(rule, "no cancellation is planned that could be withdrawn", field="what")
    event = CancellationWithdrawn(at=now, rule=rule, by=by)
    return (event, *_restored(contract, withdrawn(contract, event), now, rule))


def check_undo_line(contract: Contract, line_id: str, now: datetime, by: str) -> tuple[Event, ...]:
    """The planned end of one line withdrawn; days taken off a bill are charged again."""
    rule = contract.terms.cancellation.rule
    if line_id not in contract.leaving:
        raise Refusal(rule, f"no end of line {line_id} is planned that could be withdrawn", field="line")
    event = LineCancellationWithdrawn(at=now, rule=rule, by=by, lines=(line_id,))
    return (event, *_restored(contract, lines_withdrawn(contract, event), now, rule))


def _restored(contract: Contract, changes: dict[str, Any], now: datetime, rule: str) -> tuple[Event, ...]:
    after = contract.model_copy(update=changes | {"version": contract.version + 1})
    return recharge(after, now, "the planned end was withdrawn", rule)


CHECKS = {Renew: check_renew, DeclineRenewal: check_decline, ReportRequote: check_requote}
EVOLVE = {
    RenewalOpened: _opened,
    RenewalHindered: _hindered_lines,
    RenewalQuoted: _quoted,
    ReminderSent: _reminded,
    ReminderSkipped: _reminded,
    RenewalAccepted: lambda contract, event: {"renewal": _answered(contract, "accepted", event.until)},
    RenewalDeclined: _declined,
    RenewalAnswerWithdrawn: _answer_withdrawn,
    RenewalCommitted: _committed,
    Renewed: _renewed,
}
EFFECTS = {
    RenewalOpened: _tell_opened,
    RenewalHindered: _tell_hindered,
    RenewalQuoted: _tell_quoted,
    ReminderSent: _tell_reminder,
    RenewalDeclined: _tell_declined,
    RenewalCommitted: _tell_committed,
    Renewed: _tell_renewed,
}
