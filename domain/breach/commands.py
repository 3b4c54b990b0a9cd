"""What is said about a breach."""

from __future__ import annotations

from typing import Literal

from domain.breach.state import Party
from domain.envelope import Command
from domain.values import Text


class NoticeBreach(Command):
    """Give notice that one side is in breach, for some lines or all."""

    kind: Literal["notice_breach"] = "notice_breach"
    party: Party
    reason: Text
    lines: tuple[str, ...] = ()


class CureBreach(Command):
    """Say that a breach is cured."""

    kind: Literal["cure_breach"] = "cure_breach"
    breach: str
    note: Text | None = None
