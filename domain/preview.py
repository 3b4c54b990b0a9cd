"""What a command would do to the money, before it is given: charged, credited, billed next, recurring."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from domain.bill import Bill
from domain.decider import next_due
from domain.effects import IssueCredit, IssueInvoice
from domain.envelope import Command
from domain.events import PeriodBilled
from domain.money import rounded
from domain.quote import price_of
from domain.simulator import Life, World
from domain.state import ENDED, Contract
from domain.values import Carried

_A_DAY_AFTER = timedelta(days=2)
_STEPS = 500
"""As many happenings are looked at for the next bill; a contract that bills nothing in so many bills nothing."""


class Preview(Carried):
    """Bills net and gross, in their currency; ``recurring_before`` and ``recurring_after`` net, for a month of service.

    ``charged`` and ``credited`` are issued at once, or where the contract ends with it, on the day
    after its last. ``next_bill`` is the next that falls due by itself, where there is
    one; whatever is asked in between changes it.
    """

    charged: tuple[Bill, ...]
    credited: tuple[Bill, ...]
    next_bill: Bill | None
    recurring_before: Decimal
    recurring_after: Decimal


def preview(contract: Contract, world: World, command: Command, now: datetime) -> Preview:
    """The preview of a command on a copy of its contract. Raises a Refusal where the command would be refused."""
    life = Life(contract, world)
    life.live_until(now)
    before = recurring(life.contract)
    told = len(life.told)
    life.give(command, now)
    if life.contract.status in ENDED:
        # What is owed for the last days comes on the day after them.
        life.live_until(now + _A_DAY_AFTER)
    caused = life.told[told:]
    return Preview(
        charged=tuple(effect.bill for effect in caused if isinstance(effect, IssueInvoice) and effect.bill.charges),
        credited=tuple(effect.bill for effect in caused if isinstance(effect, IssueCredit)),
        recurring_before=before,
        recurring_after=recurring(life.contract),
        next_bill=_next_bill(life),
    )


def recurring(contract: Contract) -> Decimal:
    """What the contract costs for a month of service, net: each line by its own period, with what is planned."""
    if contract.status in ENDED or contract.ending:
        return Decimal(0)
    lines = (line for line in contract.lines if not line.over and not line.ends_on and line.period)
    monthly = sum((price_of(line) / line.period for line in lines), Decimal(0))
    return rounded(monthly, contract.terms.currency)


def _next_bill(life: Life) -> Bill | None:
    seen = len(life.events)
    for _ in range(_STEPS):
        due = next_due(life.contract)
        if due is None:
            return None
        life.live_until(due.at)
        billed = [event.bill for event in life.events[seen:] if isinstance(event, PeriodBilled)]
        if billed:
            return billed[0]
    return None
