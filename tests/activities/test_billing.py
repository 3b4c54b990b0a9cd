"""Billing: each effect once, whatever the provider says and however often it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from temporalio.exceptions import ApplicationError

from activities.batches import BatchActivities
from activities.billing import BillingActivities
from activities.payments import Providers
from adapters.payments_embedded import EmbeddedPayments
from domain.books import Account
from domain.effects import Collect, IssueCredit, Outcome, Refund, ReleaseCoupon, WriteOff
from domain.view import Record
from storage import books, contracts, coupons, ledger, payments
from storage.books import Scope
from storage.database import Database
from storage.migrate import upgrade
from storage.tables import (
    audit_entry,
    contract,
    credit_note,
    invoice,
    invoice_line,
    payment,
    posting,
    provider_payment,
)
from tests.activities.samples import invoice as issuing
from tests.activities.samples import job, run
from tests.storage.samples import AT, CONTRACT, bill, charge, record, row
from tests.storage.test_coupons import WELCOME
from workflows.catalogue import ACTIVITY, Job


@pytest.fixture
async def billing(database: Database) -> BillingActivities:
    """The billing of a contract that is known."""
    async with database.write() as connection:
        await contracts.begin(connection, row())
    return BillingActivities(database, Providers(EmbeddedPayments(database)))


async def _count(database: Database, table: Any) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(arguments[2])

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("method", "kind"), [("pm_ok", "paid"), ("pm_slow", "pending"), ("pm_declined", "declined"), (None, "pending")]
)
async def test_an_invoice_is_issued_and_collected_once(
    database: Database, billing: BillingActivities, method: str | None, kind: str
) -> None:
    """The first answer is the answer: one invoice, one number, one attempt to collect, none on account."""
    asked = job(issuing(bill("k", charge("c")), method), record(1, "quoted"))
    answers = [await run(billing.issue_invoice, asked) for _ in range(3)]
    assert {answer.kind for answer in answers} == {kind}
    assert {answer.reference for answer in answers} == {"SMP-F2027-000001"}
    assert [await _count(database, table) for table in (invoice, payment, audit_entry)] == [1, 1 if method else 0, 1]


async def test_twins_issue_one_invoice(database: Database, billing: BillingActivities) -> None:
    """Attempts that overlap, as after a time-out, leave one invoice without a gap; those that lose may try again."""
    asked = job(issuing(bill("k", charge("c"))))
    await asyncio.gather(*(run(billing.issue_invoice, asked) for _ in range(8)), return_exceptions=True)
    await run(billing.issue_invoice, job(issuing(bill("k2", charge("c2")))))
    async with database.read() as connection:
        assert sorted(await connection.scalars(select(invoice.c.number))) == ["SMP-F2027-000001", "SMP-F2027-000002"]


async def test_the_trail_comes_with_the_invoice_or_not_at_all(database: Database, billing: BillingActivities) -> None:
    """A record that cannot be written takes its invoice with it."""
    broken = record(1, "quoted")
    entry = broken.entries[0].model_copy(update={"data": {"text": object()}})
    asked = job(issuing(bill("k", charge("c"))), record(1, "quoted"))
    asked = asked.model_copy(update={"record": Record.model_construct(view=broken.view, entries=(entry,))})
    with pytest.raises(Exception, match="Unable to serialize unknown type"):
        await run(billing.issue_invoice, asked)
    assert await _count(database, invoice) == 0


async def test_a_number_is_taken_when_the_trail_is_written(database: Database, billing: BillingActivities) -> None:
    """An issuer's next number is held until the commit, so all that can be written without it comes before it."""
    back = bill("n", charge("c/1", "9.90", credits="c"))
    credited = IssueCredit(key="n", at=AT, rule="SMP-10", bill=back, reason="left")
    with _statements(database) as seen:
        await run(billing.issue_invoice, job(issuing(bill("k", charge("c"))), record(1, "quoted")))
        await run(billing.issue_credit, job(credited, record(2, "period_billed")))
    words = [
        name
        for statement in seen
        for name in ("INTO audit_entry", "INTO counter", "INTO invoice ", "INTO credit_note ")
        if name in statement
    ]
    assert words == [
        "INTO audit_entry",
        "INTO counter",
        "INTO invoice ",
        "INTO audit_entry",
        "INTO counter",
        "INTO credit_note ",
    ]


async def test_a_broken_wire_leaves_nothing_behind(database: Database, billing: BillingActivities) -> None:
    """While the provider does not answer nothing is issued, and it is worth trying again."""
    with pytest.raises(ApplicationError) as error:
        await run(billing.issue_invoice, job(issuing(bill("k", charge("c")), "pm_gone")))
    assert (error.value.type, error.value.non_retryable) == ("billing.unreachable", False)
    assert await _count(database, invoice) == 0


async def test_an_order_without_fees_is_only_authorised(database: Database, billing: BillingActivities) -> None:
    """There is nothing to invoice, and a method that is no good says so."""
    kinds = [
        (await run(billing.issue_invoice, job(issuing(bill("k"), method, order=True)))).kind
        for method in ("pm_ok", "pm_declined")
    ]
    assert kinds == ["paid", "declined"]
    assert await _count(database, invoice) == 0


async def test_a_second_attempt_pays_the_invoice_once(database: Database, billing: BillingActivities) -> None:
    """A declined invoice is paid with another method; the attempt, repeated, is the same attempt."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c")), "pm_declined")))
    retry = Collect(key="again", at=AT, rule="SMP-10", bill_key="k", method="pm_ok")
    assert [(await run(billing.collect, job(retry))).kind for _ in range(2)] == ["paid", "paid"]
    async with database.read() as connection:
        found = await ledger.find_invoice(connection, "k")
    assert found is not None
    assert (found["payment"], await _count(database, payment)) == ("paid", 2)


async def test_a_credit_note_is_issued_once(database: Database, billing: BillingActivities) -> None:
    """It gives back just the charges that it names."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c"), charge("fee", "180.00")))))
    credit = bill("n", charge("c/void", credits="c"))
    effect = IssueCredit(key="n", at=AT, rule="SMP-10", bill=credit, reason="the inspection failed")
    answers = [await run(billing.issue_credit, job(effect)) for _ in range(2)]
    assert answers == [Outcome(reference="SMP-A2027-000001")] * 2
    async with database.read() as connection:
        noted = await contracts.credit_notes(connection, CONTRACT)
    assert await _count(database, credit_note) == 1
    assert [(line["credits"], line["net"]) for line in noted[0]["lines"]] == [("c", Decimal("49.90"))]


async def test_a_coupon_is_given_back(database: Database, billing: BillingActivities) -> None:
    """The order that came to nothing leaves the coupon to another one."""
    use: dict[str, Any] = {"programme": "SMP", "services": {"1": "care"}, "line": "1", "rule": "SMP-6", "at": AT}
    async with database.write() as connection:
        await coupons.put(connection, WELCOME | {"max_uses": 1})
        await coupons.use(connection, "WELCOME10", customer="c-1", contract=CONTRACT, on=AT.date(), **use)
    for _ in range(2):
        await run(billing.release_coupon, job(ReleaseCoupon(key="r", at=AT, rule="SMP-6", code="WELCOME10")))
    async with database.write() as connection:
        assert await coupons.use(connection, "WELCOME10", customer="c-2", contract="N2", on=AT.date(), **use)


async def test_a_period_costs_few_statements(database: Database, billing: BillingActivities) -> None:
    """The path that runs for every period of every contract: read, written, recorded, queued: nine statements."""
    await run(billing.issue_invoice, job(issuing(bill("order", charge("fee")))))
    with _statements(database) as seen:
        await run(billing.issue_invoice, job(issuing(bill("k", charge("c")), None), record(1, "period_billed")))
    told = [statement for statement in seen if not statement.startswith("BEGIN")]
    assert len(told) <= 9, told


def _year(method: str = "pm_ok", **others: str) -> list[Job]:
    """Twelve invoices, the methods of some of them given by their keys; only the last record shows the contract."""
    jobs = []
    for position in range(1, 13):
        key = f"k{position:02}"
        told = record(position, "period_billed")
        shown = told if position == 12 else told.model_copy(update={"view": None, "contract": CONTRACT})
        jobs.append(job(issuing(bill(key, charge(f"c{position:02}")), others.get(key, method)), shown))
    return jobs


def _while_paid(_position: int, outcome: Outcome) -> bool:
    return outcome.kind == "paid"


async def _rows(database: Database) -> list[list[dict[str, Any]]]:
    """Everything that billing writes, but for the moments at which it was written."""
    moments = {"at", "posted_at", "written_at"}
    found = []
    async with database.read() as connection:
        for table in (invoice, invoice_line, payment, posting, audit_entry, contract):
            rows = await connection.execute(select(table).order_by(*table.primary_key))
            found.append([{key: row[key] for key in row if key not in moments} for row in rows.mappings()])
    return found


async def test_many_at_once_are_as_if_one_by_one(
    database: Database, billing: BillingActivities, tmp_path: Path
) -> None:
    """Invoices, lines, payments, postings, the trail and the read model: row for row, and the same when repeated."""
    together = [await billing.issue_together(_year(), _while_paid) for _ in range(2)]
    other = Database(f"sqlite+aiosqlite:///{tmp_path / 'one-by-one.db'}")
    await upgrade(other)
    async with other.write() as connection:
        await contracts.begin(connection, row())
    alone = BillingActivities(other, Providers(EmbeddedPayments(other)))
    one_by_one = [await run(alone.issue_invoice, one) for one in _year()]
    assert together == [one_by_one, one_by_one]
    assert [outcome.reference for outcome in one_by_one] == [f"SMP-F2027-{number:06d}" for number in range(1, 13)]
    assert await _rows(database) == await _rows(other)
    await other.close()


@pytest.mark.parametrize(("method", "made", "last"), [("pm_declined", 5, "declined"), ("pm_gone", 4, "paid")])
async def test_many_at_once_end_where_an_answer_is_another(
    database: Database, billing: BillingActivities, method: str, made: int, last: str
) -> None:
    """A decline is issued and ends it, what cannot be collected now is not issued, and nothing after it is asked."""
    outcomes = await billing.issue_together(_year(k05=method), _while_paid)
    assert (len(outcomes), outcomes[-1].kind) == (made, last)
    assert (await _count(database, invoice), await _count(database, audit_entry)) == (made, made)
    assert await _count(database, provider_payment) == made


async def test_a_year_at_once_costs_few_statements(database: Database, billing: BillingActivities) -> None:
    """Twelve periods that are caught up with cost as many statements as one, and one for each that is collected."""
    with _statements(database) as seen:
        await billing.issue_together(_year(), _while_paid)
    told = [statement for statement in seen if not statement.startswith("BEGIN")]
    assert len(told) <= 12 + 10, told


async def test_a_test_clock_takes_no_real_number(database: Database, billing: BillingActivities) -> None:
    """What is issued on a test clock leaves no gap in the real sequence."""
    trial = await run(billing.issue_invoice, job(issuing(bill("t", charge("t1"))), clock="demo"))
    real = await run(billing.issue_invoice, job(issuing(bill("k", charge("c")))))
    assert (trial.reference, real.reference) == ("TEST-SMP-F2027-000001", "SMP-F2027-000001")


async def test_what_is_never_paid_is_written_off_once(database: Database, billing: BillingActivities) -> None:
    """At most what the contract still owes; a paid invoice is never given up."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c")), "pm_declined")))
    credit = IssueCredit(
        key="n", at=AT, rule="SMP-10", bill=bill("n", charge("c/1", "9.90", credits="c")), reason="left"
    )
    await run(billing.issue_credit, job(credit))
    await run(billing.issue_invoice, job(issuing(bill("p", charge("q")), "pm_ok")))
    for key in ("k", "k", "p"):
        await run(billing.write_off, job(WriteOff(key=f"w-{key}", at=AT, rule="SMP-10", bill_key=key)))
    async with database.read() as connection:
        stands = (await books.balances(connection, Scope(contract=CONTRACT)))["EUR"]
        states = [(await ledger.find_invoice(connection, key) or {})["payment"] for key in ("k", "p")]
    assert states == ["lost", "paid"]
    assert (stands[Account.WRITTEN_OFF], stands[Account.RECEIVABLE]) == (Decimal("48.00"), Decimal(0))


async def _states(database: Database, *keys: str) -> list[tuple[str, Decimal]]:
    async with database.read() as connection:
        found = [await ledger.find_invoice(connection, key) or {} for key in keys]
    return [(row["payment"], row["set_off"]) for row in found]


async def test_what_was_set_off_is_not_collected(database: Database, billing: BillingActivities) -> None:
    """The rest is; an invoice that is set off whole is paid, and nobody is asked."""
    part = issuing(bill("k", charge("c", "100.00"))).model_copy(update={"set_off": Decimal("30.00")})
    whole = issuing(bill("w", charge("d", "10.00")), "pm_declined").model_copy(update={"set_off": Decimal("12.00")})
    kinds = [(await run(billing.issue_invoice, job(effect))).kind for effect in (part, part, whole, whole)]
    assert kinds == ["paid"] * 4
    assert await _states(database, "k", "w") == [("paid", Decimal("30.00")), ("paid", Decimal("12.00"))]
    async with database.read() as connection:
        attempts = [row["amount"] for row in await payments.of_invoice(connection, "k")]
        stands = (await books.balances(connection, Scope(contract=CONTRACT)))["EUR"]
        assert await payments.of_invoice(connection, "w") == []
    assert attempts == [Decimal("90.00")]
    assert (stands[Account.CASH], stands[Account.RECEIVABLE]) == (Decimal("90.00"), Decimal("42.00"))


def _back(key: str, amount: str) -> Refund:
    return Refund(key=key, at=AT, rule="SMP-10", amount=Decimal(amount), currency="EUR")


async def test_money_goes_back_once(database: Database, billing: BillingActivities) -> None:
    """Of the invoice that was credited, posted once, however often it is asked for."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c", "100.00")))))
    await run(billing.issue_invoice, job(issuing(bill("l", charge("d", "100.00")))))
    note = IssueCredit(
        key="n", at=AT, rule="SMP-10", bill=bill("n", charge("c/1", "50.00", credits="c")), reason="left"
    )
    await run(billing.issue_credit, job(note))
    for _ in range(3):
        await run(billing.refund, job(_back("r", "60.00")))
    async with database.read() as connection:
        made = await payments.refunds(connection, CONTRACT)
        stands = (await books.balances(connection, Scope(contract=CONTRACT)))["EUR"]
    assert [(row["invoice"], row["amount"], row["state"]) for row in made] == [("k", Decimal("60.00"), "made")]
    assert (stands[Account.CASH], stands[Account.RECEIVABLE]) == (Decimal("180.00"), Decimal(0))


async def test_never_more_goes_back_than_came(database: Database, billing: BillingActivities) -> None:
    """What is left after that, a person is told; it is refused for good, and not tried again."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c", "100.00")))))
    await run(billing.issue_invoice, job(issuing(bill("u", charge("d", "100.00")), None)))
    for _ in range(2):
        with pytest.raises(ApplicationError, match=r"80\.00 EUR did not come through a payment provider") as refused:
            await run(billing.refund, job(_back("r", "200.00")))
        assert refused.value.non_retryable
    async with database.read() as connection:
        assert [row["amount"] for row in await payments.refunds(connection, CONTRACT)] == [Decimal("120.00")]


async def test_a_refund_that_is_refused_says_so(database: Database, billing: BillingActivities) -> None:
    """Nothing is posted; the reason stands with it."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c", "100.00")))))
    async with database.write() as connection:
        await connection.execute(provider_payment.delete())
    with pytest.raises(ApplicationError, match="has no payment"):
        await run(billing.refund, job(_back("r", "60.00")))
    async with database.read() as connection:
        (row,) = await payments.refunds(connection, CONTRACT)
        stands = (await books.balances(connection, Scope(contract=CONTRACT)))["EUR"]
    assert row["state"] == "refused"
    assert stands[Account.CASH] == Decimal("120.00")


async def test_what_came_twice_is_taken_back_twice(database: Database, billing: BillingActivities) -> None:
    """Paid, disputed, won, disputed again: each is posted once, by its reference."""
    await run(billing.issue_invoice, job(issuing(bill("k", charge("c", "100.00")))))
    on, amount = AT.date(), Decimal("120.00")
    seen = []
    for step in ("d1", "d1", "paid", "paid", "d1", "d2"):
        async with database.write() as connection:
            if step == "paid":
                await ledger.mark(connection, "k", "paid", on=on)
            else:
                await ledger.take_back(connection, "k", amount, on=on, reference=step)
            stands = (await books.balances(connection, Scope(contract=CONTRACT)))["EUR"]
            seen.append(stands[Account.CASH])
    assert seen == [0, 0, amount, amount, amount, 0]


def test_a_worker_that_could_not_carry_something_out_does_not_start(database: Database) -> None:
    """What is asked for in one go is found by its name; a name that nobody has is said at once."""
    with pytest.raises(ValueError, match="nobody carries out"):
        BatchActivities(dict.fromkeys({name.partition(".")[0] for name in ACTIVITY.values()}, (database,)))
