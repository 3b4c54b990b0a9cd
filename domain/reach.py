"""Whom a new version of a programme's terms reaches, and when: at a contract's renewal, never in mid-term."""

from __future__ import annotations

from datetime import date

from domain.calendar import DAY
from domain.state import ENDED
from domain.values import Carried
from domain.view import View


class Reach(Carried):
    """One contract that lives under an older version: from which day it lives under the new one, or why it does not."""

    number: str
    customer: str
    version: int
    on: date | None = None
    how: str


def reach(view: View, version: int) -> Reach | None:
    """When a version reaches a contract by itself; none for a contract that is over or lives under it already."""
    if view.status in ENDED or view.terms_version >= version:
        return None
    on, how = _when(view, version)
    return Reach(number=view.number, customer=view.customer.name, version=view.terms_version, on=on, how=how)


def _when(view: View, version: int) -> tuple[date | None, str]:
    if view.ordered_at is None:
        return None, "it is an offer: it is ordered under the version that it was made under, and renewed under the new"
    if view.term is None and view.active_since is None:
        return None, "at its first renewal; service has not started"
    if view.term is None:
        return None, "it has no term: an operator puts it under the new version, with a reason"
    if view.ending:
        return None, f"never: it ends on {view.ending.last_day}"
    if view.renewal_version is not None and view.renewal_version < version:
        return None, f"at the renewal after next: the next term is quoted under version {view.renewal_version}"
    return view.term.last + DAY, "at its renewal"
