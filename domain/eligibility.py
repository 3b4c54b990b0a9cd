"""Which devices may be offered and ordered: facts that must hold, cover that must still run, support that must last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from domain.refusal import Refusal
from domain.state import Contract, Line, Offer
from domain.terms import Condition, OrderWindow, Terms


def admitted(terms: Terms, offers: tuple[Offer, ...], *, today: date, start: date) -> tuple[Offer, ...]:
    """The offers, each marked where its device gets no service. Refuses a device that cannot be offered."""
    rules = terms.eligibility
    if rules is None:
        return offers
    for offer in offers:
        _check_support(offer, rules.support_rule, start)
        _check_cover(terms, offer, today)
    return tuple(_judged(offer, rules.conditions) for offer in offers)


def _judged(offer: Offer, conditions: Iterable[Condition]) -> Offer:
    failed = [item for item in conditions if offer.facts.get(item.fact, False) is not item.holds]
    check_conditions(offer, [item for item in failed if item.otherwise == "refused"])
    return offer.model_copy(update={"serviced": False}) if failed else offer


def check_conditions(offer: Offer, conditions: Iterable[Condition]) -> None:
    """Refuse a device of which a fact that must hold does not, or is not known."""
    for item in conditions:
        if offer.facts.get(item.fact, False) is not item.holds:
            state = "must" if item.holds else "must not"
            raise Refusal(
                item.rule,
                f"{offer.serial} cannot be offered: `{item.fact}` {state} hold of it",
                allowed_when=f"the device's facts say `{item.fact}: {str(item.holds).lower()}`",
                field=f"offers.{offer.id}.facts.{item.fact}",
            )


def _check_support(offer: Offer, rule: str | None, start: date) -> None:
    if rule and offer.support_ends and offer.support_ends < start:
        raise Refusal(
            rule,
            f"support for {offer.serial} ends on {offer.support_ends}, before service would start on {start}",
            field=f"offers.{offer.id}.support_ends",
        )


def _check_cover(terms: Terms, device: Offer | Line, today: date) -> None:
    within = terms.eligibility.within if terms.eligibility else None
    if within is None:
        return
    end = cover_of(device, within.kinds)
    if end is None or end < today:
        ended = "has none" if end is None else f"had it until {end}"
        raise Refusal(
            within.rule,
            f"{device.serial} must be enrolled while it is under {' or '.join(within.kinds)}; it {ended}",
            field=f"offers.{device.id}.cover",
        )


def cover_of(device: Offer | Line, kinds: Iterable[str]) -> date | None:
    """The last day of the device's cover of these kinds; none where it has none."""
    wanted = set(kinds)
    return max((cover.last_day for cover in device.cover if cover.kind in wanted), default=None)


def check_order(contract: Contract, today: date) -> None:
    """Refuse an order whose devices are no longer, or not yet, where the terms want them on that day."""
    for line in contract.lines:
        _check_cover(contract.terms, line, today)
        window = contract.terms.order.windows.get(line.sold_as or "")
        if window:
            _check_window(line, window, today)


def _check_window(line: Line, window: OrderWindow, today: date) -> None:
    end = cover_of(line, window.kinds)
    if end is None or today > end:
        ended = "has none" if end is None else f"had it until {end}"
        raise Refusal(
            window.rule,
            f"{line.serial} must still be under {' or '.join(window.kinds)} when this is ordered; it {ended}",
            allowed_when="it is enrolled anew",
            field=f"offers.{line.id}.cover",
        )
    opens = end - timedelta(days=window.opens_days)
    if today < opens:
        raise Refusal(
            window.rule,
            f"cover of {line.serial} runs until {end}; what follows is ordered at most {window.opens_days} days before",
            allowed_from=opens,
        )


def check_reenrolment(terms: Terms, offers: tuple[Offer, ...], *, today: date, start: date | None) -> None:
    """Refuse to take up again what the terms do not let be taken up."""
    again = terms.reenrolment
    if again is None:
        raise Refusal(terms.quote.rule, "the programme takes up nothing again that has ended", field="reenrols")
    if again.future_start and (start is None or start <= today):
        raise Refusal(
            again.rule,
            "a contract that is taken up again starts in the future",
            allowed_when=f"the start date lies after {today}",
            field="start_on",
        )
    for offer in offers:
        check_conditions(offer, again.conditions)
        _check_support(offer, again.rule, start or today)
