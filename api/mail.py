"""Mail that comes back: what servers report of the messages that went out, as proof and as news for the contract."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from adapters.dsn import Dsn, NotADsnError, Notification, parse
from api.commands import give, view_of
from api.problems import RESPONSES, ProblemError
from api.services import Needs, Services
from api.uploads import RESPONSES as UPLOAD_RESPONSES
from api.uploads import Upload, upload
from domain.delivery.commands import ReportBounce
from storage import delivery

router = APIRouter(prefix="/mail", tags=["messages"], responses=RESPONSES | UPLOAD_RESPONSES)
MailToOperate = Annotated[Upload, Depends(upload("operate", "message/rfc822"))]
_KEPT_BYTES = 256 * 1024


class BounceOut(BaseModel):
    """What is reported of one recipient, and of which message; none where it is none of ours."""

    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str | None
    recipient: str | None
    diagnostic: str | None
    contract: str | None
    message: str | None
    again: bool = Field(default=False, description="This report was known.")


class BouncesOut(BaseModel):
    """What became of a notification."""

    reports: list[BounceOut]


@router.post("/bounces", operation_id="take_bounce")
async def take_bounce(services: Needs, sent: MailToOperate) -> BouncesOut:
    """Take a delivery status notification (RFC 3464) just as it came in by mail.

    It is kept as proof of what became of the message. Where the message could not be delivered its contract hears of
    it: a person is asked, and no term is renewed in silence. Sent again, it changes nothing.
    """

    async def take(_command: str) -> BouncesOut:
        raw = sent.file.read()
        try:
            dsn = parse(raw)
        except NotADsnError as error:
            raise ProblemError(422, "invalid", str(error), field="body") from error
        return BouncesOut(reports=[await _take(services, dsn, said, raw, sent.once.by) for said in dsn.notifications])

    sent.file.seek(0)
    return await sent.once.do(take)  # type: ignore[return-value]


async def _take(services: Services, dsn: Dsn, said: Notification, raw: bytes, by: str) -> BounceOut:
    ids = [f"<{token}@tenure.invalid>" for token in dsn.tokens]
    async with services.database.write() as connection:
        about = await delivery.meant(connection, ids)
        fresh = about is not None and await delivery.keep(connection, _report(services, dsn, said, raw, about["key"]))
    if about and said.action == "failed":
        await _tell(services, about, said, by)
    return BounceOut(
        action=said.action,
        status=said.status,
        recipient=said.recipient,
        diagnostic=said.diagnostic,
        contract=about["contract"] if about else None,
        message=about["key"] if about else None,
        again=about is not None and not fresh,
    )


def _report(services: Services, dsn: Dsn, said: Notification, raw: bytes, key: str) -> delivery.Report:
    return delivery.Report(
        id=sha256(f"{key}|{said.recipient}|{said.action}|{sha256(raw).hexdigest()}".encode()).hexdigest(),
        message=key,
        action=said.action,
        status=said.status,
        recipient=said.recipient,
        diagnostic=said.diagnostic,
        reporter=dsn.reporter[:300] if dsn.reporter else None,
        raw=raw[:_KEPT_BYTES],
        received_at=services.now(),
    )


async def _tell(services: Services, about: dict[str, Any], said: Notification, by: str) -> None:
    """Tell the contract, where it still lives."""
    if (await view_of(services, about["contract"])).closed:
        return
    reason = said.diagnostic or said.status
    bounce = ReportBounce(
        id=f"bounce:{sha256(about['key'].encode()).hexdigest()[:40]}",
        by=by,
        key=about["key"],
        message=about["name"],
        recipient=about["recipient"] or None,
        reason=reason[:500] if reason else None,
    )
    try:
        await give(services, about["contract"], bounce)
    except ProblemError as problem:
        if problem.status != 409:  # it ended meanwhile
            raise
