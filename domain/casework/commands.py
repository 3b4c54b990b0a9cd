"""What a desk says about a case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.envelope import Command
from domain.refusal import Refusal
from domain.values import Text

What = Literal["moved", "closed", "reopened", "answered", "noted", "worked"]


class ReportCase(Command):
    """Say what became of a case at the desk: the contract does what that means, or says at the desk why it does not.

    ``stage`` says where it was moved to, ``result`` with what it was closed, ``minutes`` how long it was worked on.
    """

    kind: Literal["report_case"] = "report_case"
    case: str
    what: What
    stage: Text | None = None
    result: Text | None = None
    note: Text | None = None
    minutes: Annotated[int, Field(ge=-100_000, le=100_000)] = 0

    def stage_name(self) -> str:
        """The stage as the terms would name it: people write `On site` for `on_site`."""
        return _name(self.stage)

    def result_name(self) -> str:
        """The result as the contract knows it; empty where there is none."""
        return _name(self.result)

    def result_of(self, rule: str, *allowed: str) -> str:
        """The result, which is one of these. Raises a Refusal that names them where it is none."""
        result = self.result_name()
        if result not in allowed:
            given = f"`{self.result}` is no result of it" if self.result else "it is closed without a result"
            named = ", ".join(f"`{one}`" for one in allowed)
            raise Refusal(
                rule, f"case {self.case}: {given}", allowed_when=f"its result is one of {named}", field="result"
            )
        return result


def _name(text: str | None) -> str:
    return "_".join((text or "").replace("-", " ").casefold().split())
