"""The terms of a breach."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.values import Carried, Rule


class BreachTerms(Carried):
    """How service ends when one side does not do what it owes."""

    rule: Rule
    cure_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=30, description="Days from the notice in which the breach can be cured, the last one included."
    )
