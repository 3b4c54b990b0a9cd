"""What waits for people follows from where the contract stands, and can be settled from there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bench.random_lives import RandomLife
from domain.commands import AdvanceCase, AnyCommand, Cancel, OpenCase, ReportInspection
from domain.decider import is_closed
from domain.envelope import Command
from domain.permissions import PERMITTED
from domain.simulator import Life
from domain.state import Status
from domain.tasks import Task, tasks
from tests.domain.samples import offer, ordered, quote, utc

LONG_AGO = date(2026, 1, 1)


def named(life: Life) -> dict[str, Task]:
    """A life's open tasks by what follows the contract's number."""
    return {task.id.partition(".")[2]: task for task in tasks(life.contract)}


@pytest.mark.rule("HPG-9")
def test_an_offer_waits_for_its_customer() -> None:
    """Until the end of its last day, in the contract's own zone."""
    life = Life.begin(quote(), utc(2027, 1, 31))
    (task,) = tasks(life.contract)
    assert (task.kind, task.role, task.answers) == ("order", "customer", ("accept", "reject"))
    assert task.by == datetime(2027, 3, 2, 23, tzinfo=UTC)
    assert task.given == {"revision": 1}


@pytest.mark.rule("HPG-8")
def test_an_inspection_waits_for_an_engineer() -> None:
    """One task for each device, gone when it has passed; the payment is another's."""
    lapsed = (offer("1", warranty=LONG_AGO), offer("2", warranty=LONG_AGO))
    life = ordered(*lapsed, at=utc(2027, 1, 31), method="pm_slow")
    open_tasks = named(life)
    assert {"inspection.1", "inspection.2"} < set(open_tasks)
    assert [task.role for task in open_tasks.values() if task.kind == "pay_order"] == ["customer"]
    assert open_tasks["inspection.2"].given == {"line": "2"}
    life.give(ReportInspection(id="i", line="1", passed=True), utc(2027, 2, 1))
    assert "inspection.1" not in named(life)


@pytest.mark.rule("HPG-10")
def test_a_declined_payment_waits_for_billing() -> None:
    """It names its invoice, and is gone when that is paid."""
    life = ordered(at=utc(2027, 1, 31))
    assert life.contract.order is not None
    order = life.contract.order.model_copy(update={"method": "pm_declined"})
    life.contract = life.contract.model_copy(update={"order": order})
    life.live_until(utc(2027, 3, 1))
    (task,) = [task for task in tasks(life.contract) if task.role == "billing"]
    assert task.given == {"invoice": life.contract.declined[0]}
    assert task.answers == ("pay",)


@pytest.mark.rule("COM-1")
def test_the_renewal_quote_waits_for_an_answer() -> None:
    """From the day it goes out until its deadline."""
    life = ordered(at=utc(2027, 1, 31))
    life.live_until(utc(2027, 10, 1))
    assert tasks(life.contract) == ()
    life.live_until(utc(2027, 11, 15))
    (task,) = tasks(life.contract)
    assert (task.kind, task.role) == ("renewal", "customer")


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_a_task_can_be_settled_where_it_is_open(seed: int) -> None:
    """In every programme: its commands exist and are taken where the contract stands; ids are unique, soonest first."""
    kinds = {model.model_fields["kind"].default for model in _commands()}
    contract = RandomLife(seed).live().contract
    found = tasks(contract)
    assert len({task.id for task in found}) == len(found)
    for task in found:
        assert set(task.answers) <= kinds
        assert all(contract.status in PERMITTED[answer] for answer in task.answers)
    dated = [task.by for task in found if task.by]
    assert dated == sorted(dated)
    assert all(task.by is None for task in found[len(dated) :])


def _commands() -> tuple[type[Command], ...]:
    union: tuple[type[Command], ...] = AnyCommand.__origin__.__args__  # type: ignore[attr-defined]
    return union


def test_the_ids_of_tasks_are_plain() -> None:
    """A key with slashes becomes an id that fits into a path."""
    life = ordered(offer(prices={1: Decimal(10)}), at=utc(2027, 1, 31), method="pm_slow")
    (task,) = tasks(life.contract)
    assert task.id == "SMP-2027-000001.pay_order.0-invoice-order"


@pytest.mark.rule("HPG-14")
def test_an_ended_contract_stays_open_while_somebody_works_on_its_case() -> None:
    """It is over for good only when the case is closed: nothing of it can be lost on the way."""
    life = ordered(at=utc(2027, 1, 31))
    life.give(OpenCase(id="help", serial="SN1", subject="no paper"), utc(2027, 2, 10))
    life.give(Cancel(id="leave", reason="moving"), utc(2027, 2, 11))
    assert life.contract.status is Status.CANCELLED
    assert not is_closed(life.contract)
    life.give(AdvanceCase(id="done", case="SMP-2027-000001-C1", close=True), utc(2027, 2, 12))
    assert is_closed(life.contract)
