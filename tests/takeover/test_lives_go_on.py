"""A life that is cut on any day and taken over elsewhere goes on just as it would have gone on by itself."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from bench.random_lives import RandomLife
from domain.calendar import instant
from domain.simulator import Life
from domain.state import ENDED, Contract, Status
from domain.takeover.told import left_behind
from tests.takeover.samples import at_the_beginning_of, future, moved

COUNT = int(os.environ.get("RANDOM_CONTRACTS", "60"))
CUTS = 4
WATCHED = timedelta(days=800)
BEFORE_SERVICE = {Status.QUOTED, Status.ACCEPTED, Status.DRAFT}


def may_move(contract: Contract) -> bool:
    """Whether a contract is in the part of its life in which it can be taken over, with nothing owed."""
    running = contract.status not in ENDED | BEFORE_SERVICE
    return running and not left_behind(contract) and not contract.dunned


@pytest.mark.timeout(600)
def test_the_future_is_the_same() -> None:
    """Every later happening of lives of all programmes: its instant, amount, rule and words."""
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(1, COUNT + 1):
        dice = Random(seed)  # noqa: S311 - dice, not secrets
        life = RandomLife(seed).live()
        for _ in range(CUTS):
            happened = dice.choice(life.events).at
            day = life.contract.date_of(happened) + timedelta(days=dice.choice((0, 0, 1, 1, 3, 10, 20, 40)))
            life.live_until(instant(day, life.contract.zone))
            contract = at_the_beginning_of(day, life)
            if contract is None or not may_move(contract):
                continue
            cut = instant(day, contract.zone)
            stayed = future(Life(contract, life.world), cut + WATCHED)
            went = future(Life.begin(moved(contract, day), cut, life.world), cut + WATCHED)
            assert went == stayed, f"seed {seed}, cut on {day}"
            seen[contract.terms.code, contract.status.value] += 1
    assert {code for code, _ in seen} == {"HPG", "HPJ", "HPP", "ICM", "XEC"}
    assert {status for _, status in seen} == {"Active", "Suspended", "Scheduled"}
