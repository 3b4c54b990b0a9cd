"""The two ways in which the world fails: a final no, and a broken wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError
from temporalio.exceptions import ApplicationError


class Refused(Exception):
    """The other side says no, and will say so again: a wrong address, an unknown case."""


class Unreachable(Exception):
    """The other side does not answer, or says that it can't just now: it is worth trying again."""


@contextmanager
def mapped(concern: str) -> Iterator[None]:
    """Turn a concern's failures into what the engine does about them: a refusal is final, all else is tried again."""
    try:
        yield
    except Refused as refusal:
        raise ApplicationError(str(refusal), type=f"{concern}.refused", non_retryable=True) from refusal
    except (Unreachable, OperationalError, InterfaceError, OSError) as broken:
        raise ApplicationError(str(broken), type=f"{concern}.unreachable") from broken
