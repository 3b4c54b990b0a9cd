"""What an operator sees of a contract in the Temporal UI: search attributes, and where it stands in Markdown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    from domain.calendar import DAY, instant
    from domain.view import View
    from workflows import attributes


def search_attributes(shown: View, published: dict[str, str], *, staged: bool) -> list[SearchAttributeUpdate[Any]]:
    """The attributes that differ from what is published, which is brought up to date.

    Runs that were begun before there was a stage are not ``staged``: they go on without, as they are replayed.
    """
    updates: list[SearchAttributeUpdate[Any]] = []
    for key, value in _values(shown):
        if key is attributes.STAGE and not staged:
            continue
        text = value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)
        if published.get(key.name, "") == text:
            continue
        updates.append(key.value_unset() if value is None else key.value_set(value))
        published[key.name] = text
    return updates


def all_search_attributes(shown: View) -> TypedSearchAttributes:
    """Every attribute that has a value, for the next run's start: an unset one cannot be handed over by itself."""
    return TypedSearchAttributes(
        [SearchAttributePair(key, value) for key, value in _values(shown) if value is not None]
    )


def _values(shown: View) -> list[tuple[SearchAttributeKey[Any], Any]]:
    ends = instant(shown.term.last + DAY, shown.zone) if shown.term else None
    return [
        (attributes.STATUS, shown.status.value),
        (attributes.STAGE, shown.stage.value if shown.stage else None),
        (attributes.PROGRAMME, shown.programme),
        (attributes.CUSTOMER, shown.customer.id),
        (attributes.NEXT_STEP, _next_step(shown)),
        (attributes.NEXT_DUE_AT, shown.next.at if shown.next else None),
        (attributes.TERM_ENDS_AT, ends),
        (attributes.TERM_NUMBER, shown.term.number if shown.term else None),
        (attributes.RULES_VERSION, shown.rules),
        (attributes.NEEDS_ATTENTION, bool(shown.attention)),
    ]


def _next_step(shown: View) -> str | None:
    """The kind of the next step without its date, so that contracts that wait for the same thing are found together."""
    return shown.next.what.split(" from ")[0][:100] if shown.next else None


def details(shown: View, remark: str = "") -> str:
    """Where the contract stands, what comes next, and what may be done, for an operator who reads no code."""
    lines = [f"### {shown.number} is {shown.status.value}", *_standing(shown)]
    if remark:
        lines += ["", remark]
    lines += ["", "**Next:** " + (_next(shown) if shown.next else "nothing by itself; it waits for people.")]
    allowed = [f"- `{item.command}`{_later(item.since, item.when, item.until)}" for item in shown.allowed]
    lines += ["", "**May be done:**", *(allowed or ["- nothing"])]
    if shown.attention:
        lines += ["", "**Needs attention:**", *(f"- {item}" for item in shown.attention)]
    return "\n".join(lines)


def _standing(shown: View) -> list[str]:
    lines = [f"{shown.customer.name}, programme {shown.programme} (terms version {shown.terms_version})."]
    if shown.stage:
        lines.append(f"Stage: {shown.stage.value}.")
    if shown.term:
        lines.append(f"Term {shown.term.number}: {shown.term.first} to {shown.term.last}.")
    if shown.ending:
        lines.append(f"It ends on {shown.ending.last_day}: {shown.ending.reason}.")
    if shown.ended_on:
        lines.append(f"It ended on {shown.ended_on}.")
    lines += [
        f"- line {line.id}: {line.text}, {line.serial}"
        + (f", starts {line.starts_on}" if line.starts_on and not line.active_since else "")
        for line in shown.lines[:10]
    ]
    return lines


def _next(shown: View) -> str:
    step = shown.next
    return f"{step.what}, on {step.at:%Y-%m-%d %H:%M} UTC ({step.rule})." if step else ""


def _later(since: object, when: str | None, until: object) -> str:
    last = f" until {until}" if until else ""
    if since:
        return f" from {since}{last}"
    return f" when {when}" if when else last
