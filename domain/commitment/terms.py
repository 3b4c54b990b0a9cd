"""The terms of a minimum commitment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.values import Amount, Carried, Rule, Texts


class CommitmentTerms(Carried):
    """The least that a customer pays for the service of a term; what was charged less is charged when it is over."""

    rule: Rule
    amount: Amount = Field(
        description="Net, for a term of `term.months`; a term of another length owes in proportion. Counted is what is "
        "charged for service in the term, less what was credited of it; one-time fees do not count."
    )
    text: Texts = Field(description="What the charge is called.")
    early_end: Literal["whole", "prorated"] = Field(
        default="whole",
        description="What is owed of the amount when the contract ends before its term: all of it, or the part for the "
        "days that were had. Where the provider gave notice, always the part.",
    )
