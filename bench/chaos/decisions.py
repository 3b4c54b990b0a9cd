"""What the outside decides, and the contract acts on: a card that is declined, an address that takes no mail.

A decision follows from the effect's own key and from nothing else, so that the vendors of the house and the
simulator's world come to the same one, in whatever order, and however often they are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from activities.messages import message_id
from adapters.taxes_embedded import fitting
from bench.chaos.rates import RATES
from domain.calendar import local_date
from domain.dunning.unpaid import ON_ACCOUNT
from domain.effects import AskRates, Collect, Effect, IssueInvoice, Outcome, SendAgain, SendMessage
from domain.simulator import NO_FUNDS, World
from domain.state import Contract

DECLINED_EVERY, BOUNCED_EVERY = 25, 60
"""One attempt to collect in so many is declined; one mail in so many goes to an address that does not take it."""
DECLINING = "pm_declined"
NO_MAILBOX = "550 5.1.1 there is no such mailbox"


def _one_in(name: str, many: int) -> bool:
    return int.from_bytes(sha256(name.encode()).digest()[:8]) % many == 0


def declined(key: str) -> bool:
    """Whether this attempt to collect is declined for want of funds, whatever the card."""
    return _one_in(f"declined {key}", DECLINED_EVERY)


def bounced(mail: str) -> bool:
    """Whether this mail, named by its Message-ID, is refused for good."""
    return _one_in(f"bounced {mail}", BOUNCED_EVERY)


@dataclass(frozen=True, slots=True)
class DecidedWorld:
    """A world of the simulator in which these decisions are made; all else is the other's."""

    other: World

    def __call__(self, contract: Contract, effect: Effect) -> Outcome:
        """The world's answer to an effect."""
        match effect:
            case IssueInvoice() | Collect() if _asks_a_provider(effect) and declined(effect.key):
                return Outcome(kind="declined", reason=NO_FUNDS)
            case SendMessage() | SendAgain() if bounced(message_id(effect.key)):
                to = effect.to if isinstance(effect, SendAgain) else contract.customer.email
                return Outcome(kind="bounced", reason=f"the mail server says {NO_MAILBOX}", reference=to)
            case AskRates():
                day = local_date(effect.at, contract.zone)
                return Outcome(rates=fitting(RATES, effect.places, day))
            case _:
                return self.other(contract, effect)


def _asks_a_provider(effect: IssueInvoice | Collect) -> bool:
    if (effect.method or ON_ACCOUNT) == ON_ACCOUNT:
        return False
    return not isinstance(effect, IssueInvoice) or not effect.set_off or effect.set_off != effect.bill.gross
