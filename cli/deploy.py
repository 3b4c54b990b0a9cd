"""`./tenure deploy`: which build of the workers runs the contracts, on a server on which workers are versioned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.client import Client

from runtime import deployments
from runtime.deployments import CannotDeploy
from runtime.settings import settings
from runtime.temporal import connect

app = typer.Typer(help="Which build of the workers runs the contracts.", no_args_is_help=True)
Build = Annotated[str, typer.Argument(help="The build's TENURE_BUILD_ID.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds in which a worker of the build must have asked for work.")]
Answer = TypeVar("Answer")

UNVERSIONED = """\
Workers are not versioned: set TENURE_WORKER_DEPLOYMENT (a name, the same for every build) and TENURE_BUILD_ID for the \
workers, and the name for this command. Without them whichever worker polls goes on with the contracts."""


@app.command()
def show() -> None:
    """The builds that have asked for work, and which of them runs the contracts."""
    found = _run(lambda client, name: deployments.described(client, name, patience=timedelta(0)))
    table = Table("build", "stands as", "contracts")
    for version in found.version_summaries:
        status = WorkerDeploymentVersionStatus.Name(version.status).rpartition("STATUS_")[2].lower()
        table.add_row(version.deployment_version.build_id, status, _share(found, status))
    Console().print(table)


@app.command()
def current(build: Build, wait: Wait = 30) -> None:
    """Let every contract go on with this build, sleeping ones too; one that was current before is a rollback."""
    _run(lambda client, name: deployments.make_current(client, name, build, patience=timedelta(seconds=wait)))
    print(f"Contracts go on with build {build}; workers of other builds may be stopped.")


@app.command()
def ramp(
    build: Build,
    percent: Annotated[float, typer.Option(min=0, max=100, help="How many of a hundred contracts; 0 ends it.")],
    wait: Wait = 30,
) -> None:
    """Let some of the contracts go on with this build, each always with the same one; the others with the current."""
    _run(lambda client, name: deployments.ramp(client, name, build, percent, patience=timedelta(seconds=wait)))
    print(f"{percent:g} % of the contracts go on with build {build}.")


def _run(act: Callable[[Client, str], Awaitable[Answer]]) -> Answer:
    read = settings()
    name = read.worker_deployment
    if name is None:
        raise CannotDeploy(UNVERSIONED)

    async def asked() -> Answer:
        return await act(await connect(read), name)

    return asyncio.run(asked())


def _share(found: WorkerDeploymentInfo, status: str) -> str:
    """Which part of the contracts goes on with a build that stands so."""
    percent = found.routing_config.ramping_version_percentage
    if status == "ramping":
        return f"{percent:g} %"
    return f"{100 - percent:g} %" if status == "current" else ""
