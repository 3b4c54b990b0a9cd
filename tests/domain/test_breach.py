"""A breach by either side: noticed, cured in time, or followed by the end of service."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.breach.commands import CureBreach, NoticeBreach
from domain.commands import OpenCase
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Status
from tests.domain.samples import kinds, offer, ordered, terms, utc

BREACH = {"rule": "SMP-8", "cure_days": 30}


def running(**changes: Any) -> Life:
    """Two devices, billed yearly from 1 January."""
    under = terms(
        order={"registration": False, "payment": "on_account"},
        start={"after": []},
        lapsed_cover=None,
        order_fees=[],
        breach=BREACH | changes,
    )
    return ordered(offer("1"), offer("2"), at=utc(2027, 1, 1), period=12, under=under)


@pytest.mark.rule("ICM-8")
@pytest.mark.parametrize("party", ["customer", "provider"])
def test_a_breach_that_is_not_cured_ends_service_on_its_machine_only(party: str) -> None:
    """Noticed on 1 March, to be cured by 31 March: then that machine ends, and its unused days are credited."""
    life = running()
    notice = NoticeBreach.model_validate({"id": "n", "party": party, "reason": "access refused", "lines": ("1",)})
    life.give(notice, utc(2027, 3, 1))
    assert life.contract.breaches[0].cure_by == date(2027, 3, 31)
    life.live_until(utc(2027, 4, 2))
    assert [line.ends_on for line in life.contract.lines] == [date(2027, 3, 31), None]
    credited = [entry.amount for entry in life.entries if entry.kind == "recredited"]
    assert credited == [-round(round(Decimal(520) * 275 / 365, 2) * Decimal("1.2"), 2)]
    assert life.contract.status is Status.ACTIVE
    with pytest.raises(Refusal):
        life.give(OpenCase(id="o", serial="SN1", subject="jam"), utc(2027, 4, 3))
    life.live_until(utc(2028, 1, 2))
    billed = [entry.data["lines"] for entry in life.entries if entry.kind == "period_billed"]
    assert [len(lines) for lines in billed if isinstance(lines, list)] == [2, 1]


@pytest.mark.rule("ICM-8")
def test_a_breach_that_is_cured_on_its_last_day_changes_nothing() -> None:
    """On the last day it is in time; the day after there is nothing left to cure."""
    life = running()
    life.give(NoticeBreach(id="n", party="customer", reason="unpaid"), utc(2027, 3, 1))
    breach = life.contract.breaches[0].id
    life.give(CureBreach(id="c", breach=breach), utc(2027, 3, 31, 20))
    life.live_until(utc(2027, 6, 1))
    assert life.contract.status is Status.ACTIVE
    assert "breach_uncured" not in kinds(life)
    with pytest.raises(Refusal) as caught:
        life.give(CureBreach(id="c2", breach=breach), utc(2027, 6, 1))
    assert (caught.value.rule, caught.value.field) == ("SMP-8", "breach")


@pytest.mark.rule("ICM-8")
def test_a_breach_on_all_machines_ends_the_contract() -> None:
    """With the last line the contract ends, and nothing is billed any more."""
    life = running(cure_days=10)
    life.give(NoticeBreach(id="n", party="provider", reason="no engineer came"), utc(2027, 3, 1))
    life.live_until(utc(2030, 1, 1))
    assert (life.contract.status, life.contract.ended_on) == (Status.CANCELLED, date(2027, 3, 11))
    assert kinds(life).count("period_billed") == 1
