"""Customers and their accounts, and the devices that they have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.state import Customer
from storage.database import insert
from storage.tables import customer, device

_HASHER = PasswordHasher()
_AT_ONCE = 5000
"""How many devices a query may name: databases bound the number of its parameters."""


async def keep_customer(connection: AsyncConnection, who: Customer) -> None:
    """Write down a customer as last known."""
    await keep_customers(connection, [who])


async def keep_customers(connection: AsyncConnection, who: Iterable[Customer]) -> None:
    """Write down some customers as last known."""
    rows = [one.model_dump() for one in who]
    made = insert(connection, customer)
    changes = {name: made.excluded[name] for name in Customer.model_fields if name != "id"}
    if rows:
        await connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=changes), rows)


async def keep_new_devices(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Write down the devices that are not known yet."""
    full = [row | {"updated_at": datetime.now(UTC)} for row in rows]
    if full:
        await connection.execute(insert(connection, device).on_conflict_do_nothing(), full)


async def find_customer(connection: AsyncConnection, customer_id: str) -> dict[str, Any] | None:
    """A customer by id."""
    row = (await connection.execute(select(customer).where(customer.c.id == customer_id))).mappings().first()
    return dict(row) if row else None


async def is_registered(connection: AsyncConnection, customer_id: str) -> bool:
    """Whether a customer has an account."""
    found = await connection.scalar(select(customer.c.registered_at).where(customer.c.id == customer_id))
    return found is not None


def hashed(password: str) -> str:
    """A password as it is kept: slow to guess."""
    return _HASHER.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Whether a password is the one that was hashed."""
    try:
        return _HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


async def register(connection: AsyncConnection, customer_id: str, password_hash: str) -> None:
    """Give a customer an account; one that has an account keeps its password."""
    await connection.execute(
        customer.update().where(customer.c.id == customer_id, customer.c.registered_at.is_(None)),
        {"password_hash": password_hash, "registered_at": datetime.now(UTC)},
    )


async def find_device(connection: AsyncConnection, serial: str) -> dict[str, Any] | None:
    """A device by its serial number."""
    row = (await connection.execute(select(device).where(device.c.serial == serial))).mappings().first()
    return dict(row) if row else None


async def find_devices(connection: AsyncConnection, serials: list[str]) -> dict[str, dict[str, Any]]:
    """Devices by serial number; those that are not known are left out."""
    found: dict[str, dict[str, Any]] = {}
    for first in range(0, len(serials), _AT_ONCE):
        some = serials[first : first + _AT_ONCE]
        rows = await connection.execute(select(device).where(device.c.serial.in_(some)))
        found |= {row["serial"]: dict(row) for row in rows.mappings()}
    return found


async def put_device(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write down a device as last known."""
    full = values | {"updated_at": datetime.now(UTC)}
    changes = {key: value for key, value in full.items() if key != "serial"}
    made = insert(connection, device).values(full)
    await connection.execute(made.on_conflict_do_update(index_elements=["serial"], set_=changes))


async def devices(connection: AsyncConnection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """One page of devices by serial number."""
    query = select(device).order_by(device.c.serial).limit(limit)
    if after is not None:
        query = query.where(device.c.serial > after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]
