"""Cover that supplies keep alive: started, kept, lost; alerts once per cartridge; orders shipped in time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import Accept, Cancel, Checkout, Quote
from domain.effects import IssueInvoice, OpenCaseEffect, SendMessage
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Offer, Status
from domain.supplies.commands import OrderSupply, ReportForeignSupply, ReportLevel, ReportShipment
from domain.supplies.state import Item
from domain.terms import Terms
from tests.domain.samples import CUSTOMER, kinds, offer, terms, utc

SUPPLIES: dict[str, Any] = {
    "rule": "SMP-3",
    "orders_to_start": 2,
    "continuity": {"rule": "SMP-4", "months": 12, "by_model": {"M9": 6}, "warn_days": 30},
    "foreign_rule": "SMP-5",
    "limit": {"rule": "SMP-6", "max_age_months": 60},
    "levels": {
        "rule": "SMP-7",
        "thresholds": {"low": 20, "near_empty": 5},
        "by_model": {"M9": {"low": 30, "near_empty": 10}},
    },
    "shipping": {"rule": "SMP-8", "within_hours": 24},
}


def free(**changes: Any) -> Terms:
    """A free service that supplies keep alive."""
    return terms(
        billing=None,
        term=None,
        renewal=None,
        order={"registration": False, "payment": "on_account"},
        order_fees=[],
        lapsed_cover=None,
        cancellation={"bands": [{"effect": "at_once"}]},
        supplies=SUPPLIES | changes,
    )


def enrolled(*offers: Offer, at: datetime, **changes: Any) -> Life:
    """Devices that are enrolled, and wait for their supplies."""
    made = offers or (device(),)
    life = Life.begin(
        Quote(id="q", number="SMP-1", terms=free(**changes), customer=CUSTOMER, period=0, offers=made), at
    )
    life.give(Accept(id="a", revision=1), at)
    life.give(Checkout(id="c", method="on_account", registered=True), at)
    return life


def device(line: str = "1", **more: Any) -> Offer:
    """A printer that may have the service."""
    return offer(line, prices={}, **more)


def toner(quantity: int = 1, *, eligible: bool = True) -> Item:
    """Toner, net of tax."""
    return Item(sku="T-1", text="Toner", quantity=quantity, price=Decimal(80), eligible=eligible)


def buy(life: Life, at: datetime, order: str, *items: Item, serial: str = "SN1", method: str | None = None) -> None:
    """Order supplies."""
    life.give(OrderSupply(id=order, order=order, serial=serial, items=items or (toner(),), method=method), at)


def status(life: Life) -> str:
    """Where the contract stands."""
    return life.contract.status.value


def sent(life: Life) -> list[str]:
    """The messages that went out."""
    return [effect.message for effect in life.told if isinstance(effect, SendMessage)]


@pytest.mark.rule("XEC-3")
def test_the_second_eligible_supply_starts_the_cover_of_its_printer_only() -> None:
    """One supply, or two that do not count, start nothing; two of one order do, for that printer."""
    life = enrolled(device("1"), device("2"), at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner())
    buy(life, utc(2027, 3, 3), "O2", toner(5, eligible=False))
    assert status(life) == "Scheduled"
    buy(life, utc(2027, 3, 4), "O3", toner())
    assert status(life) == "Active"
    assert [line.active_since is not None for line in life.contract.lines] == [True, False]
    buy(life, utc(2027, 3, 5), "O4", toner(2), serial="SN2")
    assert all(line.active_since for line in life.contract.lines)


@pytest.mark.rule("XEC-3")
def test_a_cancelled_order_does_not_count() -> None:
    """Three supplies of which two were cancelled are one."""
    life = enrolled(at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner())
    life.give(ReportShipment(id="s", order="O1", status="cancelled"), utc(2027, 3, 2, 11))
    buy(life, utc(2027, 3, 3), "O2", toner())
    assert status(life) == "Scheduled"
    buy(life, utc(2027, 3, 4), "O3", toner())
    assert status(life) == "Active"


@pytest.mark.rule("XEC-1")
def test_a_printer_without_service_orders_supplies_and_never_gets_cover() -> None:
    """It is served with supplies, and nothing else."""
    life = enrolled(device(serviced=False), at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner(4))
    assert life.contract.status is Status.SCHEDULED
    assert kinds(life)[-1] == "supply_ordered"


@pytest.mark.rule("XEC-4")
@pytest.mark.parametrize(("again", "kept"), [(date(2028, 3, 1), True), (date(2028, 3, 2), False)])
def test_an_order_on_the_windows_last_day_keeps_the_cover_and_a_day_later_is_too_late(
    again: date, *, kept: bool
) -> None:
    """Twelve months from the last order; the warning goes out 30 days before, once."""
    life = enrolled(at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner(2))
    life.live_until(utc(again.year, again.month, again.day, 0))
    if kept:
        buy(life, utc(again.year, again.month, again.day), "O2")
        life.live_until(utc(2028, 6, 1))
        assert life.contract.status is Status.ACTIVE
        life.live_until(utc(2029, 3, 5))
    assert [entry.data["reason"] for entry in life.entries if entry.kind == "cover_lost"] == ["gap"]
    assert life.contract.ended_on == (date(2029, 2, 28) if kept else date(2028, 3, 1))
    warned = [entry.on for entry in life.entries if entry.kind == "continuity_warned"]
    assert warned == ([date(2028, 1, 31), date(2029, 1, 29)] if kept else [date(2028, 1, 31)])


@pytest.mark.rule("XEC-4")
def test_the_window_is_the_models_own_where_it_has_one() -> None:
    """Six months for this model."""
    life = enrolled(device(model="M9"), at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner(2))
    life.live_until(utc(2028, 1, 1))
    assert life.contract.ended_on == date(2027, 9, 1)


@pytest.mark.rule("XEC-5")
@pytest.mark.parametrize("genuine", [True, False])
def test_a_supply_from_elsewhere_forfeits_the_cover_at_once(*, genuine: bool) -> None:
    """Genuine or not, that printer's cover ends that day; the other printer keeps its own."""
    life = enrolled(device("1"), device("2"), at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner(2))
    buy(life, utc(2027, 3, 2), "O2", toner(2), serial="SN2")
    life.give(ReportForeignSupply(id="f", serial="SN1", supply="black", genuine=genuine), utc(2027, 5, 5))
    assert [line.ends_on for line in life.contract.lines] == [date(2027, 5, 5), None]
    buy(life, utc(2027, 5, 6), "O3", toner(2))
    assert life.contract.lines[0].over
    assert "cover_lost" in sent(life)


@pytest.mark.rule("XEC-6")
@pytest.mark.parametrize(
    ("facts", "ends", "reason"),
    [
        ({"in_use_since": date(2023, 2, 28)}, date(2028, 2, 27), "age"),
        ({"in_use_since": date(2023, 2, 28), "support_ends": date(2027, 12, 31)}, date(2027, 12, 31), "support_ended"),
        ({"in_use_since": date(2022, 9, 1), "support_ends": date(2027, 12, 31)}, date(2027, 8, 31), "age"),
    ],
)
def test_cover_ends_with_five_years_or_with_support(facts: dict[str, Any], ends: date, reason: str) -> None:
    """Whichever comes first, however many supplies are ordered."""
    life = enrolled(device(**facts), at=utc(2027, 3, 1))
    for index in range(8):
        at = utc(2027, 3, 2) + timedelta(days=60 * index)
        if life.contract.status in {Status.SCHEDULED, Status.ACTIVE} and at.date() <= ends:
            buy(life, at, f"O{index}", toner(2))
    life.live_until(utc(2029, 1, 1))
    assert (life.contract.ended_on, life.contract.status) == (ends, Status.EXPIRED)
    assert next(entry for entry in life.entries if entry.kind == "cover_lost").data["reason"] == reason


def level(life: Life, percent: int, cartridge: str = "c1", serial: str = "SN1") -> None:
    """Report a level."""
    at = max(life.contract.at, utc(2027, 3, 2))
    life.give(ReportLevel(id="l", serial=serial, supply="black", cartridge=cartridge, percent=percent), at)


@pytest.mark.rule("XEC-7")
def test_each_cartridge_has_one_alert_when_low_and_one_when_near_empty() -> None:
    """Levels fall, rise and repeat; a jump past low only says near empty; a new cartridge begins anew."""
    life = enrolled(at=utc(2027, 3, 1))
    for percent in (40, 21, 20, 19, 35, 20, 6, 5, 4, 30, 0):
        level(life, percent)
    assert sent(life)[-2:] == ["supply_low", "supply_near_empty"]
    level(life, 3, "c2")
    level(life, 15, "c2")
    level(life, 20, "c3")
    assert sent(life)[-4:] == ["supply_low", "supply_near_empty", "supply_near_empty", "supply_low"]


@pytest.mark.rule("XEC-7")
def test_a_model_has_its_own_levels() -> None:
    """30 percent is low for this one."""
    life = enrolled(device(model="M9"), at=utc(2027, 3, 1))
    level(life, 31)
    assert "supply_low" not in sent(life)
    level(life, 30)
    assert sent(life)[-1] == "supply_low"


@pytest.mark.rule("XEC-8")
def test_an_order_that_has_not_shipped_after_a_day_opens_one_ticket() -> None:
    """23:59 is in time; at 24 hours a ticket is opened; the shipment closes it."""
    life = enrolled(at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2, 10), "O1")
    buy(life, utc(2027, 3, 2, 10), "O2")
    life.give(ReportShipment(id="s", order="O1", status="shipped", reference="T1"), utc(2027, 3, 3, 9))
    life.live_until(utc(2027, 3, 10))
    late = [entry for entry in life.entries if entry.kind == "supply_late"]
    assert [(entry.data["order"], entry.at) for entry in late] == [("O2", utc(2027, 3, 3, 10))]
    assert [effect.case for effect in life.told if isinstance(effect, OpenCaseEffect)] == ["SMP-1-SO2"]
    life.give(ReportShipment(id="s2", order="O2", status="shipped"), utc(2027, 3, 10))
    life.give(ReportShipment(id="s3", order="O2", status="delivered"), utc(2027, 3, 11))
    assert life.contract.supplies.order("O2").status == "delivered"  # type: ignore[union-attr]
    with pytest.raises(Refusal, match="cannot be cancelled"):
        life.give(ReportShipment(id="s4", order="O2", status="cancelled"), utc(2027, 3, 12))


@pytest.mark.rule("XEC-9")
def test_supplies_are_paid_by_a_token_or_on_account_and_credited_when_cancelled() -> None:
    """The invoice carries the token or none; a cancelled order is credited whole; leaving costs nothing."""
    life = enrolled(at=utc(2027, 3, 1))
    buy(life, utc(2027, 3, 2), "O1", toner(2), method="pm_ok_card")
    buy(life, utc(2027, 3, 2), "O2")
    paid = [(effect.bill.net, effect.method) for effect in life.told if isinstance(effect, IssueInvoice)]
    assert paid == [(Decimal(160), "pm_ok_card"), (Decimal(80), None)]
    life.give(ReportShipment(id="s", order="O2", status="cancelled"), utc(2027, 3, 2, 12))
    assert life.entries[-1].amount == Decimal("-96.00")
    life.give(Cancel(id="x", reason="no more printing"), utc(2027, 3, 4))
    assert life.entries[-1].amount is None
    assert life.contract.status is Status.CANCELLED


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(["c1", "c2", "buy", "wait"]), st.integers(0, 100)), max_size=30
    )
)
def test_alerts_are_never_repeated_and_catching_up_equals_stepping(steps: list[tuple[int, str, int]]) -> None:
    """Whatever is ordered and reported when: an alert of a cartridge at most once; large steps equal small ones."""

    def lived(slices: int) -> Life:
        life = enrolled(at=utc(2027, 3, 1))
        now = utc(2027, 3, 2)
        for index, (days, what, percent) in enumerate(steps):
            for _ in range(slices):
                now += timedelta(days=days) / slices
                life.live_until(now)
            if life.contract.status not in {Status.SCHEDULED, Status.ACTIVE}:
                break
            if what == "buy":
                buy(life, now, f"O{index}", toner(2))
            elif what != "wait":
                life.give(ReportLevel(id="l", serial="SN1", supply="black", cartridge=what, percent=percent), now)
        life.live_until(utc(2040, 1, 1))
        return life

    whole, stepped = lived(1), lived(3)
    assert [(entry.at, entry.kind) for entry in whole.entries] == [(entry.at, entry.kind) for entry in stepped.entries]
    told = [(entry.data["cartridge"], entry.data["level"]) for entry in whole.entries if entry.kind == "supply_alert"]
    assert len(told) == len(set(told))
