"""The terms of credits for what was paid."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.values import Carried, Rule


class CreditTerms(Carried):
    """How the customer gets back what was credited and paid."""

    rule: Rule
    settled_by: Literal["refund", "set_off"] = Field(
        description="`refund`: to the means of payment, less what is owed or billed at that moment; who is on "
        "account has it set off. `set_off`: the next bills are collected less what stands in the customer's favour."
    )
