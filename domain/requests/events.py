"""What has become of requests."""

from __future__ import annotations

from typing import Literal

from domain.envelope import Event


class RequestMade(Event):
    """Something was asked for that people decide."""

    kind: Literal["request_made"] = "request_made"
    request: str
    what: str
    line: str
    details: dict[str, str]


class RequestAdvanced(Event):
    """A step of a request was done; with the last one it is carried out, and ``place`` is where the device stands."""

    kind: Literal["request_advanced"] = "request_advanced"
    request: str
    what: str
    line: str
    step: str
    last: bool
    place: str | None = None
    note: str | None = None


class RequestRefused(Event):
    """A request was refused."""

    kind: Literal["request_refused"] = "request_refused"
    request: str
    what: str
    line: str
    reason: str
