"""Who outside hears what contracts do: endpoints, and for each of them what is to be delivered and what was.

What happens is queued in the transaction that writes it down, so that nothing is missed and nothing is heard that
did not happen. Of one contract's events only the first undelivered one is due: an endpoint hears them in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.view import Entry
from storage.database import insert
from storage.tables import audit_entry, contract, hook, hook_delivery

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given_up"
# Made once: it is asked with everything that is written down.
_WANTED = select(hook.c.id, hook.c.kinds).where(
    contract.c.number == bindparam("contract"),
    hook.c.disabled_at.is_(None),
    hook.c.trial == contract.c.clock.is_not(None),
    or_(hook.c.programme.is_(None), hook.c.programme == contract.c.programme),
    or_(hook.c.customer.is_(None), hook.c.customer == contract.c.customer),
)
_REPLAYED = 10_000
"""As many events are sent again by one replay at most."""


async def create(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """A new endpoint."""
    await connection.execute(hook.insert(), values)


async def listed(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every endpoint, disabled ones too, each with how many events wait for it."""
    waiting = (
        select(func.count())
        .where(hook_delivery.c.hook == hook.c.id, hook_delivery.c.state == WAITING)
        .scalar_subquery()
    )
    rows = await connection.execute(select(hook, waiting.label("waiting")).order_by(hook.c.created_at, hook.c.id))
    return [dict(row) for row in rows.mappings()]


async def find(connection: AsyncConnection, hook_id: str) -> dict[str, Any] | None:
    """An endpoint by its id."""
    return next((row for row in await listed(connection) if row["id"] == hook_id), None)


async def following(
    connection: AsyncConnection, place: tuple[datetime, str, int], limit: int
) -> list[tuple[dict[str, Any], datetime]]:
    """Entries of all trails in the order in which they were written down, after a place in it; each with its moment."""
    at, number, seq = place
    columns = (audit_entry.c.written_at, audit_entry.c.contract, audit_entry.c.seq)
    same = and_(columns[0] == at, or_(columns[1] > number, and_(columns[1] == number, columns[2] > seq)))
    query = select(audit_entry).where(or_(columns[0] > at, same)).order_by(*columns).limit(limit)
    return [(dict(row), row["written_at"]) for row in (await connection.execute(query)).mappings()]


async def change(connection: AsyncConnection, hook_id: str, **values: Any) -> None:
    """An endpoint with other values."""
    await connection.execute(hook.update().where(hook.c.id == hook_id), values)


async def queue(connection: AsyncConnection, number: str, entries: Iterable[Entry]) -> None:
    """Queue what has just been written down of a contract, for every endpoint that wants to hear it."""
    hooks = (await connection.execute(_WANTED, {"contract": number})).all()
    if not hooks:
        return
    rows = [
        _waiting(row.id, number, entry.seq)
        for row in hooks
        for entry in entries
        if not row.kinds or entry.kind in row.kinds
    ]
    if rows:
        await connection.execute(insert(connection, hook_delivery).on_conflict_do_nothing(), rows)


def _waiting(hook_id: str, number: str, seq: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "hook": hook_id,
        "contract": number,
        "seq": seq,
        "state": WAITING,
        "attempts": 0,
        "next_at": now,
        "queued_at": now,
    }


def _due() -> Select[Any]:
    earlier = hook_delivery.alias("earlier")
    now: BindParameter[datetime] = bindparam("now")
    before = exists().where(
        earlier.c.hook == hook_delivery.c.hook,
        earlier.c.contract == hook_delivery.c.contract,
        earlier.c.seq < hook_delivery.c.seq,
        earlier.c.state == WAITING,
    )
    return (
        select(hook_delivery, hook.c.failures)
        .join(hook, hook.c.id == hook_delivery.c.hook)
        .where(
            hook_delivery.c.state == WAITING,
            hook_delivery.c.next_at <= now,
            or_(hook_delivery.c.leased_until.is_(None), hook_delivery.c.leased_until <= now),
            hook.c.disabled_at.is_(None),
            or_(hook.c.retry_at.is_(None), hook.c.retry_at <= now),
            ~before,
        )
        .order_by(hook_delivery.c.next_at, hook_delivery.c.contract, hook_delivery.c.seq)
        .limit(bindparam("most"))
    )


# Made once: it is asked whenever something may be due.
_DUE = _due()


async def due(connection: AsyncConnection, now: datetime, limit: int) -> list[dict[str, Any]]:
    """The deliveries that may go out now: of each contract, for each endpoint, the first that is undelivered.

    Of an endpoint that fails there is one at a time, until it answers again.
    """
    asked = {"now": now, "most": limit}
    rows = [dict(row) for row in (await connection.execute(_DUE, asked)).mappings()]
    probes = {row["hook"]: row for row in reversed(rows) if row["failures"]}
    return [row for row in rows if not row["failures"] or probes[row["hook"]] is row]


def _key(row: dict[str, Any]) -> Any:
    return and_(
        hook_delivery.c.hook == row["hook"],
        hook_delivery.c.contract == row["contract"],
        hook_delivery.c.seq == row["seq"],
    )


async def lease(connection: AsyncConnection, row: dict[str, Any], now: datetime, span: timedelta) -> bool:
    """Take a delivery for so long, so that nobody else sends it meanwhile; whether it was free."""
    free = or_(hook_delivery.c.leased_until.is_(None), hook_delivery.c.leased_until <= now)
    taken = await connection.execute(
        hook_delivery.update().where(_key(row), hook_delivery.c.state == WAITING, free), {"leased_until": now + span}
    )
    return bool(taken.rowcount)


async def content(connection: AsyncConnection, row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The endpoint of a delivery, and the entry of the trail that it is about."""
    where = hook.c.id == row["hook"]
    to = (await connection.execute(select(hook).where(where))).mappings().one()
    about = and_(audit_entry.c.contract == row["contract"], audit_entry.c.seq == row["seq"])
    entry = (await connection.execute(select(audit_entry).where(about))).mappings().one()
    return dict(to), dict(entry)


async def delivered(connection: AsyncConnection, row: dict[str, Any], now: datetime, status: int) -> None:
    """The receiver has taken it."""
    values = {"state": DELIVERED, "delivered_at": now, "status": status, "error": None}
    await _tried(connection, row, now, **values)
    if row["failures"]:
        await change(connection, row["hook"], failures=0, retry_at=None)


async def failed(
    connection: AsyncConnection,
    row: dict[str, Any],
    now: datetime,
    *,
    status: int | None,
    error: str,
    next_at: datetime | None,
) -> None:
    """The receiver has not taken it; it is tried again at an instant, or given up."""
    later = {"state": GIVEN_UP} if next_at is None else {"next_at": next_at}
    await _tried(connection, row, now, status=status, error=error[:500], **later)


async def _tried(connection: AsyncConnection, row: dict[str, Any], now: datetime, **values: Any) -> None:
    tried = {"tried_at": now, "leased_until": None, "attempts": row["attempts"] + 1}
    await connection.execute(hook_delivery.update().where(_key(row)), tried | values)


async def log(
    connection: AsyncConnection, hook_id: str, *, state: str | None, after: tuple[datetime, str, int] | None, limit: int
) -> list[dict[str, Any]]:
    """One page of an endpoint's deliveries, in the order in which they were queued."""
    order = (hook_delivery.c.queued_at, hook_delivery.c.contract, hook_delivery.c.seq)
    query = select(hook_delivery).where(hook_delivery.c.hook == hook_id)
    if state is not None:
        query = query.where(hook_delivery.c.state == state)
    if after is not None:
        at, number, seq = after
        same = and_(order[0] == at, or_(order[1] > number, and_(order[1] == number, order[2] > seq)))
        query = query.where(or_(order[0] > at, same))
    return [dict(row) for row in (await connection.execute(query.order_by(*order).limit(limit))).mappings()]


async def replay(
    connection: AsyncConnection, to: dict[str, Any], *, since: datetime, number: str | None
) -> tuple[int, bool]:
    """Queue again what happened since an instant, delivered or not; how many events, and whether there are more."""
    query = (
        select(audit_entry.c.contract, audit_entry.c.seq, audit_entry.c.kind)
        .join(contract, contract.c.number == audit_entry.c.contract)
        .where(audit_entry.c.written_at >= since, contract.c.clock.is_not(None) == to["trial"])
        .order_by(audit_entry.c.written_at, audit_entry.c.contract, audit_entry.c.seq)
    )
    for column, value in (
        (contract.c.programme, to["programme"]),
        (contract.c.customer, to["customer"]),
        (contract.c.number, number),
    ):
        if value is not None:
            query = query.where(column == value)
    found = (await connection.execute(query.limit(_REPLAYED + 1))).all()
    rows = [
        _waiting(to["id"], row.contract, row.seq)
        for row in found[:_REPLAYED]
        if not to["kinds"] or row.kind in to["kinds"]
    ]
    if rows:
        made = insert(connection, hook_delivery)
        again = {name: made.excluded[name] for name in ("state", "attempts", "next_at")}
        keys = ["hook", "contract", "seq"]
        await connection.execute(made.on_conflict_do_update(index_elements=keys, set_=again), rows)
    return len(rows), len(found) > _REPLAYED
