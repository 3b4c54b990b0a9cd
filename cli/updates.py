"""`./tenure updates`: every update that a contract takes, as an operator sends it from the Temporal UI."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from temporalio import workflow

from workflows.contract import ContractWorkflow

HEAD = """\
# Updates of a contract

What `contract:NUMBER` takes as updates, from the Temporal UI, the `temporal` command line or a client. The input is one
JSON object. Every one has an `id`: the same id is the same command, however often it is sent. `by` says who asks
(`operator`). What may not be is refused with its rule, and nothing changes. This page is written from the
workflow's definition (`make docs`).

| update | what it does | must say | may say |
|---|---|---|---|
"""
_EVERY = {"kind", "id", "by", "writes_down"}


def updates() -> None:
    """Print the list of a contract's updates, as in docs/updates.md."""
    print(updates_reference(), end="")


def described() -> dict[str, str]:
    """The description of each update, as the UI shows it."""
    return {name: update.description or "" for name, update in _definitions().items()}


def updates_reference() -> str:
    """The whole page."""
    return HEAD + "".join(f"{row}\n" for row in _rows())


def _definitions() -> dict[str, Any]:
    found = workflow._Definition.must_from_class(ContractWorkflow).updates  # noqa: SLF001 - there is no public way
    return {name: found[name] for name in sorted(filter(None, found))}


def _rows() -> Iterator[str]:
    for name, update in _definitions().items():
        fields = _input(update.fn).model_fields
        said = {field: info for field, info in fields.items() if field not in _EVERY}
        needed = [f"`{field}`" for field, info in said.items() if info.is_required()]
        others = [f"`{field}`" for field, info in said.items() if not info.is_required()]
        what = (update.description or "").replace("``", "`")
        yield f"| `{name}` | {what} | {', '.join(needed)} | {', '.join(others)} |"


def _input(handler: Any) -> type[BaseModel]:
    hints = typing.get_type_hints(handler)
    found: type[BaseModel] = next(hint for name, hint in hints.items() if name != "return")
    return found
