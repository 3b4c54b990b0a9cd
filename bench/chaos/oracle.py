"""Whether a contract of the house is the simulator's: every difference, in words."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from itertools import zip_longest

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.chaos import found as of_house
from bench.chaos.expected import Leavings, Line, expected
from bench.chaos.house import House
from bench.chaos.player import Lived

SETTLES_WITHIN = 240.0
"""Seconds that what is still on its way has to arrive: messages that wait, events that a listener did not take."""
_LOOK_EVERY = 1.0


async def differences(house: House, lived: Lived, *, patience: float = SETTLES_WITHIN) -> list[str]:
    """How the contract that was lived differs from the simulator's, once it and those who hear of it have settled."""
    until = time.monotonic() + patience
    while True:
        try:
            async with house.looks, house.database.read() as connection:
                wrong = await compared(connection, house, lived)
        except (DBAPIError, PoolTimeout, OSError) as error:
            wrong = [f"the database could not be read: {error}"]
        if not wrong or time.monotonic() > until:
            return [*lived.wrong, *wrong]
        await asyncio.sleep(_LOOK_EVERY)


async def compared(connection: AsyncConnection, house: House, lived: Lived) -> list[str]:
    """Every difference as the database has it now."""
    number = lived.number
    missing = await of_house.waiting(connection, number)
    if missing:
        return missing
    entries = await of_house.trail(connection, number)
    wrong = unlike(expected(lived.life), await of_house.found(connection, number, house.office))
    wrong += await of_house.unreconciled(connection, house.database, number)
    for listener in house.listeners:
        wrong += of_house.misheard(listener, number, entries)
    return wrong


def unlike(wanted: Leavings, left: Leavings) -> list[str]:
    """Every line in which what was left is not what was wanted."""
    wrong = [
        f"trail, entry {place}: the simulator has {_said(one)}, the house {_said(other)}"
        for place, (one, other) in enumerate(zip_longest(wanted.trail, left.trail), start=1)
        if one != other
    ][:3]
    wrong += [
        f"{_said(one)} by the simulator, {_said(other)} in the house"
        for one, other in zip_longest(wanted.stands, left.stands)
        if one != other
    ]
    for part in sorted(wanted.parts.keys() | left.parts.keys()):
        one, other = wanted.parts.get(part, _NONE), left.parts.get(part, _NONE)
        wrong += [f"{part}: {count} times missing: {_said(line)}" for line, count in (one - other).items()]
        wrong += [f"{part}: {count} times too many: {_said(line)}" for line, count in (other - one).items()]
    return wrong


_NONE: Counter[Line] = Counter()


def _said(line: object) -> str:
    return " ".join(map(str, line)) if isinstance(line, tuple) else str(line)
