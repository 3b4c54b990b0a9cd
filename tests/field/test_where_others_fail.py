"""Where other contract and billing systems fail, each failure a test of ours, named after it.

They are known from the public issue trackers that the docstrings name.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from domain import decider
from domain.calendar import months_after
from domain.commands import Accept, Cancel, Checkout, DeclineRenewal, Renew, Resume, Suspend, Undo
from domain.effects import IssueCredit, IssueInvoice, MakeDocument, Outcome, SendMessage
from domain.events import PeriodBilled
from domain.refusal import Refusal
from domain.simulator import Life, PriceListWorld
from tests.domain.samples import offer, on, ordered, quote, terms, utc
from tests.workflows.living import Contract, eventually, worker
from tests.workflows.world import MemoryWorld
from workflows.catalogue import Job, lane

NOTICE = {"mode": "tacit", "notice_days": 60, "notice_rule": "SMP-9"}
YEARLY = {1: Decimal(100), 12: Decimal(1200)}


def billed(life: Life) -> list[tuple[date, date]]:
    """The periods that were billed, in order."""
    return [
        (part.billed.first, part.billed.last)
        for event in life.events
        if isinstance(event, PeriodBilled)
        for part in event.lines
    ]


def net(life: Life) -> Decimal:
    """What was charged, less what was credited."""
    invoiced = sum((effect.bill.net for effect in life.told if isinstance(effect, IssueInvoice)), Decimal(0))
    return invoiced - sum((effect.bill.net for effect in life.told if isinstance(effect, IssueCredit)), Decimal(0))


def test_one_period_is_invoiced_once() -> None:
    """Erpnext 28328 and 33556, OCA 1473, lago-api 1988: two invoices for a period, up to hundreds.

    Here by the domain: each charge has one key for ever. Under killed workers: tests/workflows; under concurrency and
    retries on the database: tests/activities/test_billing.py.
    """
    life = ordered(offer("1"), offer("2"), at=utc(2027, 1, 31))
    for day in range(1, 800, 13):
        life.live_until(utc(2027, 1, 31) + timedelta(days=day))
    keys = Counter(effect.key for effect in life.told)
    assert [key for key, times in keys.items() if times > 1] == []
    assert len(set(billed(life))) * 2 == len(billed(life))


def test_an_anchor_on_the_31st_survives_february() -> None:
    """Killbill 127: billing stops after the 28 February of a contract that is anchored on the 31st."""
    life = ordered(at=utc(2027, 1, 31))
    life.live_until(utc(2027, 7, 1))
    firsts = [first for first, _ in billed(life)]
    assert firsts == [date(2027, month, day) for month, day in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30))]


def test_the_last_day_to_say_no() -> None:
    """BCApps 10354: a term that ends on 2026-12-31 with 60 days' notice has 2026-11-01 as its last day for a no."""
    under = terms(renewal=NOTICE)
    for day, taken in ((date(2026, 11, 1), True), (date(2026, 11, 2), False)):
        life = ordered(at=utc(2026, 1, 1), under=under)
        at = datetime(day.year, day.month, day.day, 22, 30, tzinfo=UTC)  # 23:30 in Paris: still the same day
        life.live_until(at)
        assert life.contract.renewal.deadline == date(2026, 11, 1)
        if taken:
            life.give(DeclineRenewal(id="no"), at)
        else:
            with pytest.raises(Refusal, match="deadline for an answer was 2026-11-01"):
                life.give(DeclineRenewal(id="no"), at)


ZONES = [
    "Europe/Paris",
    "America/St_Johns",
    "Asia/Tokyo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
]


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), start=st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1)))  # noqa: DTZ001 - local
def test_zones_and_dst_move_no_bill(zone: str, start: datetime) -> None:
    """Killbill 445 and 743, lago-api 1074: bills move by a day or a month where clocks change, or far from UTC."""
    at = start.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    life = ordered(at=at, under=terms(time_zone=zone))
    life.live_until(at + timedelta(days=400))
    begun = at.astimezone(ZoneInfo(zone)).date()
    firsts = [first for first, _ in billed(life)]
    assert firsts == [months_after(begun, month) for month in range(len(firsts))]
    assert on(life, "period_billed") == firsts
    assert len(firsts) == 14


def test_the_next_terms_notice_is_counted_from_the_next_terms_end() -> None:
    """Glpi 23084: after a tacit renewal the notice date stays that of the year before."""
    life = ordered(at=utc(2026, 1, 1), under=terms(renewal=NOTICE))
    life.live_until(utc(2027, 10, 15))
    assert life.contract.term is not None
    assert life.contract.term.last == date(2027, 12, 31)
    assert life.contract.renewal.deadline == date(2027, 11, 1)


def test_a_reminder_comes_once_and_never_contradicts_what_happened() -> None:
    """snipe-it 7677, polar 7168 and 9084: reminders every day, twice, not at all, or after the answer."""
    life = ordered(at=utc(2027, 1, 1), under=terms(renewal={"mode": "on_acceptance"}))
    for day in range(1, 330):
        life.live_until(utc(2027, 1, 1) + timedelta(days=day))
    life.give(Renew(id="yes"), utc(2027, 11, 28))
    life.live_until(utc(2028, 1, 20))
    reminders = [
        effect.data["days"] for effect in life.told if isinstance(effect, SendMessage) and "days" in effect.data
    ]
    assert reminders == [60]
    assert on(life, "reminder_skipped") == [date(2027, 12, 1), date(2027, 12, 24)]


def test_a_term_shorter_than_the_notice_is_warned_of_all_the_same() -> None:
    """Lago's scan by equal dates: who is born less than so many days before the end never hears of it."""
    under = terms(term={"months": 1}, renewal={"mode": "on_acceptance"})
    life = ordered(at=utc(2027, 3, 10), under=under)
    life.live_until(utc(2027, 4, 20))
    assert on(life, "renewal_quoted") == [date(2027, 3, 10)]
    assert on(life, "reminder_sent") == [date(2027, 3, 10), date(2027, 4, 2), date(2027, 4, 10)]


def test_new_prices_reach_a_running_contract_with_its_next_term() -> None:
    """Killbill 2291: a change of price is silently dropped for contracts that run. Here it comes on the day named."""
    newer = terms(version=2, renewal={"price": {"policy": "uplift", "percent": "10"}})
    life = ordered(offer(prices=YEARLY), at=utc(2027, 3, 1), period=12, world=PriceListWorld(terms=newer))
    life.live_until(utc(2029, 2, 1))
    charges = [e.bill.net for e in life.told if isinstance(e, IssueInvoice) and not e.order]
    assert charges == [Decimal("1200.00"), Decimal("1320.00")]
    assert life.contract.terms.version == 2


def test_pausing_twice_leaves_the_ledger_right() -> None:
    """Killbill 2306: suspended and resumed twice, the ledger is corrupt. Here whole days without service are free."""
    life = ordered(offer(prices={1: Decimal(31)}), at=utc(2027, 3, 1), under=terms(order_fees=[]))
    for first, last in ((5, 9), (12, 12), (20, 25)):
        life.give(Suspend(id=f"s{first}", reason="pause"), utc(2027, 3, first))
        life.give(Resume(id=f"r{first}"), utc(2027, 3, last) + timedelta(days=1))
    life.live_until(utc(2027, 3, 31))
    # Days on which service stopped or began again were served in part: 4, 0 and 5 whole days were not.
    assert net(life) == Decimal(31 - 4 - 0 - 5)


def test_undoing_a_termination_restores_all_of_it() -> None:
    """OCA, flexprice 2033: undo puts flags back and loses dates, reminders and bills."""
    left, stayed = (ordered(at=utc(2027, 1, 1)) for _ in range(2))
    for life in (left, stayed):
        life.live_until(utc(2027, 8, 2))
    before = left.contract
    left.give(Cancel(id="c", reason="leaving"), utc(2027, 8, 2))
    left.give(Undo(id="u", what="cancellation"), utc(2027, 8, 2))
    changed = {name for name in type(before).model_fields if getattr(before, name) != getattr(left.contract, name)}
    assert changed <= {"version", "at"}
    for life in (left, stayed):
        life.live_until(utc(2028, 6, 1))
    assert billed(left) == billed(stayed)
    assert on(left, "reminder_sent") == on(stayed, "reminder_sent")


def test_leaving_in_mid_term_is_prorated_to_the_day_and_credited_once() -> None:
    """ALAppExtensions 28697: the credit for the rest of a term is wrong."""
    under = terms(order_fees=[], cancellation={"bands": [{"effect": "at_once"}]})
    life = ordered(offer(prices={12: Decimal(365)}), at=utc(2027, 3, 1), period=12, under=under)
    life.give(Cancel(id="c", reason="leaving"), utc(2027, 6, 8))
    life.live_until(utc(2028, 6, 1))
    assert net(life) == _days_of(366, 100)
    assert len([effect for effect in life.told if isinstance(effect, IssueCredit)]) == 1


def _days_of(days: int, served: int) -> Decimal:
    """What so many served days of a year of so many days cost at 365 a year."""
    return (Decimal(365) * served / days).quantize(Decimal("0.01"))


def test_nothing_is_billed_past_an_end() -> None:
    """Killbill 1909: a fixed term is billed after it ended."""
    life = ordered(offer(prices=YEARLY), at=utc(2027, 3, 1), under=terms(renewal={"mode": "on_acceptance"}))
    life.live_until(utc(2029, 1, 1))
    assert max(last for _, last in billed(life)) == date(2028, 2, 29)
    assert decider.next_due(life.contract) is None


def test_a_renewal_quote_shows_the_period_and_the_term() -> None:
    """BCApps 10445: the price of one period is shown as that of the year."""
    life = ordered(
        offer(prices={1: Decimal("49.90")}), at=utc(2027, 3, 1), under=terms(renewal={"mode": "on_acceptance"})
    )
    life.live_until(utc(2027, 12, 5))
    data = next(e.data for e in life.told if isinstance(e, MakeDocument) and e.document == "renewal_quote")
    assert (data["total"], data["term_total"]) == ("49.90", "598.80")


def test_ten_years_of_payments_follow_the_clock() -> None:
    """Stripe's test clocks, Chargebee's time machine: two intervals, few subscriptions, payments in real time.

    Here every invoice, its collection and its date follow the clock, as far as one likes; on the server:
    tests/api/test_clocks.py and `make demo`.
    """
    life = ordered(at=utc(2027, 3, 1))
    life.live_until(utc(2037, 3, 1))
    invoices = [effect for effect in life.told if isinstance(effect, IssueInvoice) and not effect.order]
    assert len(invoices) == 121
    assert [effect.bill.on for effect in invoices] == [months_after(date(2027, 3, 1), month) for month in range(121)]


def test_many_lines_are_one_piece_of_work() -> None:
    """BCApps 7690: millions of lines, hours, no progress.

    Here the lines of a day are billed together. Thousands of devices are rows that are read in chunks
    (tests/storage/test_fleets.py).
    """
    life = ordered(*(offer(str(number)) for number in range(1, 301)), at=utc(2027, 3, 1))
    life.live_until(utc(2027, 6, 15))
    bills = [event for event in life.events if isinstance(event, PeriodBilled)]
    assert [len(event.lines) for event in bills] == [300] * 4


class OneBroken(MemoryWorld):
    """A world in which nothing of one contract can be billed."""

    bad = ""

    def _perform(self, job: Job) -> Outcome:
        if job.contract.number == self.bad and lane(job.effect) == "billing":
            raise ApplicationError("no such account", type="billing.unreachable")
        return super()._perform(job)


def invoices(world: MemoryWorld) -> Counter[str]:
    """How many invoices each contract was issued."""
    return Counter(key.partition("/")[0] for key, effect in world.told.items() if isinstance(effect, IssueInvoice))


async def test_one_bad_contract_stops_no_other(temporal_client: Client) -> None:
    """OCA 815 and 1459: one contract fails, and 235 good ones are not billed.

    Here it fails alone, is named, and is billed once what was wrong with it is mended.
    """
    world = OneBroken()
    async with worker(temporal_client, world) as queue:
        contracts = [Contract(temporal_client, queue, quote(), world) for _ in range(8)]
        await asyncio.gather(*(contract.begin(utc(2027, 3, 1), patience_seconds=1) for contract in contracts))
        for contract in contracts:
            await contract.give(Accept(id="a", revision=1))
            await contract.give(Checkout(id="c", method="pm_ok", registered=True))
            await contract.settled(utc(2027, 3, 1))
        world.bad = contracts[3].number
        await asyncio.gather(*(contract.move(utc(2027, 4, 2)) for contract in contracts))
        flagged = [contract.number for contract in contracts if world.views[contract.number].attention]
        assert flagged == [world.bad]
        assert world.views[world.bad].attention == ("billing: 1 waiting",)
        invoiced = invoices(world)
        assert {invoiced[contract.number] for contract in contracts if contract.number != world.bad} == {3}
        bad, world.bad = world.bad, ""
        await eventually(lambda: not world.views[bad].attention)
        invoiced = invoices(world)
        assert invoiced[bad] == 3
