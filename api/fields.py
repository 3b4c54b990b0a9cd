"""The kinds of value that requests are made of: bounded, so that nothing behind them can be surprised."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.problems import ProblemError

EARLIEST, LATEST = date(1970, 1, 1), date(2150, 12, 31)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2150, 12, 31, tzinfo=UTC)),
]


def _printable(text: str) -> str:
    if any(ord(character) < 32 and character not in "\t\n" for character in text):
        raise ValueError("control characters are not allowed")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400), AfterValidator(_printable)
]
Number = Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9]{1,9}-\d{4}-\d{6}$", description="The contract's number.")]
Serial = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,40}$")]
LineId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,20}$")]
ServiceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
SerialNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,9}$")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before.")]


class Body(BaseModel):
    """A request's body: a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=2000)


class FormIn(Body):
    """The form in which an order comes in, and what it says."""

    kind: Word = Field(examples=["purchase_order"])
    details: dict[Word, Line] = Field(default_factory=dict, max_length=20, examples=[{"reference": "PO-4711"}])


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list; without `next_cursor` it is the last."""

    items: list[Item]
    next_cursor: str | None = None


def cursor(key: str) -> str:
    """A key as the cursor that goes on after it."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def after(given: str | None) -> str | None:
    """The key that a cursor goes on after. Raises a problem (422) for what is no cursor of ours."""
    if given is None:
        return None
    try:
        key = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True).decode()
        return _printable(key)
    except (binascii.Error, ValueError):
        raise ProblemError(422, "invalid", "cursor: this is not a cursor of ours", field="cursor") from None
