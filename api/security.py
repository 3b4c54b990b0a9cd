"""Who asks, and what they may: API keys with scopes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import ProblemError
from api.services import Needs
from storage import keys
from storage.keys import Key

_BEARER = HTTPBearer(auto_error=False, description="An API key: `./tenure keys create NAME`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


async def caller(services: Needs, credentials: Credentials) -> Key:
    """The key that the request came with. Raises a problem (401) without a good one."""
    if credentials is None:
        raise ProblemError(401, "no-key", "send an API key: `Authorization: Bearer KEY`")
    async with services.database.glance() as connection:
        key = await keys.verify(connection, credentials.credentials)
    if key is None:
        raise ProblemError(401, "unknown-key", "this API key is not known, or it was revoked")
    return key


def scoped(scope: str) -> Callable[[Key], Awaitable[Key]]:
    """The dependency by which an operation needs a scope; `admin` has them all."""

    async def check(key: Annotated[Key, Depends(caller)]) -> Key:
        if scope not in key.scopes and "admin" not in key.scopes:
            raise ProblemError(
                403,
                "missing-scope",
                f"this operation needs the scope `{scope}`; the key has {', '.join(key.scopes) or 'none'}",
            )
        return key

    return check


MayRead = Annotated[Key, Depends(scoped("read"))]
MayAdmin = Annotated[Key, Depends(scoped("admin"))]
