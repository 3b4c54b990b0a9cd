"""Which device a line served on a day: its own, or one that it had before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.calendar import DAY
from domain.state import Line
from domain.values import Carried


class Spell(Carried):
    """The days for which a line served a device, where others came before or after it.

    From ``since`` in the place of ``replaces``; until the day before ``until``, when ``replaced_by`` came.
    """

    since: date | None = None
    replaces: str | None = None
    until: date | None = None
    replaced_by: str | None = None

    def why_not(self, on: date) -> str | None:
        """Why the device is not the one that is served on a day; none where it is."""
        if self.until and on >= self.until:
            return f"replaced by {self.replaced_by} on {self.until}"
        if self.since and on < self.since:
            return f"{self.replaces} was served in its place until {self.since - DAY}"
        return None


def spell(line: Line, serial: str) -> Spell | None:
    """The days of a device on a line; none where the line never served it."""
    if serial == line.serial:
        last = line.replaced[-1] if line.replaced else None
        return Spell(since=last.on, replaces=last.serial) if last else Spell()
    found = [index for index, item in enumerate(line.replaced) if item.serial == serial]
    if not found:
        return None
    index, serials = found[-1], (*(item.serial for item in line.replaced), line.serial)
    before = line.replaced[index - 1] if index else None
    return Spell(
        since=before.on if before else None,
        replaces=before.serial if before else None,
        until=line.replaced[index].on,
        replaced_by=serials[index + 1],
    )


def line_of(lines: Iterable[Line], serial: str) -> Line | None:
    """The line that serves a device, else the latest that ever did; none where none has."""
    known = list(lines)
    own = [line for line in known if line.serial == serial]
    found = own or [line for line in known if spell(line, serial)]
    return found[-1] if found else None


def successor(lines: Iterable[Line], serial: str) -> Spell | None:
    """What came of a device that no line serves any more; none where one does, or none ever did."""
    line = line_of(lines, serial)
    found = spell(line, serial) if line else None
    return found if found and found.replaced_by else None
