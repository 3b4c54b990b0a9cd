"""Copies on request: a document of the contract as it stands today, made anew and sent to the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from domain.commands import RequestCopy
from domain.effects import Effect, MakeDocument
from domain.envelope import Command, Event
from domain.events import CopyRequested
from domain.message import message
from domain.order.papers import papers_data
from domain.refusal import Refusal
from domain.state import Contract


def check_copy(contract: Contract, command: RequestCopy, now: datetime) -> tuple[Event, ...]:
    """A copy of a document that the terms give on request."""
    copies = contract.terms.copies
    if copies is None:
        raise Refusal(contract.terms.quote.rule, "the programme's terms give no copies on request")
    if command.document not in copies.documents:
        raise Refusal(
            copies.rule,
            f"there is no copy of `{command.document}`",
            allowed_when=f"it is one of: {', '.join(copies.documents)}",
            field="document",
        )
    return (CopyRequested(at=now, rule=copies.rule, by=command.by, document=command.document),)


def documents(contract: Contract, names: Iterable[str]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Documents of the contract as it stands at this version: key, name and data of each."""
    for name in names:
        yield contract.key("document", f"{name}-{contract.version}"), name, papers_data(contract)


def _tell_requested(contract: Contract, event: CopyRequested) -> Iterator[Effect]:
    """Data of `copy`: documents, with the one name; its attachment is the document."""
    for key, name, data in documents(contract, (event.document,)):
        yield MakeDocument(key=key, at=event.at, rule=event.rule, document=name, data=data)
        sent = message(contract, event, "copy", contract.version, documents=[name])
        yield sent.model_copy(update={"attached": (key,)})


CHECKS: dict[type[Command], Callable[..., Any]] = {RequestCopy: check_copy}
EVOLVE: dict[type[Event], Callable[..., Any]] = {CopyRequested: lambda contract, event: {}}
EFFECTS: dict[type[Event], Callable[..., Any]] = {CopyRequested: _tell_requested}
