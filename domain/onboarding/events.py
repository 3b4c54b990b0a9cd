"""What has become of an onboarding."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.envelope import Event


class OnboardingOpened(Event):
    """The order is complete; the customer is taken on by ``finish_by``, then service starts."""

    kind: Literal["onboarding_opened"] = "onboarding_opened"
    finish_by: date


class OnboardingWarned(Event):
    """The last day of onboarding is near, and it is not done."""

    kind: Literal["onboarding_warned"] = "onboarding_warned"
    finish_by: date


class OnboardingLate(Event):
    """The last day of onboarding is over, and it is not done: a person must look at it."""

    kind: Literal["onboarding_late"] = "onboarding_late"
    finish_by: date


class OnboardingDone(Event):
    """The customer is taken on."""

    kind: Literal["onboarding_done"] = "onboarding_done"
    note: str | None = None
