"""What is due next is found once for a state, and is never another state's, whoever asks and in whatever thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from domain import decider
from domain.state import Contract
from tests.domain.samples import ordered, utc


def due_at(contract: Contract) -> datetime:
    """When the next thing is due."""
    due = decider.next_due(contract)
    assert due is not None
    return due.at


def begun_on(day: int) -> Contract:
    """A contract that was ordered on a day of March 2027; its next bill is due by that day."""
    return ordered(at=utc(2027, 3, day)).contract


def test_one_state_after_another_has_each_its_own() -> None:
    """Also where one is a copy of the other, and where the first is asked again."""
    early = begun_on(1)
    line = early.lines[0].model_copy(update={"anchor": date(2027, 4, 1)})
    late = early.model_copy(update={"lines": (line,)})
    assert due_at(early) < due_at(late)
    assert due_at(early) < due_at(late)
    assert decider.next_due(early) is decider.next_due(early)


def test_threads_that_ask_at_once_do_not_hear_each_other() -> None:
    """As the workflow tasks of a worker do, each with its own contract and with the others' in turn."""
    contracts = [begun_on(day) for day in range(1, 21)]
    wanted = [due_at(contract) for contract in contracts]
    assert len(set(wanted)) == len(wanted)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(50):
            assert list(threads.map(due_at, contracts)) == wanted
