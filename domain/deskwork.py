"""By when a person at the desk answers, counted in its hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.desk import desk_time_after
from domain.state import Contract


def answer_by(contract: Contract, since: datetime, hours: int | None = None) -> datetime | None:
    """The instant at which so many desk hours have passed, or those that the terms promise; none without a desk."""
    desk = contract.terms.desk
    hours = hours or (desk.answer_hours if desk else None)
    if desk is None or hours is None:
        return None
    return desk_time_after(desk, since, timedelta(hours=hours), contract.zone)
