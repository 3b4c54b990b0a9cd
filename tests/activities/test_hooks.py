"""Events out: each to whoever asked for it, in order of its contract, signed, again until it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.hooks import HookActivities
from adapters.hooks_http import HttpHooks
from domain.view import Record
from storage import contracts, hooks, records
from storage.database import Database
from storage.tables import hook_delivery
from tests.activities.receiver import Receiver, receiving
from tests.storage.samples import CONTRACT, record, row, shown

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PUBLIC = "http://tenure.example"


class Clock:
    """The dispatcher's time, which a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(minutes=70)

    def __call__(self) -> datetime:
        """Where it stands."""
        return self.now


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody's system."""
    async with receiving() as made:
        yield made


@pytest.fixture
async def out() -> AsyncIterator[HttpHooks]:
    """The way out, into this machine too."""
    made = HttpHooks(private=True)
    yield made
    await made.close()


def dispatcher(database: Database, out: HttpHooks, clock: Clock) -> HookActivities:
    """A dispatcher that lives on the clock."""
    return HookActivities(database, out, PUBLIC, now=clock)


async def endpoint(database: Database, url: str, clock: Clock, **changes: Any) -> str:
    """An endpoint that hears everything."""
    values = {"id": f"hook-{len(url):012x}", "url": url, "kinds": [], "trial": False, "secret": SECRET, "failures": 0}
    async with database.write() as connection:
        await hooks.create(connection, values | {"created_at": clock.now} | changes)
    return str((values | changes)["id"])


async def happens(database: Database, clock: Clock, contract: str, *kinds: str) -> None:
    """Events of a contract, one after the other, written down as the workflow does."""
    made = record(len(kinds), *kinds)
    view = shown(len(kinds), contract)
    async with database.write() as connection:
        await contracts.begin(connection, row() | {"number": contract, "creation_key": contract})
        await records.write(connection, Record(view=view, entries=made.entries))
        # They were queued on the dispatcher's clock, not on the machine's.
        await connection.execute(hook_delivery.update().values(queued_at=clock.now, next_at=clock.now))


async def works(dispatch: HookActivities, clock: Clock, *, minutes: int, step: int = 15) -> None:
    """The dispatcher at work for so long, looking every few seconds."""
    for _ in range(minutes * 60 // step):
        while await dispatch.round():
            pass
        clock.now += timedelta(seconds=step)


async def test_a_receiver_that_is_ill_for_an_hour_gets_everything_later(
    database: Database, receiver: Receiver, out: HttpHooks
) -> None:
    """Each event once, signed, in the order of its contract; while it is ill it is not stormed."""
    clock = Clock()
    await endpoint(database, receiver.url, clock)
    numbers = [f"SMP-2027-00000{number}" for number in (1, 2, 3)]
    kinds = ("quoted", "quote_accepted", "order_placed", "activated", "period_billed")
    for number in numbers:
        await happens(database, clock, number, *kinds)
    receiver.answers = lambda _: 500
    dispatch = dispatcher(database, out, clock)
    await works(dispatch, clock, minutes=60)
    assert receiver.taken == []
    assert 4 <= receiver.asked <= 12
    receiver.answers = lambda _: 200
    await works(dispatch, clock, minutes=61)
    for number in numbers:
        assert receiver.ids(number) == [f"{number}.{seq}" for seq in range(1, 6)]
    assert len(receiver.taken) == 15
    clock.now = datetime.now(UTC)
    assert await dispatch.round() == 0


async def test_an_event_says_what_happened_and_is_signed(
    database: Database, receiver: Receiver, out: HttpHooks
) -> None:
    """A CloudEvent with the entry's rule and data; the signature is good, and good for nothing else."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    await endpoint(database, receiver.url, clock)
    await happens(database, clock, CONTRACT, "quoted")
    assert await dispatcher(database, out, clock).round() == 1
    (event,) = receiver.taken
    assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "tenure.contract.quoted", CONTRACT)
    assert event["source"] == f"{PUBLIC}/v1/contracts/{CONTRACT}"
    assert event["data"]["rule"]
    assert receiver.headers[0]["content-type"].startswith("application/cloudevents+json")
    assert receiver.headers[0]["webhook-id"] == event["id"]
    assert receiver.verifies(SECRET)
    assert not receiver.verifies(OTHER)
    receiver.bodies[0] = receiver.bodies[0].replace(b"quoted", b"billed")
    assert not receiver.verifies(SECRET)


async def test_a_secret_that_is_changed_signs_for_a_while_beside_the_new_one(
    database: Database, receiver: Receiver, out: HttpHooks
) -> None:
    """Until the former one's time is over, either of them verifies; after that only the new one."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    soon = clock.now + timedelta(minutes=2)
    await endpoint(database, receiver.url, clock, secret=OTHER, former_secret=SECRET, former_until=soon)
    await happens(database, clock, CONTRACT, "quoted", "quote_accepted")
    dispatch = dispatcher(database, out, clock)
    await dispatch.round()
    assert receiver.verifies(SECRET)
    assert receiver.verifies(OTHER)
    clock.now = soon
    await dispatch.round()
    assert len(receiver.taken) == 2
    assert not receiver.verifies(SECRET)
    assert receiver.verifies(OTHER)


async def test_one_event_that_is_not_taken_holds_up_its_own_contract_only(
    database: Database, receiver: Receiver, out: HttpHooks
) -> None:
    """The others go on; after a week it is given up, and what came after it goes out."""
    clock = Clock()
    await endpoint(database, receiver.url, clock)
    await happens(database, clock, "SMP-2027-000001", "quoted", "quote_accepted", "order_placed")
    await happens(database, clock, "SMP-2027-000002", "quoted", "quote_accepted")
    receiver.answers = lambda event: 422 if event["id"] == "SMP-2027-000001.2" else 200
    dispatch = dispatcher(database, out, clock)
    await works(dispatch, clock, minutes=30)
    assert receiver.ids("SMP-2027-000001") == ["SMP-2027-000001.1"]
    assert receiver.ids("SMP-2027-000002") == ["SMP-2027-000002.1", "SMP-2027-000002.2"]
    clock.now += timedelta(days=8)
    await works(dispatch, clock, minutes=1)
    assert receiver.ids("SMP-2027-000001") == ["SMP-2027-000001.1", "SMP-2027-000001.3"]
    async with database.read() as connection:
        (given_up,) = await hooks.log(
            connection, f"hook-{len(receiver.url):012x}", state="given_up", after=None, limit=9
        )
    assert (given_up["seq"], given_up["status"]) == (2, 422)


async def test_an_endpoint_that_is_gone_is_disabled(database: Database, receiver: Receiver, out: HttpHooks) -> None:
    """After a 410 nothing is sent or queued any more; what waited is still there."""
    clock = Clock()
    name = await endpoint(database, receiver.url, clock)
    await happens(database, clock, CONTRACT, "quoted")
    receiver.answers = lambda _: 410
    dispatch = dispatcher(database, out, clock)
    await works(dispatch, clock, minutes=2)
    await happens(database, clock, "SMP-2027-000002", "quoted")
    await works(dispatch, clock, minutes=2)
    assert receiver.asked == 1
    async with database.read() as connection:
        known = await hooks.find(connection, name)
    assert known is not None
    assert (known["waiting"], known["disabled_why"]) == (1, "it answered 410: it wants no more events")


async def test_what_is_replayed_has_the_same_ids(database: Database, receiver: Receiver, out: HttpHooks) -> None:
    """Sent again on request, so that a receiver that lost something can take it once more."""
    clock = Clock()
    name = await endpoint(database, receiver.url, clock)
    await happens(database, clock, CONTRACT, "quoted", "quote_accepted")
    dispatch = dispatcher(database, out, clock)
    await works(dispatch, clock, minutes=1)
    async with database.write() as connection:
        known = await hooks.find(connection, name)
        assert known is not None
        assert await hooks.replay(connection, known, since=datetime(2020, 1, 1, tzinfo=UTC), number=None) == (2, False)
    clock.now = datetime.now(UTC) + timedelta(minutes=1)
    await works(dispatch, clock, minutes=1)
    assert receiver.ids() == [f"{CONTRACT}.1", f"{CONTRACT}.2"] * 2


async def test_dispatchers_that_race_send_each_event_once(
    database: Database, receiver: Receiver, out: HttpHooks
) -> None:
    """Where one is taken for dead and is not, its successor finds what it has begun taken."""
    clock = Clock()
    await endpoint(database, receiver.url, clock)
    for number in range(10):
        await happens(database, clock, f"SMP-2027-00001{number}", "quoted", "quote_accepted")
    several = [dispatcher(database, out, clock) for _ in range(4)]
    for _ in range(12):
        await asyncio.gather(*(dispatch.round() for dispatch in several))
    assert sorted(receiver.ids()) == sorted(f"SMP-2027-00001{n}.{seq}" for n in range(10) for seq in (1, 2))
    assert all(receiver.ids(f"SMP-2027-00001{n}")[0].endswith(".1") for n in range(10))


async def test_only_what_an_endpoint_wants_is_queued(database: Database, receiver: Receiver, out: HttpHooks) -> None:
    """By kind, customer, programme, and whether it is real."""
    clock = Clock()
    wishes: list[dict[str, Any]] = [
        {"kinds": ["quote_accepted"]},
        {"customer": "somebody-else"},
        {"trial": True},
        {"programme": "XYZ"},
    ]
    for number, changes in enumerate(wishes):
        await endpoint(database, receiver.url, clock, id=f"hook-{number:012x}", **changes)
    await happens(database, clock, CONTRACT, "quoted", "quote_accepted")
    await works(dispatcher(database, out, clock), clock, minutes=1)
    assert receiver.ids() == [f"{CONTRACT}.2"]


async def test_the_house_itself_is_not_reached_unless_allowed(database: Database, receiver: Receiver) -> None:
    """An address that leads inside is refused with the setting that allows it; redirects are not followed."""
    clock = Clock()
    name = await endpoint(database, receiver.url, clock)
    await happens(database, clock, CONTRACT, "quoted")
    guarded, free = HttpHooks(private=False), HttpHooks(private=True)
    try:
        await dispatcher(database, guarded, clock).round()
        async with database.read() as connection:
            (waiting,) = await hooks.log(connection, name, state="waiting", after=None, limit=9)
        assert "TENURE_HOOKS_PRIVATE" in waiting["error"]
        receiver.answers = lambda _: 302
        clock.now += timedelta(minutes=5)
        await dispatcher(database, free, clock).round()
        async with database.read() as connection:
            (waiting,) = await hooks.log(connection, name, state="waiting", after=None, limit=9)
        assert (waiting["status"], "redirects" in waiting["error"]) == (302, True)
    finally:
        await guarded.close()
        await free.close()
