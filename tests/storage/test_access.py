"""Keys, answers and accounts: secrets are not kept, and a repeat gets the first answer."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from domain.state import Customer
from storage import idempotency, keys, people
from storage.database import Database
from storage.tables import api_key, customer
from tests.domain.samples import CUSTOMER


async def test_a_key_opens_until_it_is_revoked(database: Database) -> None:
    """The secret names its key and scopes; revoked once, it opens nothing."""
    async with database.write() as connection:
        key, secret = await keys.create(connection, "desk", ("read", "quote"))
        assert await keys.verify(connection, secret) == key
        assert await keys.verify(connection, secret + "x") is None
        assert await keys.revoke(connection, key.id)
        assert not await keys.revoke(connection, key.id)
        assert await keys.verify(connection, secret) is None


async def test_a_secret_is_not_kept(database: Database) -> None:
    """Nothing in the table gives the secret back, and a list shows no hash."""
    async with database.write() as connection:
        _, secret = await keys.create(connection, "desk", ("read",))
        row = (await connection.execute(select(api_key))).mappings().one()
        listed = await keys.listed(connection)
    assert secret not in str(dict(row))
    assert "sha256" not in listed[0]


async def test_unknown_scopes_are_refused(database: Database) -> None:
    """A key with a scope that there is not is not made."""
    async with database.write() as connection:
        with pytest.raises(ValueError, match="no scope fly"):
            await keys.create(connection, "desk", ("read", "fly"))


async def test_one_of_many_begins(database: Database) -> None:
    """Of requests that arrive together under one key, all learn of the first one's fingerprint."""

    async def begin(n: int) -> str:
        async with database.write() as connection:
            return (await idempotency.begin(connection, "me", "k", f"print-{n}")).fingerprint

    assert len(set(await asyncio.gather(*(begin(n) for n in range(6))))) == 1


async def test_a_repeat_gets_the_first_answer(database: Database) -> None:
    """What a request was answered is what its repeat is answered; another owner's key is another key."""
    async with database.write() as connection:
        await idempotency.begin(connection, "me", "k", "print")
        await idempotency.finish(connection, "me", "k", status=201, answer={"number": "N1"})
        known = await idempotency.begin(connection, "me", "k", "print")
        other = await idempotency.begin(connection, "you", "k", "print")
    assert (known.status, known.answer) == (201, {"number": "N1"})
    assert other.status is None


async def test_an_account_keeps_its_password(database: Database) -> None:
    """Registering again, or a new address, changes no password; and no password is kept as it is."""
    moved = Customer.model_validate(CUSTOMER.model_dump() | {"email": "new@atelier.example"})
    async with database.write() as connection:
        await people.keep_customer(connection, CUSTOMER)
        assert not await people.is_registered(connection, "c-1")
        await people.register(connection, "c-1", people.hashed("first one"))
        await people.register(connection, "c-1", people.hashed("another"))
        await people.keep_customer(connection, moved)
        kept = (await connection.execute(select(customer))).mappings().one()
    assert kept["email"] == "new@atelier.example"
    assert people.matches(kept["password_hash"], "first one")
    assert not people.matches(kept["password_hash"], "another")
    assert "first one" not in kept["password_hash"]
