"""An onboarding that is going on."""

from __future__ import annotations

from datetime import date

from domain.values import Carried


class Onboarding(Carried):
    """Until when it must be done, and how far it has come."""

    finish_by: date
    warned: bool = False
    late: bool = False
    done_on: date | None = None
