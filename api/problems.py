"""Problem details (RFC 9457): every no says what is wrong, by which rule, and what may be done instead."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from domain.permissions import permissions
from domain.refusal import Refusal
from domain.state import Contract

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = {"Retry-After": "5"}


class Problem(BaseModel):
    """A problem, as RFC 9457 has it, with the rule and what would be allowed."""

    type: str = Field(examples=["urn:tenure:refused"])
    title: str = Field(examples=["Refused by a rule"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["the next term is offered 90 days before 2028-05-17"])
    instance: str | None = None
    rule: str | None = Field(default=None, examples=["COM-1"])
    field: str | None = None
    allowed_from: str | None = Field(default=None, examples=["2028-02-17"])
    allowed_when: str | None = None
    allowed: list[dict[str, Any]] = Field(default_factory=list, description="What may be done now, or later.")
    errors: list[dict[str, Any]] = Field(default_factory=list, description="Every field that is wrong, and why.")
    total: int | None = Field(default=None, description="How many errors there are, where not all are listed.")


class ProblemError(Exception):
    """Answers the request with a problem."""

    def __init__(self, status: int, kind: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.more = status, kind, detail, more


def not_found(what: str) -> ProblemError:
    """There is no such thing."""
    return ProblemError(404, "not-found", f"there is no {what}")


def refused(refusal: Refusal, contract: Contract | None = None) -> ProblemError:
    """A rule says no."""
    return ProblemError(
        409,
        "refused",
        refusal.reason,
        rule=refusal.rule,
        field=refusal.field,
        allowed_from=refusal.allowed_from.isoformat() if refusal.allowed_from else None,
        allowed_when=refusal.allowed_when,
        allowed=[item.model_dump(mode="json") for item in permissions(contract)] if contract else [],
    )


def unavailable(detail: str) -> ProblemError:
    """Something behind us does not answer; the same request may be sent again."""
    return ProblemError(503, "unavailable", detail)


_TITLES = {"refused": "Refused by a rule", "invalid": "The request is not valid", "unavailable": "Try again later"}


def answer(request: Request, problem: ProblemError) -> JSONResponse:
    """The problem as a response."""
    title = _TITLES.get(problem.kind) or HTTPStatus(problem.status).phrase
    body = Problem(
        type=f"urn:tenure:{problem.kind}",
        title=title,
        status=problem.status,
        detail=problem.detail,
        instance=request.url.path,
        **problem.more,
    )
    headers = _RETRY_AFTER if problem.status == 503 else {}
    if problem.status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    content = body.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> JSONResponse:
        return answer(request, error)

    @app.exception_handler(Refusal)
    async def _refusal(request: Request, error: Refusal) -> JSONResponse:
        return answer(request, refused(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"field": _place(item["loc"]), "reason": item["msg"]} for item in error.errors()]
        first = errors[0]
        detail = f"{first['field']}: {first['reason']}"
        return answer(request, ProblemError(422, "invalid", detail, field=first["field"], errors=errors))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        response = answer(request, ProblemError(error.status_code, "http", str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RPCError)
    @app.exception_handler(WorkflowUpdateRPCTimeoutOrCancelledError)
    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(OSError)
    async def _broken(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the handler's signature
        return answer(request, unavailable("a part of the system does not answer; send the same request again"))


def _place(location: tuple[int | str, ...]) -> str:
    parts = location[1:] if len(location) > 1 and location[0] in {"body", "query", "path", "header"} else location
    return ".".join(str(part) for part in parts)


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The request lacks something, such as its Idempotency-Key.",
        401: "There is no key, or it is not known.",
        403: "The key does not have the scope.",
        404: "There is no such thing.",
        409: "A rule refuses it; the problem says from when or when it may happen.",
        422: "The request is not valid; the problem names the fields.",
        503: "A part of the system does not answer; send the same request again.",
    }.items()
}
