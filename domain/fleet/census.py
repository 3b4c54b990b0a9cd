"""Counting a fleet: one pass over its devices, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field

from domain.fleet.state import MOST_KINDS, NAMED, Census
from domain.fleet.terms import FleetTerms
from domain.state import Cover
from domain.values import Carried
from domain.warranty.state import Dates


class FleetDevice(Carried):
    """One device of an installed base; ``included`` where the contract is to serve it."""

    serial: str
    kind: str
    model: str
    country: str
    included: bool
    cover: tuple[Cover, ...] = ()
    dates: Dates = Field(default_factory=dict)

    @property
    def device_type(self) -> str:
        """What terms of warranty know it by."""
        return self.kind

    @property
    def known_dates(self) -> Dates:
        """What is known of it by its day."""
        return self.dates


def is_covered(terms: FleetTerms, device: FleetDevice, on: date) -> bool:
    """Whether a device has cover of its own, of a kind that the terms ask for, that is valid on a day."""
    return any(cover.last_day >= on and cover.kind in terms.covered_by for cover in device.cover)


class Count:
    """A count of devices that come one by one."""

    def __init__(self, terms: FleetTerms, on: date) -> None:
        self._terms, self._on = terms, on
        self._counted: dict[str, int] = {}
        self._devices = self._with_device = self._uncovered = self._ineligible = self._missing = 0
        self._uncovered_serials: list[str] = []
        self._missing_serials: list[str] = []
        self._kinds: list[str] = []

    def add(self, device: FleetDevice) -> None:
        """Take one more device into account."""
        self._devices += 1
        name = self._terms.kinds.get(device.kind)
        if device.kind in self._terms.with_device:
            self._with_device += device.included
        elif name is None:
            self._not_eligible(device)
        elif is_covered(self._terms, device, self._on):
            self._covered(device, name)
        elif device.included:
            self._uncovered += 1
            _name(self._uncovered_serials, device.serial)

    def _covered(self, device: FleetDevice, name: str) -> None:
        if device.included:
            self._counted[name] = self._counted.get(name, 0) + 1
        else:
            self._missing += 1
            _name(self._missing_serials, device.serial)

    def _not_eligible(self, device: FleetDevice) -> None:
        if device.included:
            self._ineligible += 1
            if device.kind not in self._kinds and len(self._kinds) < MOST_KINDS:
                self._kinds.append(device.kind)

    def census(self) -> Census:
        """What has been counted so far."""
        return Census(
            on=self._on,
            devices=self._devices,
            counted=self._counted,
            with_device=self._with_device,
            uncovered=self._uncovered,
            uncovered_serials=tuple(self._uncovered_serials),
            ineligible=self._ineligible,
            ineligible_kinds=tuple(self._kinds),
            missing=self._missing,
            missing_serials=tuple(self._missing_serials),
        )


def _name(serials: list[str], serial: str) -> None:
    if len(serials) < NAMED:
        serials.append(serial)


def census(terms: FleetTerms, devices: Iterable[FleetDevice], on: date) -> Census:
    """The devices counted as the terms ask, on a local date."""
    count = Count(terms, on)
    for device in devices:
        count.add(device)
    return count.census()


def shortfall(terms: FleetTerms, levels: Iterable[str], counted: dict[str, int]) -> dict[str, int]:
    """How many devices, by class, are lacking to the minimum of these service levels; nothing where it is reached.

    Where a level has several minimums, the one that lacks the fewest counts.
    """
    lacking: dict[str, int] = {}
    for level in sorted(set(levels)):
        ways = [
            {name: least - counted.get(name, 0) for name, least in way.items() if least > counted.get(name, 0)}
            for way in terms.minimums.get(level, ())
        ]
        nearest = min(ways, key=lambda way: sum(way.values()), default={})
        lacking |= {name: max(number, lacking.get(name, 0)) for name, number in nearest.items()}
    return lacking
