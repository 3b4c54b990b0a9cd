"""One round: so many lives, lived while the house is shaken, and then compared."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from temporalio.service import RPCError

from bench.chaos import oracle
from bench.chaos.faults import EVERY, Shaker
from bench.chaos.house import House
from bench.chaos.player import Lived, Player, Unanswered

MOST_SEEDS = 1_000_000_000
AT_ONCE = 40
"""As many lives are lived, and compared, at once; the others wait for their turn."""
SETTLES_EACH = 1.0
"""Seconds more for each contract in which what is on its way may arrive: many have much to tell."""


@dataclass(slots=True)
class Round:
    """What a round came to: ``wrong`` are all differences, each with its contract and the seed of its life."""

    seed: int
    contracts: int
    seconds: float = 0
    faults: dict[str, int] = field(default_factory=dict)
    events: int = 0
    requests: int = 0
    again: int = 0
    doubled: int = 0
    heard_again: int = 0
    wrong: list[str] = field(default_factory=list)
    lives: list[Lived] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The round in a line."""
        verdict = f"{len(self.wrong)} DIFFERENCES" if self.wrong else "equal"
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())) or "none"
        return (
            f"seed {self.seed}: {self.contracts} contracts, {self.events} events, {self.requests} requests "
            f"({self.doubled} doubled, {self.again} sent again), {self.heard_again} events heard again, "
            f"{self.seconds:.1f} s, {verdict}; faults: {faults}"
        )

    def figures(self) -> dict[str, Any]:
        """The round as it is written down."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "lives"}


async def lived_round(house: House, seed: int, contracts: int, *, every: float = EVERY) -> Round:
    """Live so many contracts through while the house is shaken, wait until all is quiet, and compare."""
    began, shaker = time.monotonic(), Shaker(house, seed, every)
    dice, turn = Random(seed), asyncio.Semaphore(AT_ONCE)
    seeds = [dice.randrange(MOST_SEEDS) for _ in range(contracts)]
    shaking = asyncio.create_task(shaker.shake())
    wrong: list[str] = []
    try:
        async with house.calling() as http:
            lives = await asyncio.gather(
                *(_life(http, one, f"{seed}-{index}", turn, wrong) for index, one in enumerate(seeds, start=1))
            )
    finally:
        shaker.stop()
        await shaking
    told = [life for life in lives if life is not None]
    patience = oracle.SETTLES_WITHIN + SETTLES_EACH * contracts

    async def differences(life: Lived) -> list[str]:
        async with turn:
            return await oracle.differences(house, life, patience=patience)

    compared = await asyncio.gather(*map(differences, told))
    for life, found in zip(told, compared, strict=True):
        wrong += [f"{life.number} (seed {seed}, life {life.seed}): {what}" for what in found]
    return Round(
        seed=seed,
        contracts=contracts,
        seconds=round(time.monotonic() - began, 1),
        faults=dict(shaker.happened),
        events=sum(len(life.life.entries) for life in told),
        requests=sum(life.asked for life in told),
        again=sum(life.again for life in told),
        doubled=sum(life.doubled for life in told),
        heard_again=sum(listener.heard_again(life.number) for listener in house.listeners for life in told),
        wrong=wrong,
        lives=told,
    )


async def _life(
    http: httpx.AsyncClient, seed: int, salt: str, turn: asyncio.Semaphore, wrong: list[str]
) -> Lived | None:
    try:
        async with turn:
            return await Player(http, seed, salt).play()
    except (Unanswered, RPCError) as failed:
        wrong.append(f"contract {salt} (life {seed}) could not be lived: {failed}")
        return None
