"""A contract's state as it is kept beside its trail: packed small, its terms named by their version."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from pydantic_core import from_json

from domain.forecast.shape import shape
from domain.retrace import resumed
from domain.state import Contract
from domain.terms import Terms
from domain.view import Entry


class Kept(NamedTuple):
    """The state after the trail's entry ``version``; ``newer`` is the version of the terms of a quoted next term."""

    contract: str
    version: int
    at: datetime
    shape: str
    terms: int
    newer: int | None
    state: bytes


def kept(contract: Contract, version: int) -> Kept:
    """The state, packed."""
    newer = contract.renewal.terms.version if contract.renewal.terms else None
    text = contract.model_dump_json(exclude={"terms": True, "renewal": {"terms"}})
    packed = zlib.compress(text.encode(), 1)
    return Kept(contract.number, version, contract.at, shape(contract), contract.terms.version, newer, packed)


def unpacked(row: Kept, terms: Mapping[int, Terms]) -> Contract:
    """The contract; ``terms`` are its programme's versions."""
    plain = from_json(zlib.decompress(row.state))
    plain["terms"] = terms[row.terms]
    if row.newer is not None:
        plain["renewal"]["terms"] = terms[row.newer]
    return Contract.model_validate(plain)


def brought_up(row: Kept | None, entries: Iterable[Entry], terms: dict[int, Terms]) -> Kept:
    """The state after more of its contract's trail, as far as that has no gap: what is missing is still to be written.

    Raises ValueError for a trail that cannot be followed.
    """
    seq = row.version if row else 0
    more = [entry for index, entry in enumerate(entries, start=1) if entry.seq == seq + index]
    if row and not more:
        return row
    contract = resumed(unpacked(row, terms) if row else None, more, terms)
    if contract is None:
        raise ValueError("the trail is empty")
    return kept(contract, more[-1].seq)
