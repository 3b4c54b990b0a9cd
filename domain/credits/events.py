"""What has become of what stood in the customer's favour."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from domain.envelope import Event


class Refunded(Event):
    """It was given back to the means of payment: ``amount``, gross, in ``currency``."""

    kind: Literal["refunded"] = "refunded"
    amount: Decimal
    currency: str


class CollectionPending(Event):
    """The payment of a later invoice takes its time; ``amount`` of it is open."""

    kind: Literal["collection_pending"] = "collection_pending"
    invoice: str
    amount: Decimal
