"""Worker deployments on a Temporal server: which build goes on with the workflows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

PATIENCE = timedelta(seconds=30)
"""How long a build may take to become known: its workers have to have asked for work once."""

_NOT_KNOWN = (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION)
_BUSY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED)
"""How a server says so that has just begun, or took longer than a call may. Asking again asks for the same."""
Answer = TypeVar("Answer")


class CannotDeploy(Exception):
    """The server does not let this build run the contracts; the message says why and what to do first."""


async def described(client: Client, name: str, *, patience: timedelta = PATIENCE) -> WorkerDeploymentInfo:
    """A deployment as it stands. Raises CannotDeploy where no worker of it has asked for work."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)

    async def ask() -> WorkerDeploymentInfo:
        return (await client.workflow_service.describe_worker_deployment(request)).worker_deployment_info

    return await _patiently(ask, name, "any build", patience)


async def make_current(client: Client, name: str, build: str, *, patience: timedelta = PATIENCE) -> None:
    """Let every workflow of a deployment go on with a build. Raises CannotDeploy where the build has no worker."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=name, build_id=build, identity=client.identity
    )
    await _patiently(
        lambda: client.workflow_service.set_worker_deployment_current_version(request), name, build, patience
    )


async def ramp(client: Client, name: str, build: str, percent: float, *, patience: timedelta = PATIENCE) -> None:
    """Let some of a deployment's workflows go on with a build; none where ``percent`` is 0. Raises CannotDeploy."""
    request = SetWorkerDeploymentRampingVersionRequest(
        namespace=client.namespace,
        deployment_name=name,
        build_id=build if percent else "",
        percentage=percent,
        identity=client.identity,
    )
    await _patiently(
        lambda: client.workflow_service.set_worker_deployment_ramping_version(request), name, build, patience
    )


async def _patiently(ask: Callable[[], Awaitable[Answer]], name: str, build: str, patience: timedelta) -> Answer:
    until = time.monotonic() + patience.total_seconds()
    while True:
        try:
            return await ask()
        except RPCError as error:
            if error.status not in (*_NOT_KNOWN, *_BUSY):
                raise
            if time.monotonic() > until:
                raise CannotDeploy(_why(error, name, build)) from error
        await asyncio.sleep(0.25)


def _why(error: RPCError, name: str, build: str) -> str:
    if error.status in _BUSY:
        return f"The server did not answer in time ({error.message}); asking again for {build} in {name} does no harm."
    return (
        f"The server knows no worker of {build} in {name} ({error.message}): "
        "start one with its TENURE_BUILD_ID, and ask again."
    )
