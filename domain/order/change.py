"""A change of the order as it stands."""

from __future__ import annotations

from typing import Any

from domain.state import Contract


def order_with(contract: Contract, **changes: object) -> dict[str, Any]:
    """What of a contract changes where its order does; nothing without one."""
    return {"order": contract.order.model_copy(update=changes)} if contract.order else {}
