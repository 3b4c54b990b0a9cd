"""A fleet's devices as a CSV file: read line by line, each wrong field with its line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import IO, Any, get_args

from api.fields import EARLIEST, LATEST
from api.line_files import Findings, Wrong, csv_records
from domain.fleet.census import FleetDevice
from domain.state import Cover
from domain.warranty.reckoning import whole_cover
from domain.warranty.state import DateName, Dates
from domain.warranty.terms import WarrantyTerm

MOST_DEVICES = 100_000
NEEDED = ("serial", "kind", "model", "country", "included")
_YES, _NO = ("yes", "true", "1", "y"), ("no", "false", "0", "n")
_FORMS = {
    "serial": (re.compile(r"[A-Za-z0-9-]{1,40}"), "1 to 40 letters, digits and hyphens"),
    "kind": (re.compile(r"[a-z][a-z0-9_]{0,59}"), "small letters, digits and underscores, such as `notebook`"),
    "model": (re.compile(r"[^\x00-\x1f]{1,400}"), "1 to 400 characters"),
    "country": (re.compile(r"[A-Z]{2}"), "two capital letters, such as `FR`"),
}


class DeviceFile(Findings):
    """A file of devices: iterating gives those of the right lines and notes what is wrong with the others.

    Its columns are `serial`, `kind`, `model`, `country`, `included`, and for each kind of cover one with its last day,
    such as `warranty_end`; empty means none. Where there are terms of warranty, a date such as `installed_on` may have
    a column too: what no column says of a cover is reckoned from it. It is UTF-8, separated by commas or semicolons,
    with a header.
    """

    def __init__(self, file: IO[bytes], covers: tuple[str, ...], warranties: tuple[WarrantyTerm, ...] = ()) -> None:
        super().__init__()
        self._file, self._covers = file, {f"{kind}_end": kind for kind in covers}
        self._warranties = warranties
        self._dates: tuple[DateName, ...] = get_args(DateName) if warranties else ()
        self._lines: dict[str, int] = {}

    def __iter__(self) -> Iterator[FleetDevice]:
        """The devices of the lines in which nothing is wrong."""
        self._file.seek(0)
        records = csv_records(self._file, self)
        header = self._header(next(records, (1, [])))
        if not header:
            return
        found = 0
        for line, row in records:
            found += 1
            if found > MOST_DEVICES:
                self.note(line, Wrong("serial", f"a fleet has {MOST_DEVICES} devices at most", "import fewer"))
                return
            if device := self._device(line, header, row):
                yield device
        if not found:
            self.note(2, Wrong("serial", "there are no devices", "write one line for each device"))

    def _header(self, record: tuple[int, list[str]]) -> list[str]:
        """The names of the columns; none where they are not those of a file of devices."""
        line, names = record
        names = [name.lower() for name in names]
        known = [*NEEDED, *self._covers, *self._dates]
        wanted = f"begin the file with the line {','.join((*NEEDED, *self._covers))}"
        wrong = [Wrong(name, f"the column {name} is missing", wanted) for name in NEEDED if name not in names]
        wrong += [Wrong(name[:100], "there is no such column", wanted) for name in names if name not in known]
        wrong += [Wrong(name, "the column comes twice", wanted) for name in known if names.count(name) > 1]
        for item in wrong:
            self.note(line, item)
        return [] if wrong else names

    def _device(self, line: int, header: list[str], row: list[str]) -> FleetDevice | None:
        if len(row) != len(header):
            remedy = "separate the fields like the header's, and put a field that holds the separator in quotes"
            self.note(line, Wrong("line", f"it has {len(row)} fields, the header has {len(header)}", remedy))
            return None
        values = dict(zip(header, row, strict=True))
        before = self.total
        fields = {name: self._checked(line, _formed, name, values[name]) for name in _FORMS}
        included = self._checked(line, _yes_or_no, "included", values["included"])
        cover = [
            Cover.model_construct(kind=kind, last_day=day)
            for name, kind in self._covers.items()
            if values.get(name) and (day := self._checked(line, _day, name, values[name]))
        ]
        dates: Dates = {
            name: day
            for name in self._dates
            if values.get(name) and (day := self._checked(line, _day, name, values[name]))
        }
        self._once(line, values["serial"])
        if self.total > before:
            return None
        stated = FleetDevice.model_construct(**fields, included=included, cover=tuple(cover), dates=dates)
        if not self._warranties:
            return stated
        return stated.model_copy(update={"cover": whole_cover(self._warranties, stated)})

    def _checked(self, line: int, read: Any, name: str, text: str) -> Any:
        try:
            return read(name, text)
        except Wrong as wrong:
            self.note(line, wrong)
            return None

    def _once(self, line: int, serial: str) -> None:
        first = self._lines.setdefault(serial, line)
        if serial and first != line:
            remedy = "leave one of the two lines out, or correct its serial number"
            self.note(line, Wrong("serial", f"{serial[:40]} is on line {first} already", remedy))


def _formed(name: str, text: str) -> str:
    form, remedy = _FORMS[name]
    if form.fullmatch(text) is None:
        raise Wrong(name, f"`{text[:60]}` is no {name}" if text else "it is empty", f"write {remedy}")
    return text


def _yes_or_no(name: str, text: str) -> bool:
    word = text.lower()
    if word not in (*_YES, *_NO):
        raise Wrong(name, f"`{text[:60]}` is neither yes nor no", "write `yes` or `no`")
    return word in _YES


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Wrong(name, f"`{text[:60]}` is no date", "write year, month and day, such as `2028-05-17`") from None
    if not EARLIEST <= day <= LATEST:
        raise Wrong(name, f"{day} cannot be meant", f"write a day from {EARLIEST} to {LATEST}")
    return day
