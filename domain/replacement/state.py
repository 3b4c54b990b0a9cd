"""What a line keeps of the devices that it had before."""

from __future__ import annotations

from datetime import date

from domain.values import Carried


class Replaced(Carried):
    """A device that was served until the day before ``on``, when another one took its place."""

    serial: str
    model: str
    on: date
