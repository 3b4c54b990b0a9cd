"""A payment provider that needs no account: the token says what becomes of a charge.

`pm_slow...` stays pending until somebody reports it, `pm_declined...` is declined, `pm_gone...` does not answer; every
other token is paid. The same key always gets the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from activities.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Charge:
    """What became of an attempt to collect."""

    outcome: str
    reference: str
    reason: str | None = None


class EmbeddedPayments:
    """Collects nothing, and says that it did."""

    async def charge(self, *, key: str, method: str, amount: Decimal, currency: str) -> Charge:  # noqa: ARG002 - the port's
        """The answer that the token asks for. Raises Unreachable for `pm_gone...`."""
        reference = f"ch_{sha256(key.encode()).hexdigest()[:20]}"
        if method.startswith("pm_gone"):
            raise Unreachable("the payment provider does not answer")
        if method.startswith("pm_declined"):
            return Charge("declined", reference, "insufficient funds")
        if method.startswith("pm_slow") or method == "on_account":
            return Charge("pending", reference)
        return Charge("paid", reference)
