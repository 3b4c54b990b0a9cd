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
        if status.startswith(("4", "5")) and "application/json" in content:
            content[MEDIA_TYPE] = content.pop("application/json")


def _without_time_format(part: Any) -> None:
    """A local time has no offset, which the format `time` asks for."""
    if isinstance(part, dict):
        if part.get("format") == "time":
            del part["format"]
        for inner in part.values():
            _without_time_format(inner)
