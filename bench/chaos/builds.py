"""Builds of the worker, as Temporal's worker versioning knows them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

_PATIENCE = timedelta(seconds=90)
_NOT_YET = {
    RPCStatusCode.NOT_FOUND,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.DEADLINE_EXCEEDED,
}
"""How a server says so that has just begun, or is busy: the last two where it took longer than the call may."""


async def make_current(client: Client, deployment: str, build: str) -> None:
    """Give everything that is not begun or may go over to a build, as soon as the server knows its workers."""
    wanted = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build, identity="chaos"
    )
    async with asyncio.timeout(_PATIENCE.total_seconds()):
        while True:
            try:
                await client.workflow_service.set_worker_deployment_current_version(wanted)
            except RPCError as error:
                if error.status not in _NOT_YET:
                    raise
            else:
                return
            await asyncio.sleep(0.2)
