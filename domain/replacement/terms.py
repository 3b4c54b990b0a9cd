"""What a programme says of devices that are exchanged."""

from __future__ import annotations

from pydantic import Field

from domain.values import Carried, Name, Rule


class ReplacementTerms(Carried):
    """What follows when a device is exchanged for another one under its line."""

    rule: Rule
    documents: tuple[Name, ...] = Field(
        default=(), description="Names of document templates that are made anew for the customer, in this order."
    )
