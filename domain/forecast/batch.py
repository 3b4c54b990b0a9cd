"""Many contracts' futures at a time: one life for each shape, counted as often as there are contracts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from domain.forecast.asked import Forecast, Row, Total, Unread
from domain.forecast.future import Assumed, Programmes, future, until
from domain.forecast.kept import Kept, unpacked
from domain.forecast.suppose import Stance
from domain.forecast.tally import Numbers, Tally, add, figures, key_of, nothing, tally
from domain.state import Contract, Status

Key = tuple[int, str, str, str, str]
"""A side (0 as agreed, 1 as supposed), programme, currency, status now, month."""

Sums = dict[Key, Numbers]


class Group(NamedTuple):
    """Contracts of one shape: one of them, and how many there are by what their customers answer on each side.

    ``late`` is the instant at which they were left, where something of theirs is due already and has not happened.
    """

    programme: str
    one: Kept
    late: datetime | None
    counts: tuple[Mapping[Stance, int], ...]


class Lived(NamedTuple):
    """What a batch came to; ``failed`` are the contracts whose future could not be thought through."""

    sums: Sums
    failed: tuple[Unread, ...]
    failed_count: int


class Batch:
    """The same questions for one group of contracts after the other."""

    def __init__(self, programmes: Programmes, sides: tuple[Assumed, ...], as_of: datetime, months: int) -> None:
        self._sides, self._as_of, self._months = sides, as_of, months
        self._versions = {code: programmes.of(code) for code, _ in programmes.terms}
        self._alike = frozenset.intersection(*(each.alike(sides[0]) for each in sides))

    def live(self, groups: Iterable[Group]) -> Lived:
        """Live through each group's future, on each side."""
        sums: Sums = {}
        failed: list[Unread] = []
        count = 0
        for group in groups:
            try:
                self._live(group, sums)
            except (ArithmeticError, LookupError, ValueError, RuntimeError) as error:
                failed.append(Unread(contract=group.one.contract, reason=str(error)[:300]))
                count += sum(group.counts[0].values())
        return Lived(sums, tuple(failed), count)

    def _live(self, group: Group, sums: Sums) -> None:
        contract = unpacked(group.one, self._versions[group.programme])
        if group.late is None:
            contract = contract.model_copy(update={"at": max(contract.at, self._as_of)})
        key = key_of(contract)
        found: Sums = {}
        alike = self._is_alike(contract)
        lived: dict[tuple[int, Stance], Tally] = {}
        for side, (assumed, counts) in enumerate(zip(self._sides, group.counts, strict=True)):
            same = 0 if alike else side
            for stance, count in counts.items():
                if (same, stance) not in lived:
                    lived[same, stance] = self._months_of(contract, assumed, stance)
                for month, numbers in lived[same, stance].items():
                    add(found.setdefault((side, *key, month), nothing()), numbers, count)
        for where, numbers in found.items():
            add(sums.setdefault(where, nothing()), numbers)

    def _is_alike(self, contract: Contract) -> bool:
        """Whether nothing that is supposed reaches the contract: its sides are one future, lived through once."""
        return contract.terms.code in self._alike and all(each.begins(contract) is contract for each in self._sides)

    def _months_of(self, contract: Contract, assumed: Assumed, stance: Stance) -> Tally:
        end = until(self._as_of, self._months, contract.zone)
        return tally(future(contract, assumed, stance, end=end))


def merge(into: Sums, more: Sums) -> None:
    """Add one batch's sums to those of others."""
    for key, numbers in more.items():
        add(into.setdefault(key, nothing()), numbers)


def answer(sums: Sums, *, sides: int, about: dict[str, object]) -> Forecast:
    """The sums as rows and totals; where there are two sides, with their difference."""
    rows = [
        Row(month=month, programme=programme, currency=currency, status=Status(status), **_sides(sums, sides, where))
        for where in sorted({key[1:] for key in sums}, key=lambda key: (key[3], *key[:3]))
        for programme, currency, status, month in [where]
    ]
    totals: Sums = {}
    for (side, _, currency, _, _), numbers in sums.items():
        add(totals.setdefault((side, "", currency, "", ""), nothing()), numbers)
    summed = [
        Total(currency=currency, **_sides(totals, sides, ("", currency, "", "")))
        for currency in sorted({key[2] for key in totals})
    ]
    return Forecast.model_validate({"rows": tuple(rows), "totals": tuple(summed)} | about)


def _sides(sums: Sums, sides: int, where: tuple[str, str, str, str]) -> dict[str, object]:
    base, other = (sums.get((side, *where), nothing()) for side in (0, 1))
    if sides == 1:
        return {"base": figures(base)}
    difference = [mine - yours for mine, yours in zip(other, base, strict=True)]
    return {"base": figures(base), "what_if": figures(other), "difference": figures(difference)}
