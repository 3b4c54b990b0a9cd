"""Asking the running API from the command line, with a key."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import httpx
import typer

from runtime.settings import settings

Key = Annotated[str, typer.Option("--key", envvar="TENURE_API_KEY", help="An API key: ./tenure keys create NAME.")]
WAIT = 60


class ApiRefusedError(Exception):
    """The API said no; the message is its reason."""


def ask(key: str, method: str, path: str, body: dict[str, Any] | None = None, **params: Any) -> Any:
    """What the API answers, read as JSON. Raises ApiRefusedError with the reason, where it says no or is not there."""
    return _response(key, method, path, body, params).json()


def text_of(key: str, path: str) -> str:
    """What a read answers, as text. Raises ApiRefusedError."""
    return _response(key, "GET", path, None, {}).text


def _response(key: str, method: str, path: str, body: dict[str, Any] | None, params: dict[str, Any]) -> httpx.Response:
    url = f"{settings().public_url}/v1{path}"
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"cli-{secrets.token_hex(8)}"}
    sent = {name: value for name, value in body.items() if value is not None} if body is not None else None
    try:
        response = httpx.request(method, url, json=sent, params=params, headers=headers, timeout=WAIT + 30)
    except httpx.TransportError as error:
        raise ApiRefusedError(
            f"No API answers at {settings().public_url} ({error}): start it with ./tenure up."
        ) from error
    if response.status_code >= 400:
        problem = response.json()
        hint = problem.get("allowed_from") or problem.get("allowed_when")
        raise ApiRefusedError(problem["detail"] + (f" (possible: {hint})" if hint else ""))
    return response
