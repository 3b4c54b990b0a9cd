"""A programme in plain sentences: what its terms mean for a contract, each with the rule that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from domain.breach.terms import BreachTerms
from domain.commitment.terms import CommitmentTerms
from domain.credits.terms import CreditTerms
from domain.desk import DeskTerms
from domain.dunning.terms import DunningTerms
from domain.entitlements.terms import Entitlement, EntitlementTerms, Level
from domain.fleet.terms import FleetTerms
from domain.onboarding.terms import OnboardingTerms
from domain.repairs.terms import RepairTerms
from domain.replacement.terms import ReplacementTerms
from domain.requests.terms import RequestTerms
from domain.supplies.terms import SuppliesTerms
from domain.terms import (
    Band,
    BillingTerms,
    CancellationTerms,
    ChangeTerms,
    Condition,
    CopyTerms,
    CouponTerms,
    EligibilityTerms,
    LapsedCover,
    NoticeTerms,
    OrderTerms,
    QuoteTerms,
    ReenrolmentTerms,
    RenewalTerms,
    StartTerms,
    SupportTerms,
    SuspensionTerms,
    TaxTerms,
    Terms,
    TermTerms,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence about a programme, the part of the terms that it explains, and its rule."""

    part: str
    rule: str
    text: str


def explained(terms: Terms) -> Iterator[Sentence]:
    """Every part of the terms in sentences, in the order of a contract's life."""
    for part, tell in _PARTS.items():
        section = getattr(terms, part)
        if section is None:
            if part in _WITHOUT:
                yield Sentence(part, terms.quote.rule, _WITHOUT[part])
            continue
        for rule, text in tell(terms, section):
            yield Sentence(part, rule, text)


Told = Iterator[tuple[str, str]]


def _quote(terms: Terms, quote: QuoteTerms) -> Told:
    if quote.request:
        ways = "; or ".join(_all(wanted) for wanted in quote.request.any_of)
        yield quote.request.rule, f"A request for a quote gives {ways}."
    if quote.deadline == "day_before_start":
        yield quote.deadline_rule or quote.rule, "A quote can be ordered until the day before the start that it names."
        yield (
            quote.rule,
            f"Without a start date it stands for {quote.valid_days} days; a deadline that it states governs.",
        )
    else:
        yield quote.rule, f"A quote can be accepted for {quote.valid_days} days; a deadline that it states governs."


def _eligibility(terms: Terms, eligibility: EligibilityTerms) -> Told:
    for item in eligibility.conditions:
        what = "is refused" if item.otherwise == "refused" else "is taken, but gets no service"
        yield item.rule, f"A device of which {_fact(item, fails=True)} {what}."
    if eligibility.within:
        rule = eligibility.within
        yield rule.rule, f"A device is enrolled while its {_either(rule.kinds)} still runs, the last day included."
    if eligibility.support_rule:
        yield eligibility.support_rule, "A device whose maker's support ends before the start is refused."


def _fact(item: Condition, *, fails: bool = False) -> str:
    return f"`{item.fact}` {'does not hold' if item.holds is fails else 'holds'}"


def _order(terms: Terms, order: OrderTerms) -> Told:
    if order.registration:
        yield order.rule, "The first order opens the customer's account."
    if order.forms:
        forms = "; ".join(
            f"{_words(name)}" + (f" (with {_all(form.needs)})" if form.needs else "")
            for name, form in order.forms.forms.items()
        )
        yield order.forms.rule, f"An order, also for a renewal, comes in one of these forms: {forms}."
        declining = [name for name, form in order.forms.forms.items() if form.declines]
        if declining:
            yield order.forms.rule, f"A no to the renewal comes by {_either(declining)}."
        sent = [form.document for form in order.forms.forms.values() if form.document]
        if sent:
            yield order.forms.rule, f"With each quote the customer gets, to fill in and return: {_all(sent)}."
    for sold, window in order.windows.items():
        runs = f"the last {window.opens_days} days of the {_either(window.kinds)}"
        yield window.rule, f"A {_words(sold)} is ordered in {runs} that it follows, the last day included."
    if order.payment == "on_order":
        yield (
            order.payment_rule,
            f"Nothing starts until payment clears; unpaid after {order.payment_hours} hours, the order is void.",
        )
    else:
        yield order.payment_rule, "Orders are on account: service does not wait for payment."
    for name in terms.order_fees:
        yield from _fee(terms, name, "is billed once with the order")
    if order.documents:
        yield order.documents.rule, f"After the order the customer gets: {_all(order.documents.documents)}."


def _fee(terms: Terms, name: str, when: str) -> Told:
    fee = terms.fees[name]
    sample = " (an example amount)" if fee.sample else ""
    yield fee.rule, f"{terms.text(fee.text, 'en')}, {fee.amount} {terms.currency} net{sample}, {when}."


def _lapsed_cover(terms: Terms, lapsed: LapsedCover) -> Told:
    needs = ["a fee"] if lapsed.fee else []
    needs += ["an inspection that passes"] if lapsed.inspection else []
    yield lapsed.rule, f"A device whose cover ended {_months(lapsed.months)} ago or more needs {_all(needs)} first."
    if lapsed.fee:
        yield from _fee(terms, lapsed.fee, "is billed then")


def _reenrolment(terms: Terms, again: ReenrolmentTerms) -> Told:
    conditions = [_fact(item) for item in again.conditions]
    conditions += ["the start lies in the future"] if again.future_start else []
    where = f" where {_all(conditions)}" if conditions else ""
    yield again.rule, f"What lapsed or ran out is taken up again by a new quote{where}."
    if again.inspection:
        yield again.rule, "Service starts when every device has passed an inspection."
    if again.fee:
        spared = f", unless `{again.free_with}` holds of every device" if again.free_with else ""
        yield from _fee(terms, again.fee, f"is billed then{spared}")


def _start(terms: Terms, start: StartTerms) -> Told:
    if start.after:
        yield start.rule, f"Service starts the day after the device's {_either(start.after)} ends, whichever is last."
        yield start.rule, "With none in force, it starts when the order is complete, or on the agreed day."
        if start.corrected == "credited":
            yield (
                start.rule,
                "Where that day turns out to be later, what is billed of the running period is given back.",
            )
        else:
            yield start.rule, "Where it turns out to end later, and service was billed, nothing moves any more."
    else:
        yield start.rule, "Service starts when the order is complete, or on the agreed day."


def _billing(terms: Terms, billing: BillingTerms) -> Told:
    yield (
        billing.rule,
        f"Service is billed {_words(billing.mode)}, for {_either(map(_months, billing.periods))} at a time.",
    )
    if billing.covered == "first_of_next_month":
        yield billing.rule, "Where cover was waited for, billing begins with the calendar month after it ends."
    else:
        yield billing.rule, "Billing begins with the first day of service."
    if billing.mailed:
        yield billing.rule, "Each invoice and credit note goes to the customer by mail."
    if billing.consolidated:
        day = billing.consolidated.day
        until = "the last day of each month" if day == 31 else f"day {day} of each month"
        yield billing.consolidated.rule, f"What a customer's contracts bill until {until} goes out as one invoice."
    if billing.invoice_date_rule:
        yield billing.invoice_date_rule, "The customer may ask for a later day for the first invoice."


_DUNNED = {
    "retry": "it is collected again",
    "remind": "the customer is reminded",
    "suspend": "service pauses until it is paid",
    "end": "the contract ends",
    "write_off": "the amount is given up",
}


def _dunning(terms: Terms, dunning: DunningTerms) -> Told:
    for step in dunning.steps:
        yield dunning.rule, f"An invoice for service that is unpaid for {step.after_days} days: {_DUNNED[step.do]}."
    if dunning.hopeless:
        yield dunning.rule, f"After {_either(dunning.hopeless)} the same means of payment is not tried again."


def _credits(terms: Terms, given_back: CreditTerms) -> Told:
    if given_back.settled_by == "refund":
        yield (
            given_back.rule,
            "What was paid and is credited is refunded to the means of payment, less what is owed or billed then.",
        )
        yield given_back.rule, "A customer on account has it set off against what is billed next."
    else:
        yield given_back.rule, "What was paid and is credited is set off against what is billed next."


def _term(terms: Terms, term: TermTerms) -> Told:
    if term.choices:
        yield term.rule, f"A term runs {_either([_months(item) for item in term.choices])}, as the quote chooses."
    else:
        yield term.rule, f"A term runs {_months(term.months)} from the start of service."


def _commitment(terms: Terms, least: CommitmentTerms) -> Told:
    amount = f"{least.amount} {terms.currency} net"
    yield least.rule, f"The service of a term costs at least {amount}; what is missing is charged when it is over."
    early = "all of it is owed" if least.early_end == "whole" else "the part for its days is owed"
    yield least.rule, f"Where the contract ends earlier, {early}; after the provider's notice the part."


def _cancellation(terms: Terms, leaving: CancellationTerms) -> Told:
    whose = "the contract's" if leaving.counted_from == "contract" else "the line's own"
    since = 1
    for band in leaving.bands:
        when = f"In months {since} to {band.until_month}" if band.until_month else f"From month {since} on"
        when = "At any time" if len(leaving.bands) == 1 else f"{when}, counted from {whose} start"
        yield leaving.rule, f"{when}, {_leaving(terms, band)}."
        since = (band.until_month or 0) + 1
    for name, reason in leaving.reasons.items():
        needs = f" needs {_all(reason.needs)}" if reason.needs else ""
        own = f"; {_leaving(terms, reason.band)}" if reason.band else ""
        yield reason.rule, f"Leaving because of `{name}`{needs}{own}."
    if leaving.provider:
        notice = leaving.provider
        after = f", once a line has been in service for {_months(notice.after_months)}" if notice.after_months else ""
        yield notice.rule, f"The provider may end service with notice of {_months(notice.notice_months)}{after}."
    if leaving.credit_unused and terms.billing:
        yield leaving.rule, "Days that were paid and are not served are credited."


def _notice(terms: Terms, notice: NoticeTerms) -> Told:
    if notice.needs:
        yield notice.rule, f"A customer's notice gives {_all(notice.needs)}."
    if notice.received_days:
        within = f"when it is entered within {notice.received_days} days"
        yield notice.rule, f"A notice counts from the day on which it came in, {within}."
    else:
        yield notice.rule, "A notice counts from the day on which it is entered."
    if notice.undelivered_hours:
        within = f"has {notice.undelivered_hours} desk hours to decide"
        rule = notice.undelivered_rule or notice.rule
        yield rule, f"Where a message cannot be delivered, a person {within}; no term begins by itself before."


def _leaving(terms: Terms, band: Band) -> str:
    what = {
        "at_once": "leaving takes effect at once",
        "after_notice": f"leaving takes {_months(band.notice_months or 0)} of notice",
        "end_of_month": f"leaving takes effect at the end of month {band.until_month}",
        "end_of_period": "leaving takes effect at the end of the running billing period",
        "end_of_term": "leaving takes effect at the end of the term",
        "refused": "the customer cannot leave yet",
    }[band.effect]
    if band.fee:
        return f"{what} and costs {terms.fees[band.fee].amount} {terms.currency} net"
    return what


def _renewal(terms: Terms, renewal: RenewalTerms) -> Told:
    quote = f"The next term is quoted {renewal.quote_days} days before the term ends"
    yield renewal.quote_rule or renewal.rule, f"{quote}, {_PRICED[renewal.price.policy](renewal)}."
    if renewal.request_days:
        yield renewal.rule, f"The quote may be asked for from {renewal.request_days} days before the term ends."
    if renewal.quote_rule:
        best = f", for a {_either(renewal.best_effort)} a note" if renewal.best_effort else ""
        yield renewal.quote_rule, f"The quote is guaranteed: what hinders it raises an alarm{best}."
    if renewal.mode == "tacit":
        yield renewal.rule, "The contract goes on unless somebody says no."
    else:
        yield renewal.rule, "The contract ends with its term unless the customer says yes."
    if renewal.notice_days:
        rule = renewal.notice_rule or renewal.rule
        yield rule, f"The answer is due {renewal.notice_days} days before the term ends."
    if renewal.grace_days:
        yield renewal.grace_rule or renewal.rule, f"It is still taken {renewal.grace_days} days after that."
    if renewal.mode == "tacit" and renewal.commits == "when_notice_closes":
        rule = renewal.notice_rule or renewal.rule
        yield rule, "After the last possible day for a no the next term is certain, and the customer is told."
    if renewal.late:
        how = "without a gap" if renewal.late.begins == "without_gap" else "from the day of the yes, with a gap"
        yield renewal.late.rule, f"What ran out is renewed up to {renewal.late.days} days after its end, {how}."
    if renewal.coterm_rule:
        yield renewal.coterm_rule, "A renewal may be made to end on an earlier day, charged to the day."
    before = [str(days) for days in renewal.reminder_days if days > 0]
    after = [str(-days) for days in renewal.reminder_days if days < 0]
    reminders = f"{_all(before)} days before the term ends" if before else ""
    reminders += (" and " if before and after else "") + (_after(after) if after else "")
    yield renewal.reminder_rule, f"Unless the customer has answered, reminders go out {reminders}."


def _after(days: list[str]) -> str:
    return "the day after" if days == ["1"] else f"{_all(days)} days after"


_PRICED: dict[str, Callable[[RenewalTerms], str]] = {
    "same": lambda renewal: "at the same prices",
    "list": lambda renewal: "at the price list of that day",
    "uplift": lambda renewal: f"at prices raised by {renewal.price.percent} percent",
    "index": lambda renewal: f"at prices moved with the index `{renewal.price.index}`",
}


def _change(terms: Terms, change: ChangeTerms) -> Told:
    wishes = [item for item in change.what if item != "lines"]
    when = "at the next period boundary" if change.effect == "next_period" else "on the day, to the day"
    if wishes:
        yield change.rule, f"The {_either(wishes)} can be changed; it takes effect {when}."
    if "lines" in change.what:
        yield change.rule, "Devices and services can be added to a running contract, charged to the day."


def _repairs(terms: Terms, repairs: RepairTerms) -> Told:
    sample = " (an example amount)" if repairs.sample else ""
    price = f"{repairs.labour_per_hour} {terms.currency} net an hour{sample}"
    yield repairs.rule, f"A repair under cover is free; outside it costs {price}, and the parts."
    if repairs.quote_rule:
        days = f"within {repairs.quote_days} days"
        yield repairs.quote_rule, f"Such a repair is quoted first: the customer accepts it {days}, or it is not done."
    if repairs.dispute_rule:
        yield (
            repairs.dispute_rule,
            "The customer may dispute the charge, and gets it back where the device was covered.",
        )


def _breach(terms: Terms, breach: BreachTerms) -> Told:
    yield breach.rule, f"Either side's breach is noticed and can be cured for {breach.cure_days} days."
    yield breach.rule, "Where it is not, service ends on the lines that it is about."


def _supplies(terms: Terms, supplies: SuppliesTerms) -> Told:
    count = supplies.orders_to_start
    yield supplies.rule, f"A device's cover starts with {count} eligible supplies ordered through the programme."
    kept = supplies.continuity
    yield (
        kept.rule,
        f"Each order keeps it for {_months(kept.months)}; {kept.warn_days} days before, a warning goes out.",
    )
    for model, months in kept.by_model.items():
        yield kept.rule, f"For {model} it is {_months(months)}."
    yield supplies.foreign_rule, "A supply from elsewhere, genuine or not, forfeits the cover at once."
    age = _months(supplies.limit.max_age_months)
    yield supplies.limit.rule, f"Cover ends when the device is {age} old, or with its maker's support if that is first."
    told = supplies.levels
    for model, level in {"": told.thresholds, **told.by_model}.items():
        where = f" for {model}" if model else ""
        yield told.rule, f"An alert goes out at {level.low} and at {level.near_empty} percent{where}, once a cartridge."
    hours = supplies.shipping.within_hours
    yield supplies.shipping.rule, f"An order that has not shipped after {hours} hours opens a ticket."


def _fleet(terms: Terms, fleet: FleetTerms) -> Told:
    yield fleet.rule, f"Counted are {_all(fleet.kinds)} under valid {_either(fleet.covered_by)}."
    if fleet.with_device:
        yield fleet.rule, f"A {_either(fleet.with_device)} counts with its device."
    for level, ways in fleet.minimums.items():
        least = _either([_all([f"{count} of {kind}" for kind, count in way.items()]) for way in ways])
        yield fleet.rule, f"Level {_words(level)} needs at least {least}."
    if fleet.whole_base:
        yield fleet.rule, "The whole eligible installed base is covered; a part of it is refused."
    if fleet.audit_months:
        every = _months(fleet.audit_months)
        yield fleet.audit_rule, f"The fleet is counted again every {every.removeprefix('a ')}; a difference is settled."
    yield fleet.excluded_rule, "A device whose own cover has lapsed gets no service."


def _suspension(terms: Terms, suspension: SuspensionTerms) -> Told:
    money = "whole days without it are not charged" if suspension.credit else "it is charged on"
    money = "whole days without it are added to the period and the term" if suspension.extend else money
    yield suspension.rule, f"Service can be paused; {money}."


def _support(terms: Terms, support: SupportTerms) -> Told:
    yield support.rule, f"A call for help goes through these stages: {_then(support.stages)}."
    for name, level in support.levels.items():
        yield level.rule, f"At level {_words(name)} it goes through these: {_then(level.stages)}."
    for stage, told in support.instructions.items():
        yield told.rule, f"At the stage {_words(stage)} the customer is told what to do."
    if support.acknowledged:
        yield support.rule, "The customer is written the number of the case."
    if support.callers_rule:
        yield support.callers_rule, "Only contacts that the contract names may ask for help."
    if support.spoken:
        spoken = support.spoken
        always = f"; at any hour in {_all(spoken.at_any_hour)}" if spoken.at_any_hour else ""
        yield spoken.rule, f"Help is given in {_all(spoken.languages)}{always}."
    if support.escalation:
        escalation = support.escalation
        hours = f"{escalation.before_hours} desk hours before its time is over"
        yield escalation.rule, f"A call that is not answered is escalated as {escalation.urgency} {hours}."


def _then(stages: Iterable[str]) -> str:
    return ", then ".join(map(_words, stages))


def _onboarding(terms: Terms, onboarding: OnboardingTerms) -> Told:
    yield onboarding.rule, f"The customer is taken on within {onboarding.within_days} days; service starts with that."
    yield onboarding.rule, f"A ticket is opened {onboarding.warn_days} days before they are over."


def _entitlements(terms: Terms, matrix: EntitlementTerms) -> Told:
    for name, level in matrix.levels.items():
        yield level.rule, f"Level {_words(name)} has {_of_level(level)}."
    for name, item in matrix.items.items():
        yield item.rule, f"`{name}` ({terms.text(item.text, 'en')}){_limits(item)}."
        if item.not_in:
            yield item.not_in_rule or item.rule, f"`{name}` is not offered in {_all(item.not_in)}."


def _of_level(level: Level) -> str:
    parts = [f"all of {_words(level.includes)}"] if level.includes else []
    parts += map(_words, level.adds)
    less = f", without {_all(level.without)}" if level.without else ""
    return (_all(parts) if parts else "nothing of its own") + less


def _limits(item: Entitlement) -> str:
    whose = "for each line" if item.of == "line" else "for the contract"
    often = f", at most {item.per_year} a year" if item.per_year else ""
    if not item.every_months:
        return f" is had {whose}{often}"
    every = _months(item.every_months).removeprefix("a ")
    return f" falls due {whose} every {every}, to be done within {item.within_days} days{often}"


def _requests(terms: Terms, requests: dict[str, RequestTerms]) -> Told:
    for name, request in requests.items():
        needs = f" says {_all(request.needs)}, and" if request.needs else ""
        yield request.rule, f"A request `{name}`{needs} goes through {_then(request.names())}; none is left out."
        if request.tell:
            yield request.rule, f"The customer is written when it is {_either(request.tell)}."


def _copies(terms: Terms, copies: CopyTerms) -> Told:
    yield copies.rule, f"On request the customer is sent a copy of: {_all(copies.documents)}."


def _replacement(terms: Terms, replacement: ReplacementTerms) -> Told:
    yield (
        replacement.rule,
        "A device may be exchanged: its line goes on for the other one, with its rights.",
    )
    if replacement.documents:
        yield replacement.rule, f"The customer is sent anew: {_all(replacement.documents)}."


def _desk(terms: Terms, desk: DeskTerms) -> Told:
    for span in desk.hours:
        yield desk.rule, f"The desk works {_all(span.days)} from {span.opens:%H:%M} to {span.closes:%H:%M}."
    closed = [f"the public holidays of {desk.holidays}"] if desk.holidays else []
    own = len(desk.closed_yearly) + len(desk.closed_on)
    closed += [f"{own} days of the company's own"] if own else []
    if closed:
        yield desk.rule, f"It is closed on {_all(closed)}; what people must do is counted in its hours."
    if desk.answer_hours:
        yield desk.rule, f"A call for help is answered within {desk.answer_hours} desk hours."


def _coupons(terms: Terms, coupons: CouponTerms) -> Told:
    yield coupons.rule, "A coupon takes effect on one line, once per customer."


def _tax(terms: Terms, tax: TaxTerms) -> Told:
    if tax.source == "service":
        yield tax.rule, f"Tax rates come from the tax service, which is asked again every {tax.refresh_days} days."
    for rate in tax.rates:
        where = rate.country + (f"-{rate.region}" if rate.region else "")
        yield tax.rule, f"{rate.name} in {where} from {rate.since}: {rate.percent} percent."
    if tax.reverse_charge:
        home = terms.issuer.country
        yield tax.reverse_charge.rule, f"A business elsewhere in the EU, by its VAT number: {tax.reverse_charge.name}."
        yield tax.rule, f"Anybody else in the EU pays the rate of {home}."
    if tax.elsewhere:
        yield tax.rule, f"{tax.elsewhere.name} in every other country: {tax.elsewhere.percent} percent."


def _months(count: int) -> str:
    if count % 12 == 0 and count:
        return "a year" if count == 12 else f"{count // 12} years"
    return "a month" if count == 1 else f"{count} months"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _all(names: Iterable[str]) -> str:
    return _joined(names, "and")


def _either(names: Iterable[str]) -> str:
    return _joined(names, "or")


def _joined(names: Iterable[str], word: str) -> str:
    *first, last = [_words(str(name)) for name in names]
    return f"{', '.join(first)} {word} {last}" if first else last


_PARTS: dict[str, Callable[[Terms, Any], Told]] = {
    "quote": _quote,
    "eligibility": _eligibility,
    "order": _order,
    "lapsed_cover": _lapsed_cover,
    "reenrolment": _reenrolment,
    "onboarding": _onboarding,
    "start": _start,
    "billing": _billing,
    "dunning": _dunning,
    "credits": _credits,
    "coupons": _coupons,
    "term": _term,
    "renewal": _renewal,
    "minimum_commitment": _commitment,
    "cancellation": _cancellation,
    "notice": _notice,
    "change": _change,
    "suspension": _suspension,
    "replacement": _replacement,
    "fleet": _fleet,
    "entitlements": _entitlements,
    "requests": _requests,
    "repairs": _repairs,
    "breach": _breach,
    "supplies": _supplies,
    "support": _support,
    "copies": _copies,
    "desk": _desk,
    "tax": _tax,
}
"""How each part of the terms is told, in the order of a contract's life."""

_WITHOUT = {
    "billing": "The service is free of charge.",
    "term": "The contract has no term: it runs until somebody ends it.",
    "change": "Nothing can be changed in a running contract.",
    "suspension": "Service cannot be paused.",
    "support": "The programme takes no calls for help.",
}
