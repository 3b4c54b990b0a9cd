"""Files that are read line by line: what is wrong is noted with line, field and remedy, and reading goes on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO, Any

MOST_ERRORS = 1000
_LONGEST_LINE = 64 * 1024


class Wrong(Exception):
    """A field that cannot be taken; the remedy is what to write there. ``rule`` is the one that refuses it, if any."""

    def __init__(self, field: str, reason: str, remedy: str, rule: str | None = None) -> None:
        super().__init__(reason)
        self.field, self.reason, self.remedy, self.rule = field, reason, remedy, rule


class Findings:
    """What is wrong with a file: the first thousand errors in full, and how many there are."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self.total = 0
        self.wrong_lines = 0
        self._last_wrong = 0

    def note(self, line: int, wrong: Wrong) -> None:
        """Note an error of a line."""
        self.total += 1
        if line != self._last_wrong:
            self.wrong_lines, self._last_wrong = self.wrong_lines + 1, line
        if len(self.errors) < MOST_ERRORS:
            told = {"line": line, "field": wrong.field, "reason": wrong.reason, "remedy": wrong.remedy}
            self.errors.append(told | ({"rule": wrong.rule} if wrong.rule else {}))


def text_lines(file: IO[bytes], findings: Findings, *, longest: int = _LONGEST_LINE) -> Iterator[str]:
    """The file's lines as text; what is too long ends it."""
    for number, raw in enumerate(iter(lambda: file.readline(longest), b""), 1):
        encoding = "utf-8-sig" if number == 1 else "utf-8"
        if len(raw) == longest:
            findings.note(number, Wrong("line", "the line is too long", "end each line with a line break"))
            return
        try:
            yield raw.decode(encoding)
        except UnicodeDecodeError:
            findings.note(number, Wrong("line", "the text is not UTF-8", "save the file as UTF-8"))
            yield raw.decode(encoding, errors="replace")


def csv_records(file: IO[bytes], findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Every line that is not empty, cut into its fields at commas or semicolons, with its number."""
    text = text_lines(file, findings)
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
            wrong = Wrong("line", str(error), "put a field with a quote in quotes, and double its quotes")
            findings.note(line, wrong)
            continue
        if any(row):
            yield line, [field.strip() for field in row]


def _with_first(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
