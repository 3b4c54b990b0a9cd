"""Which messages there are: when each goes out, what it needs, and whether it may be unsubscribed from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from activities.errors import Refused
from domain.terms import Terms

FILE = "kinds.yaml"
SAMPLE = "sample.yaml"
COMMON_TEXTS = Path(__file__).parents[1] / "programmes" / "common" / "texts"


class MessageKind(BaseModel):
    """A message; ``needs`` is the part of the terms without which it never goes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["notice", "courtesy"] = "notice"
    when: Annotated[str, Field(min_length=1)]
    needs: str | None = None


@cache
def kinds() -> dict[str, MessageKind]:
    """Every message there is, by its name."""
    return {name: MessageKind.model_validate(told) for name, told in _read(COMMON_TEXTS / FILE).items()}


@cache
def courtesies(folder: Path) -> frozenset[str]:
    """The messages that a programme's customers may unsubscribe from; its own file can only take some away.

    Raises Refused where that file names something else.
    """
    common = frozenset(name for name, kind in kinds().items() if kind.kind == "courtesy")
    path = folder / "texts" / FILE
    if not path.exists():
        return common
    told = _read(path)
    kept = told.get("notices", [])
    if set(told) - {"notices"} or not set(kept) <= common:
        raise Refused(f"{path}: only `notices` may stand here, a list of some of {', '.join(sorted(common))}")
    return common - set(kept)


def possible(terms: Terms) -> dict[str, MessageKind]:
    """The messages that terms can lead to."""
    return {name: kind for name, kind in kinds().items() if kind.needs is None or _has(terms, kind.needs)}


def sample() -> dict[str, Any]:
    """What every text can be rendered with."""
    return _read(COMMON_TEXTS / SAMPLE)


def _has(terms: Terms, path: str) -> bool:
    part: Any = terms
    for name in path.split("."):
        part = getattr(part, name) if part else None
    return bool(part)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(path) or {}
    return found
