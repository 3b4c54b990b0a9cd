"""A house of real processes in which a few contracts have lived while it was shaken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from bench.chaos.__main__ import PATIENCE
from bench.chaos.house import House, standing
from bench.chaos.rounds import Round, lived_round

SEED = 5
CONTRACTS = 4
EVERY = 2.0
"""Seconds between two faults: with this seed three come, a kill among them, in the first eight seconds."""


class Shaken(NamedTuple):
    """The house, still standing, and what the round came to."""

    house: House
    done: Round


@pytest.fixture(scope="module")
async def shaken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shaken]:
    """One short round of faults, with a seed of its own."""
    async with standing(tmp_path_factory.mktemp("chaos"), patience=PATIENCE) as house:
        yield Shaken(house, await lived_round(house, SEED, CONTRACTS, every=EVERY))
