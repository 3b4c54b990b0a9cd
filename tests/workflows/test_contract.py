"""The contract on a real server does what the simulator says, whatever breaks on the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.commands import (
    AdoptTerms,
    Cancel,
    OfferRenewal,
    Renew,
    ReportPayment,
)
from domain.effects import Effect, Outcome
from domain.envelope import Command
from domain.renewal_request import Asked, RenewalAnswer
from domain.scenario import timeline
from domain.simulator import Life, PriceListWorld
from domain.state import Contract as State
from domain.state import Price, Status
from tests.domain.samples import PRICES, offer, ordered, quote, terms, utc
from tests.workflows.lives import ACCEPT, CHECKOUT, LIVES
from tests.workflows.living import Contract, eventually, worker
from tests.workflows.world import MemoryWorld
from workflows.messages import Baton, ContractStart, DismissEffect, RetryEffect


@pytest.mark.parametrize("batch", [1, 24])
@pytest.mark.parametrize("title", LIVES)
async def test_a_life_equals_the_simulators(temporal_client: Client, title: str, batch: int) -> None:
    """Every entry of the recorded trail, and everything the world was told, is what the simulator says.

    It is the same whether the world is asked for one thing after the other or for many at once.
    """
    offered, begins, steps, until = LIVES[title]
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, offered, world)
        await contract.begin(begins, batch=batch)
        await contract.play(steps, until)
    life = Life.begin(contract.first, begins)
    for at, command in steps:
        life.give(command, at)
    life.live_until(until)
    entries = world.entries(contract.number)
    assert timeline(entries) == timeline(life.entries)
    assert [entry.summary for entry in entries if "operations" not in entry.kind] == [e.summary for e in life.entries]
    assert world.order == [effect.key for effect in life.told]
    assert world.views[contract.number].version == len(entries)
    assert set(world.times.values()) == {1}
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


async def test_it_replays_on_every_task(temporal_client: Client) -> None:
    """A worker that keeps nothing in memory, and so replays at every step, comes to the same life."""
    offered, begins, steps, until = LIVES["anchored on the 31st, paused twice, left early with a fee"]
    world = MemoryWorld()
    async with worker(temporal_client, world, cached=0) as queue:
        contract = Contract(temporal_client, queue, offered, world)
        await contract.begin(begins)
        await contract.play(steps, until)
    assert world.views[contract.number].status is Status.CANCELLED
    assert set(world.times.values()) == {1}


async def test_a_refusal_teaches(temporal_client: Client) -> None:
    """A command that comes too early is answered with the rule, the reason, the date, and what may be done instead."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await contract.give(Renew(id="renew"))
        cause = refused.value.cause
        assert isinstance(cause, ApplicationError)
        assert cause.type == "refused"
        answer = cause.details[0]
        assert (answer["rule"], answer["allowed_from"]) == ("COM-1", "2027-11-01")
        assert "cancel" in {item["command"] for item in answer["allowed"]}


async def test_a_repeated_command_gets_the_first_answer_across_a_terms_end(temporal_client: Client) -> None:
    """The same id is answered as before in the contract's next run, and never carried out twice."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        first = await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.move(utc(2028, 6, 1))
        again = await contract.give(ACCEPT, key="another-update-id")
        assert (again.version, again.events) == (first.version, first.events)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await contract.give(Cancel(id="accept", reason="the same id for something else"))
        assert isinstance(refused.value.cause, ApplicationError)
        assert "another command" in refused.value.cause.message


async def test_an_answer_brings_what_is_to_be_written_down(temporal_client: Client) -> None:
    """Whoever asked can write it down at once: just what the contract writes; not where effects carry it along."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        accepted, bought = await contract.give(ACCEPT), await contract.give(CHECKOUT)
        assert accepted.told is not None
        assert bought.told is None
        await eventually(lambda: len(world.entries(contract.number)) >= bought.version)
    written = {entry.seq: entry for entry in world.entries(contract.number)}
    assert [entry.kind for entry in accepted.told.entries] == list(accepted.events)
    assert [written[entry.seq] for entry in accepted.told.entries] == list(accepted.told.entries)


async def test_what_was_refused_is_tried_again_or_dismissed(temporal_client: Client) -> None:
    """A person mends what stood against it and sends it once more, or says what was done instead; both are kept."""
    world = MemoryWorld(refusing={"ticketing"})
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(offer(warranty=date(2026, 1, 1))), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await eventually(lambda: any(task.kind == "refused" for task in world.tasks[contract.number]))
        (task,) = [task for task in world.tasks[contract.number] if task.kind == "refused"]
        assert (task.role, task.answers) == ("operator", ("retry_effect", "dismiss_effect"))
        key = str(task.given["effect"])
        again = RetryEffect(id="again", effect=key)
        await contract.give(again)
        await eventually(lambda: world.times.get(key, 0) == 0 and len(_refusals(world, contract.number)) == 2)
        world.refusing.clear()
        await contract.give(RetryEffect(id="once-more", effect=key))
        await eventually(lambda: world.times.get(key) == 1)
        await eventually(lambda: not any(task.kind == "refused" for task in world.tasks[contract.number]))
        first = await contract.give(again)
        assert first.view.attention == ()
        with pytest.raises(WorkflowUpdateFailedError) as none:
            await contract.give(DismissEffect(id="no", effect=key, reason="seen to"))
        assert isinstance(none.value.cause, ApplicationError)
        assert none.value.cause.details[0]["field"] == "effect"


def _refusals(world: MemoryWorld, number: str) -> list[str]:
    return [entry.kind for entry in world.entries(number) if entry.kind == "operations.refused"]


@pytest.mark.parametrize("batch", [1, 24])
async def test_an_answer_that_changes_what_follows_is_heard_in_time(temporal_client: Client, batch: int) -> None:
    """A payment declined in the middle of a year to catch up with is dunned in its place, as the simulator says."""
    steps = [{"after_days": 3, "do": "retry"}, {"after_days": 10, "do": "suspend"}]
    world = MemoryWorld(declining={"/invoice/2027-04", "/collect/", "/invoice/2027-08"})
    offered = quote(under=terms(dunning={"rule": "SMP-10", "steps": steps}))
    ordering: list[tuple[datetime, Command]] = [(utc(2027, 1, 31), ACCEPT), (utc(2027, 1, 31), CHECKOUT)]
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, offered, world)
        await contract.begin(utc(2027, 1, 31), batch=batch)
        await contract.play(ordering, utc(2028, 1, 20))

    def answers(told: State, effect: Effect) -> Outcome:
        declined = any(part in effect.key for part in world.declining)
        return Outcome(kind="declined", reason="insufficient_funds") if declined else PriceListWorld()(told, effect)

    life = Life.begin(contract.first, utc(2027, 1, 31), answers)
    for at, command in ordering:
        life.give(command, at)
    life.live_until(utc(2028, 1, 20))
    assert timeline(world.entries(contract.number)) == timeline(life.entries)
    assert world.order == [effect.key for effect in life.told]
    assert {"collection_declined", "dunned", "suspended"} <= {entry.kind for entry in life.entries}
    assert any(size > 2 for size in world.batches) is (batch > 1)


@pytest.mark.parametrize("batch", [1, 24])
async def test_a_vendor_that_is_down_is_flagged_and_caught_up_with(temporal_client: Client, batch: int) -> None:
    """While messages cannot go out the contract bills on, flagged; afterwards every message goes out once, in order."""
    world = MemoryWorld(broken={"messages"})
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31), patience_seconds=0.5, batch=batch)
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.move(utc(2027, 6, 1))
        view = world.views[contract.number]
        assert view.status is Status.ACTIVE
        assert any(item.startswith("messages:") for item in view.attention)
        assert len([key for key in world.order if "/invoice/2027" in key]) == 5
        world.broken.clear()
        await eventually(lambda: not world.views[contract.number].attention, seconds=60)
    life = ordered(at=utc(2027, 1, 31))
    life.live_until(utc(2027, 6, 1))
    expected = [effect.key.partition("/")[2] for effect in life.told]
    assert sorted(key.partition("/")[2] for key in world.order) == sorted(expected)
    messages = [key.partition("/")[2] for key in world.order if "/message/" in key]
    assert messages == [key for key in expected if "/message/" in key]
    kinds = [entry.kind for entry in world.entries(contract.number)]
    assert kinds.count("operations.delayed") == kinds.count("operations.mended") == 1


async def test_a_business_refusal_is_final_and_shown(temporal_client: Client) -> None:
    """What the world will not take for good is not tried again: it is written down, and a person is asked."""
    world = MemoryWorld(refusing={"ticketing"})
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(offer(warranty=date(2026, 7, 31))), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await eventually(lambda: "operations.refused" in [e.kind for e in world.entries(contract.number)])
        await eventually(lambda: any("ticketing" in item for item in world.views[contract.number].attention))


async def test_payment_that_is_reported_later_completes_the_order(temporal_client: Client) -> None:
    """A payment that is pending leaves a draft; its report, however often it comes, starts the service once."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        taken = await contract.give(CHECKOUT.model_copy(update={"method": "pm_slow"}))
        assert taken.view.status is Status.DRAFT
        paid = await contract.give(ReportPayment(id="hook-1", outcome="paid", reference="ch_1"))
        assert paid.view.status is Status.ACTIVE
        again = await contract.give(ReportPayment(id="hook-2", outcome="paid", reference="ch_1"))
        assert again.events == ()


async def test_new_terms_and_prices_come_with_the_renewal(temporal_client: Client) -> None:
    """A new version of terms and prices reaches a running contract when its term is renewed, not before."""
    newer = terms(version=2, fees={"set_up": {"rule": "SMP-7", "amount": "60", "text": {"en": "Set-up"}}})
    dearer = {months: price + 10 for months, price in PRICES.items()}
    world = MemoryWorld(prices=PriceListWorld(prices=(Price(service="care", model="M1", prices=dearer),), terms=newer))
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.move(utc(2028, 1, 15))
        assert world.views[contract.number].terms_version == 1
        await contract.move(utc(2028, 2, 15))
        view = world.views[contract.number]
        assert (view.terms_version, view.lines[0].prices) == (2, dearer)
        taken = await contract.give(AdoptTerms(id="adopt", terms=terms(version=3), reason="an operator says so"))
        assert taken.view.terms_version == 3


async def test_history_per_billed_period_on_a_test_clock(temporal_client: Client) -> None:
    """A period that is caught up with on a test clock costs at most 7 events of history."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.move(utc(2027, 2, 15))
        before = len((await contract.handle.fetch_history()).events)
        await contract.move(utc(2027, 10, 15))
        after = len((await contract.handle.fetch_history()).events)
    assert (after - before) / 8 <= 7


async def test_history_per_billed_period_on_wall_time(temporal_client: Client) -> None:
    """A period that is billed when its real timer fires costs at most 12 events of history, and one timer."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await _begin_with_a_bill_due(contract, datetime.now(tz=UTC) + timedelta(seconds=2))
        await eventually(lambda: bool(world.told))
        await eventually(contract._quiet)
        events = [event.event_type for event in (await contract.handle.fetch_history()).events]
    fired = events.index(EventType.EVENT_TYPE_TIMER_FIRED)
    started = events.index(EventType.EVENT_TYPE_TIMER_STARTED)
    again = events.index(EventType.EVENT_TYPE_TIMER_STARTED, fired)
    assert again - started <= 12
    assert EventType.EVENT_TYPE_TIMER_CANCELED not in events


async def _begin_with_a_bill_due(contract: Contract, soon: datetime, **start: float) -> None:
    """Start a contract in mid-life, on real time, whose next bill is due at an instant."""
    life = ordered(at=utc(2026, 1, 31))
    now = datetime.now(tz=UTC)
    life.live_until(now)
    # A line anchored today: its first bill falls due when the latest thing that happened is over, at that instant.
    today = life.contract.date_of(soon)
    lines = tuple(
        line.model_copy(update={"anchor": today, "billed_months": 0, "billed": None}) for line in life.contract.lines
    )
    state = life.contract.model_copy(update={"number": contract.number, "lines": lines, "at": soon})
    given = ContractStart.model_validate({"now": now, "baton": Baton(contract=state, seq=100)} | start)
    await contract.client.start_workflow("Contract", given, id=f"contract:{contract.number}", task_queue=contract.queue)


async def _timer(contract: Contract) -> timedelta:
    """How long the contract's first timer runs, as soon as there is one."""
    async with asyncio.timeout(30):
        while True:
            for event in (await contract.handle.fetch_history()).events:
                if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
                    return event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            await asyncio.sleep(0.05)


async def test_bills_of_one_instant_are_spread_and_a_command_does_not_wait(temporal_client: Client) -> None:
    """A bill may be made later than it is due, by less than the spread; whoever asks something finds it made, as due.

    What is not a bill happens at its own instant, however long bills may wait.
    """
    world, hour = MemoryWorld(), 3600
    async with worker(temporal_client, world) as queue:
        contract, quoted = (Contract(temporal_client, queue, quote(), world) for _ in range(2))
        # Its place in the hour follows from its number, and is not among its first seconds.
        contract.number = "SMP-spread-1"
        due = datetime.now(tz=UTC) + timedelta(seconds=2)
        await _begin_with_a_bill_due(contract, due, spread_seconds=hour)
        rings = await _timer(contract)
        assert timedelta(minutes=1) < rings < timedelta(seconds=hour + 2)
        await asyncio.sleep(max(0.0, (due - datetime.now(tz=UTC)).total_seconds()) + 0.5)
        assert not world.told
        await contract.give(Cancel(id="leave", reason="moving out"))
        await eventually(lambda: any("/invoice/" in key for key in world.order))
        billed = next(entry for entry in world.entries(contract.number) if entry.kind == "period_billed")
        assert billed.at == due
        now = datetime.now(tz=UTC)
        await quoted.begin(now, clock=None, spread_seconds=hour)
        ends = world.views[quoted.number].next
        assert ends is not None
        assert abs(now + await _timer(quoted) - ends.at) < timedelta(seconds=30)


@pytest.mark.rule("COM-3")
async def test_two_who_ask_for_the_renewal_quote_at_once_get_one_quote(temporal_client: Client) -> None:
    """One of them is told that the contract is quoted, the other that it was; a repeat gets its own answer again."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31))
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.move(utc(2027, 6, 1))

        async def ask(by: str) -> RenewalAnswer:
            answer: RenewalAnswer = await contract.handle.execute_update(
                "offer_renewal", OfferRenewal(id=by), result_type=RenewalAnswer
            )
            return answer

        both = await asyncio.gather(ask("first"), ask("second"))
        assert sorted(answer.outcome for answer in both) == [Asked.ALREADY_QUOTED, Asked.QUOTED]
        assert [await ask("first"), await ask("second")] == list(both)
        await contract.move(utc(2027, 12, 1))
        kinds = [entry.kind for entry in world.entries(contract.number)]
        assert kinds.count("renewal_quoted") == 1
        assert [key.partition("/")[2] for key in world.order if "/requote/" in key] == ["1/requote/2"]


async def test_a_quote_that_cannot_be_made_yet_is_under_way(temporal_client: Client) -> None:
    """While the records do not answer, who asks is told so and waits no longer than the contract's patience."""
    world = MemoryWorld()
    async with worker(temporal_client, world) as queue:
        contract = Contract(temporal_client, queue, quote(), world)
        await contract.begin(utc(2027, 1, 31), patience_seconds=0.5)
        await contract.give(ACCEPT)
        await contract.give(CHECKOUT)
        await contract.move(utc(2027, 6, 1))
        world.broken.add("records")
        ask = OfferRenewal(id="first")
        told = await contract.handle.execute_update("offer_renewal", ask, result_type=RenewalAnswer)
        assert told.outcome is Asked.UNDER_WAY
        world.broken.clear()

        async def is_quoted() -> bool:
            again = await contract.handle.execute_update("offer_renewal", ask, result_type=RenewalAnswer)
            return bool(again.outcome is Asked.QUOTED)

        await eventually(is_quoted, seconds=60)
