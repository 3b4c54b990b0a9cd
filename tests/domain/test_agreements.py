"""What contracts agree on besides their money: deadlines, forms, windows, notice by line, answers in time."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import (
    Accept,
    AddLine,
    Cancel,
    Change,
    Checkout,
    DeclineRenewal,
    Quote,
    Renew,
    ReportInspection,
    ReportRequote,
    Revise,
    Terminate,
    Undo,
)
from domain.effects import MakeDocument, OpenCaseEffect, SendMessage
from domain.refusal import Refusal
from domain.simulator import Life, PriceListWorld
from domain.state import Cover, Offer, OrderedBy, Price, Status
from domain.terms import Terms
from domain.view import Entry
from tests.domain.samples import CUSTOMER, PRICES, kinds, offer, on, ordered, terms, utc

LISTED = PriceListWorld(prices=(Price(service="care", model="M1", prices=PRICES),))
BY_LINE = {
    "rule": "SMP-12",
    "counted_from": "line",
    "bands": [{"until_month": 6, "effect": "refused"}, {"effect": "after_notice", "notice_months": 1}],
    "reasons": {
        "sold": {"rule": "SMP-2", "needs": ["new_owner"], "band": {"effect": "after_notice", "notice_months": 1}}
    },
    "provider": {"rule": "SMP-7", "after_months": 12, "notice_months": 3},
}


def plain(**changes: Any) -> Terms:
    """Terms without fees, on account, billed yearly in advance."""
    base: dict[str, Any] = {
        "order": {"registration": False, "payment": "on_account"},
        "start": {"after": []},
        "lapsed_cover": None,
        "order_fees": [],
        "change": {"what": ["service", "period", "quantity", "lines"], "effect": "at_once"},
    }
    merged = dict(base)
    for key, part in changes.items():
        mine = base.get(key)
        merged[key] = {**mine, **part} if isinstance(mine, dict) and isinstance(part, dict) else part
    return terms(**merged)


def begin(under: Terms, *offers: Offer, at: Any, period: int = 12, world: Any = LISTED, **more: Any) -> Life:
    """A contract that is quoted."""
    asked = Quote(
        id="quote",
        number="SMP-1",
        terms=under,
        customer=more.pop("customer", CUSTOMER),
        period=period,
        offers=offers or (offer(),),
        **more,
    )
    return Life.begin(asked, at, world)


def order(life: Life, at: Any, **checkout: Any) -> Life:
    """Accept and order."""
    life.give(Accept(id="accept", revision=life.contract.revision), at)
    life.give(Checkout(id="checkout", method="on_account", registered=True, **checkout), at)
    return life


def data(entry: Entry) -> Any:
    """What an entry of the trail keeps."""
    return entry.data


def refusal(life: Life, command: Any, at: Any) -> Refusal:
    """The refusal that a command meets."""
    with pytest.raises(Refusal) as caught:
        life.give(command, at)
    return caught.value


# Deadlines


def by_start(**more: Any) -> Terms:
    """Terms whose order deadline is the day before the start."""
    return plain(quote={"deadline": "day_before_start", "deadline_rule": "SMP-1"}, **more)


@pytest.mark.rule("HPJ-2")
def test_an_order_is_in_time_on_the_day_before_the_start_and_late_on_the_start() -> None:
    """The deadline is the day before the start date; the quote lapses when it is over."""
    life = begin(by_start(), at=utc(2027, 3, 1), start_on=date(2027, 4, 1))
    assert life.contract.valid_until == date(2027, 3, 31)
    in_time = order(begin(by_start(), at=utc(2027, 3, 1), start_on=date(2027, 4, 1)), utc(2027, 3, 31, 20))
    in_time.live_until(utc(2027, 4, 2))
    assert in_time.contract.active_since == date(2027, 4, 1)
    late = refusal(life, Accept(id="accept", revision=1), utc(2027, 4, 1, 1))
    assert late.rule == "COM-1"
    assert life.contract.status is Status.LAPSED
    assert life.entries[-1].rule == "SMP-1"


@pytest.mark.rule("HPJ-2")
def test_a_deadline_that_the_quote_states_governs() -> None:
    """A stated deadline goes before the rule, earlier or later."""
    life = begin(by_start(), at=utc(2027, 3, 1), start_on=date(2027, 4, 1), order_by=date(2027, 3, 15))
    assert life.contract.valid_until == date(2027, 3, 15)
    with pytest.raises(Refusal) as caught:
        begin(by_start(), at=utc(2027, 3, 1), start_on=date(2027, 3, 1))
    assert (caught.value.rule, caught.value.field) == ("SMP-1", "start_on")


@pytest.mark.rule("HPJ-5")
def test_a_revision_changes_period_contact_level_and_devices_and_only_the_latest_is_ordered() -> None:
    """Each revision has its number; the first can no longer be accepted, and both stay in the trail."""
    life = begin(by_start(), at=utc(2027, 3, 1), start_on=date(2027, 4, 1))
    other = CUSTOMER.model_copy(update={"email": "keiri@atelier.example"})
    revised = Revise(
        id="revise",
        period=3,
        offers=(offer("1", service="care-plus"), offer("2")),
        customer=other,
        start_on=date(2027, 5, 1),
    )
    life.give(revised, utc(2027, 3, 2))
    contract = life.contract
    assert (contract.revision, contract.period, contract.customer.email) == (2, 3, "keiri@atelier.example")
    assert contract.valid_until == date(2027, 4, 30)
    assert refusal(life, Accept(id="a1", revision=1), utc(2027, 3, 3)).field == "revision"
    assert [entry.kind for entry in life.entries] == ["quoted", "quote_revised"]
    life.give(Accept(id="a2", revision=2), utc(2027, 3, 3))


# Forms, windows, papers, invoice day

FORMS = {
    "rule": "SMP-3",
    "forms": {"purchase_order": {"needs": ["reference"]}, "reply_form": {"needs": ["signed_by", "seal"]}},
}


@pytest.mark.rule("HPJ-7")
def test_an_order_comes_by_purchase_order_or_by_the_signed_and_sealed_reply_form() -> None:
    """A form that the terms do not know, or that lacks a detail, is refused, naming it."""
    under = plain(order={"forms": FORMS})
    life = begin(under, at=utc(2027, 3, 1))
    life.give(Accept(id="accept", revision=1), utc(2027, 3, 1))
    bare = Checkout(id="c1", method="on_account", registered=True)
    assert refusal(life, bare, utc(2027, 3, 2)).field == "form.kind"
    unsealed = bare.model_copy(update={"form": OrderedBy(kind="reply_form", details={"signed_by": "佐藤 花子"})})
    assert refusal(life, unsealed, utc(2027, 3, 2)).field == "form.details.seal"
    sealed = OrderedBy(kind="reply_form", details={"signed_by": "佐藤 花子", "seal": "company"})
    life.give(bare.model_copy(update={"form": sealed}), utc(2027, 3, 2))
    assert life.contract.order is not None
    assert life.contract.order.form == sealed


def package(under: date | None) -> Offer:
    """A package that follows a warranty."""
    return offer(warranty=under, sold_as="package")


WINDOWED = {
    "order": {"windows": {"package": {"rule": "SMP-3", "kinds": ["warranty", "package"], "opens_days": 120}}},
    "start": {"after": ["warranty"]},
}


@pytest.mark.rule("HPJ-3")
@pytest.mark.parametrize(
    ("today", "taken"),
    [(date(2027, 3, 2), False), (date(2027, 3, 3), True), (date(2027, 7, 1), True), (date(2027, 7, 2), False)],
)
def test_a_package_is_bought_from_120_days_before_cover_ends_until_that_day(today: date, *, taken: bool) -> None:
    """The window opens 120 days before the last day of cover, and closes with that day."""
    at = utc(today.year, today.month, today.day)
    life = begin(plain(**WINDOWED), package(date(2027, 7, 1)), at=at)
    life.give(Accept(id="accept", revision=1), at)
    command = Checkout(id="checkout", method="on_account", registered=True)
    if taken:
        life.give(command, at)
        assert life.contract.lines[0].starts_on == date(2027, 7, 2)
        return
    no = refusal(life, command, at)
    assert no.rule == "SMP-3"
    assert no.allowed_from == (date(2027, 3, 3) if today < date(2027, 3, 3) else None)


@pytest.mark.rule("HPJ-8")
def test_papers_follow_the_order_and_the_first_invoice_the_start_or_the_day_asked_for() -> None:
    """The documents of the terms are made once; the invoice goes out on the start, or later where it was asked."""
    papers = {"rule": "SMP-3", "documents": ["delivery_note", "covered_equipment"]}
    under = plain(order={"documents": papers}, billing={"invoice_date_rule": "SMP-8", "covered": "on_activation"})
    for asked, invoiced in ((None, date(2027, 4, 1)), (date(2027, 4, 30), date(2027, 4, 30))):
        life = begin(under, at=utc(2027, 3, 1), start_on=date(2027, 4, 1))
        order(life, utc(2027, 3, 5), invoice_on=asked)
        made = [effect.document for effect in life.told if isinstance(effect, MakeDocument)]
        assert made[-2:] == ["delivery_note", "covered_equipment"]
        life.live_until(utc(2027, 6, 1))
        billed = [entry for entry in life.entries if entry.kind == "period_billed"]
        assert [(entry.on, data(entry)["on"]) for entry in billed] == [(invoiced, "2027-04-01")]
    early = begin(under, at=utc(2027, 3, 1))
    early.give(Accept(id="accept", revision=1), utc(2027, 3, 1))
    past = Checkout(id="c", method="on_account", registered=True, invoice_on=date(2027, 2, 1))
    assert refusal(early, past, utc(2027, 3, 1)).rule == "SMP-8"


# Eligibility and re-enrolment

ELIGIBLE = {
    "conditions": [
        {"rule": "SMP-1", "fact": "networked", "otherwise": "unserviced"},
        {"rule": "SMP-2", "fact": "managed_print", "holds": False},
    ],
    "within": {"rule": "SMP-3", "kinds": ["warranty", "extension"]},
    "support_rule": "SMP-4",
}


@pytest.mark.rule("XEC-1")
def test_a_device_that_is_not_networked_is_taken_without_service_and_a_managed_one_is_refused() -> None:
    """One fact only keeps service away, another keeps the device out."""
    under = plain(eligibility=ELIGIBLE)
    fine = offer(warranty=date(2027, 12, 31), facts={"networked": True})
    assert begin(under, fine, at=utc(2027, 3, 1)).contract.lines[0].serviced
    alone = fine.model_copy(update={"facts": {}})
    assert not begin(under, alone, at=utc(2027, 3, 1)).contract.lines[0].serviced
    managed = fine.model_copy(update={"facts": {"networked": True, "managed_print": True}})
    with pytest.raises(Refusal) as caught:
        begin(under, managed, at=utc(2027, 3, 1))
    assert caught.value.rule == "SMP-2"
    old = fine.model_copy(update={"support_ends": date(2027, 2, 28)})
    with pytest.raises(Refusal) as caught:
        begin(under, old, at=utc(2027, 3, 1))
    assert caught.value.rule == "SMP-4"


@pytest.mark.rule("XEC-2")
@pytest.mark.parametrize(
    ("kind", "last", "taken"),
    [("warranty", 1, True), ("extension", 5, True), ("warranty", 0, False), ("other", 5, False)],
)
def test_a_device_is_enrolled_while_its_warranty_or_its_extension_runs(kind: str, last: int, *, taken: bool) -> None:
    """The last day of cover is in time; the day after, or another kind of cover, is not."""
    cover = (Cover(kind=kind, last_day=date(2027, 2, 28) + timedelta(days=last)),)
    device = offer(facts={"networked": True}).model_copy(update={"cover": cover})
    if taken:
        order(begin(plain(eligibility=ELIGIBLE), device, at=utc(2027, 3, 1)), utc(2027, 3, 1))
        return
    with pytest.raises(Refusal) as caught:
        begin(plain(eligibility=ELIGIBLE), device, at=utc(2027, 3, 1))
    assert caught.value.rule == "SMP-3"


AGAIN = {
    "fees": {"again": {"rule": "SMP-6", "amount": "200", "text": {"en": "Re-enrolment"}}},
    "reenrolment": {
        "rule": "SMP-6",
        "fee": "again",
        "free_with": "new_licence",
        "conditions": [{"rule": "SMP-6", "fact": "works"}],
    },
}


@pytest.mark.rule("HPJ-6")
def test_what_is_taken_up_again_may_have_to_be_inspected_first() -> None:
    """Where the terms want it every device is looked at, by their rule; service starts when all have passed."""
    again: dict[str, Any] = {"rule": "SMP-6", "fee": "again", "inspection": True}
    inspected = AGAIN | {"reenrolment": again}
    good = [offer(number, facts={"works": True}) for number in ("1", "2")]
    life = begin(plain(**inspected), *good, at=utc(2027, 3, 1), start_on=date(2027, 4, 1), reenrols="SMP-0")
    order(life, utc(2027, 3, 2))
    cases = [effect for effect in life.told if isinstance(effect, OpenCaseEffect)]
    assert [(case.line, case.rule) for case in cases] == [("1", "SMP-6"), ("2", "SMP-6")]
    life.give(ReportInspection(id="i1", line="1", passed=True), utc(2027, 3, 5))
    life.live_until(utc(2027, 4, 2))
    assert life.contract.status is Status.DRAFT
    life.give(ReportInspection(id="i2", line="2", passed=True), utc(2027, 4, 3))
    assert life.contract.active_since == date(2027, 4, 3)
    new = order(begin(plain(**inspected), *good, at=utc(2027, 3, 1)), utc(2027, 3, 2))
    assert new.contract.status is Status.ACTIVE


@pytest.mark.rule("HPJ-6")
def test_taking_up_again_needs_a_working_supported_device_and_a_day_to_come() -> None:
    """What lapsed is taken up again from a future day, for a device that works and is supported, for a fee."""
    under = plain(**AGAIN)
    good = offer(facts={"works": True}, support_ends=date(2028, 1, 1))
    wrong = [
        ("start_on", good, date(2027, 3, 1)),
        ("offers.1.facts.works", offer(), date(2027, 4, 1)),
        ("offers.1.support_ends", good.model_copy(update={"support_ends": date(2027, 3, 31)}), date(2027, 4, 1)),
    ]
    for field, device, start in wrong:
        with pytest.raises(Refusal) as caught:
            begin(under, device, at=utc(2027, 3, 1), start_on=start, reenrols="SMP-0")
        assert (caught.value.rule, caught.value.field) == ("SMP-6", field)
    life = order(begin(under, good, at=utc(2027, 3, 1), start_on=date(2027, 4, 1), reenrols="SMP-0"), utc(2027, 3, 2))
    assert life.contract.order is not None
    assert [charge.what for charge in life.contract.order.bill.charges] == ["again"]


@pytest.mark.rule("ICM-9")
def test_a_new_licence_spares_the_fee_for_what_lapsed() -> None:
    """Lapsed maintenance is taken up again by a fee, or without it by a new licence."""
    device = offer(facts={"works": True, "new_licence": True})
    life = order(
        begin(plain(**AGAIN), device, at=utc(2027, 3, 1), start_on=date(2027, 4, 1), reenrols="SMP-0"), utc(2027, 3, 2)
    )
    assert life.contract.order is not None
    assert life.contract.order.bill.charges == ()


# Terms of several lengths, of none, and free service


@pytest.mark.rule("HPP-3")
def test_a_quote_chooses_among_the_lengths_of_term_that_there_are() -> None:
    """A length that the terms do not have is refused; the chosen one is what the term runs, also after renewal."""
    under = plain(term={"months": 12, "choices": [12, 36]}, renewal={"mode": "tacit"})
    with pytest.raises(Refusal) as caught:
        begin(under, at=utc(2027, 3, 1), term_months=24)
    assert caught.value.field == "term_months"
    life = order(begin(under, at=utc(2027, 3, 1), term_months=36), utc(2027, 3, 1))
    assert life.contract.term is not None
    assert life.contract.term.last == date(2030, 2, 28)
    life.live_until(utc(2030, 3, 2))
    assert life.contract.term.last == date(2033, 2, 28)


@pytest.mark.rule("XEC-9")
def test_a_free_service_without_a_term_bills_nothing_and_ends_when_the_customer_says() -> None:
    """No bill, no term, no renewal; the customer leaves at once, and owes nothing."""
    under = plain(billing=None, term=None, renewal=None, cancellation={"bands": [{"effect": "at_once"}]})
    life = order(begin(under, offer(prices={}), at=utc(2027, 3, 1), period=0), utc(2027, 3, 1))
    life.live_until(utc(2031, 3, 1))
    life.give(Cancel(id="cancel", reason="no more printing"), utc(2031, 3, 1))
    assert kinds(life) == ["quoted", "quote_accepted", "order_placed", "activated", "cancelled"]
    assert all(entry.amount in {None, Decimal(0)} for entry in life.entries)


# Lines that leave, by either side


def two_lines(at: Any = None, **more: Any) -> Life:
    """Two machines under one contract, billed yearly."""
    at = at or utc(2027, 1, 1)
    return order(begin(plain(cancellation=BY_LINE, **more), offer("1"), offer("2"), at=at), at)


@pytest.mark.rule("ICM-6")
def test_a_machine_leaves_by_a_months_notice_after_six_months() -> None:
    """Before six months: refused, with the first day. After: it ends a month later, and the rest is credited."""
    life = two_lines()
    early = refusal(life, Cancel(id="c1", lines=("1",), reason="scrapped"), utc(2027, 6, 30))
    assert early.allowed_from == date(2027, 7, 1)
    life.give(Cancel(id="c2", lines=("1",), reason="scrapped"), utc(2027, 7, 1))
    line = life.contract.line("1")
    assert line is not None
    assert line.ends_on == date(2027, 8, 1)
    assert life.contract.ending is None
    life.live_until(utc(2028, 1, 2))
    credited = [entry for entry in life.entries if entry.kind == "recredited"]
    days = Decimal(520) * 152 / 365  # 2 August to 31 December
    assert [(entry.on, entry.amount) for entry in credited] == [
        (date(2027, 8, 2), -round(round(days, 2) * Decimal("1.2"), 2))
    ]
    later = [data(entry)["lines"] for entry in life.entries if entry.kind == "period_billed"]
    assert [[part["line"] for part in parts] for parts in later] == [["1", "2"], ["2"]]


@pytest.mark.rule("ICM-6")
def test_a_machines_notice_can_be_withdrawn_and_its_last_machine_ends_the_contract() -> None:
    """Undo restores everything; when the last machine leaves, so does the contract."""
    life = two_lines()
    before = life.contract
    life.give(Cancel(id="c1", lines=("1",), reason="scrapped"), utc(2027, 8, 1))
    life.give(Undo(id="u1", what="cancellation", line="1"), utc(2027, 8, 2))
    assert life.contract.model_copy(update={"version": 0, "at": before.at}) == before.model_copy(update={"version": 0})
    life.give(Cancel(id="c2", lines=("1",), reason="scrapped"), utc(2027, 8, 3))
    life.give(Cancel(id="c3", lines=("2",), reason="scrapped"), utc(2027, 8, 10))
    life.live_until(utc(2027, 12, 1))
    assert life.contract.status is Status.CANCELLED
    assert life.contract.ended_on == date(2027, 9, 10)
    assert [entry.kind for entry in life.entries][-5:] == [
        "cancellation_planned",
        "recredited",
        "lines_ended",
        "recredited",
        "ended",
    ]


@pytest.mark.rule("ICM-5")
def test_a_sold_machine_needs_its_new_owner_and_leaves_a_month_later_however_young() -> None:
    """A coded reason has details of its own and a rule of its own; the answer is the last day charged."""
    life = two_lines()
    bare = Cancel(id="c1", lines=("1",), reason="sold", code="sold")
    assert refusal(life, bare, utc(2027, 2, 10)).field == "details.new_owner"
    assert refusal(life, bare.model_copy(update={"code": "lost"}), utc(2027, 2, 10)).field == "code"
    life.give(bare.model_copy(update={"details": {"new_owner": "Copies du Nord"}}), utc(2027, 2, 10))
    told = [effect for effect in life.told if isinstance(effect, SendMessage) and effect.message == "line_cancelled"]
    assert [effect.data["last_day"] for effect in told] == ["2027-03-10"]
    assert life.entries[-1].rule == "SMP-2"


@pytest.mark.rule("ICM-7")
def test_the_provider_leaves_by_three_months_notice_after_a_year() -> None:
    """Notice before a year of service is refused with the first day; then it takes three months."""
    life = two_lines()
    early = refusal(life, Terminate(id="t1", reason="the model is retired"), utc(2027, 12, 31))
    assert (early.rule, early.allowed_from) == ("SMP-7", date(2028, 1, 1))
    life.give(Terminate(id="t2", reason="the model is retired"), utc(2028, 1, 15))
    life.live_until(utc(2028, 6, 1))
    assert life.contract.ended_on == date(2028, 4, 15)
    assert [effect.message for effect in life.told if isinstance(effect, SendMessage)].count("provider_terminated") == 1


@pytest.mark.rule("ICM-4")
def test_a_service_added_in_mid_period_is_charged_to_the_day_and_then_with_the_others() -> None:
    """From 1 May, 245 of 365 days of the running year; from the next year on, whole."""
    life = two_lines()
    life.give(AddLine(id="add", offer=offer("3"), starts_on=date(2027, 5, 1)), utc(2027, 4, 10))
    life.live_until(utc(2028, 1, 2))
    billed = [entry for entry in life.entries if entry.kind == "period_billed"]
    part = data(billed[1])["bill"]["charges"][0]
    assert (part["net"], part["first"], part["last"], part["days"]) == ("349.04", "2027-05-01", "2027-12-31", 245)
    assert billed[1].on == date(2027, 5, 1)
    assert [part["line"] for part in data(billed[2])["lines"]] == ["1", "2", "3"]


@pytest.mark.rule("ICM-4")
def test_another_service_from_a_day_on_credits_the_old_and_charges_the_new_to_the_day() -> None:
    """Changed on 1 July: 184 of 365 days are given back at the old price and charged at the new."""
    life = two_lines()
    dearer = {months: price * 2 for months, price in PRICES.items()}
    life.give(Change(id="ch", line="1", service="care-plus", text="Care Plus", prices=dearer), utc(2027, 7, 1))
    credit, added, billed = life.entries[-3:]
    assert [credit.kind, added.kind, billed.kind] == ["recredited", "line_added", "period_billed"]
    assert data(credit)["credit"]["net"] == "262.14"
    assert data(billed)["bill"]["net"] == "524.27"
    assert refusal(life, AddLine(id="x", offer=offer("2")), utc(2027, 7, 2)).field == "offer.id"


@pytest.mark.rule("ICM-6")
def test_a_machine_that_gets_another_service_keeps_its_months_under_contract() -> None:
    """Six months count from the machine's first day, whatever service it has had since."""
    life = two_lines()
    life.give(Change(id="ch", line="1", service="care-plus", text="Care Plus", prices=PRICES), utc(2027, 6, 1))
    life.give(Cancel(id="c", lines=("1-2",), reason="sold"), utc(2027, 7, 1))
    line = life.contract.line("1-2")
    assert line is not None
    assert line.ends_on == date(2027, 8, 1)


@given(st.dates(date(2027, 1, 2), date(2027, 12, 30)), st.dates(date(2027, 1, 2), date(2028, 6, 30)))
def test_a_line_costs_exactly_its_days_whenever_it_comes_and_goes(comes: date, goes: date) -> None:
    """What was charged less what was credited for a line is the price of its days, whatever the order of things."""
    free = {"rule": "SMP-12", "bands": [{"effect": "at_once"}], "counted_from": "line"}
    life = order(begin(plain(cancellation=free), offer("1"), at=utc(2027, 1, 1)), utc(2027, 1, 1))
    life.give(AddLine(id="add", offer=offer("2")), utc(comes.year, comes.month, comes.day))
    if goes < comes:
        return
    life.give(Cancel(id="c", lines=("2",), reason="sold"), utc(goes.year, goes.month, goes.day))
    life.live_until(utc(2029, 2, 1))
    days = {2027: 0, 2028: 0}
    for offset in range((goes - comes).days + 1):
        days[(comes + timedelta(days=offset)).year] += 1
    expected = sum(
        (round(Decimal(520) * count / (366 if year == 2028 else 365), 2) for year, count in days.items()), Decimal(0)
    )
    paid = Decimal(0)
    for entry in life.entries:
        for name, sign in (("bill", 1), ("credit", -1)):
            charges = (data(entry).get(name) or {}).get("charges", [])
            paid += sum((sign * Decimal(charge["net"]) for charge in charges if charge["line"] == "2"), Decimal(0))
    assert paid == expected


# Renewal: notice, grace, index, guarantee


def renewing(**renewal: Any) -> Terms:
    """Terms of a year with these rules of renewal."""
    return plain(renewal={"notice_rule": "SMP-9", "grace_rule": "SMP-10", **renewal})


@pytest.mark.parametrize(("on", "taken"), [(date(2026, 11, 1), True), (date(2026, 11, 2), False)])
def test_the_last_day_for_sixty_days_notice_before_new_years_eve_is_the_first_of_november(
    on: date, *, taken: bool
) -> None:
    """Term end 31 December, 60 days: 1 November is in time, the next day renews for another year."""
    life = order(begin(renewing(mode="tacit", notice_days=60), at=utc(2026, 1, 1)), utc(2026, 1, 1))
    command, at = DeclineRenewal(id="no"), utc(on.year, on.month, on.day)
    if taken:
        life.give(command, at)
        life.live_until(utc(2027, 2, 1))
        assert life.contract.ended_on == date(2026, 12, 31)
        return
    assert refusal(life, command, at).rule == "SMP-9"
    life.live_until(utc(2027, 12, 1))
    assert life.contract.renewal.deadline == date(2027, 11, 1)


def test_days_of_grace_take_a_late_answer() -> None:
    """Two weeks after the deadline a no is still taken; a day later it is not."""
    for day, taken in ((15, True), (16, False)):
        under = renewing(mode="tacit", notice_days=60, grace_days=14)
        life = order(begin(under, at=utc(2026, 1, 1)), utc(2026, 1, 1))
        if taken:
            life.give(DeclineRenewal(id="no"), utc(2026, 11, day))
        else:
            assert refusal(life, DeclineRenewal(id="no"), utc(2026, 11, day)).rule == "SMP-10"


def test_a_contract_that_waits_in_grace_is_reminded_and_renewed_without_a_gap() -> None:
    """Accepted ten days late, the next term begins the day after the last one, and is billed from there."""
    life = order(begin(renewing(mode="on_acceptance", grace_days=14), at=utc(2026, 1, 1)), utc(2026, 1, 1))
    life.give(Renew(id="yes"), utc(2027, 1, 10))
    assert life.contract.term is not None
    assert life.contract.term.first == date(2027, 1, 1)
    reminded = [entry.on for entry in life.entries if entry.kind == "reminder_sent"]
    assert reminded[-1] == date(2027, 1, 1)
    billed = [data(entry)["on"] for entry in life.entries if entry.kind == "period_billed"]
    assert billed == ["2026-01-01", "2027-01-01"]
    late = order(begin(renewing(mode="on_acceptance", grace_days=14), at=utc(2026, 1, 1)), utc(2026, 1, 1))
    late.live_until(utc(2027, 1, 20))
    assert (late.contract.status, late.contract.ended_on) == (Status.EXPIRED, date(2026, 12, 31))
    assert kinds(late).count("period_billed") == 1


def test_prices_follow_an_index_from_the_terms_beginning() -> None:
    """104.0 then, 106.6 now: 520.00 becomes 533.00."""
    world = PriceListWorld(indices={"labour": {date(2025, 6, 1): Decimal("104.0"), date(2026, 9, 1): Decimal("106.6")}})
    under = renewing(mode="tacit", price={"policy": "index", "index": "labour"})
    life = order(begin(under, at=utc(2026, 1, 1), world=world), utc(2026, 1, 1))
    life.live_until(utc(2027, 1, 2))
    nets = [data(entry)["bill"]["net"] for entry in life.entries if entry.kind == "period_billed"]
    assert nets == ["520.00", "533.00"]


@pytest.mark.rule("HPJ-1")
def test_a_renewal_quote_is_owed_for_contracts_and_best_effort_for_packages() -> None:
    """What left the price list: a package is skipped with a note, a contract is offered at its price with an alarm."""
    under = renewing(mode="on_acceptance", quote_rule="SMP-1", best_effort=["package"])
    world = PriceListWorld()
    sold = order(
        begin(under, offer("1"), offer("2", sold_as="package"), at=utc(2026, 1, 1), world=world), utc(2026, 1, 1)
    )
    sold.live_until(utc(2026, 10, 3))
    hindered = [
        (data(entry)["lines"], data(entry)["alarm"]) for entry in sold.entries if entry.kind == "renewal_hindered"
    ]
    assert hindered == [(["1"], True), (["2"], False)]
    assert [effect.stage for effect in sold.told if isinstance(effect, OpenCaseEffect)] == ["renewal"]
    quoted = next(entry for entry in sold.entries if entry.kind == "renewal_quoted")
    assert (quoted.on, list(data(quoted)["prices"])) == (date(2026, 10, 2), ["1"])
    sold.give(Renew(id="yes"), utc(2026, 11, 1))
    sold.live_until(utc(2027, 1, 2))
    assert [part["line"] for part in data(sold.entries[-1])["lines"]] == ["1"]


@pytest.mark.rule("HPJ-1")
def test_a_customer_without_an_address_raises_an_alarm_for_a_contract_and_a_note_for_a_package() -> None:
    """A missing address keeps a package's quote back; a contract's is made, and a person is called."""
    under = renewing(mode="on_acceptance", quote_rule="SMP-1", best_effort=["package"])
    silent = CUSTOMER.model_copy(update={"email": None})
    for sold_as, events in ((None, ["renewal_hindered", "renewal_quoted"]), ("package", ["renewal_hindered"])):
        life = begin(under, offer(sold_as=sold_as), at=utc(2026, 1, 1), customer=silent)
        order(life, utc(2026, 1, 1)).live_until(utc(2026, 10, 3))
        assert kinds(life)[-len(events) - 1 :] == ["renewal_opened", *events]


@pytest.mark.rule("COM-3")
def test_a_term_is_quoted_once_whoever_asks() -> None:
    """A second answer for the same term, as from a campaign too, changes nothing; the next term has its own."""
    life = ordered(at=utc(2027, 3, 1))
    life.live_until(utc(2027, 12, 5))
    assert on(life, "renewal_quoted") == [date(2027, 12, 1)]
    life.give(ReportRequote(id="again", prices={"1": {1: Decimal(99)}}), utc(2027, 12, 6))
    life.live_until(utc(2028, 12, 5))
    assert on(life, "renewal_quoted") == [date(2027, 12, 1), date(2028, 11, 30)]
    quotes = [e.key for e in life.told if isinstance(e, MakeDocument) and e.document == "renewal_quote"]
    assert len(quotes) == len(set(quotes)) == 2
