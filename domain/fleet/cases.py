"""Help for a device of a fleet: only where it is in, and has cover of its own that is valid on that day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from domain.commands import OpenCase
from domain.fleet.census import FleetDevice, is_covered
from domain.fleet.terms import FleetTerms
from domain.refusal import Refusal
from domain.state import Contract, Line


def line_for(contract: Contract, command: OpenCase, now: datetime) -> Line | None:
    """The line that serves a device: its own, or its class's in the fleet. None where the contract has no such line.

    Refuses a device that is not in the contract's fleet, or whose own cover is not valid today.
    """
    own = next((line for line in contract.lines if line.serial == command.serial), None)
    terms, fleet = contract.terms.fleet, contract.fleet
    if terms is None or fleet is None or (own and own.serial != fleet.fleet):
        return own
    device = command.device
    if device is None or device.serial != command.serial:
        raise Refusal(
            terms.excluded_rule,
            f"{command.serial} is not a device of this contract's fleet",
            allowed_when="the serial number is that of a device of the fleet",
            field="serial",
        )
    check_device(terms, device, contract.date_of(now))
    return line_of_class(contract.lines, terms.kinds.get(device.kind))


def check_device(terms: FleetTerms, device: FleetDevice, on: date) -> None:
    """Refuse a device that the contract does not serve on a day: not in, of no eligible kind, or without own cover."""
    _check_included(terms, device)
    _check_cover(terms, device, on)


def _check_included(terms: FleetTerms, device: FleetDevice) -> None:
    if not device.included:
        raise Refusal(
            terms.excluded_rule,
            f"{device.serial} is in the installed base, and is not included in the contract",
            allowed_when="it is included",
            field="serial",
        )
    if device.kind not in (*terms.kinds, *terms.with_device):
        raise Refusal(
            terms.excluded_rule,
            f"{device.serial} is of the kind {device.kind}, which is not eligible",
            allowed_when=f"the device is of one of the kinds {', '.join((*terms.kinds, *terms.with_device))}",
            field="serial",
        )


def _check_cover(terms: FleetTerms, device: FleetDevice, today: date) -> None:
    ends = [cover.last_day for cover in device.cover if cover.kind in terms.covered_by]
    # What comes along with another device may have no cover of its own; a cover that it had and lost excludes it too.
    if is_covered(terms, device, today) or (device.kind in terms.with_device and not ends):
        return
    ended = f"its own cover ended on {max(ends)}" if ends else "it has no cover of its own"
    raise Refusal(
        terms.excluded_rule,
        f"{device.serial} is excluded from service: {ended}",
        allowed_when=f"it has a valid {' or '.join(terms.covered_by)}",
        field="serial",
    )


def line_of_class(lines: Iterable[Line], name: str | None) -> Line | None:
    """The line of a class of devices, else the first one."""
    known = list(lines)
    return next((line for line in known if line.device_class == name), known[0] if known else None)
