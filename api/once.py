"""Commands happen once: the Idempotency-Key that every one of them needs, and the answer that it keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from api.problems import ProblemError
from api.security import scoped
from api.services import Needs, Services
from domain.view import Record
from storage import idempotency, records
from storage.keys import Key

Act = Callable[[str], Awaitable[BaseModel]]
_TRY_AGAIN = 500
"""From this status on, whoever asked does not know whether it has happened."""
_KEY = r"^[A-Za-z0-9:._-]{1,150}$"
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="A name for this command, of your choice: sent again, it gets the first answer.",
        examples=["order-4711"],
    ),
]


class Once:
    """One command of one caller."""

    def __init__(
        self, services: Services, caller: Key, key: str, fingerprint: str, contract: str | None = None
    ) -> None:
        self.caller = caller
        self._services, self._key, self._fingerprint, self._contract = services, key, fingerprint, contract
        self._told: list[Record] = []

    @property
    def by(self) -> str:
        """Who asks, as the audit trail names them."""
        return f"{self.caller.name} ({self.caller.id})"

    @property
    def command(self) -> str:
        """The command's id: the caller's own key, apart from everybody else's."""
        return f"{self.caller.id}:{self._key}"

    def tell(self, record: Record) -> None:
        """What has happened by it is written down in the transaction that keeps its answer."""
        self._told.append(record)

    async def do(self, act: Act, *, status: int = 200) -> Response:
        """Do it and keep the answer; or give the answer that was kept.

        Raises a problem (422) where the key was used for another request. A refusal is not kept: nothing has happened.
        """
        database = self._services.database
        async with database.at_once() as connection:
            known = await idempotency.begin(
                connection, self.caller.id, self._key, self._fingerprint, contract=self._contract
            )
        if known.fingerprint != self._fingerprint:
            raise ProblemError(
                422,
                "key-reused",
                "this Idempotency-Key was used for another request; choose a new one",
                field="Idempotency-Key",
            )
        if known.status is not None:
            return _answer(known.answer, known.status, {"Idempotent-Replayed": "true"})
        answer = await self._answer(act)
        async with database.write() as connection:
            for record in self._told:
                await records.write(connection, record)
            await idempotency.finish(connection, self.caller.id, self._key, status=status, answer=answer)
        return _answer(answer, status)

    async def _answer(self, act: Act) -> Any:
        try:
            return (await act(self.command)).model_dump(mode="json")
        except ProblemError as problem:
            if problem.status < _TRY_AGAIN and self._contract:
                async with self._services.database.write() as connection:
                    await idempotency.release(connection, self.caller.id, self._key)
            raise


def _answer(content: Any, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(content), status, headers, "application/json")


def once(scope: str) -> Callable[..., Awaitable[Once]]:
    """The dependency of a command that needs a scope."""
    needed = Depends(scoped(scope))

    async def prepare(
        request: Request,
        services: Needs,
        key: IdempotencyKey = None,
        caller: Key = needed,
    ) -> Once:
        name = needed_key(key)
        parts = request_line(request) + await request.body()
        return Once(services, caller, name, sha256(parts).hexdigest(), request.path_params.get("number"))

    return prepare


def needed_key(key: str | None) -> str:
    """The key that every command comes with. Raises a problem (400) without one."""
    if key is None:
        raise ProblemError(
            400,
            "no-idempotency-key",
            "every command needs an `Idempotency-Key` header, so that sending it again does not do it twice",
            field="Idempotency-Key",
        )
    return key


def request_line(request: Request) -> bytes:
    """What is asked for, without the body."""
    return f"{request.method} {request.url.path}?{request.url.query}\n".encode()


OnceQuote = Annotated[Once, Depends(once("quote"))]
OnceOrder = Annotated[Once, Depends(once("order"))]
OnceOperate = Annotated[Once, Depends(once("operate"))]
