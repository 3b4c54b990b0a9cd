"""What is said about onboarding."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Command
from domain.values import Text


class CompleteOnboarding(Command):
    """Say that the customer is taken on: service starts."""

    kind: Literal["complete_onboarding"] = "complete_onboarding"
    note: Text | None = None
