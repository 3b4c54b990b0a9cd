"""Lives written down as the records activity does: the trail and the view, with the programmes that they live under."""

from __future__ import annotations

from collections.abc import Iterable

from domain import decider
from domain.permissions import permissions
from domain.simulator import Life
from domain.view import Record, attention, view
from storage import contracts, records
from storage.database import Database


async def write(database: Database, lives: Iterable[Life], *, clock: str | None = None) -> None:
    """Write down what has happened to these contracts so far, as new or as more of what is there."""
    async with database.write() as connection:
        for life in lives:
            await contracts.begin(connection, _row(life))
            await records.write(connection, record(life, clock))


def record(life: Life, clock: str | None = None) -> Record:
    """A life as it stands, with its whole trail."""
    contract = life.contract
    shown = view(
        contract,
        now=contract.at,
        step=decider.step(contract),
        allowed=permissions(contract),
        attention=attention(contract),
        version=len(life.entries),
        closed=decider.is_closed(contract),
        clock=clock,
    )
    return Record(view=shown, entries=tuple(life.entries))


def _row(life: Life) -> dict[str, object]:
    contract = life.contract
    return {
        "number": contract.number,
        "status": "Starting",
        "programme": contract.terms.code,
        "customer": contract.customer.id,
        "reseller": None,
        "version": 0,
        "attention": False,
        "clock": None,
        "now": contract.at,
        "closed": False,
        "start": {},
        "creation_key": contract.number,
        "created_at": contract.at,
    }
