"""Invoices and credit notes that go to the customer by mail, where the terms say so."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.commands import Cancel
from domain.effects import IssueCredit, IssueInvoice, MakeDocument, SendMessage
from domain.simulator import Life
from tests.domain.samples import offer, ordered, terms, utc
from tests.domain.test_dunning import told

BILLING = {"rule": "SMP-4", "periods": [1], "mailed": True}


def living(method: str = "pm_ok", **changes: object) -> Life:
    """A contract of 31 EUR a month, from 1 March."""
    under = terms(order_fees=[], cancellation={"bands": [{"effect": "at_once"}]}, **{"billing": BILLING, **changes})
    return ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=under, method=method)


def letters(life: Life, name: str) -> list[SendMessage]:
    """What was written of this name."""
    return [effect for effect in told(life, SendMessage) if effect.message == name]


@pytest.mark.rule("HPJ-8")
def test_each_invoice_goes_out_once_with_its_paper() -> None:
    """Issued, printed, sent: in this order, for each; what is collected has no day by which to pay."""
    life = living()
    life.live_until(utc(2027, 5, 2))
    issued = [effect.key for effect in told(life, IssueInvoice) if effect.bill.charges]
    assert [(sent.key, sent.attached) for sent in letters(life, "invoice")] == [
        (f"{key}/mail", (f"{key}/paper",)) for key in issued
    ]
    assert {sent.data["due"] for sent in letters(life, "invoice")} == {None}
    order = [effect.key for effect in life.told]
    assert all(order.index(key) < order.index(f"{key}/paper") < order.index(f"{key}/mail") for key in issued)


@pytest.mark.rule("HPJ-8")
def test_on_account_it_says_by_when_to_pay() -> None:
    """The last day to pay, by the terms of payment."""
    life = living("on_account", order={"payment": "on_account", "due_days": 14})
    (sent,) = letters(life, "invoice")
    assert (sent.data["total"], sent.data["due"]) == ("37.20", "2027-03-15")


def test_a_credit_note_goes_out_too() -> None:
    """With what it gives back."""
    life = living()
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 3, 10))
    (credit,) = told(life, IssueCredit)
    (sent,) = letters(life, "credit_note")
    assert (sent.attached, sent.data["total"]) == ((f"{credit.key}/paper",), str(credit.bill.gross))


def test_otherwise_nothing_is_sent() -> None:
    """The paper is there for whoever asks for it."""
    life = living(billing=BILLING | {"mailed": False})
    assert letters(life, "invoice") == []
    assert [effect for effect in told(life, MakeDocument) if effect.document == "invoice"] == []


def test_what_is_no_invoice_cannot_be_mailed() -> None:
    """Bills that wait for a collective invoice are refused with it, with the remedy."""
    together = BILLING | {"consolidated": {"rule": "SMP-4"}}
    with pytest.raises(ValueError, match=r"`billing\.mailed` does not go with `billing\.consolidated`"):
        terms(billing=together, order={"payment": "on_account"})
