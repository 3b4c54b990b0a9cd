"""What every request needs: the database, the contracts, and the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from activities.messages import MessagesPort
from activities.papers import PaperPort
from api.remembered import Remembered
from runtime.settings import Settings
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Services:
    """Made once per process."""

    database: Database
    client: Client
    settings: Settings
    papers: PaperPort
    messages: MessagesPort
    remembered: Remembered = field(default_factory=Remembered)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


async def services(request: Request) -> Services:
    """The process's services. Async, because what is not is run in a thread, at each request."""
    found: Services = request.app.state.services
    return found


Needs = Annotated[Services, Depends(services)]
