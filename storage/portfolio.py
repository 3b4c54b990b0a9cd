"""The future of a portfolio: states brought up to date, contracts gathered by shape, each shape lived through once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime

from domain.forecast.asked import Asked, Forecast, Progress, Selection, Unread
from domain.forecast.batch import Batch, Group, Sums, answer, merge
from domain.forecast.future import Assumed, Programmes, agreed, supposed
from domain.forecast.suppose import Answers, Stance
from storage import states
from storage.crew import Crew, bring_up, live
from storage.database import Database
from storage.states import Behind, Shared

Tell = Callable[[Progress], Awaitable[None]]
_TRAILS, _SHAPES, _ROWS, _NAMED = 100, 100, 5000, 100


class _Failures:
    """Contracts that could not be looked at: all are counted, the first are named."""

    def __init__(self) -> None:
        self.named: list[Unread] = []
        self.count = 0

    def add(self, failed: tuple[Unread, ...] | list[Unread], count: int | None = None) -> None:
        self.named = [*self.named, *failed][:_NAMED]
        self.count += len(failed) if count is None else count


def sides(programmes: Programmes, asked: Asked) -> tuple[Assumed, ...]:
    """What is assumed on each side. Raises SupposedError for a what-if that cannot be."""
    base = agreed(programmes, asked.assume)
    return (base, supposed(programmes, asked.assume, asked.what_if)) if asked.what_if else (base,)


async def forecast(
    database: Database, asked: Asked, *, as_of: datetime, tell: Tell, size: int | None = None
) -> Forecast:
    """The forecast, thought through by so many processes; no contract is touched.

    Raises SupposedError for a what-if that cannot be.
    """
    async with database.read() as connection:
        programmes = await states.programmes(connection)
    assumed = sides(programmes, asked)
    failures = _Failures()
    batch = Batch(programmes, assumed, as_of, asked.months)
    async with Crew(programmes, batch, size or os.cpu_count() or 1) as crew:
        await _bring_up(database, crew, asked.select, tell, failures)
        groups = await _groups(database, asked, [side.answers for side in assumed], as_of)
        sums = await _live(database, crew, groups, tell, failures)
    about = {
        "as_of": as_of,
        "months": asked.months,
        "contracts": sum(sum(counts[0].values()) for _, counts in groups),
        "shapes": len(groups),
        "unread": tuple(failures.named),
        "unread_count": failures.count,
    }
    return answer(sums, sides=len(assumed), about=about)


async def _bring_up(database: Database, crew: Crew, selection: Selection, tell: Tell, failures: _Failures) -> None:
    async with database.read() as connection:
        total = await states.count_behind(connection, selection)
    if not total:
        return
    done = 0

    async def work() -> AsyncIterator[list[Behind]]:
        after = ""
        while True:
            async with database.read() as connection:
                some = await states.behind(connection, selection, after=after, limit=_TRAILS)
            if not some:
                return
            after = some[-1].number
            yield some

    async for kept, failed in crew.each(bring_up, work()):
        async with database.write() as connection:
            await states.keep(connection, kept)
        failures.add(failed)
        done += len(kept) + len(failed)
        await tell(Progress(phase="reading", done=done, of=max(total, done)))


Counts = tuple[Mapping[Stance, int], ...]


async def _groups(
    database: Database, asked: Asked, answers: list[Answers], as_of: datetime
) -> list[tuple[Shared, Counts]]:
    if not any(side.drawn for side in answers):
        async with database.read() as connection:
            found = await states.shared(connection, asked.select, as_of)
        return [(group, tuple({side.of_all(): group.many} for side in answers)) for group in found]
    return await _drawn(database, asked, answers, as_of)


async def _drawn(
    database: Database, asked: Asked, answers: list[Answers], as_of: datetime
) -> list[tuple[Shared, Counts]]:
    """The groups, with how many of each do what: drawn contract by contract."""
    counts: dict[tuple[str, str, datetime | None], tuple[Counter[Stance], ...]] = {}
    first: dict[tuple[str, str, datetime | None], str] = {}
    after = ""
    while True:
        async with database.read() as connection:
            rows = await states.each(connection, asked.select, as_of, after=after, limit=_ROWS)
        for shape, programme, number, late in rows:
            key = (shape, programme, late)
            if key not in counts:
                counts[key], first[key] = tuple(Counter[Stance]() for _ in answers), number
            for side, drawn in zip(answers, counts[key], strict=True):
                drawn[side.stance(number)] += 1
        if len(rows) < _ROWS:
            break
        after = rows[-1][2]
    return [
        (Shared(programme, first[key], late, sum(drawn[0].values())), drawn)
        for key, drawn in counts.items()
        for _, programme, late in [key]
    ]


async def _live(
    database: Database, crew: Crew, groups: list[tuple[Shared, Counts]], tell: Tell, failures: _Failures
) -> Sums:
    async def work() -> AsyncIterator[list[Group]]:
        for start in range(0, len(groups), _SHAPES):
            some = groups[start : start + _SHAPES]
            async with database.read() as connection:
                kept = await states.find(connection, [group.one for group, _ in some])
            yield [Group(group.programme, kept[group.one], group.late, counts) for group, counts in some]

    sums: Sums = {}
    done = 0
    async for lived in crew.each(live, work()):
        merge(sums, lived.sums)
        failures.add(lived.failed, lived.failed_count)
        done += _SHAPES
        await tell(Progress(phase="living", done=min(done, len(groups)), of=len(groups)))
    return sums
