"""The rules of a subscription programme, case by case, on the decider."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.commands import (
    Accept,
    AdvanceCase,
    Cancel,
    Change,
    Checkout,
    DeclineRenewal,
    OpenCase,
    Pay,
    Quote,
    Reject,
    Renew,
    ReportInspection,
    ReportPayment,
    Resume,
    Revise,
    Suspend,
    Undo,
)
from domain.effects import CloseCase, IssueCredit, IssueInvoice, OpenCaseEffect, SendMessage
from domain.events import PeriodBilled
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Cover, Discount, Status
from tests.domain.samples import CUSTOMER, kinds, offer, on, ordered, quote, terms, utc

JAN_31 = utc(2027, 1, 31)


def refused(life: Life, command: object, at: datetime) -> Refusal:
    """The refusal of a command that may not happen."""
    with pytest.raises(Refusal) as caught:
        life.give(command, at)  # type: ignore[arg-type]
    return caught.value


def invoices(life: Life) -> list[IssueInvoice]:
    """Everything that was invoiced, in order."""
    return [effect for effect in life.told if isinstance(effect, IssueInvoice)]


def credits_of(life: Life) -> list[IssueCredit]:
    """Everything that was credited, in order."""
    return [effect for effect in life.told if isinstance(effect, IssueCredit)]


def messages(life: Life) -> list[str]:
    """The names of the messages that went out, in order."""
    return [effect.message for effect in life.told if isinstance(effect, SendMessage)]


@pytest.mark.rule("HPG-3")
def test_service_starts_the_day_after_the_later_cover() -> None:
    """Warranty until 17 May, Care Pack until 3 August: service starts on 4 August."""
    cover = (Cover(kind="warranty", last_day=date(2027, 5, 17)), Cover(kind="care_pack", last_day=date(2027, 8, 3)))
    life = ordered(offer(cover=cover), at=JAN_31)
    assert life.contract.status.name == "SCHEDULED"
    life.live_until(utc(2027, 9, 1))
    assert on(life, "activated") == [date(2027, 8, 4)]


@pytest.mark.rule("HPG-3")
def test_without_cover_service_starts_when_payment_clears() -> None:
    """With neither in force, the day on which payment clears is the first day of service."""
    life = ordered(offer(warranty=date(2027, 1, 30)), at=JAN_31, method="pm_slow")
    life.give(ReportPayment(id="p", outcome="paid"), utc(2027, 2, 1))
    assert on(life, "activated") == [date(2027, 2, 1)]
    assert life.contract.status.name == "ACTIVE"


@pytest.mark.rule("HPG-3")
def test_cover_that_ends_today_is_still_in_force() -> None:
    """An order on the last day of the warranty starts on the next day."""
    life = ordered(offer(warranty=date(2027, 1, 31)), at=JAN_31)
    life.live_until(utc(2027, 2, 2))
    assert on(life, "activated") == [date(2027, 2, 1)]


@pytest.mark.rule("HPG-4")
@pytest.mark.parametrize(
    ("ends", "first"),
    [
        (date(2027, 5, 17), date(2027, 6, 1)),
        (date(2027, 5, 31), date(2027, 6, 1)),
        (date(2027, 12, 2), date(2028, 1, 1)),
    ],
)
def test_billing_starts_on_the_first_of_the_month_after(ends: date, first: date) -> None:
    """With cover in force, nothing is charged before the first of the month after the one in which it ends."""
    life = ordered(offer(warranty=ends), at=JAN_31)
    life.live_until(utc(2028, 3, 1))
    assert on(life, "period_billed")[0] == first
    assert on(life, "activated") == [ends + timedelta(days=1)]


@pytest.mark.rule("HPG-4")
def test_periods_of_an_anchor_on_the_31st() -> None:
    """31 January bills 28 February, 31 March, 30 April; a leap year bills 29 February."""
    life = ordered(at=JAN_31)
    life.live_until(utc(2028, 4, 1))
    days = on(life, "period_billed")
    assert days[:4] == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]
    assert date(2028, 2, 29) in days


@pytest.mark.rule("HPG-1")
@pytest.mark.parametrize(("period", "price"), [(1, "49"), (3, "140"), (12, "520")])
def test_the_price_is_the_periods_own(period: int, price: str) -> None:
    """The monthly, quarterly and yearly prices are what is billed for such a period, plus tax."""
    life = ordered(at=JAN_31, period=period)
    bill = invoices(life)[1].bill
    assert (bill.net, bill.tax, bill.gross) == (Decimal(price), Decimal(price) / 5, Decimal(price) * 6 / 5)
    assert bill.charges[0].rule == "SMP-4"


@pytest.mark.rule("HPG-6")
def test_a_coupon_takes_effect_on_one_line_for_its_periods() -> None:
    """Half off the first two periods of line 2, and nothing off line 1."""
    discount = Discount(code="BOX-50", line="2", kind="percent", value=Decimal(50), periods=2, rule="SMP-6")
    life = ordered(offer("1"), offer("2"), at=JAN_31, discount=discount)
    life.live_until(utc(2027, 4, 5))
    nets = [[str(charge.net) for charge in effect.bill.charges] for effect in invoices(life)[1:]]
    assert nets == [["49.00", "24.50"], ["49.00", "24.50"], ["49.00", "49.00"]]


@pytest.mark.rule("HPG-6")
def test_a_coupon_never_makes_a_price_negative() -> None:
    """An amount above the price makes the period free, and no invoice is sent for nothing."""
    discount = Discount(code="BIG", line="1", kind="amount", value=Decimal(500), periods=1, rule="SMP-6")
    life = ordered(at=JAN_31, discount=discount)
    assert [effect.order for effect in invoices(life)] == [True]
    life.live_until(utc(2027, 3, 1))
    assert invoices(life)[1].bill.net == Decimal("49.00")


@pytest.mark.rule("HPG-6")
def test_a_coupon_for_a_line_that_is_not_there() -> None:
    """The refusal names the line, and the lines that there are."""
    discount = Discount(code="BOX-50", line="9", kind="percent", value=Decimal(50), rule="SMP-6")
    life = Life.begin(quote(), JAN_31)
    life.give(Accept(id="a", revision=1), JAN_31)
    answer = refused(life, Checkout(id="c", method="pm_ok", registered=True, discount=discount), JAN_31)
    assert (answer.rule, answer.field) == ("SMP-6", "coupon.line")


@pytest.mark.rule("HPG-7")
def test_the_set_up_fee_is_billed_once() -> None:
    """It is on the order's invoice, and never again, not even in the next term."""
    life = ordered(at=JAN_31)
    life.live_until(utc(2029, 6, 1))
    fees = [charge for effect in invoices(life) for charge in effect.bill.charges if charge.what == "set_up"]
    assert [fee.net for fee in fees] == [Decimal("49.00")]
    assert len(on(life, "renewed")) == 2


@pytest.mark.rule("HPG-8")
@pytest.mark.parametrize(("ended", "inspected"), [(date(2026, 7, 31), True), (date(2026, 8, 1), False)])
def test_six_months_without_cover_need_an_inspection(ended: date, inspected: bool) -> None:
    """Six months to the day before the order count, a day less does not."""
    life = ordered(offer(warranty=ended), at=JAN_31)
    assert any(isinstance(effect, OpenCaseEffect) for effect in life.told) is inspected
    assert [charge.what for charge in invoices(life)[0].bill.charges] == ["set_up", *(["verification"] * inspected)]
    assert life.contract.status is (Status.DRAFT if inspected else Status.ACTIVE)


@pytest.mark.rule("HPG-8")
def test_service_waits_for_the_inspection() -> None:
    """Paid and not inspected is still a draft; passed, it is active from that day."""
    life = ordered(offer(warranty=date(2026, 5, 1)), at=JAN_31)
    life.live_until(utc(2027, 2, 20))
    assert life.contract.status.name == "DRAFT"
    life.give(ReportInspection(id="i", line="1", passed=True), utc(2027, 2, 20))
    assert on(life, "activated") == [date(2027, 2, 20)]


@pytest.mark.rule("HPG-8")
def test_a_failed_inspection_voids_the_order() -> None:
    """Every fee but the inspection's is credited."""
    life = ordered(offer(warranty=date(2026, 5, 1)), offer("2"), at=JAN_31)
    life.give(ReportInspection(id="i", line="1", passed=False, reason="worn out"), utc(2027, 2, 20))
    assert life.contract.status.name == "VOID"
    assert [charge.what for charge in credits_of(life)[0].bill.charges] == ["set_up"]
    assert [effect.case for effect in life.told if isinstance(effect, CloseCase)] == ["SMP-2027-000001-I1"]
    assert "inspection_failed" in messages(life)


@pytest.mark.rule("HPG-10")
def test_an_order_is_void_after_48_hours() -> None:
    """Unpaid after 48 hours the order is void, its fees are credited, and the customer is told."""
    life = ordered(at=JAN_31, method="pm_slow")
    life.live_until(JAN_31 + timedelta(hours=48) - timedelta(seconds=1))
    assert life.contract.status.name == "DRAFT"
    life.live_until(JAN_31 + timedelta(hours=48))
    assert life.contract.status.name == "VOID"
    assert credits_of(life)[0].bill.gross == invoices(life)[0].bill.gross
    assert messages(life)[-1] == "order_void"
    answer = refused(life, ReportPayment(id="late", outcome="paid"), JAN_31 + timedelta(hours=49))
    assert answer.rule == "COM-1"


@pytest.mark.rule("HPG-10")
def test_a_declined_payment_may_be_tried_again() -> None:
    """Within the 48 hours another method completes the order."""
    life = ordered(at=JAN_31, method="pm_declined")
    assert kinds(life)[-1] == "payment_declined"
    life.give(Pay(id="again", method="pm_other"), JAN_31 + timedelta(hours=47))
    assert life.contract.status.name == "ACTIVE"
    life.live_until(utc(2027, 3, 31))
    assert [item.method for item in invoices(life)][-2:] == ["pm_other", "pm_other"]


@pytest.mark.rule("HPG-12")
@pytest.mark.parametrize(
    ("leaves", "last_day", "fee"),
    [
        (date(2027, 7, 30), date(2027, 7, 30), True),
        (date(2027, 7, 31), date(2028, 1, 30), False),
        (date(2028, 1, 30), date(2028, 1, 30), False),
        (date(2028, 1, 31), date(2028, 2, 28), False),
        (date(2028, 6, 5), date(2028, 6, 29), False),
    ],
)
def test_leaving_by_the_month(leaves: date, last_day: date, fee: bool) -> None:
    """Months 1 to 6 at once with a fee; 7 to 12 at the end of month 12; then at the period's end."""
    life = ordered(at=JAN_31)
    life.give(Cancel(id="c", reason="moving"), utc(leaves.year, leaves.month, leaves.day))
    life.live_until(utc(2029, 1, 1))
    assert life.contract.status.name == "CANCELLED"
    assert life.contract.ended_on == last_day
    billed_fees = [
        charge for item in invoices(life) for charge in item.bill.charges if charge.what == "early_termination"
    ]
    assert bool(billed_fees) is fee
    lasts = [part.billed.last for event in life.events if isinstance(event, PeriodBilled) for part in event.lines]
    assert fee or max(lasts) == last_day


@pytest.mark.rule("HPG-12")
def test_leaving_at_once_credits_unused_days_once() -> None:
    """20 of the 31 paid days from 31 May are not used; they are credited to the day, once."""
    life = ordered(at=JAN_31)
    life.give(Cancel(id="c", reason="moving"), utc(2027, 6, 9))
    last = life.contract.lines[0].billed
    assert last
    assert (last.first, last.last, last.served) == (date(2027, 5, 31), date(2027, 6, 29), 10)
    assert [effect.bill.net for effect in credits_of(life)] == [Decimal("32.67")]
    life.live_until(utc(2028, 1, 1))
    assert len(credits_of(life)) == 1


@pytest.mark.rule("HPG-12")
def test_leaving_before_the_start_costs_what_the_terms_say() -> None:
    """The commitment counts from activation; before it, leaving is free unless the terms name a fee."""
    free = ordered(offer(warranty=date(2027, 5, 17)), at=JAN_31)
    free.give(Cancel(id="c", reason="sold"), utc(2027, 3, 1))
    assert free.contract.status is Status.CANCELLED
    assert len(invoices(free)) == 1
    dear = terms(cancellation={"fee_before_start": "early_termination"})
    life = ordered(offer(warranty=date(2027, 5, 17)), at=JAN_31, under=dear)
    life.give(Cancel(id="c", reason="sold"), utc(2027, 3, 1))
    assert invoices(life)[-1].bill.net == Decimal("250.00")
    life.live_until(utc(2028, 1, 1))
    assert "activated" not in kinds(life)


@pytest.mark.rule("HPG-13")
def test_a_change_waits_for_the_boundary_and_can_be_withdrawn() -> None:
    """The new period applies from the next boundary; withdrawn, everything stays as it was."""
    life = ordered(at=JAN_31)
    life.give(Change(id="c", line="1", period=12), utc(2027, 2, 10))
    assert life.contract.lines[0].planned
    answer = refused(life, Change(id="d", line="1", period=3), utc(2027, 2, 11))
    assert answer.allowed_when == "that change is withdrawn first"
    before = life.contract.lines[0].model_copy(update={"planned": None})
    life.give(Undo(id="u", what="change"), utc(2027, 2, 12))
    assert life.contract.lines[0] == before
    life.give(Change(id="e", line="1", period=12), utc(2027, 2, 13))
    life.live_until(utc(2027, 12, 1))
    assert [bill.bill.net for bill in invoices(life)[1:]] == [Decimal("49.00"), Decimal("520.00")]
    assert on(life, "change_applied") == [date(2027, 2, 28)]


@pytest.mark.rule("HPG-14")
def test_a_call_for_help_goes_through_its_stages() -> None:
    """One case: remote first, then an engineer is sent, then it is closed."""
    life = ordered(at=JAN_31)
    life.give(OpenCase(id="o", serial="SN1", subject="paper jam"), utc(2027, 2, 2))
    case = life.contract.cases[0]
    assert case.stage == "remote"
    life.give(AdvanceCase(id="d", case=case.id), utc(2027, 2, 2, 12))
    assert life.contract.cases[0].stage == "dispatch"
    life.give(AdvanceCase(id="e", case=case.id), utc(2027, 2, 3))
    assert life.contract.cases == ()


@pytest.mark.rule("HPG-14")
def test_no_help_before_service_starts() -> None:
    """While the earlier cover holds, the refusal says from when this contract helps."""
    life = ordered(offer(warranty=date(2027, 5, 17)), at=JAN_31)
    answer = refused(life, OpenCase(id="o", serial="SN1", subject="paper jam"), utc(2027, 2, 2))
    assert answer.allowed_from == date(2027, 5, 18)
    assert refused(life, OpenCase(id="o", serial="XX", subject="x"), utc(2027, 2, 2)).field == "serial"


@pytest.mark.rule("COM-1")
def test_the_renewal_quote_goes_out_90_days_before() -> None:
    """The term ends on 30 January 2028; the next one is quoted on 1 November 2027, with a year's total."""
    life = ordered(at=JAN_31)
    answer = refused(life, Renew(id="r"), utc(2027, 10, 31))
    assert answer.allowed_from == date(2027, 11, 1)
    life.live_until(utc(2027, 11, 2))
    assert on(life, "renewal_quoted") == [date(2027, 11, 1)]
    told = next(effect for effect in life.told if isinstance(effect, SendMessage) and effect.message == "renewal_quote")
    prices = told.data["prices"]
    assert isinstance(prices, list)
    assert (prices[0]["amount"], prices[0]["term_amount"]) == ("49.00", "588.00")


@pytest.mark.rule("COM-2")
def test_reminders_come_once_each_until_the_answer() -> None:
    """60 and 30 days before; after the customer's answer the one of 7 days is skipped, and says so."""
    life = ordered(at=JAN_31)
    life.give(DeclineRenewal(id="d", reason="budget"), utc(2028, 1, 10))
    life.live_until(utc(2028, 6, 1))
    assert on(life, "reminder_sent") == [date(2027, 12, 1), date(2027, 12, 31)]
    assert on(life, "reminder_skipped") == [date(2028, 1, 23), date(2028, 1, 31)]
    assert life.contract.status.name == "EXPIRED"
    assert refused(life, Cancel(id="c", reason="x"), utc(2028, 6, 2)).rule == "COM-1"


@pytest.mark.rule("COM-2")
def test_the_reminder_after_an_unanswered_end() -> None:
    """Where a term ends unless it is renewed, the day after it brings the last reminder."""
    life = ordered(at=JAN_31, under=terms(renewal={"mode": "on_acceptance"}))
    life.live_until(utc(2028, 6, 1))
    assert life.contract.status.name == "EXPIRED"
    assert on(life, "reminder_sent")[-1] == date(2028, 1, 31)
    assert messages(life)[-2:] == ["expired", "expired_reminder"]


@pytest.mark.rule("COM-2")
def test_a_withdrawn_answer_opens_the_question_again() -> None:
    """Declined, taken back, accepted: the term is renewed."""
    life = ordered(at=JAN_31, under=terms(renewal={"mode": "on_acceptance"}))
    life.give(DeclineRenewal(id="d"), utc(2027, 12, 1))
    life.give(Undo(id="u", what="renewal"), utc(2027, 12, 2))
    life.give(Renew(id="r"), utc(2027, 12, 3))
    life.live_until(utc(2028, 3, 1))
    assert on(life, "renewed") == [date(2028, 1, 31)]
    assert life.contract.term
    assert (life.contract.term.first, life.contract.term.last) == (date(2028, 1, 31), date(2029, 1, 30))


@pytest.mark.rule("COM-1")
def test_next_terms_dates_come_from_the_next_terms_end() -> None:
    """After a tacit renewal the next quote goes out 90 days before the next end."""
    life = ordered(at=JAN_31)
    life.live_until(utc(2029, 6, 1))
    assert on(life, "renewal_quoted") == [date(2027, 11, 1), date(2028, 11, 1)]


def test_undoing_a_cancellation_restores_everything() -> None:
    """A planned end withdrawn leaves no trace in what the contract will do, and days left off a bill are charged."""
    life = ordered(offer(warranty=date(2027, 2, 9)), at=JAN_31)
    life.live_until(utc(2028, 1, 20))
    untouched = life.contract
    life.give(Cancel(id="c", reason="moving"), utc(2028, 1, 20))
    life.live_until(utc(2028, 2, 3))
    assert invoices(life)[-1].bill.charges[0].days == 9
    life.give(Undo(id="u", what="cancellation"), utc(2028, 2, 4))
    assert invoices(life)[-1].bill.charges[0].days == 20
    life.live_until(utc(2028, 5, 2))
    plain = Life(untouched, life.world)
    plain.live_until(utc(2028, 5, 2))
    same = {"lines": life.contract.lines, "term": life.contract.term, "status": life.contract.status}
    assert {key: getattr(plain.contract, key) for key in same} == same


def test_pausing_twice_credits_each_day_once() -> None:
    """Two pauses within one period are credited by whole days without service, each once."""
    life = ordered(at=JAN_31)
    for number, (first, last) in enumerate([(utc(2027, 3, 2), utc(2027, 3, 5)), (utc(2027, 3, 10), utc(2027, 3, 20))]):
        life.give(Suspend(id=f"s{number}", reason="holiday"), first)
        life.give(Resume(id=f"r{number}"), last)
    billed = life.contract.lines[0].billed
    assert billed
    assert (billed.days, billed.served) == (31, 31 - 2 - 9)
    assert billed.charged == Decimal("31.61")


def test_a_pause_that_ends_the_next_day_costs_nothing() -> None:
    """Both days had service: there is nothing to credit."""
    life = ordered(at=JAN_31)
    life.give(Suspend(id="s", reason="cable"), utc(2027, 3, 2))
    life.give(Resume(id="r"), utc(2027, 3, 3))
    assert credits_of(life) == []


@pytest.mark.rule("HPG-9")
def test_only_the_latest_revision_can_be_accepted() -> None:
    """A revised quote keeps its number; the earlier revision can no longer be accepted."""
    life = Life.begin(quote(), JAN_31)
    life.give(Revise(id="r", period=3, offers=(offer(), offer("2"))), JAN_31)
    answer = refused(life, Accept(id="a", revision=1), JAN_31)
    assert answer.allowed_when == "revision 2 is accepted"
    life.give(Accept(id="b", revision=2), JAN_31)
    again = refused(life, Accept(id="c", revision=2), JAN_31)
    assert again.rule == "SMP-9"


@pytest.mark.rule("HPG-9")
def test_a_quote_lapses_after_its_last_day() -> None:
    """On the last day it can be accepted, the day after it has lapsed."""
    life = Life.begin(quote(), JAN_31)
    life.live_until(datetime.fromisoformat("2027-03-02T22:59:59+00:00"))
    assert life.contract.status.name == "QUOTED"
    life.live_until(utc(2027, 3, 3))
    assert life.contract.status.name == "LAPSED"


@pytest.mark.rule("HPG-9")
def test_a_quote_can_be_rejected_until_the_order() -> None:
    """The customer's no ends the quote."""
    life = Life.begin(quote(), JAN_31)
    life.give(Reject(id="r", reason="too dear"), JAN_31)
    assert life.contract.status.name == "REJECTED"


@pytest.mark.rule("HPG-5")
def test_the_first_order_registers_the_customer() -> None:
    """Without an account the order is refused, and the refusal says what is missing."""
    life = Life.begin(quote(), JAN_31)
    life.give(Accept(id="a", revision=1), JAN_31)
    answer = refused(life, Checkout(id="c", method="pm_ok", registered=False), JAN_31)
    assert (answer.rule, answer.field) == ("SMP-5", "registered")


@pytest.mark.rule("HPG-1")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period": 2}, "period"),
        ({"customer": CUSTOMER.model_copy(update={"country": "BR"})}, "customer.country"),
        ({"offers": (offer(), offer())}, "offers.id"),
        ({"offers": (offer("1"), offer("2", serial="SN1"))}, "offers.serial"),
        ({"offers": (offer(prices={12: Decimal(1)}),)}, "period"),
    ],
)
def test_what_the_programme_does_not_offer_is_not_quoted(changes: dict[str, object], field: str) -> None:
    """The refusal names the field that is at fault."""
    asked: Quote = quote().model_copy(update=changes)
    with pytest.raises(Refusal) as caught:
        Life.begin(asked, JAN_31)
    assert caught.value.field == field


@pytest.mark.rule("COM-4")
def test_tax_is_the_jurisdictions_on_the_day() -> None:
    """A rate that begins in mid-life taxes the bills from its first day on."""
    rates = [
        {"country": "FR", "since": "2014-01-01", "name": "TVA", "percent": 20},
        {"country": "FR", "since": "2027-03-01", "name": "TVA", "percent": 21},
    ]
    life = ordered(at=JAN_31, under=terms(tax={"rates": rates}))
    life.live_until(utc(2027, 4, 1))
    assert [effect.bill.tax_percent for effect in invoices(life)] == [20, 20, 20, 21]


@pytest.mark.rule("COM-4")
def test_lines_that_start_on_one_day_share_an_invoice() -> None:
    """One invoice a day, one line per device and period, each with its own key."""
    life = ordered(offer("1"), offer("2"), offer("3", warranty=date(2027, 3, 30)), at=JAN_31)
    life.live_until(utc(2027, 4, 5))
    devices = [[charge.serial for charge in effect.bill.charges] for effect in invoices(life)[1:]]
    assert devices == [["SN1", "SN2"], ["SN1", "SN2"], ["SN1", "SN2"], ["SN3"]]
