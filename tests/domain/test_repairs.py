"""Repairs: free under cover, billed outside it, disputed and credited."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.commands import OpenCase
from domain.effects import IssueCredit, IssueInvoice, OpenCaseEffect, SendMessage
from domain.refusal import Refusal
from domain.repairs.commands import DecideDispute, DisputeRepair, ReportRepair
from domain.repairs.state import Part
from domain.simulator import Life
from tests.domain.samples import offer, ordered, terms, utc

REPAIRS = {"rule": "SMP-2", "labour_per_hour": "110.00", "dispute_rule": "SMP-3"}
PARTS = (Part(text="Fuser", price=Decimal("240.50")),)


def called(serial: str, **changes: object) -> Life:
    """Somebody asks for help with a device; only SN1 is covered, SN2 still waits."""
    under = terms(repairs=REPAIRS | changes)
    life = ordered(offer("1"), offer("2", warranty=date(2027, 12, 31)), at=utc(2027, 3, 1), under=under)
    life.give(OpenCase(id="o", serial=serial, subject="jam"), utc(2027, 4, 1))
    life.give(ReportRepair(id="r", case="SMP-2027-000001-C1", hours=Decimal("1.5"), parts=PARTS), utc(2027, 4, 2))
    return life


@pytest.mark.rule("XEC-10", "ICM-3")
def test_a_repair_under_cover_is_free() -> None:
    """Whatever hours and parts it took."""
    life = called("SN1")
    assert (life.entries[-1].kind, life.entries[-1].amount) == ("repair_done", None)
    assert life.contract.repairs == ()


@pytest.mark.rule("XEC-10", "ICM-3")
@pytest.mark.parametrize("serial", ["SN2", "SN-ELSEWHERE"])
def test_a_repair_outside_cover_bills_labour_and_parts(serial: str) -> None:
    """An hour and a half at 110 and a part of 240.50: 405.50 and tax; also for what is not on the contract at all."""
    life = called(serial)
    assert life.entries[-1].amount == Decimal("486.60")
    owed = [effect.bill for effect in life.told if isinstance(effect, IssueInvoice)][-1]
    assert [(charge.what, charge.net) for charge in owed.charges] == [
        ("labour", Decimal("165.00")),
        ("part", Decimal("240.50")),
    ]
    assert [effect.message for effect in life.told if isinstance(effect, SendMessage)][-1] == "repair_billed"
    with pytest.raises(Refusal, match="billed already"):
        life.give(ReportRepair(id="r2", case="SMP-2027-000001-C1", hours=Decimal(1)), utc(2027, 4, 3))


@pytest.mark.rule("ICM-3")
def test_a_charge_is_disputed_with_type_and_serial_and_credited_once_when_upheld() -> None:
    """A ticket is opened to check; the whole charge comes back, and there is no second time."""
    life = called("SN2")
    case = "SMP-2027-000001-C1"
    wrong = DisputeRepair(id="d", case=case, serial="SN1", machine_type="9043", reason="it was covered")
    with pytest.raises(Refusal) as caught:
        life.give(wrong, utc(2027, 4, 5))
    assert caught.value.field == "serial"
    life.give(wrong.model_copy(update={"serial": "SN2"}), utc(2027, 4, 5))
    assert [effect.case for effect in life.told if isinstance(effect, OpenCaseEffect)][-1] == f"{case}-D"
    life.give(DecideDispute(id="u", case=case, upheld=True), utc(2027, 4, 8))
    assert life.entries[-1].amount == Decimal("-486.60")
    assert len([effect for effect in life.told if isinstance(effect, IssueCredit)]) == 1
    with pytest.raises(Refusal, match="waits for a decision"):
        life.give(DecideDispute(id="u2", case=case, upheld=True), utc(2027, 4, 9))


@pytest.mark.rule("ICM-3")
def test_a_dispute_that_is_refused_leaves_the_charge() -> None:
    """Nothing is credited; without such a rule nothing can be disputed."""
    life = called("SN2")
    case = "SMP-2027-000001-C1"
    dispute = DisputeRepair(id="d", case=case, serial="SN2", machine_type="9043", reason="it was covered")
    life.give(dispute, utc(2027, 4, 5))
    life.give(DecideDispute(id="u", case=case, upheld=False, reason="warranty starts later"), utc(2027, 4, 8))
    assert life.entries[-1].amount is None
    with pytest.raises(Refusal, match="no dispute"):
        called("SN2", dispute_rule=None).give(dispute, utc(2027, 4, 5))


@pytest.mark.rule("XEC-10")
def test_without_prices_for_repairs_help_is_refused_outside_cover() -> None:
    """The refusal says from when the contract helps."""
    with pytest.raises(Refusal) as caught:
        ordered(offer(warranty=date(2027, 12, 31)), at=utc(2027, 3, 1)).give(
            OpenCase(id="o", serial="SN1", subject="jam"), utc(2027, 4, 1)
        )
    assert caught.value.allowed_from == date(2028, 1, 1)
