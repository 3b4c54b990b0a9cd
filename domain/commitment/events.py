"""What has happened to a minimum commitment."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from domain.bill import Bill
from domain.envelope import Event


class ShortfallCharged(Event):
    """A term is over, and less was charged for its service than agreed, net; ``bill`` is over the difference."""

    kind: Literal["shortfall_charged"] = "shortfall_charged"
    term: int
    agreed: Decimal
    charged: Decimal
    bill: Bill
