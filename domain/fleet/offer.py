"""An offer for a fleet: refused unless the whole of it is counted, covered, large enough, and on the offer's lines."""

from __future__ import annotations

from collections.abc import Iterable

from domain.fleet.census import shortfall
from domain.fleet.state import Agreement, Census, FleetState, by_class, listed
from domain.fleet.terms import FleetTerms
from domain.refusal import Refusal
from domain.state import Contract, Line, Offer
from domain.terms import Terms


def check_fleet(terms: Terms, offers: tuple[Offer, ...], census: Census | None) -> None:
    """Refuse an offer whose fleet is not counted, is too small for its service levels, or lacks devices or cover."""
    fleet = terms.fleet
    if fleet is None:
        if census is not None:
            raise Refusal(terms.quote.rule, "the programme takes no fleets", field="fleet")
        return
    if census is None:
        raise Refusal(
            fleet.rule,
            "the offer is for a fleet, which has not been counted",
            allowed_when="its devices are imported and the offer names the fleet",
            field="fleet",
        )
    _check_minimum(fleet, levels(offers), census)
    _check_devices(fleet, census)
    _check_lines(fleet, offers, census)


def levels(lines: Iterable[Offer | Line]) -> list[str]:
    """The service levels of some lines."""
    return sorted({line.level for line in lines if line.level})


def check_level(contract: Contract, level: str | None) -> None:
    """Refuse a level for whose minimum the contract's fleet, as it was counted last, is too small."""
    if contract.terms.fleet and contract.fleet and level:
        _check_minimum(contract.terms.fleet, [level], contract.fleet.last)


def _check_minimum(terms: FleetTerms, names: list[str], census: Census) -> None:
    for name in names:
        if not shortfall(terms, [name], census.counted):
            continue
        required = " or ".join(by_class(way) for way in terms.minimums[name])
        raise Refusal(
            terms.rule,
            f"level {name} is for fleets of at least {required}; counted are {by_class(census.counted)}",
            allowed_when=f"at least {required} have valid cover and are included, or another level is chosen",
            field="fleet",
        )


def _check_devices(terms: FleetTerms, census: Census) -> None:
    if census.uncovered:
        raise Refusal(
            terms.rule,
            f"{census.uncovered} devices of the fleet have no valid cover: "
            f"{listed(census.uncovered_serials, census.uncovered)}",
            allowed_when=f"each of them has a valid {' or '.join(terms.covered_by)}, or is not included",
            field="fleet",
        )
    if census.ineligible:
        raise Refusal(
            terms.rule,
            f"{census.ineligible} devices of the fleet are not eligible: {', '.join(census.ineligible_kinds)}",
            allowed_when=f"the devices included are of the kinds {', '.join((*terms.kinds, *terms.with_device))}",
            field="fleet",
        )
    if terms.whole_base and census.missing:
        raise Refusal(
            terms.rule,
            f"the offer is for the whole installed base, and {census.missing} eligible devices of it are missing: "
            f"{listed(census.missing_serials, census.missing)}",
            allowed_when="they are included",
            field="fleet",
        )


def _check_lines(terms: FleetTerms, offers: tuple[Offer, ...], census: Census) -> None:
    """The lines that carry a level must be for as many devices of a class as the fleet has, where they say a class."""
    sold = _sold(offers)
    for name in sorted(sold | census.counted if sold else {}):
        offered, counted = sold.get(name, 0), census.counted.get(name, 0)
        if offered > counted or (terms.whole_base and offered < counted):
            raise Refusal(
                terms.rule,
                f"the lines are for {offered} {name}, and the fleet has {counted} of them",
                allowed_when=f"the lines for {name} have the quantity {counted}, or none is given",
                field="offers.quantity",
            )


def _sold(offers: Iterable[Offer]) -> dict[str, int]:
    sold: dict[str, int] = {}
    for offer in offers:
        if offer.level and offer.device_class:
            sold[offer.device_class] = sold.get(offer.device_class, 0) + offer.quantity
    return sold


def agreed_fleet(offers: tuple[Offer, ...], census: Census | None, fleet: str | None) -> FleetState | None:
    """The fleet that an offer is for: what its lines sell is what both sides agree to. None without a count."""
    if census is None:
        return None
    counted = _sold(offers) or census.counted
    return FleetState(fleet=fleet or offers[0].serial, agreed=Agreement(counted=counted), last=census)


def device_of(offer: Offer) -> str:
    """What an offer is for, once: a device, or one class of a fleet's devices."""
    return f"{offer.serial} {offer.device_class}" if offer.device_class else offer.serial
