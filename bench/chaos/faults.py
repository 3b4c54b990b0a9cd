"""The faults of one round: which of them come, in which order and after how long, by the seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from bench.chaos.house import House
from bench.chaos.illness import WAYS

KILLS = ("worker", "worker", "worker", "API", "Temporal", "PostgreSQL")
VENDORS = ("payments", "payments", "desk", "mail", "listener-1", "listener-2")
"""Who may fall ill; whoever stands here twice does so twice as often."""
NEW_BUILD = "new build"
EVERY = 6.0
"""Seconds between two faults, on an average."""
AWAY = (0.0, 2.5)
"""Seconds that a killed server stays away, at least and at most."""
ILL = (1.0, 5.0)
"""Seconds that a vendor is ill, at least and at most."""


class Fault(NamedTuple):
    """One fault: what happens to whom, after how many seconds, and for how many."""

    what: str
    whom: str
    after: float
    lasts: float

    @property
    def name(self) -> str:
        """As it is counted: `kill worker`, `mail twice`."""
        return f"{self.what} {self.whom}" if self.what == "kill" else f"{self.whom} {self.what}".strip()


def faults(dice: Random, every: float) -> Iterator[Fault]:
    """Faults without an end, one in so many seconds on an average: every kind comes before one comes again."""
    while True:
        bag = [("kill", whom) for whom in KILLS] + [(dice.choice(WAYS), vendor) for vendor in VENDORS]
        bag += [("", NEW_BUILD)] if dice.random() < 0.5 else []
        dice.shuffle(bag)
        for what, whom in bag:
            least, most = AWAY if what == "kill" else ILL
            yield Fault(what, whom, dice.expovariate(1 / every), dice.uniform(least, most))


class Shaker:
    """Lets one fault after the other happen to a house, until it is stopped."""

    def __init__(self, house: House, seed: int, every: float = EVERY) -> None:
        self._house, self._dice, self._every = house, Random(seed), every
        self._over = asyncio.Event()
        self.happened: Counter[str] = Counter()

    async def shake(self) -> None:
        """Faults until somebody stops it; what is killed is always started again."""
        for fault in faults(self._dice, self._every):
            try:
                async with asyncio.timeout(fault.after):
                    await self._over.wait()
            except TimeoutError:
                pass
            if self._over.is_set():
                return
            async with self._house.shaken:
                await self._let_happen(fault)
            self.happened[fault.name] += 1

    def stop(self) -> None:
        """No further fault."""
        self._over.set()

    async def _let_happen(self, fault: Fault) -> None:
        house = self._house
        match fault.what, fault.whom:
            case "kill", "worker":
                await house.kill_worker(self._dice.randrange(len(house.workers)))
            case "kill", "API":
                await house.kill_api()
            case "kill", "Temporal":
                await house.kill_temporal(fault.lasts)
            case "kill", "PostgreSQL":
                await house.kill_postgres(fault.lasts)
            case "", _:
                await house.upgrade()
            case way, vendor:
                house.illnesses.fall_ill(vendor, next(known for known in WAYS if known == way), fault.lasts)
