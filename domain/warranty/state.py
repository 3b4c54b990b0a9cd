"""What a contract keeps of the warranty that its device has: on which fact its last day rests."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.values import Carried, Name, Rule

DateName = Literal[
    "installed_on",
    "purchased_on",
    "manufactured_on",
    "shipped_on",
    "registered_on",
    "transferred_on",
    "exchanged_on",
]
"""What is known of a device by its day; ``exchanged_on`` is the day on which it took another one's place."""

Dates = dict[DateName, date]


class Basis(Carried):
    """The term of warranty by which a cover was reckoned, and the fact that it counts from."""

    term: Name
    rule: Rule
    fact: DateName
    on: date
    first: date
