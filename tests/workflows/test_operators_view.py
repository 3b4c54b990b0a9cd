"""The desk's view in the Temporal UI: each documented filter finds what it says, each documented update is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from uuid import uuid4

import pytest
from temporalio.client import Client

from cli.updates import described, updates_reference
from domain.commands import Cancel, Suspend
from domain.effects import Effect, IssueInvoice, Outcome
from domain.simulator import Life
from domain.state import Contract
from runtime.settings import CHECKOUT
from tests.domain.samples import offer, ordered, quote, terms, utc
from tests.domain.test_supplies import enrolled
from tests.workflows.living import eventually, worker
from tests.workflows.world import MemoryWorld
from workflows.messages import Baton, ContractStart

PAGE = (CHECKOUT / "docs" / "operating.md").read_text().partition("## In the Temporal UI")[2].partition("\n## ")[0]
FILTERS = {label.strip(): query for label, query in re.findall(r"^\| ([^|`]+) \| `(.+)` \|$", PAGE, re.MULTILINE)}
UPDATES = {name: what.replace("`", "") for name, what in re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)}
BEGUN = utc(2027, 1, 31)


def on_acceptance() -> Life:
    """Renewed only by a yes, which has not come."""
    life = ordered(offer(), at=BEGUN, under=terms(renewal={"mode": "on_acceptance"}))
    life.live_until(utc(2027, 11, 15))
    return life


def first_day() -> Life:
    """Ordered for a day to come."""
    life = ordered(offer(warranty=date(2027, 2, 10)), at=BEGUN)
    life.contract = life.contract.model_copy(
        update={"lines": tuple(line.model_copy(update={"starts_on": date(2027, 9, 1)}) for line in life.contract.lines)}
    )
    return life


def declined() -> Life:
    """A bill whose payment is declined."""

    def world(contract: Contract, effect: Effect) -> Outcome:
        return Outcome(kind="declined" if isinstance(effect, IssueInvoice) and not effect.order else "paid")

    return ordered(offer(), at=BEGUN, world=world)


def parked() -> Life:
    """One that would have made too many bills."""
    life = ordered(offer(), at=BEGUN)
    life.contract = life.contract.model_copy(update={"parked": "too many bills on a day"})
    return life


def told(life: Life, *commands: Cancel | Suspend) -> Life:
    """A life that was told something a month after it began."""
    for command in commands:
        life.give(command, utc(2027, 3, 1))
    return life


SCENES: dict[str, Callable[[], Life]] = {
    "attention": declined,
    "order": lambda: Life.begin(quote(), utc(2026, 12, 10)),
    "payment": lambda: ordered(offer(), at=BEGUN, method="pm_slow"),
    "inspection": lambda: ordered(offer(warranty=date(2026, 5, 1)), at=BEGUN),
    "warranty": lambda: ordered(offer(warranty=date(2027, 5, 17)), at=BEGUN),
    "onboarding": lambda: ordered(offer(), at=BEGUN, under=terms(onboarding={"rule": "SMP-4"})),
    "supplies": lambda: enrolled(at=BEGUN),
    "first day": first_day,
    "renewal": on_acceptance,
    "service": lambda: ordered(offer(), at=utc(2027, 6, 10)),
    "notice": lambda: told(ordered(offer(), at=utc(2026, 7, 5)), Cancel(id="c", reason="moving")),
    "suspended": lambda: told(ordered(offer(), at=BEGUN), Suspend(id="s", reason="holiday")),
    "parked": parked,
    "over": lambda: told(ordered(offer(), at=BEGUN), Cancel(id="c", reason="moving")),
}
FINDS: dict[str, set[str]] = {
    "needs a person": {"attention", "parked"},
    "waiting for an order": {"order"},
    "waiting for payment": {"payment"},
    "waiting for an inspection": {"inspection"},
    "waiting for the warranty's end": {"warranty"},
    "waiting for onboarding": {"onboarding"},
    "waiting for supplies": {"supplies"},
    "waiting for its first day": {"first day"},
    "waiting for a renewal answer": {"renewal"},
    "in service": {"attention", "service"},
    "in notice": {"notice"},
    "suspended": {"suspended"},
    "parked": {"parked"},
    "over": {"over"},
    "a customer's contracts": {"service"},
    "about to happen": {"warranty"},
    "terms that end in a month": {"service"},
    "overdue, although running": {"order"},
    "campaigns that are paused": set(),
}
"""What each filter finds among these contracts; a campaign is not among them (tests/campaigns)."""


async def begin(client: Client, queue: str, scene: str) -> str:
    """A contract in that stage, on the server; answers with its workflow's id."""
    life = SCENES[scene]()
    last: datetime = max(life.contract.at, BEGUN if scene != "order" else life.contract.at)
    changes: dict[str, object] = {"number": f"SMP-{uuid4().hex[:10]}"}
    if scene == "service":
        changes["customer"] = life.contract.customer.model_copy(update={"id": "atelier-brun"})
    baton = Baton(contract=life.contract.model_copy(update=changes), seq=len(life.entries), clock_now=last)
    start = ContractStart(now=last, clock="own", staged=True, baton=baton)
    name = f"contract:{changes['number']}"
    await client.start_workflow("Contract", start, id=name, task_queue=queue)
    return name


async def test_each_filter_finds_exactly_what_it_says(temporal_client: Client) -> None:
    """Run on the server with a contract in each stage; the page has these filters and no others."""
    assert set(FILTERS) == set(FINDS)
    found: dict[str, set[str]] = {}
    async with worker(temporal_client, MemoryWorld()) as queue:
        ids = {await begin(temporal_client, queue, scene): scene for scene in SCENES}

        async def all_right() -> bool:
            for label, query in FILTERS.items():
                listed = temporal_client.list_workflows(f"({query}) AND TaskQueue = '{queue}'")
                found[label] = {ids[item.id] async for item in listed}
            return found == FINDS

        try:
            await eventually(all_right)
        except TimeoutError:
            assert found == FINDS


async def test_what_an_operator_sends_is_what_the_workflow_takes(temporal_client: Client) -> None:
    """Each documented update exists, and its description is the one that the server shows in the UI."""
    assert len(UPDATES) >= 12
    async with worker(temporal_client, MemoryWorld()) as queue:
        name = await begin(temporal_client, queue, "service")
        handle = temporal_client.get_workflow_handle(name)
        metadata = await handle.query("__temporal_workflow_metadata")
        shown = {item.name: item.description for item in metadata.definition.update_definitions}
    assert {name: shown[name].replace("`", "") for name in UPDATES} == UPDATES
    assert shown == described()


def test_every_update_is_listed() -> None:
    """docs/updates.md is what the workflow takes; `make docs` writes it anew."""
    assert (CHECKOUT / "docs" / "updates.md").read_text() == updates_reference()


@pytest.mark.parametrize("update", ["move_cover", "replace_device", "retry_effect"])
def test_an_update_says_what_it_needs(update: str) -> None:
    """The fields that must be said stand before those that may be."""
    (row,) = [line for line in updates_reference().splitlines() if line.startswith(f"| `{update}` |")]
    needed = {"move_cover": "`serial`, `cover`", "replace_device": "`serial`, `device`", "retry_effect": "`effect`"}
    assert row.split(" | ")[2] == needed[update]
