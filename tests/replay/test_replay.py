"""The gate for any change to workflows/ or domain/: every history that was ever kept still replays."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import worker
from adapters.programme_files import load_all
from cli.preparation import PROGRAMMES
from domain.state import Status
from runtime.gate import Gate, kept, read
from runtime.settings import CHECKOUT
from tests.domain.samples import utc
from tests.replay.kept import HISTORIES, WHO, slug
from tests.replay.record import WAYS
from tests.replay.stages import stages
from tests.workflows.lives import LIVES
from workflows.catalogue import SHOWN_ONLY

KEPT = kept(HISTORIES)
NAMES = {path.name.partition(".")[0] for path in KEPT}
NEWEST = max(name.partition("-")[0] for name in NAMES)
MOST_BYTES = 3_000_000

# v1 is of a time when a job told more of its contract and less of its payment: it replays, in other words.
IN_OTHER_WORDS = ("v1-",)


@pytest.fixture(scope="module")
def gate() -> Gate:
    """The gate, with every workflow of this build, in the sandbox.

    The holidays of a country are a module of their own, which is only imported when they are asked for.
    """
    restrictions = SandboxRestrictions.default.with_passthrough_modules("holidays")
    return Gate(worker.WORKFLOWS, SHOWN_ONLY, SandboxedWorkflowRunner(restrictions))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name.partition(".")[0])
async def test_a_kept_history_replays(gate: Gate, path: Path) -> None:
    """Today's code comes to the same commands from the same history, and says the same in them.

    Where a decision is changed on purpose, contracts that live under the old one must keep it: it belongs to the
    version of the rules or of the terms. Histories of a release that is not out yet are recorded anew.
    """
    verdict = await gate.judge(read(path))
    assert verdict.breaks is None
    assert verdict.otherwise == () or path.name.startswith(IN_OTHER_WORDS)


async def test_a_history_in_which_another_activity_was_asked_for_is_refused(gate: Gate) -> None:
    """The gate shuts where the commands differ, and says which event this build cannot go on from."""
    path = next(path for path in KEPT if path.name.startswith("v1-anchored"))
    told = path.read_text().replace("messages.send", "messages.post")
    verdict = await gate.judge(WorkflowHistory.from_json("contract:anchored", told))
    assert "[TMPRL1100]" in str(verdict.breaks)
    assert "messages.post" in str(verdict.breaks)


def test_every_golden_life_is_kept() -> None:
    """Each life of each programme and of the interpreter's tests, both ways, with the newest release."""
    golden = [f"{programme.terms.code} {name}" for programme in load_all(PROGRAMMES) for name in programme.lives()]
    titles = [f"{title} {way}" for title in (*golden, *LIVES, "taken over") for way in WAYS]
    missing = [title for title in titles if f"{NEWEST}-{slug(title)}-1" not in NAMES]
    assert missing == [], f"record them: make histories RELEASE={NEWEST}"


def test_a_contract_sleeps_in_every_stage() -> None:
    """Each stage is kept on a test clock with all that led to it, and asleep on real time, and none has ended."""
    for title in stages(utc(2027, 6, 15)):
        for how in ("stage", "asleep"):
            history = _named(f"{NEWEST}-{slug(f'{how} {title}')}-")
            assert history.events[-1].event_type not in _ENDS, title
    asleep = [_named(f"{NEWEST}-{slug(f'asleep {title}')}-") for title in stages(utc(2027, 6, 15))]
    assert sum(any(event.HasField("timer_started_event_attributes") for event in h.events) for h in asleep) >= 15


def test_a_history_of_every_workflow_is_kept() -> None:
    """A workflow that a worker runs and of which nothing is kept could be broken unseen."""
    types = {_type(read(path)) for path in KEPT if path.name.startswith(NEWEST)}
    registered = {_registered(workflow) for workflow in worker.WORKFLOWS}
    assert types == registered


def test_what_is_kept_is_small() -> None:
    """Every clone has it, so it costs a few megabytes and no more."""
    newest = [path.stat().st_size for path in KEPT if path.name.startswith(NEWEST)]
    assert sum(newest) < MOST_BYTES


@pytest.mark.parametrize("release", sorted({name.partition("-")[0] for name in NAMES} - {"v1"}))
def test_nothing_of_a_machine_is_kept(release: str) -> None:
    """Who recorded a history, on which host and in which folder, stays there; its payloads are looked into too."""
    own = (socket.gethostname(), str(CHECKOUT), str(Path.home()) + "/", "/tmp/")  # noqa: S108 - looked for, not used
    for path in KEPT:
        if not path.name.startswith(f"{release}-"):
            continue
        told = read(path).to_json_dict()
        words = [*_texts(told)]
        assert {text for key, text in words if key == "identity"} <= {WHO}, path.name
        found = [text for _, text in words if any(name in text for name in own) or re.search(r"\d+@\w", text)]
        assert found == [], path.name


def test_statuses_of_a_running_contract_are_among_the_stages() -> None:
    """Whatever status a contract may sleep in, one sleeps in it here."""
    shown = " ".join(path.name for path in KEPT)
    words = {
        Status.QUOTED: "asleep-quoted",
        Status.ACCEPTED: "asleep-waiting-for-an-order",
        Status.DRAFT: "asleep-waiting-for-its-payment",
        Status.SCHEDULED: "asleep-deferred",
        Status.ACTIVE: "asleep-active",
        Status.SUSPENDED: "asleep-suspended",
        Status.CANCELLED: "asleep-ended-with-an-open-case",
    }
    ended = {Status.EXPIRED, Status.REJECTED, Status.LAPSED, Status.VOID}
    assert set(Status) == words.keys() | ended
    assert [word for word in words.values() if word not in shown] == []


_ENDS = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
)


def _named(beginning: str) -> WorkflowHistory:
    """The newest run of a kept workflow."""
    return read(max(path for path in KEPT if re.fullmatch(re.escape(beginning) + r"\d+\.json\.gz", path.name)))


def _type(history: WorkflowHistory) -> str:
    return history.events[0].workflow_execution_started_event_attributes.workflow_type.name


def _registered(workflow: type) -> str:
    definition = vars(workflow)["__temporal_workflow_definition"]
    return str(definition.name)


def _texts(told: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a history with the name of its field; of payloads what they hold."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield from _texts(value, name)
    elif isinstance(told, list):
        for value in told:
            yield from _texts(value, key)
    elif isinstance(told, str):
        yield key, base64.b64decode(told).decode(errors="replace") if key == "data" else told
