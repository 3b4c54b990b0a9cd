"""The decider's own version comes with a contract's run, and its trail says which."""

from __future__ import annotations

from domain.decider import open_contract
from domain.retrace import restored
from domain.simulator import Life, PriceListWorld
from domain.state import RULES_VERSION
from tests.domain.samples import offer, quote, terms, utc
from tests.workflows.lives import ACCEPT, CHECKOUT


def test_older_rules_decide_until_the_term_is_renewed() -> None:
    """A contract that began under the first rules keeps them for its term; its trail makes the same state again."""
    begins = utc(2027, 1, 31)
    contract, (quoted,) = open_contract(quote(offer()), begins, 1)
    life = Life(contract, PriceListWorld())
    life._note(quoted, contract, command="quote")
    life.give(ACCEPT, begins)
    life.give(CHECKOUT, utc(2027, 1, 31, 11))
    life.live_until(utc(2027, 12, 1))
    assert life.contract.rules == 1
    life.live_until(utc(2028, 3, 1))
    assert ("renewed" in [entry.kind for entry in life.entries], life.contract.rules) == (True, RULES_VERSION)
    assert restored(life.entries, {1: terms()}) == life.contract
