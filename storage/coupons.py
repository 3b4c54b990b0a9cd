"""Coupons and their uses: once per customer, and no more often than they allow, however many ask at once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.refusal import Refusal
from storage.database import insert
from storage.tables import coupon, coupon_use


async def find(connection: AsyncConnection, code: str) -> dict[str, Any] | None:
    """A coupon by its code."""
    row = (await connection.execute(select(coupon).where(coupon.c.code == code))).mappings().first()
    return dict(row) if row else None


async def put(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Add a coupon, or change what it will do from now on."""
    changes = {key: value for key, value in values.items() if key != "code"}
    made = insert(connection, coupon).values(values)
    await connection.execute(made.on_conflict_do_update(index_elements=["code"], set_=changes))


async def use(
    connection: AsyncConnection,
    code: str,
    *,
    customer: str,
    contract: str,
    programme: str,
    services: dict[str, str],
    line: str,
    rule: str,
    on: date,
    at: datetime,
) -> dict[str, Any]:
    """Use a coupon for one line of a contract's order; again for the same contract is the same use.

    ``services`` says which service each line has. Raises a Refusal that says why it is not valid.
    """
    query = select(coupon).where(coupon.c.code == code).with_for_update()
    row = (await connection.execute(query)).mappings().first()
    if row is None or row["programme"] != programme:
        raise Refusal(rule, f"there is no coupon {code} for this programme", field="coupon")
    _check_fits(dict(row), services, line, rule)
    if not row["valid_from"] <= on <= row["valid_until"]:
        raise Refusal(
            rule,
            f"coupon {code} is valid from {row['valid_from']} to {row['valid_until']}",
            allowed_from=row["valid_from"] if on < row["valid_from"] else None,
            field="coupon",
        )
    uses = (
        (
            await connection.execute(
                select(coupon_use).where(coupon_use.c.code == code, coupon_use.c.customer == customer)
            )
        )
        .mappings()
        .first()
    )
    if uses is not None and uses["contract"] != contract:
        raise Refusal(rule, f"coupon {code} was used by this customer before", field="coupon")
    if uses is None:
        count = await connection.scalar(select(func.count()).select_from(coupon_use).where(coupon_use.c.code == code))
        if (count or 0) >= row["max_uses"]:
            raise Refusal(rule, f"coupon {code} has been used as often as it may be", field="coupon")
        await connection.execute(
            coupon_use.insert(), {"code": code, "customer": customer, "contract": contract, "used_at": at}
        )
    return dict(row)


def _check_fits(row: dict[str, Any], services: dict[str, str], line: str, rule: str) -> None:
    if line not in services:
        raise Refusal(rule, f"there is no line {line}", field="coupon_line")
    if row["service"] and services[line] != row["service"]:
        raise Refusal(
            rule,
            f"coupon {row['code']} is for service {row['service']}",
            allowed_when=f"it is put on a line with {row['service']}",
            field="coupon_line",
        )


async def release(connection: AsyncConnection, code: str, contract: str) -> None:
    """Give back the use of a coupon by an order that came to nothing."""
    await connection.execute(coupon_use.delete().where(coupon_use.c.code == code, coupon_use.c.contract == contract))
