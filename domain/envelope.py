"""What every command and every event carries, whatever it is about."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.values import Carried, Text

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9:._/-]{1,200}$")]


class Command(Carried):
    """What every command carries: an id that makes it happen once, and who asked.

    Whoever gives it with ``writes_down`` writes down what it causes, where it causes nothing but entries.
    """

    id: Id
    by: Text = "operator"
    writes_down: bool = False


class Event(Carried):
    """What every event carries: ``at``, the UTC instant at which it counts; ``rule``, why; ``by``, who."""

    at: AwareDatetime
    rule: str
    by: str = "tenure"
