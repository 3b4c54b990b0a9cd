"""What a contract and its desk do not agree on."""

from __future__ import annotations

from domain.values import Carried


class Contested(Carried):
    """Something that was done to a case at the desk, and that the contract did not take."""

    case: str
    reason: str
