"""The API's own description: what its models cannot say of themselves, put right."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.problems import MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Describe every problem as `application/problem+json`, and local times as what they are."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        for path in schema["paths"].values():
            for operation in path.values():
                _retype(operation["responses"])
        _without_time_format(schema["components"]["schemas"])
        return schema

    app.openapi = described  # type: ignore[method-assign]


def _retype(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        # An operation that answers with a page has its problems described as pages, and they are none.
        for plain in ("application/json", "text/html"):
            if status.startswith(("4", "5")) and plain in content:
                content[MEDIA_TYPE] = content.pop(plain)


def _without_time_format(part: Any) -> None:
    """A local time has no offset, which the format `time` asks for."""
    if isinstance(part, dict):
        if part.get("format") == "time":
            del part["format"]
        for inner in part.values():
            _without_time_format(inner)
