"""A fleet's devices as a CSV file: read line by line, each wrong field with its line and what to write instead."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from typing import IO, Any

from api.fields import EARLIEST, LATEST
from domain.fleet.census import FleetDevice
from domain.state import Cover

MOST_DEVICES = 100_000
MOST_ERRORS = 1000
NEEDED = ("serial", "kind", "model", "country", "included")
_LONGEST_LINE = 64 * 1024
_YES, _NO = ("yes", "true", "1", "y"), ("no", "false", "0", "n")
_FORMS = {
    "serial": (re.compile(r"[A-Za-z0-9-]{1,40}"), "1 to 40 letters, digits and hyphens"),
    "kind": (re.compile(r"[a-z][a-z0-9_]{0,59}"), "small letters, digits and underscores, such as `notebook`"),
    "model": (re.compile(r"[^\x00-\x1f]{1,400}"), "1 to 400 characters"),
    "country": (re.compile(r"[A-Z]{2}"), "two capital letters, such as `FR`"),
}


class _Wrong(Exception):
    """A field that cannot be taken; the remedy is what to write there."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.field, self.reason, self.remedy = field, reason, remedy


class DeviceFile:
    """A file of devices: iterating gives those of the right lines and notes what is wrong with the others.

    Its columns are `serial`, `kind`, `model`, `country`, `included`, and for each kind of cover one with its last day,
    such as `warranty_end`; empty means none. It is UTF-8, separated by commas or semicolons, with a header.
    """

    def __init__(self, file: IO[bytes], covers: tuple[str, ...]) -> None:
        self._file, self._covers = file, {f"{kind}_end": kind for kind in covers}
        self._lines: dict[str, int] = {}
        self._last_wrong = 0
        self.errors: list[dict[str, Any]] = []
        self.total = 0
        self.wrong_lines = 0

    def __iter__(self) -> Iterator[FleetDevice]:
        """The devices of the lines in which nothing is wrong."""
        self._file.seek(0)
        records = self._records()
        header = self._header(next(records, (1, [])))
        if not header:
            return
        found = 0
        for line, row in records:
            found += 1
            if found > MOST_DEVICES:
                self._note(line, _Wrong("serial", f"a fleet has {MOST_DEVICES} devices at most", "import fewer"))
                return
            if device := self._device(line, header, row):
                yield device
        if not found:
            self._note(2, _Wrong("serial", "there are no devices", "write one line for each device"))

    def _note(self, line: int, wrong: _Wrong) -> None:
        self.total += 1
        if line != self._last_wrong:
            self.wrong_lines, self._last_wrong = self.wrong_lines + 1, line
        if len(self.errors) < MOST_ERRORS:
            told = {"line": line, "field": wrong.field, "reason": wrong.reason, "remedy": wrong.remedy}
            self.errors.append(told)

    def _text(self) -> Iterator[str]:
        """The file line by line."""
        for number, raw in enumerate(iter(lambda: self._file.readline(_LONGEST_LINE), b""), 1):
            if len(raw) == _LONGEST_LINE:
                self._note(number, _Wrong("line", "the line is too long", "end each device's line with a line break"))
                return
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                self._note(number, _Wrong("line", "the text is not UTF-8", "save the file as `CSV UTF-8`"))
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Every line that is not empty, cut into its fields, with its number."""
        text = self._text()
        first = next(text, "")
        separator = ";" if first.count(";") > first.count(",") else ","
        reader = csv.reader(_with_first(first, text), delimiter=separator, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._note(
                    line, _Wrong("line", str(error), "put a field with a quote in quotes, and double its quotes")
                )
                continue
            if any(row):
                yield line, [field.strip() for field in row]

    def _header(self, record: tuple[int, list[str]]) -> list[str]:
        """The names of the columns; none where they are not those of a file of devices."""
        line, names = record
        names = [name.lower() for name in names]
        known = [*NEEDED, *self._covers]
        wanted = f"begin the file with the line {','.join(known)}"
        wrong = [_Wrong(name, f"the column {name} is missing", wanted) for name in NEEDED if name not in names]
        wrong += [_Wrong(name[:100], "there is no such column", wanted) for name in names if name not in known]
        wrong += [_Wrong(name, "the column comes twice", wanted) for name in known if names.count(name) > 1]
        for item in wrong:
            self._note(line, item)
        return [] if wrong else names

    def _device(self, line: int, header: list[str], row: list[str]) -> FleetDevice | None:
        if len(row) != len(header):
            remedy = "separate the fields like the header's, and put a field that holds the separator in quotes"
            self._note(line, _Wrong("line", f"it has {len(row)} fields, the header has {len(header)}", remedy))
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
        self._once(line, values["serial"])
        if self.total > before:
            return None
        return FleetDevice.model_construct(**fields, included=included, cover=tuple(cover))

    def _checked(self, line: int, read: Any, name: str, text: str) -> Any:
        try:
            return read(name, text)
        except _Wrong as wrong:
            self._note(line, wrong)
            return None

    def _once(self, line: int, serial: str) -> None:
        first = self._lines.setdefault(serial, line)
        if serial and first != line:
            remedy = "leave one of the two lines out, or correct its serial number"
            self._note(line, _Wrong("serial", f"{serial[:40]} is on line {first} already", remedy))


def _with_first(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _formed(name: str, text: str) -> str:
    form, remedy = _FORMS[name]
    if form.fullmatch(text) is None:
        raise _Wrong(name, f"`{text[:60]}` is no {name}" if text else "it is empty", f"write {remedy}")
    return text


def _yes_or_no(name: str, text: str) -> bool:
    word = text.lower()
    if word not in (*_YES, *_NO):
        raise _Wrong(name, f"`{text[:60]}` is neither yes nor no", "write `yes` or `no`")
    return word in _YES


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _Wrong(name, f"`{text[:60]}` is no date", "write year, month and day, such as `2028-05-17`") from None
    if not EARLIEST <= day <= LATEST:
        raise _Wrong(name, f"{day} cannot be meant", f"write a day from {EARLIEST} to {LATEST}")
    return day
