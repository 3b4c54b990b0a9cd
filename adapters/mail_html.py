"""The HTML part of a mail, made of its text alone: the same text is the same page, and nothing in it is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

LAYOUT = "layout.html.j2"
_ITEM = re.compile(r"^(?:- |・)")
_PAIR = re.compile(r"^(?P<label>.+?)\s*[:：]\s+(?P<value>.+)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line; ``link`` where they are an address of ours."""

    text: str
    link: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of lines, a list of items, or a table where each item says something of something."""

    kind: str
    lines: tuple[Any, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


def environment(folders: list[Path]) -> Environment:
    """Templates of pages, the first folder before the next; what they are given is escaped."""
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def blocks(text: str, ours: str) -> list[Block]:
    """A text in blocks. Only addresses that begin with ``ours`` become links, so that no data can place one."""
    return [block for paragraph in re.split(r"\n\s*\n", text.strip()) for block in _parts(paragraph, ours)]


def _parts(paragraph: str, ours: str) -> Iterator[Block]:
    for listed, lines in groupby(paragraph.splitlines(), key=lambda line: bool(_ITEM.match(line))):
        if listed:
            yield _listed([_ITEM.sub("", line).strip() for line in lines])
        else:
            yield Block("paragraph", tuple(_pieces(line, ours) for line in lines))


def _listed(items: list[str]) -> Block:
    pairs = [_PAIR.match(item) for item in items]
    if all(pairs):
        return Block("table", rows=tuple((pair["label"], pair["value"]) for pair in pairs if pair))
    return Block("list", tuple(items))


def _pieces(line: str, ours: str) -> tuple[Piece, ...]:
    link = re.compile(rf"({re.escape(ours)}/[A-Za-z0-9/_-]+)")
    return tuple(Piece(part, link=bool(link.fullmatch(part))) for part in link.split(line) if part)
