"""An onboarding that is going on."""

from __future__ import annotations

from datetime import date

from domain.values import Carried


class Onboarding(Carried):
    """Until when it must be done, and how far it has come; ``access_code`` opens the customer's own line."""

    finish_by: date
    access_code: str | None = None
    warned: bool = False
    late: bool = False
    done_on: date | None = None
