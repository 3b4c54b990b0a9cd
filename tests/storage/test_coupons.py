"""Coupons: valid in their time, as often as they allow, once per customer."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.refusal import Refusal
from storage import coupons
from storage.database import Database
from tests.storage.samples import AT

WELCOME = {
    "code": "WELCOME10",
    "programme": "SMP",
    "service": "care",
    "kind": "percent",
    "value": Decimal(10),
    "periods": 3,
    "valid_from": date(2027, 1, 1),
    "valid_until": date(2027, 12, 31),
    "max_uses": 3,
}


@pytest.fixture(autouse=True)
async def _offered(database: Database) -> None:
    async with database.write() as connection:
        await coupons.put(connection, WELCOME)


@pytest.mark.rule("HPG-6")
async def _use(database: Database, customer: str = "c-1", contract: str = "N1", **changes: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "customer": customer,
        "contract": contract,
        "programme": "SMP",
        "services": {"1": "care", "2": "scan"},
        "line": "1",
        "rule": "SMP-6",
        "on": date(2027, 6, 1),
        "at": AT,
    }
    async with database.write() as connection:
        return await coupons.use(connection, changes.pop("code", "WELCOME10"), **asked | changes)


async def test_many_ask_and_few_get(database: Database) -> None:
    """Of many customers who use a coupon at the same moment, just as many get it as it allows."""
    asked = [_use(database, f"c-{n}", f"N{n}") for n in range(10)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(item, dict) for item in done) == 3
    assert all("as often as it may be" in str(item) for item in done if isinstance(item, Exception))


async def test_the_same_order_uses_it_once(database: Database) -> None:
    """Asked again for the same contract, it is the same use; for another contract of the customer, none."""
    for _ in range(4):
        assert (await _use(database))["value"] == Decimal(10)
    with pytest.raises(Refusal, match="used by this customer before"):
        await _use(database, contract="N2")


async def test_a_use_given_back_is_free_again(database: Database) -> None:
    """An order that came to nothing leaves its coupon as it was; giving it back twice gives back one."""
    for n in range(3):
        await _use(database, f"c-{n}", f"N{n}")
    async with database.write() as connection:
        await coupons.release(connection, "WELCOME10", "N0")
        await coupons.release(connection, "WELCOME10", "N0")
    await _use(database, "c-8", "N8")
    with pytest.raises(Refusal, match="as often"):
        await _use(database, "c-9", "N9")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"on": date(2026, 12, 31)}, "valid from 2027-01-01"),
        ({"on": date(2028, 1, 1)}, "to 2027-12-31"),
        ({"line": "2"}, "is for service care"),
        ({"line": "9"}, "no line 9"),
        ({"programme": "OTH"}, "no coupon"),
        ({"code": "NONE"}, "no coupon NONE"),
    ],
)
async def test_a_refusal_says_why(database: Database, changes: dict[str, Any], says: str) -> None:
    """A coupon that is not good for what it is put on says what is wrong, by the rule, and is not used."""
    with pytest.raises(Refusal, match=says) as refused:
        await _use(database, **changes)
    assert refused.value.rule == "SMP-6"


@pytest.mark.rule("HPG-6")
@pytest.mark.parametrize("day", [date(2027, 1, 1), date(2027, 12, 31)])
async def test_first_and_last_day_count(database: Database, day: date) -> None:
    """It is good from its first day to its last, both included."""
    assert await _use(database, on=day)
