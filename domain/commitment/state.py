"""How far a term's minimum commitment is met."""

from __future__ import annotations

from decimal import Decimal

from domain.values import Carried


class Committed(Carried):
    """What was charged for service in the term ``term`` so far, net, less credits.

    ``settled`` is the last term whose shortfall was charged.
    """

    term: int = 0
    charged: Decimal = Decimal(0)
    settled: int = 0
