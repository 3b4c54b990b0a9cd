"""Histories as they are kept: compressed, and without a word of the machine on which they were recorded."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory

HISTORIES = Path(__file__).parent / "histories"
WHO = "tenure"
"""Whoever carried something out, in every kept history."""

_OF_THE_MACHINE = frozenset({"stackTrace", "workerVersion", "binaryChecksum", "links"})


async def save_runs(client: Client, workflow: str, name: str) -> list[Path]:
    """Keep every run of a workflow, the first one first."""
    described = await client.get_workflow_handle(workflow).describe()
    run_id, paths = described.raw_description.workflow_execution_info.first_run_id, list[Path]()
    while run_id:
        history = await client.get_workflow_handle(workflow, run_id=run_id).fetch_history()
        paths.append(save(history, f"{name}-{len(paths) + 1}"))
        last = history.events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return paths


def save(history: WorkflowHistory, name: str) -> Path:
    """Keep one run: the same history makes the same bytes."""
    text = json.dumps(scrubbed(history.to_json_dict()), separators=(",", ":"), ensure_ascii=False)
    path = HISTORIES / f"{slug(name)}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return path


def scrubbed(told: Any) -> Any:
    """A history without who, where and with which paths it was recorded."""
    if isinstance(told, list):
        return [scrubbed(item) for item in told]
    if not isinstance(told, dict):
        return told
    if told.get("kind") == "TASK_QUEUE_KIND_STICKY":
        return told | {"name": "sticky"}
    return {
        key: WHO if key == "identity" else scrubbed(value) for key, value in told.items() if key not in _OF_THE_MACHINE
    }


def slug(title: str) -> str:
    """A title as a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
