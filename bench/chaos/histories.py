"""Whether what was lived can be read again: every history of the house, judged as the gate judges it before a deploy.

A contract whose history its own build cannot read goes on only as long as a worker happens to hold it in memory.
"""

from __future__ import annotations

from pathlib import Path

from temporalio.client import Client, WorkflowHistory

import worker
from runtime.gate import Gate
from workflows.catalogue import SHOWN_ONLY


async def unreadable(client: Client, keep: Path) -> list[str]:
    """Each run that this build would not have lived as it was lived, in a line; its history is kept in a folder."""
    gate, wrong = Gate(worker.WORKFLOWS, SHOWN_ONLY), list[str]()
    async for found in client.list_workflows():
        history = await client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
        verdict = await gate.judge(history)
        if verdict.wrong:
            wrong.append(f"{found.id}, run {found.run_id}, cannot be read again: {'; '.join(verdict.wrong)}")
            _keep(history, keep)
    return wrong


def _keep(history: WorkflowHistory, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = history.workflow_id.replace(":", "-")
    (folder / f"{name}-{history.run_id}.json").write_text(history.to_json())
