"""A contract's whole life through the API."""

from __future__ import annotations

import pytest

from tests.api.house import ADDRESS, PASSWORD, House


@pytest.mark.rule("HPG-5", "COM-1")
async def test_from_quote_to_renewal(any_house: House) -> None:
    """A quote is accepted, paid, active at once without cover, billed month by month, reminded and renewed."""
    caller = any_house.caller
    clock = await any_house.clock("2027-01-31T09:00:00Z")
    number = await any_house.quote(clock=clock)
    assert (await caller.get(f"/v1/quotes/{number}"))["contract"]["status"] == "Quoted"
    assert (await caller.post(f"/v1/quotes/{number}/accept", {"revision": 1}))["status"] == "Accepted"
    steps = f"/v1/contracts/{number}/checkout"
    assert (await caller.put(f"{steps}/billing-address", ADDRESS))["missing"] == ["method", "password"]
    await caller.put(f"{steps}/payment-details", {"method": "pm_ok"})
    await caller.post(f"{steps}/confirmation", {"password": PASSWORD})
    shown = await any_house.becomes(number, "Active")
    assert shown["term"]["last"] == "2028-01-30"
    await any_house.advance(number, by="P1M")
    events = (await caller.get(f"/v1/contracts/{number}/events"))["items"]
    billed = [event["on"] for event in events if event["kind"] == "period_billed"]
    assert billed == ["2027-01-31", "2027-02-28"]
    await any_house.advance(number, to="2028-01-01T00:00:00Z")
    await caller.post(f"/v1/contracts/{number}/renew")
    await any_house.advance(number, to="2028-02-01T00:00:00Z")
    shown = await caller.get(f"/v1/contracts/{number}")
    assert shown["term"]["number"] == 2
    invoices = await caller.get(f"/v1/contracts/{number}/invoices")
    assert len({invoice["number"] for invoice in invoices}) == len(invoices) >= 14
    notices = await caller.get(f"/v1/contracts/{number}/notices")
    assert {"quote", "activated", "renewal_quote"} <= {notice["name"] for notice in notices}
    assert {notice["outcome"] for notice in notices} == {"sent"}


@pytest.mark.rule("HPG-2", "HPG-3", "HPG-4")
async def test_cover_defers_the_start(house: House) -> None:
    """Service starts the day after cover ends, and is billed from the first of the month after; nothing before."""
    number = await house.ordered(serial="SN-WARRANTY", clock=await house.clock("2028-01-10T09:00:00Z"))
    shown = await house.becomes(number, "Scheduled")
    assert shown["lines"][0]["starts_on"] == "2028-05-18"
    await house.advance(number, to="2028-06-01T12:00:00Z")
    events = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    dates = {event["kind"]: event["on"] for event in events}
    assert (dates["activated"], dates["period_billed"]) == ("2028-05-18", "2028-06-01")


async def test_correcting_cover_moves_the_start(house: House) -> None:
    """A contract that waits for its device's cover to end moves with it when the cover is corrected."""
    serial = "SN-MOVED"
    device = {
        "model": "DesignJet T-24",
        "device_type": "large_format",
        "country": "FR",
        "cover": [{"kind": "warranty", "last_day": "2028-05-17"}],
    }
    await house.caller.put(f"/v1/devices/{serial}", device)
    offers = [{"serial": serial, "service": "care-designjet"}]
    number = await house.ordered(offers=offers, clock=await house.clock("2028-01-10T09:00:00Z"))
    await house.becomes(number, "Scheduled")
    device["cover"] = [{"kind": "warranty", "last_day": "2028-03-31"}]
    changed = await house.caller.put(f"/v1/devices/{serial}", device)
    assert changed["moved"] == [number]
    shown = await house.caller.get(f"/v1/contracts/{number}")
    assert shown["lines"][0]["starts_on"] == "2028-04-01"


async def test_an_inspection_that_fails_voids_the_order(house: House) -> None:
    """A device long without cover is inspected; if it fails, the order is void and all but that fee is credited."""
    number = await house.ordered(serial="SN-LAPSED")
    await house.becomes(number, "Draft")
    report = f"/v1/contracts/{number}/inspections/1"
    await house.caller.post(report, {"passed": False, "reason": "the fuser is broken"})
    await house.becomes(number, "Void")
    notes = await house.sees(f"/v1/contracts/{number}/credit-notes", bool)
    credited = [line["credits"].rpartition("/")[2] for note in notes for line in note["lines"]]
    assert credited == ["set_up"]
    cases = await house.sees(f"/v1/contracts/{number}/cases", bool)
    assert [case["serial"] for case in cases] == ["SN-LAPSED"]


async def test_a_case_goes_through_its_stages(house: House) -> None:
    """A call for help is one case: remote first, then an engineer, then closed."""
    number = await house.ordered()
    await house.becomes(number, "Active")
    cases = f"/v1/contracts/{number}/cases"
    await house.caller.post(cases, {"serial": "SN-NOCOVER", "subject": "paper jam"})
    case = f"{number}-C1"
    for stage in ("dispatch", None):
        shown = await house.caller.post(f"{cases}/{case}/advance", {"note": "tried"})
        assert shown["status"] == "Active", stage
    kinds = [event["kind"] for event in (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]]
    assert kinds[-3:] == ["case_opened", "case_advanced", "case_closed"]
    found = await house.sees(cases, bool)
    assert [item["case"] for item in found] == [case]


async def test_payment_that_is_declined_may_be_tried_again(house: House) -> None:
    """A declined order waits as a draft; another method pays it."""
    number = await house.ordered(method="pm_declined")
    shown = await house.becomes(number, "Draft")
    assert "pay" in {item["command"] for item in shown["allowed"]}
    await house.caller.post(f"/v1/contracts/{number}/payments", {"method": "pm_ok"})
    await house.becomes(number, "Active")


async def test_a_report_of_a_slow_payment_starts_the_service(house: House) -> None:
    """A payment that stays pending is settled by the provider's report, and the invoice says that it is paid."""
    number = await house.ordered(method="pm_slow")
    await house.becomes(number, "Draft")
    report = f"/v1/contracts/{number}/payment-reports"
    await house.caller.post(report, {"outcome": "paid", "reference": "psp-1"})
    await house.becomes(number, "Active")
    await house.caller.post(report, {"outcome": "paid", "reference": "psp-1"})
    bills = await house.sees(
        f"/v1/contracts/{number}/invoices", lambda bills: bills and bills[0]["payment"] != "pending"
    )
    assert bills[0]["payment"] == "paid"


@pytest.mark.rule("HPG-6")
async def test_what_is_planned_may_be_withdrawn(house: House) -> None:
    """A cancellation and a change that are planned are withdrawn, and everything stands as it stood."""
    number = await house.ordered(clock=await house.clock("2027-03-01T09:00:00Z"))
    await house.becomes(number, "Active")
    await house.advance(number, by="P7M")
    before = await house.caller.get(f"/v1/contracts/{number}")
    base = f"/v1/contracts/{number}"
    shown = await house.caller.post(f"{base}/change", {"line": "1", "period": 12})
    assert shown["lines"][0]["planned"]["period"] == 12
    await house.caller.post(f"{base}/undo", {"what": "change", "line": "1"})
    shown = await house.caller.post(f"{base}/cancel", {"reason": "moving out"})
    assert shown["ending"]["last_day"] == "2028-02-29"
    await house.caller.post(f"{base}/undo", {"what": "cancellation"})
    after = await house.caller.get(base)
    changed = {"version", "next", "allowed"}
    assert {k: v for k, v in before.items() if k not in changed} == {k: v for k, v in after.items() if k not in changed}


async def test_a_coupon_counts_once_per_customer_and_comes_back_with_a_void_order(house: House) -> None:
    """A coupon lowers the first bills of its line; the same customer cannot use it again."""
    await house.caller.put(
        "/v1/coupons/TEN-OFF",
        {
            "programme": house.code,
            "kind": "amount",
            "value": "10",
            "valid_from": "2026-01-01",
            "valid_until": "2030-12-31",
            "max_uses": 5,
        },
    )
    customer = house.customer()
    coupon = {"coupon": "TEN-OFF", "coupon_line": "1"}
    number = await house.ordered(customer=customer, coupon=coupon)
    await house.becomes(number, "Active")
    bills = await house.sees(f"/v1/contracts/{number}/invoices", lambda bills: len(bills) == 2)
    assert [bill["net"] for bill in bills if bill["lines"][0]["what"] != "set_up"] == ["300.00"]
    again = await house.accepted(customer=customer, coupon=coupon)
    problem = await house.caller.refused("POST", f"/v1/contracts/{again}/checkout/confirmation", {}, status=409)
    assert "before" in problem["detail"]
    assert (await house.caller.get(f"/v1/contracts/{again}"))["status"] == "Accepted"
