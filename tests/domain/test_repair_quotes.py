"""Repairs outside cover: quoted before they are done, and billed as the customer has accepted them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.casework.commands import ReportCase
from domain.commands import AdvanceCase, OpenCase
from domain.effects import CommentCase, IssueInvoice, SendMessage
from domain.refusal import Refusal
from domain.repairs.commands import AnswerRepairQuote, QuoteRepair, ReportRepair
from domain.repairs.state import Part
from domain.simulator import Life
from domain.tasks import tasks
from tests.domain.samples import kinds, offer, ordered, terms, utc

CASE = "SMP-2027-000001-C1"
REPAIRS = {"rule": "SMP-2", "labour_per_hour": "110.00", "quote_rule": "SMP-3", "quote_days": 7}
PARTS = (Part(text="Fuser", price=Decimal("240.50")),)


def called(serial: str = "SN2", **changes: Any) -> Life:
    """Somebody asks for help with a device; only SN1 is covered."""
    under = terms(repairs=REPAIRS | changes)
    life = ordered(offer("1"), offer("2", warranty=date(2027, 12, 31)), at=utc(2027, 3, 1), under=under)
    life.give(OpenCase(id="o", serial=serial, subject="jam"), utc(2027, 4, 1))
    return life


def quoted(life: Life, hours: str = "1.5", name: str = "q") -> Life:
    """The repair is quoted, with a fuser."""
    life.give(QuoteRepair(id=name, case=CASE, hours=Decimal(hours), parts=PARTS), utc(2027, 4, 1, 12))
    return life


def repaired(life: Life, hours: str = "1.5", name: str = "r") -> Life:
    """The repair is reported, with a fuser."""
    life.give(ReportRepair(id=name, case=CASE, hours=Decimal(hours), parts=PARTS), utc(2027, 4, 2))
    return life


@pytest.mark.rule("ICM-3")
def test_a_repair_is_quoted_accepted_and_billed() -> None:
    """The customer is written parts, labour and total; the desk is told what they say; then it is billed."""
    life = quoted(called())
    letter = next(e for e in life.told if isinstance(e, SendMessage) and e.message == "repair_quoted")
    assert letter.data == {
        "case": CASE,
        "serial": "SN2",
        "costs": [{"text": "1.5 h", "net": "165.00"}, {"text": "Fuser", "net": "240.50"}],
        "total": "486.60",
        "answer_by": "2027-04-08",
    }
    waiting = [item for item in tasks(life.contract) if item.kind == "repair_quote"]
    assert [(item.role, item.answers) for item in waiting] == [("customer", ("answer_repair_quote",))]
    life.give(AnswerRepairQuote(id="yes", case=CASE, accepted=True), utc(2027, 4, 2))
    assert [item for item in tasks(life.contract) if item.kind == "repair_quote"] == []
    repaired(life)
    assert [e.bill.gross for e in life.told if isinstance(e, IssueInvoice)][-1] == Decimal("486.60")
    assert [e.note for e in life.told if isinstance(e, CommentCase)] == [
        "Quoted to the customer: 486.60 EUR with tax, to be answered by 2027-04-08",
        "The customer accepts the quote: repair it",
    ]


@pytest.mark.rule("ICM-3")
def test_nothing_is_repaired_at_the_customers_cost_without_their_word() -> None:
    """Not before a quote, not while it waits, not after a no, not for more than was accepted."""
    life = called()
    with pytest.raises(Refusal, match="accepted no quote"):
        repaired(life)
    quoted(life)
    with pytest.raises(Refusal, match="accepted no quote"):
        repaired(life)
    life.give(AnswerRepairQuote(id="no", case=CASE, accepted=False, reason="too dear"), utc(2027, 4, 2))
    with pytest.raises(Refusal, match="accepted no quote"):
        repaired(life)
    with pytest.raises(Refusal, match="is declined"):
        life.give(AnswerRepairQuote(id="yes", case=CASE, accepted=True), utc(2027, 4, 2))
    quoted(life, "1", "again")
    life.give(AnswerRepairQuote(id="well", case=CASE, accepted=True), utc(2027, 4, 2))
    with pytest.raises(Refusal, match=r"costs 405\.50 net, and the customer has accepted 350\.50"):
        repaired(life)
    repaired(life, "0.5")
    assert kinds(life)[-1] == "repair_done"


@pytest.mark.rule("ICM-3")
def test_a_quote_that_nobody_answers_is_declined() -> None:
    """On the day after its last one; the desk is told."""
    life = quoted(called())
    life.live_until(utc(2027, 4, 8, 21))
    assert life.contract.repair_quotes[0].accepted is None
    life.live_until(utc(2027, 4, 9))
    assert life.contract.repair_quotes[0].accepted is False
    assert [e.note for e in life.told if isinstance(e, CommentCase)][-1] == (
        "The quote is declined: do not repair it: no answer in time"
    )


def test_what_is_covered_is_not_quoted() -> None:
    """It costs nothing; neither does a case that is closed wait for an answer."""
    with pytest.raises(Refusal, match="costs nothing"):
        quoted(called("SN1"))
    assert repaired(called("SN1")).entries[-1].amount is None
    life = quoted(called())
    life.give(AdvanceCase(id="a", case=CASE, close=True), utc(2027, 4, 2))
    assert life.contract.repair_quotes == ()
    with pytest.raises(Refusal, match="without a quote"):
        quoted(called(quote_rule=None))


@pytest.mark.rule("ICM-3")
def test_the_desks_time_is_the_labour_where_no_hours_are_said() -> None:
    """Ninety minutes noted at the desk are an hour and a half; with none noted, the hours must be said."""
    life = called(quote_rule=None)
    with pytest.raises(Refusal, match="how long"):
        life.give(ReportRepair(id="r", case=CASE), utc(2027, 4, 1))
    worked = ReportCase(id="w", by="ann (desk)", case=CASE, what="worked", minutes=90)
    life.give(worked, utc(2027, 4, 1))
    life.give(ReportRepair(id="r", case=CASE), utc(2027, 4, 2))
    assert [e.bill.gross for e in life.told if isinstance(e, IssueInvoice)][-1] == Decimal("198.00")
