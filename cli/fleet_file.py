"""A scenario's fleet as the file that is imported for it: as many devices as it counts, and those that it names."""

from __future__ import annotations

from datetime import date

from domain.fleet.census import FleetDevice
from domain.fleet.terms import FleetTerms
from domain.scenario import Scenario
from domain.state import Cover

_LONG = date(2099, 12, 31)


def fleet_file(story: Scenario, terms: FleetTerms) -> str:
    """The devices as CSV."""
    columns = [f"{kind}_end" for kind in terms.covered_by]
    lines = [",".join(["serial", "kind", "model", "country", "included", *columns])]
    for device in _devices(story, terms):
        ends = {cover.kind: cover.last_day.isoformat() for cover in device.cover}
        included = "yes" if device.included else "no"
        plain = [device.serial, device.kind, device.model, device.country, included]
        lines.append(",".join([*plain, *(ends.get(kind, "") for kind in terms.covered_by)]))
    return "\n".join([*lines, ""])


def _devices(story: Scenario, terms: FleetTerms) -> list[FleetDevice]:
    devices = _named(story)
    counted = dict(story.given.fleet.counted) if story.given.fleet else {}
    for device in devices:
        if device.included and device.kind in terms.kinds:
            counted[terms.kinds[device.kind]] -= 1
    kinds = {name: kind for kind, name in reversed(terms.kinds.items())}
    cover = (Cover(kind=terms.covered_by[0], last_day=_LONG),)
    for name, number in sorted(counted.items()):
        devices += [
            FleetDevice(
                serial=f"{name.replace('_', '-')}-{n:06d}",
                kind=kinds[name],
                model=kinds[name],
                country=story.given.customer.country,
                included=True,
                cover=cover,
            )
            for n in range(number)
        ]
    return devices


def _named(story: Scenario) -> list[FleetDevice]:
    """The devices for which the story asks for help."""
    named = (step.with_.get("device") for step in story.when if step.do == "open_case")
    found = [FleetDevice.model_validate(device) for device in named if device]
    return list({device.serial: device for device in found}.values())
