"""What was paid and is credited: refunded or set off by the terms; and payments that are taken back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import Cancel, Change, ReportCollection, ReportPayment, Resume, Suspend
from domain.credits.events import Refunded
from domain.dunning.commands import ReportReversal
from domain.dunning.events import Dunned
from domain.effects import Collect, IssueCredit, IssueInvoice, Refund, SendMessage
from domain.simulator import Life
from domain.state import Status
from domain.view import attention
from tests.domain.samples import kinds, offer, on, ordered, terms, utc
from tests.domain.test_dunning import STEPS, told

INVOICE = "SMP-2027-000001/1/invoice/2027-03-01.1"
AT_ONCE = {"rule": "SMP-13", "what": ["service", "quantity", "lines"], "effect": "at_once"}
NO_FEE = {"bands": [{"effect": "at_once"}]}


def living(settled_by: str | None, *, method: str = "pm_ok", **changes: Any) -> Life:
    """A contract of 31 EUR a month, 37.20 with tax, from 1 March."""
    credits_ = {"rule": "SMP-11", "settled_by": settled_by} if settled_by else None
    under = terms(credits=credits_, order_fees=[], cancellation=NO_FEE, change=AT_ONCE, **changes)
    return ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=under, method=method)


def collected(life: Life) -> list[Decimal]:
    """What each invoice was collected for."""
    return [effect.bill.gross - effect.set_off for effect in told(life, IssueInvoice) if effect.bill.charges]


def refunds(life: Life) -> list[Decimal]:
    """What was given back."""
    return [effect.amount for effect in told(life, Refund)]


def test_without_terms_it_stays_in_the_customers_favour() -> None:
    """Credited, and neither given back nor set off; the account is not even kept."""
    life = living(None)
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    assert len(told(life, IssueCredit)) == 1
    assert (refunds(life), life.contract.account.credit) == ([], Decimal(0))


def test_what_was_paid_and_is_credited_goes_back_once() -> None:
    """21 of 31 days, with their tax, to the means of payment; the customer is told."""
    life = living("refund")
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    assert [effect.bill.gross for effect in told(life, IssueCredit)] == [Decimal("25.20")]
    assert refunds(life) == [Decimal("25.20")]
    assert [e.data["amount"] for e in told(life, SendMessage) if e.message == "refunded"] == ["25.20"]
    life.live_until(utc(2028, 3, 10))
    assert (refunds(life), life.contract.account.favour) == ([Decimal("25.20")], Decimal(0))


def test_nothing_goes_back_that_was_not_paid() -> None:
    """A credit pays what is open of a declined invoice first: only the rest is owed, and nothing is given back."""
    life = living("refund", method="pm_declined", dunning=STEPS)
    life.give(ReportPayment(id="paid", outcome="paid", reference="bank"), utc(2027, 3, 1))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    assert [effect.applied for effect in told(life, IssueCredit)] == [{INVOICE: Decimal("25.20")}]
    assert life.contract.account.open == {INVOICE: Decimal("12.00")}
    life.give(ReportCollection(id="p", outcome="paid", invoice=INVOICE), utc(2027, 3, 11))
    assert (refunds(life), life.contract.account.favour) == ([], Decimal(0))


def test_on_account_a_credit_pays_what_is_open_first() -> None:
    """Without terms for credits too: what is credited of an open invoice is not to be paid."""
    life = living(None, method="on_account", order={"payment": "on_account"}, dunning=STEPS)
    life.live_until(utc(2027, 4, 2))
    assert list(life.contract.account.open.values()) == [Decimal("37.20"), Decimal("37.20")]
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 4, 2))
    (applied,) = (effect.applied for effect in told(life, IssueCredit))
    assert list(applied) == [INVOICE]
    assert sum(life.contract.account.open.values()) == Decimal("74.40") - applied[INVOICE]


def test_an_invoice_that_a_credit_pays_whole_is_not_gone_after() -> None:
    """The oldest first: nobody is reminded of it any more, and the rest lowers the next one."""
    life = living(None, method="on_account", order={"payment": "on_account"}, dunning=STEPS)
    life.give(Change(id="more", line="1", quantity=3), utc(2027, 3, 11))
    life.give(Change(id="less", line="1-2", quantity=1), utc(2027, 3, 12))
    first, second, third = (effect.bill for effect in told(life, IssueInvoice))
    before, after = told(life, IssueCredit)
    assert before.applied == {first.key: Decimal("25.20")}
    assert after.applied == {first.key: Decimal("12.00"), second.key: after.bill.gross - 12}
    assert life.contract.account.open == {second.key: second.gross + 12 - after.bill.gross, third.key: third.gross}
    assert [item.invoice for item in life.contract.unpaid] == [second.key, third.key]


def test_a_run_that_began_under_older_rules_is_decided_by_them() -> None:
    """Its history replays: a credit leaves what is open as it was, until the contract's next run."""
    life = living("refund", method="pm_declined", dunning=STEPS)
    life.contract = life.contract.model_copy(update={"rules": 1})
    life.give(ReportPayment(id="paid", outcome="paid", reference="bank"), utc(2027, 3, 1))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    assert life.contract.account.open == {INVOICE: Decimal("37.20")}
    life.give(ReportCollection(id="p", outcome="paid", invoice=INVOICE), utc(2027, 3, 11))
    assert refunds(life) == [Decimal("25.20")]


def test_what_is_given_up_takes_its_credit_along() -> None:
    """An invoice that is never paid leaves nothing in the customer's favour when it is written off."""
    life = living("refund", method="pm_declined", dunning=STEPS)
    life.give(ReportPayment(id="paid", outcome="paid", reference="bank"), utc(2027, 3, 1))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    life.live_until(utc(2027, 6, 1))
    assert "write_off" in [event.do for event in life.events if isinstance(event, Dunned)]
    assert (refunds(life), life.contract.account.favour) == ([], Decimal(0))


def test_a_payment_under_way_is_waited_for() -> None:
    """Credited while it is pending, the refund follows the report that it was paid."""
    life = living("refund", method="pm_slow")
    life.give(ReportPayment(id="paid", outcome="paid", reference="psp"), utc(2027, 3, 1))
    assert on(life, "collection_pending") == [date(2027, 3, 1)]
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    assert refunds(life) == []
    life.give(ReportCollection(id="r", invoice=INVOICE, outcome="paid"), utc(2027, 3, 12))
    assert refunds(life) == [Decimal("25.20")]
    assert life.contract.status is Status.CANCELLED


def test_the_next_bill_is_collected_less_what_is_set_off() -> None:
    """Days without service in March lower what is collected for April; the invoice itself stays whole."""
    life = living("set_off")
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 10))
    life.give(Resume(id="r"), utc(2027, 3, 15))
    credited = sum((effect.bill.gross for effect in told(life, IssueCredit)), Decimal(0))
    life.live_until(utc(2027, 5, 2))
    assert credited > 0
    assert collected(life) == [Decimal("37.20"), Decimal("37.20") - credited, Decimal("37.20")]
    assert (refunds(life), life.contract.account.favour) == ([], Decimal(0))


def test_a_credit_larger_than_the_next_bill_pays_it_whole() -> None:
    """Nothing is collected, the invoice is paid, and the rest waits for the one after it."""
    life = ordered(
        offer(prices={1: Decimal(31), 12: Decimal(365)}),
        at=utc(2027, 3, 1),
        period=12,
        under=terms(credits={"rule": "SMP-11", "settled_by": "set_off"}, order_fees=[], change=AT_ONCE),
    )
    life.give(Change(id="c", line="1", quantity=2), utc(2027, 3, 11))
    assert collected(life)[-1] < told(life, IssueInvoice)[-1].bill.gross
    life.give(Change(id="d", line="1-2", quantity=1), utc(2027, 3, 21))
    before = life.contract.account.favour
    assert (collected(life)[-1], before > 0) == (Decimal(0), True)
    assert "collection_declined" not in kinds(life)


def test_on_account_a_refund_is_set_off() -> None:
    """Nobody's card is known there: what is credited lowers what is to be paid next."""
    order = {"payment": "on_account"}
    life = living("refund", method="on_account", order=order)
    life.give(ReportCollection(id="r", invoice=INVOICE, outcome="paid"), utc(2027, 3, 5))
    life.give(Suspend(id="s", reason="pause"), utc(2027, 3, 10))
    life.give(Resume(id="u"), utc(2027, 3, 15))
    life.live_until(utc(2027, 4, 2))
    assert refunds(life) == []
    assert collected(life)[-1] < collected(life)[0]


def _reversal(key: str, cause: str = "returned", **changes: Any) -> ReportReversal:
    fields = {"id": key, "invoice": INVOICE, "amount": Decimal("37.20"), "cause": cause, "reference": key}
    return ReportReversal.model_validate(fields | changes)


@pytest.mark.rule("HPG-10")
def test_a_payment_that_is_taken_back_is_unpaid_again() -> None:
    """Dunning begins, a person is asked, the customer is told; once, however often it is said; paid again, it ends."""
    life = living(None, dunning=STEPS)
    life.give(_reversal("d1", reason="insufficient_funds"), utc(2027, 3, 20))
    assert life.give(_reversal("d2"), utc(2027, 3, 20)) == ()
    assert attention(life.contract) == (f"payment declined: {INVOICE}",)
    assert [e.message for e in told(life, SendMessage)][-1] == "payment_reversed"
    life.live_until(utc(2027, 3, 24))
    assert [effect.bill_key for effect in told(life, Collect)] == [INVOICE]
    assert (life.contract.unpaid, life.contract.declined) == ((), ())
    life.live_until(utc(2027, 4, 20))
    assert on(life, "dunned") == [date(2027, 3, 23)]


@pytest.mark.rule("HPG-10")
def test_what_was_disputed_is_not_collected_again_by_itself() -> None:
    """The other steps are taken; a dispute that is won is a payment again."""
    life = living(None, dunning=STEPS)
    life.give(_reversal("d1", "dispute", reason="fraudulent"), utc(2027, 3, 20))
    life.live_until(utc(2027, 3, 26))
    assert told(life, Collect) == []
    life.give(ReportCollection(id="won", invoice=INVOICE, outcome="paid", reference="d1"), utc(2027, 3, 27))
    assert life.contract.unpaid == ()
    life.give(_reversal("d3", "dispute"), utc(2027, 3, 28))
    assert len(on(life, "payment_reversed")) == 2


def test_what_was_taken_back_is_not_given_back() -> None:
    """Leaving after a dispute credits days that nobody has paid for."""
    life = living("refund", dunning=STEPS)
    life.give(_reversal("d1", "dispute"), utc(2027, 3, 5))
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    assert refunds(life) == []
    assert not [event for event in life.events if isinstance(event, Refunded)]


@pytest.mark.rule("HPG-10")
def test_each_time_it_is_taken_back_its_steps_are_new() -> None:
    """The second spell collects under a key of its own, so that it is no repeat of the first."""
    life = living(None, dunning=STEPS)
    life.give(_reversal("d1"), utc(2027, 3, 5))
    life.live_until(utc(2027, 3, 9))
    life.give(_reversal("d2"), utc(2027, 3, 15))
    life.live_until(utc(2027, 3, 19))
    keys = [effect.key for effect in told(life, Collect)]
    assert len(keys) == len(set(keys)) == 2


def test_what_is_billed_at_the_same_moment_is_paid_first() -> None:
    """A fee for leaving is set off against the days that come back; only the rest goes to the card."""
    under = terms(
        credits={"rule": "SMP-11", "settled_by": "refund"},
        order_fees=[],
        fees={"early_termination": {"rule": "SMP-12", "amount": "100", "text": {"en": "Early termination"}}},
    )
    life = ordered(offer(prices={12: Decimal(365)}), at=utc(2027, 3, 1), period=12, under=under)
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 4, 9))
    (credit,), fee = told(life, IssueCredit), told(life, IssueInvoice)[-1]
    assert (fee.bill.gross, fee.set_off) == (Decimal("120.00"), Decimal("120.00"))
    assert refunds(life) == [credit.bill.gross - Decimal("120.00")]
