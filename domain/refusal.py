"""The answer no, which teaches: by which rule, why, and from when or under which condition it may happen."""

from __future__ import annotations

from datetime import date, datetime


class Refusal(Exception):
    """A command that may not happen now. Nothing has changed.

    ``rule`` names the rule that refuses; ``allowed_from`` is the first local date on which it may happen and
    ``allowed_when`` a condition, where there is one; ``field`` names the input at fault.
    """

    def __init__(
        self,
        rule: str,
        reason: str,
        *,
        allowed_from: date | datetime | None = None,
        allowed_when: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason
        self.allowed_from = allowed_from
        self.allowed_when = allowed_when
        self.field = field
