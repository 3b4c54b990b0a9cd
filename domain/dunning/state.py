"""An invoice that is not paid."""

from __future__ import annotations

from datetime import date

from domain.values import Carried


class Unpaid(Carried):
    """An invoice by its key, the day from which its steps are counted, and how many of them are done.

    ``collectable`` says whether its means of payment may be tried again; ``spell`` is the contract's version at which
    a payment of it was taken back, so that the steps of each spell have keys of their own.
    """

    invoice: str
    since: date
    collectable: bool
    done: int = 0
    spell: int = 0
