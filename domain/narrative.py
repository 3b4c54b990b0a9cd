"""An event in a sentence, with its amount: the line that the timeline, the audit and the operator's view show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from domain import events as happened
from domain.bill import Bill
from domain.breach import events as breached
from domain.casework import events as heard
from domain.commitment import events as committed
from domain.credits import events as settled
from domain.delivery import events as delivered
from domain.dunning import events as dunned
from domain.effects import (
    AskRates,
    Effect,
    IssueCollective,
    IssueCredit,
    IssueInvoice,
    MakeDocument,
    Refund,
    SendAgain,
    SendMessage,
)
from domain.entitlements import events as entitled
from domain.envelope import Event
from domain.fleet import events as of_fleet
from domain.fleet.stage import difference
from domain.fleet.state import by_class
from domain.money import rounded
from domain.onboarding import events as onboarded
from domain.repairs import events as repaired
from domain.replacement import events as exchanged
from domain.requests import events as requested
from domain.state import Contract
from domain.supplies import events as supplied
from domain.takeover import events as taken_over
from domain.taxation import events as taxed
from domain.terms import TaxRate
from domain.view import Entry


def amount(contract: Contract, event: Event) -> Decimal | None:
    """What an event charges, gross, or with a minus credits; none where it is not about money."""
    charged, credited = vars(event).get("bill"), vars(event).get("credit")
    if not any(bill and bill.charges for bill in (charged, credited)):
        return None
    return rounded(_gross(charged) - _gross(credited), contract.terms.currency)


def _gross(bill: Bill | None) -> Decimal:
    return bill.gross if bill else Decimal(0)


def summary(contract: Contract, event: Event) -> str:
    """The event in one English sentence; ``contract`` is the contract after it."""
    return _SENTENCES[type(event)](contract, event)


def line(effect: Effect) -> str:
    """An effect in a few words, for the operator's timeline."""
    match effect:
        case IssueInvoice(bill=bill):
            return f"invoice {_money(bill)} of {bill.on}"
        case AskRates():
            return "tax rates"
        case IssueCollective(cut_off=day):
            return f"one invoice over what was billed until {day}"
        case IssueCredit(bill=bill):
            return f"credit {_money(bill)}: {effect.reason}"
        case Refund(amount=amount, currency=currency):
            return f"refund {amount} {currency}"
        case SendMessage():
            return f"message {effect.message}"
        case SendAgain():
            return f"message {effect.message}, once more"
        case MakeDocument():
            return f"document {effect.document}"
        case _:
            return effect.key.partition("/")[2]


def entry(contract: Contract, event: Event, *, seq: int, command: str | None = None) -> Entry:
    """The event as a line of the audit trail; ``contract`` is the contract after it."""
    money = amount(contract, event)
    return Entry(
        seq=seq,
        at=event.at,
        on=contract.date_of(event.at),
        kind=str(getattr(event, "kind", "")),
        rule=event.rule,
        by=event.by,
        command=command,
        summary=summary(contract, event),
        amount=money,
        currency=contract.terms.currency if money is not None else None,
        data=_data(event),
    )


def _data(event: Event) -> dict[str, object]:
    """Everything that the event says besides what the entry says itself; terms are named by their version."""
    data: dict[str, object] = event.model_dump(mode="json", exclude={"at", "rule", "by", "kind", "terms"})
    terms = vars(event).get("terms")
    return data if terms is None else data | {"terms_version": terms.version}


def _money(bill: Bill) -> str:
    return f"{rounded(bill.gross, bill.currency)} {bill.currency}"


def _starts(event: Any) -> str:
    """The starts by day: the lines of one day together, the first few by name."""
    days: dict[tuple[date, date], list[str]] = {}
    for item in event.starts:
        days.setdefault((item.starts_on, item.billed_from), []).append(item.line)
    return "; ".join(
        f"{_lines(lines)} on {starts}" + (f", billed from {billed}" if billed != starts else "")
        for (starts, billed), lines in days.items()
    )


def _lines(lines: list[str]) -> str:
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return f"line {', '.join(lines[:5])}{more}"


def _placed(contract: Contract, event: Any) -> str:
    fees = f"; fees {_money(event.bill)}" if event.bill.charges else ""
    inspect = f"; {len(event.inspections)} device(s) to inspect" if event.inspections else ""
    pay = f"; to be paid by {event.pay_by:%Y-%m-%d %H:%M} UTC" if event.pay_by else ""
    return f"Order placed{fees}{inspect}{pay}"


def _billed(contract: Contract, event: Any) -> str:
    periods: dict[str, int] = {}
    for part in event.lines:
        billed = part.billed
        whole = billed.served == billed.days
        period = f"{billed.first} to {billed.last}" + ("" if whole else f" ({billed.served} of {billed.days} days)")
        periods[period] = periods.get(period, 0) + 1
    shown = [f"{period} ({count} lines)" if count > 1 else period for period, count in list(periods.items())[:3]]
    more = f" and {len(periods) - 3} other periods" if len(periods) > 3 else ""
    return f"Billed {', '.join(shown)}{more}: {_money(event.bill)}"


def _recredited(contract: Contract, event: Any) -> str:
    parts = [f"credited {_money(event.credit)}"] if event.credit else []
    parts += [f"charged {_money(event.bill)}"] if event.bill else []
    text = " and ".join(parts) or "nothing to credit"
    return f"{text[0].upper()}{text[1:]}: {event.reason}"


def _reversed(contract: Contract, event: Any) -> str:
    currency = contract.terms.currency
    what = "disputed" if event.cause == "dispute" else "returned"
    return f"Payment {what}, {rounded(event.amount, currency)} {currency} taken back{_because(event.reason)}"


def _activated(contract: Contract, event: Any) -> str:
    term = f"; term 1 runs to {event.term.last}" if event.term else ""
    return f"Service started: {_starts(event)}{term}"


def _renewed(contract: Contract, event: Any) -> str:
    how = "tacitly" if event.tacit else "as agreed"
    gap = f"; without service from {event.gap.first} to {event.gap.last}" if event.gap else ""
    return f"Renewed {how}: term {event.term.number} runs from {event.term.first} to {event.term.last}{gap}"


def _rates(rates: tuple[TaxRate, ...]) -> str:
    where = ["-".join(filter(None, (rate.country, rate.region))) for rate in rates]
    shown = [
        f"{rate.name} {rate.percent} percent in {place} from {rate.since}"
        for rate, place in list(zip(rates, where, strict=True))[:3]
    ]
    more = f" and {len(rates) - 3} more" if len(rates) > 3 else ""
    return ", ".join(shown) + more


def _resumed(contract: Contract, event: Any) -> str:
    if not event.extends:
        return "Service resumed"
    term = f"; the term runs to {contract.term.last}" if contract.term else ""
    return f"Service resumed; {event.extends} day(s) without it are added{term}"


def _when(days: int) -> str:
    return f"{days} days before the end" if days >= 0 else "after the end"


def _cover_moved(contract: Contract, event: Any) -> str:
    ends = ", ".join(f"{_spaced(cover.kind)} until {cover.last_day}" for cover in event.cover) or "no cover"
    was = ", ".join(f"{cover.last_day}" for cover in event.before)
    told = f"{ends}{f' (was {was})' if was else ''}"
    parts = [f"Cover of {event.serial} {'is as before' if event.withdrawn else 'corrected'}: {told}"]
    parts += [_starts(event)] if event.starts else []
    parts += [f"line {', '.join(event.again)} waits again"] if event.again else []
    parts += [f"line {line} is served from {day}" for line, day in event.served_from.items()]
    cause = ": ".join(item for item in (event.cause, event.reason) if item)
    return "; ".join(parts) + (f" ({cause})" if cause else "")


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _received(event: Any) -> str:
    form = f" by {_spaced(event.form.kind)}" if event.form else ""
    return form + (f", received on {event.received_on}" if event.received_on else "")


def _lines_cancelled(contract: Contract, event: Any) -> str:
    ends = "; ".join(f"line {line} as of {day}" for line, day in list(event.lines.items())[:5])
    more = f" and {len(event.lines) - 5} more" if len(event.lines) > 5 else ""
    return f"{'Provider ends' if event.party == 'provider' else 'Cancelled'}: {ends}{more}: {event.reason}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _item(event: Any) -> str:
    return _spaced(event.item).capitalize()


def _taken_over(contract: Contract, event: Any) -> str:
    opening = event.opening
    until = sorted({str(line.billed.last) for line in opening.lines if line.billed and not line.over})
    parts = [f"Taken over from {event.source} ({event.reference}) as of {event.as_of}: {opening.status}"]
    parts += [f"term {opening.term.number} runs to {opening.term.last}"] if opening.term else []
    parts += [f"billed until {' and '.join(until[:3])}"] if until else []
    parts += [f"ends on {opening.ending.last_day}"] if opening.ending else []
    return "; ".join(parts)


def _notice_settled(contract: Contract, event: Any) -> str:
    told = {
        "go_on": "goes on as if it had arrived",
        "notified": f"the customer was told by {event.means} on {event.on}, by {event.who}",
        "send_again": f"sent again to {event.email}",
        "not_renewed": "the contract is not renewed",
    }
    return f"Decided about {event.question}: {told[event.how]}{_because(event.note)}"


def _case_noted(contract: Contract, event: Any) -> str:
    done = ["the customer was answered"] if event.answered else []
    done += [f"{event.minutes} minutes of work"] if event.minutes else []
    return f"Case {event.case}: {' and '.join(done) or 'said at the desk'}{_because(event.note)}"


_LOSSES = {
    "gap": "no supplies were ordered in time",
    "foreign": "a supply from elsewhere was used",
    "age": "the device has reached its age",
    "support_ended": "the maker's support has ended",
}

_SENTENCES: dict[type[Event], Callable[[Contract, Any], str]] = {
    taken_over.TakenOver: _taken_over,
    happened.Quoted: lambda c, e: f"Quoted {len(e.offers)} line(s); valid until {e.valid_until}",
    happened.QuoteRevised: lambda c, e: f"Quote revised (revision {e.revision}); valid until {e.valid_until}",
    happened.QuoteAccepted: lambda c, e: f"Revision {e.revision} accepted",
    happened.QuoteRejected: lambda c, e: f"Quote rejected{_because(e.reason)}",
    happened.QuoteLapsed: lambda c, e: f"Quote lapsed: no order until {e.deadline}",
    happened.OrderPlaced: _placed,
    happened.PaymentRetried: lambda c, e: "Payment tried again",
    happened.PaymentReceived: lambda c, e: f"Payment received{_because(e.reference)}",
    happened.PaymentDeclined: lambda c, e: f"Payment declined{_because(e.reason)}",
    happened.CollectionDeclined: lambda c, e: f"Payment of an invoice declined{_because(e.reason)}",
    happened.CollectionReceived: lambda c, e: "Payment of a declined invoice received",
    happened.InspectionPassed: lambda c, e: f"Inspection of line {e.line} passed",
    happened.InspectionFailed: lambda c, e: f"Inspection of line {e.line} failed{_because(e.reason)}",
    happened.OrderVoided: lambda c, e: f"Order void{_because(e.reason)}",
    happened.ActivationScheduled: lambda c, e: (
        f"Start deferred: {_starts(e)}" if e.starts else "Service waits for what starts it"
    ),
    happened.Activated: _activated,
    happened.CoverMoved: _cover_moved,
    exchanged.DeviceReplaced: lambda c, e: (
        f"Device {e.serial} replaced by {e.device.serial} ({e.device.model}) on {e.on}"
        + (f"; {_starts(e)}" if e.starts else "")
        + _because(e.reason)
    ),
    happened.PeriodBilled: _billed,
    happened.Recredited: _recredited,
    committed.ShortfallCharged: lambda c, e: (
        f"Term {e.term}: {e.charged} of {e.agreed} {e.bill.currency} charged for service; the rest: {_money(e.bill)}"
    ),
    happened.CutOff: lambda c, e: f"What was billed until {e.on} goes out as one invoice",
    taxed.RatesStale: lambda c, e: "Tax rates are asked for again",
    taxed.RatesNoted: lambda c, e: f"Tax rates noted: {_rates(e.rates)}",
    happened.Parked: lambda c, e: f"Parked: {e.reason}",
    happened.Unparked: lambda c, e: f"Goes on: {e.reason}",
    happened.ChangePlanned: lambda c, e: f"Line {e.line} changes on {e.on}: {e.text}, every {e.period} month(s)",
    happened.ChangeApplied: lambda c, e: f"Change of line {e.line} took effect",
    happened.ChangeWithdrawn: lambda c, e: f"Planned change of line {e.line} withdrawn",
    happened.Suspended: lambda c, e: f"Service suspended: {e.reason}",
    happened.Resumed: _resumed,
    happened.RenewalOpened: lambda c, e: (
        f"Term {e.term} is to be offered: asked for" if e.asked else f"Time to offer term {e.term}"
    ),
    happened.RenewalQuoted: lambda c, e: (
        f"Renewal quoted: term {e.term.number} from {e.term.first} to {e.term.last}; answer by {e.deadline}"
    ),
    happened.ReminderSent: lambda c, e: (
        f"Reminded {e.days} days before the term ends" if e.days >= 0 else f"Reminded after the end on {e.last_day}"
    ),
    happened.ReminderSkipped: lambda c, e: f"Reminder {_when(e.days)} skipped: {e.reason}",
    happened.RenewalAccepted: lambda c, e: (
        f"Renewal accepted{_received(e)}{f', to end on {e.until}' if e.until else ''}"
    ),
    happened.LateRenewalClosed: lambda c, e: f"Not renewed late either: the last day was {e.last_day}",
    happened.RenewalDeclined: lambda c, e: (
        f"Renewal declined{_received(e)}{_because(e.reason)}; runs out on {e.last_day}"
    ),
    happened.RenewalCommitted: lambda c, e: (
        f"Nobody said no in time: term {e.term.number} is certain, from {e.term.first} to {e.term.last}"
    ),
    happened.RenewalAnswerWithdrawn: lambda c, e: "Answer to the renewal quote withdrawn",
    happened.Renewed: _renewed,
    happened.CancellationPlanned: lambda c, e: (
        f"{'Ended by the provider' if e.party == 'provider' else 'Cancelled'} as of {e.last_day}: {e.reason}"
    ),
    happened.LineAdded: lambda c, e: (
        f"Line {e.offer.id} {'takes the place of ' + e.replaces if e.replaces else 'added'}: {e.offer.text} "
        f"for {e.offer.serial} from {e.served_from}"
    ),
    happened.LinesCancelled: _lines_cancelled,
    happened.LinesEnded: lambda c, e: f"Line {', '.join(e.lines)} ended on {e.last_day}",
    happened.LineCancellationWithdrawn: lambda c, e: f"Planned end of line {', '.join(e.lines)} withdrawn",
    happened.RenewalHindered: lambda c, e: (
        f"{'Alarm' if e.alarm else 'Note'}: line {', '.join(e.lines)} cannot be offered as it should: {e.reason}"
    ),
    happened.CancellationWithdrawn: lambda c, e: "Planned cancellation withdrawn",
    happened.Cancelled: lambda c, e: f"Cancelled at once: {e.reason}{'; fee ' + _money(e.bill) if e.bill else ''}",
    happened.Ended: lambda c, e: f"{e.status} on {e.last_day}: {e.reason}",
    happened.TermsAdopted: lambda c, e: f"Terms version {c.terms.version} adopted: {e.reason}",
    repaired.RepairDone: lambda c, e: (
        f"Repair of {e.serial} (case {e.case}): {_money(e.bill) if e.bill else 'under cover, at no charge'}"
    ),
    repaired.RepairQuoted: lambda c, e: (
        f"Repair of {e.serial} quoted (case {e.case}): {_money(e.offer)}; answer by {e.answer_by}"
    ),
    repaired.RepairQuoteAnswered: lambda c, e: (
        f"Quote for the repair of case {e.case} {'accepted' if e.accepted else 'declined'}{_because(e.reason)}"
    ),
    repaired.RepairDisputed: lambda c, e: f"Charge for case {e.case} disputed: {e.machine_type} {e.serial}, {e.reason}",
    repaired.DisputeDecided: lambda c, e: (
        f"Dispute about case {e.case} {'upheld' if e.upheld else 'refused'}{_because(e.reason)}"
        + (f"; credited {_money(e.credit)}" if e.credit else "")
    ),
    delivered.NoticeBounced: lambda c, e: (
        f"Not delivered to {e.recipient or 'the customer'}: {_spaced(e.missed.message)}{_because(e.reason)}; "
        + ("the renewal waits for a person" if e.holds else "a person is asked")
    ),
    delivered.NoticeOverdue: lambda c, e: f"Nobody has decided about {e.question} in time; it still waits",
    delivered.NoticeSettled: _notice_settled,
    breached.BreachNoticed: lambda c, e: (
        f"Breach by the {e.party} on {_lines(list(e.lines))}, to be cured by {e.cure_by}: {e.reason}"
    ),
    breached.BreachCured: lambda c, e: f"Breach {e.breach} cured{_because(e.note)}",
    breached.BreachUncured: lambda c, e: f"Not cured: service ended on {_lines(list(e.lines))}, last day {e.last_day}",
    supplied.SupplyOrdered: lambda c, e: (
        f"Supplies ordered ({e.order}) for line {e.line}: "
        f"{', '.join(f'{item.quantity} {item.text}' for item in e.items)}: {_money(e.bill)}"
    ),
    supplied.SupplyMoved: lambda c, e: f"Order {e.order} {e.status}{_because(e.reference)}",
    supplied.SupplyLate: lambda c, e: f"Order {e.order} has not shipped in time",
    supplied.SupplyAlert: lambda c, e: (
        f"Supply {e.supply} of line {e.line} is {e.level.replace('_', ' ')}: {e.percent} percent"
    ),
    supplied.ContinuityWarned: lambda c, e: f"Warned: line {e.line} keeps its cover by an order until {e.last_day}",
    supplied.CoverLost: lambda c, e: f"Cover of line {e.line} ended on {e.last_day}: {_LOSSES[e.reason]}",
    settled.CollectionPending: lambda c, e: f"Payment of an invoice is under way: {e.amount} {c.terms.currency}",
    settled.Refunded: lambda c, e: f"Refunded to the means of payment: {rounded(e.amount, e.currency)} {e.currency}",
    dunned.PaymentReversed: _reversed,
    dunned.Dunned: lambda c, e: f"Unpaid for {e.days} days ({e.invoice}): {_spaced(e.do)}",
    onboarded.OnboardingOpened: lambda c, e: f"Onboarding begins; to be done by {e.finish_by}, then service starts",
    onboarded.OnboardingWarned: lambda c, e: f"Onboarding is not done; its last day is {e.finish_by}",
    onboarded.OnboardingLate: lambda c, e: f"Onboarding is late: it was to be done by {e.finish_by}",
    onboarded.OnboardingDone: lambda c, e: f"Onboarding done{_because(e.note)}",
    entitled.EntitlementUsed: lambda c, e: (
        f"{_item(e)} planned for {e.on}" + (f"; {e.left} left this year" if e.left is not None else "")
    ),
    entitled.EntitlementReturned: lambda c, e: f"{_item(e)} of {e.use} given back{_because(e.reason)}",
    entitled.ObligationDue: lambda c, e: (
        f"{_item(e)} {e.number} fell due" + (f" for line {e.line}" if e.line else "") + f"; to be done by {e.do_by}"
    ),
    entitled.ObligationOverdue: lambda c, e: f"{_item(e)} {e.obligation} is overdue",
    entitled.ObligationMet: lambda c, e: f"{_item(e)} {e.number} done{' late' if e.late else ''}{_because(e.note)}",
    requested.RequestMade: lambda c, e: (
        f"Request {e.request} ({_spaced(e.what)}) for line {e.line}: "
        + ", ".join(f"{_spaced(name)} {value}" for name, value in e.details.items())
    ),
    requested.RequestAdvanced: lambda c, e: (
        f"Request {e.request}: {_spaced(e.step)}{f', now in {e.place}' if e.place else ''}{_because(e.note)}"
    ),
    requested.RequestRefused: lambda c, e: f"Request {e.request} refused: {e.reason}",
    happened.ContactsNamed: lambda c, e: f"Named contacts: {', '.join(contact.name for contact in e.contacts)}",
    happened.CopyRequested: lambda c, e: f"Copy of the {_spaced(e.document)} sent",
    happened.CaseOpened: lambda c, e: (
        f"Case {e.case} opened for {e.serial} ({e.stage}): {e.subject}"
        + (f"; to be answered by {e.answer_by:%Y-%m-%d %H:%M} UTC" if e.answer_by else "")
    ),
    happened.CaseAdvanced: lambda c, e: f"Case {e.case} went on to {e.stage}",
    happened.CaseClosed: lambda c, e: f"Case {e.case} closed{_because(e.note)}",
    happened.CaseReopened: lambda c, e: f"Case {e.case} taken up again{_because(e.note)}",
    happened.CaseEscalated: lambda c, e: (
        f"Case {e.case} {'was not answered by' if e.late else 'is escalated: to be answered by'} "
        f"{e.answer_by:%Y-%m-%d %H:%M} UTC"
    ),
    heard.CaseNoted: _case_noted,
    heard.CaseContested: lambda c, e: f"Case {e.case}: what the desk did ({e.what}) is not taken: {e.reason}",
    heard.CaseAgreed: lambda c, e: f"Case {e.case}: contract and desk agree again",
    of_fleet.AuditDue: lambda c, e: f"Time to count the fleet ({e.occasion})",
    of_fleet.FleetAudited: lambda c, e: f"Fleet counted: {by_class(e.census.counted)}",
    of_fleet.AdjustmentOpened: lambda c, e: f"Adjustment {e.adjustment} opened: {difference(e)}",
    of_fleet.AdjustmentSettled: lambda c, e: f"Adjustment {e.adjustment} settled ({e.how}){_because(e.reason)}",
}
