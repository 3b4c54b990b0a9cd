"""What a contract is entitled to today: its levels' items, in its customer's country, and how many are left."""

from __future__ import annotations

from datetime import date

from domain.activation import line_since
from domain.calendar import DAY, full_months, last_day_of, months_after
from domain.entitlements.terms import Entitlement, EntitlementTerms
from domain.refusal import Refusal
from domain.state import Contract, Line
from domain.values import Carried, Texts

_YEAR = 12


class Right(Carried):
    """One entitlement of a contract: its text, how often a year it may be used and how often it still may."""

    item: str
    rule: str
    text: Texts
    line: str | None = None
    per_year: int | None = None
    left: int | None = None
    every_months: int | None = None


def served(contract: Contract) -> tuple[Line, ...]:
    """The lines that are in service."""
    return tuple(line for line in contract.lines if line.active_since and not line.over)


def items(contract: Contract, terms: EntitlementTerms) -> dict[str, tuple[Line, ...]]:
    """The items that the contract has in its customer's country, each with the lines whose level gives it."""
    country = contract.customer.country
    found: dict[str, list[Line]] = {}
    for line in served(contract) or contract.lines:
        for item in terms.of_level(line.level):
            if terms.offered(item, country):
                found.setdefault(item, []).append(line)
    return {item: tuple(found[item]) for item in terms.items if item in found}


def rights(contract: Contract, on: date) -> tuple[Right, ...]:
    """Every entitlement of the contract on a day."""
    terms = contract.terms.entitlements
    if terms is None:
        return ()
    return tuple(
        _right(contract, item, terms.items[item], line, on)
        for item, lines in items(contract, terms).items()
        for line in (lines if terms.items[item].of == "line" else (None,))
    )


def _right(contract: Contract, item: str, what: Entitlement, line: Line | None, on: date) -> Right:
    return Right(
        item=item,
        rule=what.rule,
        text=what.text,
        line=line.id if line else None,
        per_year=what.per_year,
        left=left(contract, item, what, line, on),
        every_months=what.every_months,
    )


def anchor(contract: Contract, line: Line | None) -> date | None:
    """The day from which an entitlement's years and spans are counted: activation, the contract's or the line's."""
    return line_since(contract, line) if line else contract.active_since


def year(since: date, on: date) -> tuple[date, date]:
    """The first and the last day of the year of service, counted from a day, in which another day lies."""
    months = full_months(since, on) // _YEAR * _YEAR
    return months_after(since, months), last_day_of(since, months + _YEAR)


def left(contract: Contract, item: str, what: Entitlement, line: Line | None, on: date) -> int | None:
    """How often an item may still be used in the year of a day; none where it is free to use."""
    if what.per_year is None:
        return None
    since = anchor(contract, line)
    if since is None:
        return what.per_year
    first, last = year(since, on)
    uses = [
        use
        for use in contract.entitled.used
        if use.item == item and use.line == (line.id if line else None) and first <= use.on <= last
    ]
    return max(0, what.per_year - len(uses))


def right_to(contract: Contract, terms: EntitlementTerms, item: str, line_id: str | None) -> Line | None:
    """The line whose item is asked for; none where it is the contract's own. Refuses what it does not have."""
    what = terms.items.get(item)
    if what is None:
        known = ", ".join(terms.items)
        raise Refusal(terms.rule, f"there is no `{item}`", allowed_when=f"it is one of {known}", field="item")
    country = contract.customer.country
    if not terms.offered(item, country):
        raise Refusal(what.not_in_rule or what.rule, f"`{item}` is not offered in {country}", field="item")
    lines = items(contract, terms).get(item, ())
    if not lines:
        levels = [name for name in terms.levels if item in terms.of_level(name)]
        raise Refusal(
            what.rule,
            f"the contract's level does not include `{item}`",
            allowed_when=f"the level is one of {', '.join(levels)}",
            field="item",
        )
    if what.of == "contract":
        return None
    return _line_with(lines, item, what, line_id)


def _line_with(lines: tuple[Line, ...], item: str, what: Entitlement, line_id: str | None) -> Line:
    line = next((line for line in lines if line.id == line_id), None)
    if line is None:
        given = ", ".join(line.id for line in lines[:20])
        says = f"line {line_id} does not have `{item}`" if line_id else f"`{item}` belongs to a line"
        raise Refusal(what.rule, says, allowed_when=f"`line` is one of {given}", field="line")
    return line


def next_year(contract: Contract, line: Line | None, on: date) -> date | None:
    """The first day of the next year of service after a day."""
    since = anchor(contract, line)
    return year(since, on)[1] + DAY if since else None
