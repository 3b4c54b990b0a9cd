"""The terms of entitlements: what there is, and what each level of the contract has of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.values import Carried, Country, Name, Rule, Texts


class Entitlement(Carried):
    """Something that a customer has a right to."""

    rule: Rule
    text: Texts
    of: Literal["contract", "line"] = Field(
        default="contract", description="Whose it is: the contract's, or each line's own."
    )
    per_year: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="How often it may be used in a year, counted from activation; once more is refused. None: freely.",
    )
    every_months: Annotated[int, Field(ge=1, le=120)] | None = Field(
        default=None, description="It falls due on the last day of each span of so many months from activation."
    )
    within_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=14, description="Days after it falls due in which it must be done; then it is overdue."
    )
    not_in: tuple[Country, ...] = Field(default=(), description="Countries in which it is not offered.")
    not_in_rule: Rule | None = None


class Level(Carried):
    """What one level has: all that another has, with some more and some less."""

    rule: Rule
    includes: Name | None = Field(default=None, description="The level that it builds on.")
    adds: tuple[Name, ...] = ()
    without: tuple[Name, ...] = ()


class EntitlementTerms(Carried):
    """The matrix of entitlements and levels."""

    rule: Rule
    items: dict[Name, Entitlement] = Field(min_length=1)
    levels: dict[Name, Level] = Field(
        default_factory=dict, description="By the `level` of the catalogue's services; none: everybody has every item."
    )

    @model_validator(mode="after")
    def _levels_fit(self) -> Self:
        for name, level in self.levels.items():
            unknown = [item for item in (*level.adds, *level.without) if item not in self.items]
            if unknown:
                msg = f"level `{name}` speaks of `{unknown[0]}`, which is not listed under `items`"
                raise ValueError(msg)
            if level.includes and level.includes not in self.levels:
                msg = f"level `{name}` includes `{level.includes}`, which is not listed under `levels`"
                raise ValueError(msg)
            spare = sorted(set(level.without) - set(self._inherited(name)))
            if spare:
                msg = f"level `{name}` leaves out `{spare[0]}`, which it would not have anyway"
                raise ValueError(msg)
        return self

    def _inherited(self, name: str) -> tuple[str, ...]:
        below = self.levels[name].includes
        return self.of_level(below) if below else ()

    def of_level(self, name: str | None, _above: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The items that a level has, in the order of `items`; all of them where there are no levels.

        Raises:
            ValueError: levels include each other in a circle.
        """
        if not self.levels:
            return tuple(self.items)
        level = self.levels.get(name or "")
        if name is None or level is None:
            return ()
        if name in _above:
            msg = f"the levels {', '.join((*_above, name))} include each other in a circle"
            raise ValueError(msg)
        below = self.of_level(level.includes, (*_above, name)) if level.includes else ()
        has = (set(below) | set(level.adds)) - set(level.without)
        return tuple(item for item in self.items if item in has)

    def offered(self, item: str, country: str) -> bool:
        """Whether an item is offered in a country at all."""
        return country not in self.items[item].not_in
