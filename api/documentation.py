"""The API's own description: problems documented in the media type in which they are sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.problems import MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Describe every problem as `application/problem+json`."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        for path in schema["paths"].values():
            for operation in path.values():
                _retype(operation["responses"])
        return schema

    app.openapi = described  # type: ignore[method-assign]


def _retype(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if status.startswith(("4", "5")) and "application/json" in content:
            content[MEDIA_TYPE] = content.pop("application/json")
