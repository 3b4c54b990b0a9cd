"""The books: every posting balances, none changes, revenue is earned day by day, and the sums are the documents'."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from domain.books import Account, Period, Posting, earned
from storage import books, ledger
from storage.books import Book, Scope
from storage.database import Database
from storage.tables import posting
from tests.storage.samples import CONTRACT, bill, charge, credit, issue

MARCH = {"first": date(2027, 3, 1), "last": date(2027, 3, 31)}
KEY = f"{CONTRACT}/1/period/1.2027-03-01"
ALL = Scope(contract=CONTRACT, trial=None)


async def standing(database: Database, until: date | None = None) -> dict[str, Decimal]:
    """What stands on the accounts that moved."""
    async with database.read() as connection:
        found = await books.balances(connection, ALL._replace(until=until))
    assert all(sum(accounts.values()) == 0 for accounts in found.values())
    return {str(account): amount for account, amount in found.get("EUR", {}).items() if amount}


async def close(database: Database, on: date) -> int:
    """Earned revenue, brought to a day."""
    async with database.write() as connection:
        return await books.close(connection, ALL, on)


async def test_an_invoice_is_owed_and_its_service_is_deferred(database: Database) -> None:
    """The period waits for its days; the fee is earned at once, and the tax is the state's."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH), charge("f", "49.00", what="set_up")))
        await issue(connection, bill("s", charge("s1", "20.00", what="supply")))
    assert await standing(database) == {
        "receivable": Decimal("454.80"),
        "deferred": Decimal("-310.00"),
        "fees": Decimal("-49.00"),
        "sales": Decimal("-20.00"),
        "tax": Decimal("-75.80"),
    }


async def test_a_payment_is_posted_once(database: Database) -> None:
    """However often it is reported; a decline posts nothing."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "100.00", **MARCH)))
        await ledger.mark(connection, "k", "declined", on=date(2027, 3, 2))
    assert (await standing(database))["receivable"] == Decimal("120.00")
    async with database.write() as connection:
        for _ in range(2):
            await ledger.mark(connection, "k", "paid", on=date(2027, 3, 3), reference="psp-1")
    assert await standing(database) == {
        "cash": Decimal("120.00"),
        "deferred": Decimal("-100.00"),
        "tax": Decimal("-20.00"),
    }
    assert "cash" not in await standing(database, date(2027, 3, 2))


async def test_revenue_is_earned_day_by_day(database: Database) -> None:
    """Ten of thirty-one days; closing the same day again moves nothing; after the last day nothing is deferred."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH)))
    assert await close(database, date(2027, 2, 28)) == 0
    assert await close(database, date(2027, 3, 10)) == 1
    assert await close(database, date(2027, 3, 10)) == 0
    assert (await standing(database))["revenue"] == Decimal("-100.00")
    await close(database, date(2027, 4, 30))
    assert await standing(database) == {
        "receivable": Decimal("372.00"),
        "revenue": Decimal("-310.00"),
        "tax": Decimal("-62.00"),
    }


async def test_a_credit_takes_back_what_is_not_earned(database: Database) -> None:
    """Left after the tenth: the other 21 days are credited, and never earned."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH)))
        left = charge(f"{KEY}/9", "210.00", credits=KEY)
        await credit(connection, bill("n", left, on=date(2027, 3, 10)))
    for day in (date(2027, 3, 5), date(2027, 3, 31)):
        await close(database, day)
    assert await standing(database) == {
        "receivable": Decimal("120.00"),
        "revenue": Decimal("-100.00"),
        "tax": Decimal("-20.00"),
    }


async def test_a_credit_after_the_days_were_earned_takes_revenue_back(database: Database) -> None:
    """A pause that is settled late: what was earned too much is moved back at the next closing."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH)))
    await close(database, date(2027, 3, 31))
    async with database.write() as connection:
        await credit(connection, bill("n", charge(f"{KEY}/9", "60.00", credits=KEY), on=date(2027, 4, 2)))
    assert await close(database, date(2027, 4, 30)) == 1
    assert (await standing(database))["revenue"] == Decimal("-250.00")
    assert "deferred" not in await standing(database)


async def test_a_posting_is_never_changed(database: Database) -> None:
    """The database itself refuses, and refuses a move that is none."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH)))
    for forbidden in (update(posting).values(amount=Decimal(1)), delete(posting)):
        with pytest.raises(DBAPIError, match="written once"):
            async with database.write() as connection:
                await connection.execute(forbidden)
    async with database.read() as connection:
        (row, *_) = await books.postings(connection, ALL)
    for wrong in ({"amount": Decimal(-1)}, {"amount": Decimal(0)}, {"credit": row["debit"]}):
        with pytest.raises(DBAPIError, match=r"positive|moves"):
            async with database.write() as connection:
                await connection.execute(posting.insert(), row | {"key": "other"} | wrong)


async def test_test_clocks_keep_books_of_their_own(database: Database) -> None:
    """What is tried is not in the real books."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH)), trial=True)
    async with database.read() as connection:
        assert await books.balances(connection, Scope()) == {}
        assert (await books.balances(connection, Scope(trial=True)))["EUR"][Account.RECEIVABLE] == Decimal("372.00")
    async with database.write() as connection:
        assert await books.close(connection, Scope(), date(2027, 3, 31)) == 0
        assert await books.close(connection, Scope(trial=True), date(2027, 3, 31)) == 1


async def test_a_posting_is_written_once(database: Database) -> None:
    """The same key again adds nothing."""
    async with database.write() as connection:
        await issue(connection, bill("k", charge(KEY, "310.00", **MARCH)))
    before = await standing(database)
    async with database.read() as connection:
        rows = await books.postings(connection, ALL, account=Account.TAX)
    assert [row["credit"] for row in rows] == ["tax"]
    async with database.write() as connection:
        book = Book(CONTRACT, "c-1", "SMP", trial=False)
        again = [Posting(**{name: row[name] for name in Posting._fields}) for row in rows]
        await books.post(connection, book, again)
    assert await standing(database) == before


@given(
    charged=st.decimals(0, 100_000, places=2),
    days=st.integers(1, 366),
    share=st.decimals(0, 1, places=2),
    currency=st.sampled_from(["EUR", "JPY"]),
)
def test_earnings_rise_to_what_is_left_and_no_further(
    charged: Decimal, days: int, share: Decimal, currency: str
) -> None:
    """Day by day never less, never more than the total, and all of it on the last day where nothing was credited."""
    first = date(2027, 1, 1)
    total = (charged * share).quantize(Decimal("0.01"))
    last = date.fromordinal(first.toordinal() + days - 1)
    period = Period(charge="c", first=first, last=last, charged=charged, total=total, currency=currency)
    steps = [earned(period, date.fromordinal(first.toordinal() + day)) for day in range(-1, days + 2)]
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert steps[-1] <= total
    if currency == "EUR":
        whole = period.model_copy(update={"total": charged})
        assert earned(whole, last) == charged
