"""A request that is not at its end."""

from __future__ import annotations

from domain.values import Carried, Name, Text


class Request(Carried):
    """What is asked for which line, and the last step that was done; none while nobody has taken it up."""

    id: str
    what: Name
    line: str
    details: dict[Name, Text]
    step: str | None = None
