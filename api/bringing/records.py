"""Files of contracts: JSON, a contract a line or an array, or CSV, a row for each line of a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from api.bringing.words import LINE, nested, unknown_columns
from api.line_files import Findings, Wrong, csv_records, text_lines

Form = Literal["csv", "json"]
_LONGEST_JSON = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One contract as a file has it: ``line`` is where it begins, ``rows`` where each of its lines stands."""

    line: int
    data: dict[str, Any]
    rows: tuple[int, ...] = field(default=())

    def place(self, where: str) -> int:
        """The line of the file in which a field stands, named like `lines.2.serial`; the contract's where not known."""
        part = where.split(".")
        lines = self.data.get("lines")
        if part[0] != "lines" or len(part) < 2 or not isinstance(lines, list):
            return self.line
        ids = [str(item.get("id", index)) for index, item in enumerate(lines, 1) if isinstance(item, dict)]
        found = ids.index(part[1]) if part[1] in ids else -1
        return self.rows[found] if 0 <= found < len(self.rows) else self.line


def entries(file: IO[bytes], form: Form, findings: Findings) -> Iterator[Entry]:
    """Every contract of a file; what is none is noted."""
    file.seek(0)
    yield from _of_rows(file, findings) if form == "csv" else _of_json(file, findings)


def _of_json(file: IO[bytes], findings: Findings) -> Iterator[Entry]:
    text = text_lines(file, findings, longest=_LONGEST_JSON)
    for number, line in enumerate(text, 1):
        stripped = line.strip()
        if number == 1 and stripped.startswith("["):
            yield from _of_array(line + "".join(text), findings)
            return
        if stripped:
            yield from _checked(number, stripped, findings)


def _checked(number: int, text: str, findings: Findings) -> Iterator[Entry]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        findings.note(number, Wrong("line", f"it is not JSON: {error}"[:300], "write one contract in each line"))
        return
    yield from _object(number, data, findings)


def _object(number: int, data: Any, findings: Findings) -> Iterator[Entry]:
    if isinstance(data, dict):
        yield Entry(number, data)
    else:
        findings.note(number, Wrong("line", "it is no JSON object", "write a contract as an object"))


def _of_array(text: str, findings: Findings) -> Iterator[Entry]:
    """The contracts of an array, each with the line in which it begins."""
    decoder, position, line = json.JSONDecoder(), text.index("[") + 1, 1
    counted = 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        line += text.count("\n", counted, position)
        counted = position
        if position >= len(text) or text[position] == "]":
            return
        try:
            data, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            findings.note(line, Wrong("line", f"it is not JSON: {error}"[:300], "put it right from this line on"))
            return
        yield from _object(line, data, findings)


def _of_rows(file: IO[bytes], findings: Findings) -> Iterator[Entry]:
    records = csv_records(file, findings)
    line, names = next(records, (1, []))
    wrong = list(unknown_columns(names))
    for item in wrong:
        findings.note(line, item)
    if wrong:
        return
    group: list[tuple[int, dict[str, str]]] = []
    for number, row in records:
        cells = _cells(number, names, row, findings)
        if cells is None:
            continue
        if group and not _continues(group[0][1], cells):
            yield from _grouped(group, findings)
            group = []
        group.append((number, cells))
    if group:
        yield from _grouped(group, findings)


def _cells(number: int, names: list[str], row: list[str], findings: Findings) -> dict[str, str] | None:
    if len(row) != len(names):
        remedy = "separate the fields like the header's, and put a field that holds the separator in quotes"
        findings.note(number, Wrong("line", f"it has {len(row)} fields, the header has {len(names)}", remedy))
        return None
    return {name: cell for name, cell in zip(names, row, strict=True) if cell}


def _continues(first: dict[str, str], cells: dict[str, str]) -> bool:
    """Whether a row is one more line of the contract above it: it names the same, or none."""
    return cells.get("reference", first.get("reference")) == first.get("reference")


def _grouped(rows: list[tuple[int, dict[str, str]]], findings: Findings) -> Iterator[Entry]:
    """The contract that some rows are about: what they say of it must be the same."""
    line, first = rows[0]
    whole = {name: cell for name, cell in first.items() if not name.startswith(LINE)}
    before = findings.total
    for number, cells in rows[1:]:
        for name, cell in cells.items():
            if not name.startswith(LINE) and whole.get(name) != cell:
                remedy = f"say the same as line {line}, or leave it empty"
                findings.note(number, Wrong(name, f"it differs from line {line}, the same contract's", remedy))
    try:
        data = nested(whole)
        data["lines"] = [
            nested({name.removeprefix(LINE): cell for name, cell in cells.items() if name.startswith(LINE)})
            for _, cells in rows
        ]
    except Wrong as wrong:
        findings.note(line, wrong)
    if findings.total == before:
        yield Entry(line, data, tuple(number for number, _ in rows))
