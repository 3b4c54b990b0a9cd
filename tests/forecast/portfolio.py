"""Contracts of every programme in the middle of random lives, and the programmes that they live under."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from bench.random_lives import PROGRAMMES, RandomLife
from bench.variants import variants
from domain.decider import begin, evolve
from domain.events import Quoted
from domain.forecast.future import Programmes
from domain.simulator import Life
from domain.state import ENDED, Contract

_VARIED = [variant for item in PROGRAMMES for variant in variants(item)]
AGREED = Programmes(
    terms={(item.terms.code, item.terms.version): item.terms for item in _VARIED},
    catalogues={item.terms.code: item.catalogue for item in PROGRAMMES},
)


@cache
def contracts(lives: int = 150) -> tuple[Contract, ...]:
    """Running contracts, a few moments of each of so many random lives."""
    return tuple(life.contract for seed in range(1, lives + 1) for life in moments(seed))


def moments(seed: int) -> Iterator[Life]:
    """A life after a third, after two thirds and at its end, each when everything of that instant has happened."""
    lived = RandomLife(seed).live()
    events, entries = lived.events, lived.entries
    assert isinstance(events[0], Quoted)
    contract, wanted = begin(events[0]), len(events) // 3
    for count, (event, following) in enumerate(pairwise([*events[1:], events[-1]]), start=1):
        contract = evolve(contract, event)
        last = count == len(events) - 1
        if (last or (count >= wanted and following.at > event.at)) and contract.status not in ENDED:
            wanted += len(events) // 3
            yield Life(contract, lived.world, entries[: count + 1], events[: count + 1])
