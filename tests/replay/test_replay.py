"""The gate for any change to workflows/ or domain/: every history that was ever kept still replays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from workflows.contract import ContractWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def _replayer() -> Replayer:
    return Replayer(workflows=[ContractWorkflow], data_converter=pydantic_data_converter)


def test_there_are_histories_to_replay() -> None:
    """The gate is not open because it has nothing to look at: every kept life has its runs here."""
    assert len(HISTORIES) >= 7


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_kept_history_replays(path: Path) -> None:
    """Today's code comes to the same decisions from the same history."""
    await _replayer().replay_workflow(_history(path))


def _told(name: str) -> dict[str, object]:
    path = next(path for path in HISTORIES if name in path.stem)
    return json.loads(path.read_text().replace("messages.send", "messages.post"))  # type: ignore[no-any-return]


async def test_a_build_that_would_break_a_sleeping_contract_is_refused() -> None:
    """A history in which another activity was asked for does not replay: the gate shuts."""
    told = _told("anchored")
    with pytest.raises(NondeterminismError):
        await _replayer().replay_workflow(WorkflowHistory.from_json("contract:anchored", told))
