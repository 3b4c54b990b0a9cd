"""The port of whoever collects money, and what goes through it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from activities.errors import Refused
from domain.state import Customer
from storage.provider import Held


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to collect: ``key`` makes it happen once; ``amount``, gross, in ``currency``, zero to check only.

    ``at`` is the UTC instant at which it fell due: one that is late may have been made before.
    """

    key: str
    contract: str
    invoice: str
    customer: Customer
    method: str
    amount: Decimal
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Charged:
    """What became of an attempt, the provider's own name for it, and why it was declined, by the provider's code."""

    outcome: Literal["paid", "pending", "declined"]
    reference: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """One refund: ``key`` makes it happen once; ``amount`` of the payment that the provider calls ``charge``."""

    key: str
    charge: str
    amount: Decimal
    currency: str


class PaymentPort(Protocol):
    """Who collects money, and can say what it has collected. Everything by key: asked again, it answers the same."""

    @property
    def name(self) -> str:
        """What our tables call it."""

    async def charge(self, attempt: Attempt) -> Charged:
        """Collect an amount, once. Raises Refused or Unreachable."""

    async def refund(self, wanted: GiveBack) -> str:
        """Give money back, once; answers with the refund's reference. Raises Refused or Unreachable."""

    def held(self, *, contract: str | None = None, since: datetime | None = None) -> AsyncIterator[Held]:
        """Every payment that it has of ours, of one contract or since an instant where that is asked."""

    async def close(self) -> None:
        """Give its connections back."""


class Providers:
    """The provider that collects, and the one for contracts that live on test clocks, where that is another."""

    def __init__(self, real: PaymentPort, trial: PaymentPort | None = None) -> None:
        self.real, self.trial = real, trial or real

    async def close(self) -> None:
        """Give all connections back."""
        for provider in self.all():
            await provider.close()

    def of(self, clock: str | None) -> PaymentPort:
        """Who collects for a contract on this test clock, or on none."""
        return self.trial if clock else self.real

    def all(self) -> tuple[PaymentPort, ...]:
        """Each of them once."""
        return tuple({provider.name: provider for provider in (self.real, self.trial)}.values())

    def named(self, name: str) -> PaymentPort:
        """Who collected. Raises Refused where that provider is no longer set up."""
        for provider in self.all():
            if provider.name == name:
                return provider
        raise Refused(f"it was collected through {name}, which is not set up any more: refund it there")
