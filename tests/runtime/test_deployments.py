"""Which build is current, asked of a server that is busy: asked again, and said plainly where it stays so."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from runtime import deployments


class Service:
    """A server's answers, one after the other; the last one again and again."""

    def __init__(self, *answers: RPCError | None) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def set_worker_deployment_current_version(self, _: Any) -> None:
        """Answer."""
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer:
            raise answer

    @property
    def client(self) -> Client:
        """A client that asks it."""
        return cast("Client", SimpleNamespace(workflow_service=self, namespace="default", identity="test"))


def _no(status: RPCStatusCode) -> RPCError:
    return RPCError("operation was canceled", status, b"")


@pytest.mark.parametrize(
    "status", [RPCStatusCode.CANCELLED, RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED]
)
async def test_a_busy_server_is_asked_again(status: RPCStatusCode) -> None:
    """What it took longer for than a call may is asked for once more, which does no harm."""
    service = Service(_no(status), None)
    await deployments.make_current(service.client, "tenure", "a")
    assert service.asked == 2


async def test_a_server_that_stays_busy_is_not_taken_for_one_without_workers() -> None:
    """The remedy is to ask again, and not to start workers."""
    service = Service(_no(RPCStatusCode.CANCELLED))
    with pytest.raises(deployments.CannotDeploy, match="did not answer in time") as refused:
        await deployments.make_current(service.client, "tenure", "a", patience=timedelta(0))
    assert "TENURE_BUILD_ID" not in str(refused.value)


async def test_any_other_no_is_told_at_once() -> None:
    """Who may not do it is told so, and not kept waiting."""
    service = Service(_no(RPCStatusCode.PERMISSION_DENIED), None)
    with pytest.raises(RPCError):
        await deployments.make_current(service.client, "tenure", "a")
    assert service.asked == 1
