"""Fleets: counted, large enough, whole, covered; audited while the contract runs; served device by device."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import pytest

from domain.commands import Accept, Checkout, OpenCase, Quote, Revise
from domain.decider import open_contract
from domain.effects import CloseCase, CountFleet, Effect, IssueInvoice, OpenCaseEffect, Outcome, SendMessage
from domain.fleet.census import FleetDevice, census
from domain.fleet.commands import ReportCensus, SettleAdjustment
from domain.fleet.state import Census
from domain.fleet.terms import FleetTerms
from domain.refusal import Refusal
from domain.simulator import Life, PriceListWorld
from domain.state import Contract, Cover, Offer
from domain.terms import Terms
from tests.domain.samples import offer, on, quote, terms, utc

JAN_31 = utc(2027, 1, 31)
DAY = date(2027, 1, 31)
FLEET: dict[str, Any] = {
    "rule": "SMP-2",
    "audit_rule": "SMP-6",
    "excluded_rule": "SMP-8",
    "kinds": {
        "desktop": "pc",
        "notebook": "pc",
        "workstation": "pc",
        "retail_pos": "pc",
        "thin_client": "pc",
        "printer": "printer",
    },
    "with_device": ["display"],
    "covered_by": ["warranty", "care_pack", "hardware_contract"],
    "minimums": {
        "access": [{"pc": 250}, {"printer": 250}],
        "access_plus": [{"pc": 1000}, {"printer": 1000}],
        "management": [{"pc": 5000}, {"printer": 1000}],
    },
    "audit_months": 3,
}
NO_WAIT = {"rule": "SMP-3", "after": []}
PLAIN = {"rule": "SMP-5", "payment": "on_account", "payment_rule": "SMP-10"}


def under(**changes: Any) -> Terms:
    """The sample terms for a fleet."""
    return terms(fleet=fleet_terms(**changes), start=NO_WAIT, order=PLAIN, order_fees=[], lapsed_cover=None)


def fleet_terms(**changes: Any) -> FleetTerms:
    """What the sample asks of a fleet."""
    return FleetTerms.model_validate(FLEET | changes)


def device(serial: str, kind: str = "desktop", *, ends: date | None = date(2030, 1, 1), **more: Any) -> FleetDevice:
    """A device under warranty, or without cover."""
    cover = (Cover(kind=more.pop("by", "warranty"), last_day=ends),) if ends else ()
    fields = {"serial": serial, "kind": kind, "model": "M", "country": "FR", "included": True, "cover": cover}
    return FleetDevice.model_validate(fields | more)


def some(number: int, kind: str = "desktop", **more: Any) -> list[FleetDevice]:
    """So many devices of a kind."""
    return [device(f"{kind[:2]}-{kind[-2:]}-{n:05d}".replace("_", "-"), kind, **more) for n in range(number)]


def counted(*devices: FleetDevice, day: date = DAY, **changes: Any) -> Census:
    """The devices, counted."""
    return census(fleet_terms(**changes), devices, day)


def line(level: str | None = "access", name: str = "pc", quantity: int = 250, **more: Any) -> Offer:
    """A line for a class of the fleet's devices."""
    fields = {"serial": "FLEET-1", "level": level, "device_class": name, "quantity": quantity}
    return offer(more.pop("id", "1"), **fields | more)


def asked(*offers: Offer, fleet: Census | None, under_terms: Terms | None = None) -> Quote:
    """A quote for a fleet."""
    return quote(*offers, under=under_terms or under()).model_copy(update={"fleet": fleet, "fleet_id": "FLEET-1"})


def refusal_of(*offers: Offer, fleet: Census | None, under_terms: Terms | None = None) -> Refusal:
    """Why the quote may not be."""
    with pytest.raises(Refusal) as caught:
        open_contract(asked(*offers, fleet=fleet, under_terms=under_terms), JAN_31)
    return caught.value


class Recounted(PriceListWorld):
    """A world whose fleet is, from a day on, what a test says."""

    def __init__(self, *counts: tuple[date, list[FleetDevice]]) -> None:
        super().__init__()
        object.__setattr__(self, "counts", counts)

    def __call__(self, contract: Contract, effect: Effect) -> Outcome:
        """Counts of the fleet are the test's, all else is as in any world."""
        if not isinstance(effect, CountFleet):
            return super().__call__(contract, effect)
        now = [devices for since, devices in self.counts if since <= effect.on]  # type: ignore[attr-defined]
        return Outcome(census=census(effect.terms, now[-1], effect.on)) if now else super().__call__(contract, effect)


def running(at: datetime = JAN_31, world: PriceListWorld | None = None, **changes: Any) -> Life:
    """A contract for 250 desktops that is active."""
    life = Life.begin(asked(line(), fleet=counted(*some(250)), under_terms=under(**changes)), at, world)
    life.give(Accept(id="accept", revision=1), at)
    life.give(Checkout(id="checkout", method="on_account", registered=True), at)
    assert life.contract.status.value == "Active"
    return life


def refused(life: Life, command: Any, at: datetime) -> Refusal:
    """The refusal of a command that may not happen."""
    with pytest.raises(Refusal) as caught:
        life.give(command, at)
    return caught.value


# What is counted


@pytest.mark.rule("HPP-2")
def test_every_eligible_kind_counts_in_its_class_and_displays_come_along() -> None:
    """Five kinds are PCs, printers are printers, displays are neither counted nor refused."""
    kinds = ("desktop", "notebook", "workstation", "retail_pos", "thin_client", "printer", "display")
    found = counted(*(device(f"S-{n}", kind) for n, kind in enumerate(kinds)))
    assert (found.counted, found.with_device, found.devices) == ({"pc": 5, "printer": 1}, 1, 7)
    assert (found.uncovered, found.ineligible, found.missing) == (0, 0, 0)


@pytest.mark.rule("HPP-2")
@pytest.mark.parametrize("kind", FLEET["covered_by"])
@pytest.mark.parametrize(("ends", "number"), [(DAY, 1), (date(2027, 1, 30), 0)])
def test_cover_counts_up_to_its_last_day(kind: str, ends: date, number: int) -> None:
    """Warranty, Care Pack and hardware contract each cover a device on their last day, and no longer."""
    found = counted(device("S-1", ends=ends, by=kind))
    assert (found.counted.get("pc", 0), found.uncovered) == (number, 1 - number)


@pytest.mark.rule("HPP-2")
def test_another_kind_of_cover_does_not_count() -> None:
    """Only the covers that the terms name make a device count."""
    assert counted(device("S-1", by="accident")).uncovered == 1


def test_counting_names_the_first_twenty_and_stays_small() -> None:
    """Twenty thousand devices are counted well within a second; the count names few of them and is below 4 KB."""
    devices = [device(f"{'S' * 33}-{n:06d}", ends=None if n % 2 else date(2030, 1, 1)) for n in range(20_000)]
    devices = [item.model_copy(update={"included": n % 4 != 0}) for n, item in enumerate(devices)]
    began = time.perf_counter()
    found = counted(*devices)
    assert time.perf_counter() - began < 1
    assert (found.counted["pc"], found.missing, found.uncovered) == (5000, 5000, 10_000)
    assert len(found.missing_serials) == len(found.uncovered_serials) == 20
    assert len(found.model_dump_json()) < 4096


# What may be offered


@pytest.mark.rule("HPP-2")
@pytest.mark.parametrize(
    ("level", "kind", "least"),
    [
        ("access", "desktop", 250),
        ("access", "printer", 250),
        ("access_plus", "notebook", 1000),
        ("access_plus", "printer", 1000),
        ("management", "thin_client", 5000),
        ("management", "printer", 1000),
    ],
)
def test_a_level_needs_its_minimum(level: str, kind: str, least: int) -> None:
    """One device fewer than the level's minimum is refused, saying both numbers; the minimum itself is enough."""
    name = FLEET["kinds"][kind]
    no = refusal_of(line(level, name, least - 1), fleet=counted(*some(least - 1, kind)))
    assert no.rule == "SMP-2"
    assert f"{least} {name}" in no.reason
    assert f"counted are {least - 1} {name}" in no.reason
    contract, _ = open_contract(asked(line(level, name, least), fleet=counted(*some(least, kind))), JAN_31)
    assert contract.fleet is not None
    assert contract.fleet.agreed.counted == {name: least}


@pytest.mark.rule("HPP-2")
def test_one_of_the_alternatives_is_enough_and_both_halves_are_not() -> None:
    """249 PCs and 249 printers reach neither minimum; 250 PCs and 3 printers reach one, each class on its line."""
    half = [line(quantity=249), line(id="2", name="printer", quantity=249)]
    assert "250 pc or 250 printer" in refusal_of(*half, fleet=counted(*some(249), *some(249, "printer"))).reason
    offers = (line(), line(id="2", name="printer", quantity=3))
    contract, _ = open_contract(asked(*offers, fleet=counted(*some(250), *some(3, "printer"))), JAN_31)
    assert [item.quantity for item in contract.lines] == [250, 3]


@pytest.mark.rule("HPP-2")
def test_the_minimum_is_the_terms_own() -> None:
    """With another minimum in the terms, another number is enough."""
    small = {"minimums": {"access": [{"pc": 10}]}}
    assert refusal_of(line(quantity=9), fleet=counted(*some(9)), under_terms=under(**small)).rule == "SMP-2"
    open_contract(asked(line(quantity=10), fleet=counted(*some(10)), under_terms=under(**small)), JAN_31)


@pytest.mark.rule("HPP-2")
def test_a_partial_fleet_is_refused_and_names_what_is_missing() -> None:
    """The first twenty missing devices are named, the others counted; whoever may sell a part of a base can."""
    left_out = [device(f"OUT-{n:02d}", included=False) for n in range(23)]
    no = refusal_of(line(), fleet=counted(*some(250), *left_out))
    assert "23 eligible devices" in no.reason
    assert "OUT-00" in no.reason
    assert "OUT-19 and 3 more" in no.reason
    assert "OUT-20" not in no.reason
    part = {"whole_base": False}
    open_contract(asked(line(), fleet=counted(*some(250), *left_out), under_terms=under(**part)), JAN_31)


@pytest.mark.rule("HPP-2")
def test_devices_that_are_not_eligible_or_not_covered_are_not_missing() -> None:
    """What could not be in need not be in: it is left out without a word."""
    left_out = [device("OLD-1", ends=None, included=False), device("TAB-1", "tablet", included=False)]
    open_contract(asked(line(), fleet=counted(*some(250), *left_out)), JAN_31)


@pytest.mark.rule("HPP-2")
def test_devices_without_cover_are_refused_by_name() -> None:
    """Above the minimum too, every device that is included must be covered."""
    no = refusal_of(line(), fleet=counted(*some(250), device("OLD-1", ends=date(2027, 1, 30))))
    assert "no valid cover: OLD-1" in no.reason
    assert "hardware_contract" in (no.allowed_when or "")


@pytest.mark.rule("HPP-2")
def test_kinds_that_are_not_eligible_are_refused() -> None:
    """A tablet among the devices is refused, naming its kind; a display is not."""
    assert "tablet" in refusal_of(line(), fleet=counted(*some(250), device("TAB-1", "tablet"))).reason
    open_contract(asked(line(), fleet=counted(*some(250), device("DIS-1", "display", ends=None))), JAN_31)


@pytest.mark.rule("HPP-2")
@pytest.mark.parametrize("quantity", [249, 251])
def test_lines_are_for_the_devices_that_there_are(quantity: int) -> None:
    """A line for fewer or more devices than are counted says how many there are."""
    no = refusal_of(line(quantity=quantity), fleet=counted(*some(250)))
    assert (no.field, f"for {quantity} pc, and the fleet has 250" in no.reason) == ("offers.quantity", True)


@pytest.mark.rule("HPP-2")
def test_a_class_without_a_line_is_refused() -> None:
    """The whole base has printers too: they need a line."""
    assert "0 printer, and the fleet has 4" in refusal_of(line(), fleet=counted(*some(250), *some(4, "printer"))).reason


def test_without_a_count_there_is_no_offer() -> None:
    """A programme for fleets needs a count, and a programme for devices takes none; revisions just the same."""
    assert refusal_of(line(), fleet=None).field == "fleet"
    assert "no fleets" in refusal_of(line(), fleet=counted(), under_terms=terms()).reason
    life = Life.begin(asked(line(), fleet=counted(*some(250))), JAN_31)
    revised = Revise(id="r", period=1, offers=(line(quantity=249),), fleet=counted(*some(249)))
    assert "counted are 249 pc" in refused(life, revised, JAN_31).reason
    life.give(revised.model_copy(update={"offers": (line(quantity=260),), "fleet": counted(*some(260))}), JAN_31)
    assert life.contract.fleet is not None
    assert (life.contract.fleet.fleet, life.contract.fleet.agreed.counted) == ("FLEET-1", {"pc": 260})


# Audits


@pytest.mark.rule("HPP-6")
def test_audits_are_counted_in_months_from_the_anchor() -> None:
    """Activated on 31 January: 30 April, 31 July, 31 October, 31 January; and one when the renewal opens."""
    life = running()
    life.live_until(utc(2028, 2, 1))
    opened = on(life, "renewal_opened")[0]
    dates = sorted([date(2027, 4, 30), date(2027, 7, 31), date(2027, 10, 31), date(2028, 1, 31), opened])
    assert on(life, "audit_due") == on(life, "fleet_audited") == dates
    assert on(life, "adjustment_opened") == []


@pytest.mark.rule("HPP-6")
def test_the_months_between_audits_are_the_terms_own() -> None:
    """Every six months, or never but at renewal."""
    half_yearly, never = running(audit_months=6), running(audit_months=None)
    half_yearly.live_until(utc(2027, 9, 1))
    never.live_until(utc(2027, 9, 1))
    assert (on(half_yearly, "fleet_audited"), on(never, "fleet_audited")) == ([date(2027, 7, 31)], [])


def told(life: Life, kind: type[Effect]) -> list[Any]:
    """Everything of a kind that the world was told."""
    return [effect for effect in life.told if isinstance(effect, kind)]


@pytest.mark.rule("HPP-6")
def test_a_shortfall_opens_an_adjustment_and_changes_nothing() -> None:
    """249 PCs at the audit: a ticket and a message with the numbers; lines, prices and bills stay as they are."""
    life, other = running(world=Recounted((date(2027, 4, 1), some(249)))), running()
    before = life.contract.lines
    for lived in (life, other):
        lived.live_until(utc(2027, 6, 1))
    assert on(life, "adjustment_opened") == [date(2027, 4, 30)]
    state = life.contract.fleet
    assert state is not None
    assert state.adjustment is not None
    assert (state.adjustment.shortfall, state.adjustment.excess) == ({"pc": 1}, {})
    case = told(life, OpenCaseEffect)[-1]
    assert (case.case, case.stage) == (state.adjustment.id, "fleet_adjustment")
    message = next(item for item in told(life, SendMessage) if item.message == "adjustment_opened")
    assert message.data["classes"] == [{"name": "pc", "agreed": 250, "counted": 249, "shortfall": 1, "excess": 0}]
    assert [line.quantity for line in life.contract.lines] == [line.quantity for line in before]
    assert told(life, IssueInvoice) == told(other, IssueInvoice)


@pytest.mark.rule("HPP-6")
def test_more_devices_than_agreed_open_an_adjustment() -> None:
    """Ten PCs more are ten too many, whatever the minimum; so are devices of the base that are left out."""
    life = running(world=Recounted((date(2027, 4, 1), some(260))))
    life.live_until(utc(2027, 5, 1))
    assert life.contract.fleet is not None
    assert life.contract.fleet.adjustment is not None
    assert life.contract.fleet.adjustment.excess == {"pc": 10}
    partial = running(world=Recounted((date(2027, 4, 1), [*some(250), device("NEW-1", included=False)])))
    partial.live_until(utc(2027, 5, 1))
    opened = next(item for item in partial.entries if item.kind == "adjustment_opened")
    assert (opened.data["missing"], opened.data["missing_serials"]) == (1, ["NEW-1"])


@pytest.mark.rule("HPP-6")
def test_fewer_devices_above_the_minimum_are_only_noted() -> None:
    """250 were agreed and 240 are there: the audit says so, nothing is opened."""
    life = running(world=Recounted((date(2027, 4, 1), some(240))), minimums={"access": [{"pc": 200}]})
    life.live_until(utc(2027, 5, 1))
    audited = next(item for item in life.entries if item.kind == "fleet_audited")
    assert audited.data["census"]["counted"] == {"pc": 240}  # type: ignore[index]
    assert on(life, "adjustment_opened") == []


@pytest.mark.rule("HPP-6")
def test_one_adjustment_at_a_time() -> None:
    """While one is open, further audits count and open no other."""
    life = running(world=Recounted((date(2027, 4, 1), some(249)), (date(2027, 7, 1), some(300))))
    life.live_until(utc(2027, 8, 1))
    assert len(on(life, "fleet_audited")) == 2
    assert on(life, "adjustment_opened") == [date(2027, 4, 30)]


@pytest.mark.rule("HPP-6")
@pytest.mark.parametrize(("how", "opens"), [("true_up", []), ("level_change", []), ("dismissed", [date(2027, 7, 31)])])
def test_an_adjustment_is_settled_by_people(how: str, opens: list[date]) -> None:
    """Its ticket is closed, the customer told; a dismissed one agrees to nothing, so the next audit opens it again."""
    life = running(world=Recounted((date(2027, 4, 1), some(249))))
    life.live_until(utc(2027, 5, 1))
    number = f"{life.contract.number}-F1"
    settle = SettleAdjustment.model_validate({"id": "s", "adjustment": number, "how": how, "reason": "as agreed"})
    unknown = refused(life, settle.model_copy(update={"adjustment": "none"}), utc(2027, 5, 2))
    assert (unknown.allowed_when, unknown.field) == (f"it is {number}", "adjustment")
    life.give(settle, utc(2027, 5, 2))
    closed = told(life, CloseCase)[-1]
    assert (closed.case, closed.note) == (number, "as agreed")
    assert [item.message for item in told(life, SendMessage)][-1] == "adjustment_settled"
    assert refused(life, settle.model_copy(update={"id": "again"}), utc(2027, 5, 3)).rule == "SMP-6"
    life.live_until(utc(2027, 8, 1))
    assert on(life, "adjustment_opened")[1:] == opens


@pytest.mark.rule("HPP-6")
def test_a_settlement_agrees_to_a_count_of_its_own() -> None:
    """A true-up to 260 devices makes 260 the number that the next audit compares with."""
    life = running(world=Recounted((date(2027, 4, 1), some(258)), (date(2027, 7, 1), some(261))))
    life.live_until(utc(2027, 5, 1))
    agreed = counted(*some(260))
    number = f"{life.contract.number}-F1"
    settle = SettleAdjustment(id="s", adjustment=number, how="true_up", reason="bought", census=agreed)
    life.give(settle, utc(2027, 5, 2))
    life.live_until(utc(2027, 8, 1))
    assert life.contract.fleet is not None
    assert life.contract.fleet.adjustment is not None
    assert life.contract.fleet.adjustment.excess == {"pc": 1}


@pytest.mark.rule("HPP-6")
def test_a_count_can_be_reported_by_people_and_comes_to_nothing_after_the_end() -> None:
    """A count between audits is compared like any other; a contract without a fleet has none."""
    life = running()
    life.give(ReportCensus(id="c", census=counted(*some(251))), utc(2027, 3, 1))
    assert on(life, "adjustment_opened") == [date(2027, 3, 1)]
    plain = Life.begin(quote(), JAN_31)
    assert "not for a fleet" in refused(plain, ReportCensus(id="c", census=counted()), JAN_31).reason
    quoted = Life.begin(asked(line(), fleet=counted(*some(250))), JAN_31)
    assert quoted.give(ReportCensus(id="c", census=counted()), JAN_31) == ()


# Help


@pytest.mark.rule("HPP-8")
def test_help_is_for_devices_of_the_fleet_with_cover_of_their_own() -> None:
    """A device of the fleet gets its case; one that is unknown, left out or no longer covered does not, and why."""
    life = running()
    day = utc(2027, 6, 15)

    def ask(serial: str, known: FleetDevice | None) -> OpenCase:
        return OpenCase(id=f"case-{serial}", serial=serial, subject="it does not start", device=known)

    life.give(ask("PC-1", device("PC-1", ends=date(2027, 6, 15))), day)
    life.give(ask("DIS-1", device("DIS-1", "display", ends=None)), day)
    assert [case.serial for case in life.contract.cases] == ["PC-1", "DIS-1"]
    for serial, known, why in (
        ("PC-2", device("PC-2", ends=date(2027, 6, 14)), "its own cover ended on 2027-06-14"),
        ("PC-3", device("PC-3", ends=None), "no cover of its own"),
        ("DIS-2", device("DIS-2", "display", ends=date(2027, 6, 14)), "its own cover ended"),
        ("PC-4", device("PC-4", included=False), "not included"),
        ("TAB-1", device("TAB-1", "tablet"), "not eligible"),
        ("PC-5", None, "not a device of this contract's fleet"),
        ("PC-6", device("PC-7"), "not a device of this contract's fleet"),
        ("FLEET-1", None, "not a device of this contract's fleet"),
    ):
        no = refused(life, ask(serial, known), day)
        assert (no.rule, no.field) == ("SMP-8", "serial")
        assert why in no.reason
        assert no.allowed_when


# Terms


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"minimums": {"access": [{"server": 3}]}}, "classes server"),
        ({"minimums": {"access": []}}, "minimums"),
        ({"with_device": ["desktop"]}, "not under both"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(changes: dict[str, Any], says: str) -> None:
    """A minimum of a class that nothing counts in, a level without one, a kind in two places."""
    with pytest.raises(ValueError, match=says):
        fleet_terms(**changes)
