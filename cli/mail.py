"""`./tenure mail`: what a mail server hands over, through the running API."""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import Annotated

import httpx
import typer

from runtime.settings import settings

app = typer.Typer(help="Mail that comes back, through the running API; needs a key.", no_args_is_help=True)

Key = Annotated[str, typer.Option("--key", envvar="TENURE_API_KEY", help="An API key: ./tenure keys create NAME.")]
_NOT_OURS = 65
"""What a mail server knows as data that is no good: it is not tried again."""
_LATER = 75
"""What a mail server knows as a failure that will pass: it keeps the mail and tries again."""


@app.callback()
def mail() -> None:
    """Mail that comes back."""


@app.command()
def bounce(key: Key) -> None:
    """Take a delivery status notification from the standard input, as a mail server's pipe hands it over.

    Exits with 75 where no API answers, so that the mail server tries again, and with 65 for any other mail.
    """
    raw = sys.stdin.buffer.read()
    headers = {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": f"bounce-{sha256(raw).hexdigest()}",
        "Content-Type": "message/rfc822",
    }
    url = f"{settings().public_url}/v1/mail/bounces"
    try:
        response = httpx.post(url, content=raw, headers=headers, timeout=60)
    except httpx.TransportError as error:
        _leave(f"No API answers at {settings().public_url} ({error}).", _LATER)
    if response.status_code >= 500:
        _leave(response.json()["detail"], _LATER)
    if response.status_code >= 400:
        _leave(response.json()["detail"], _NOT_OURS if response.status_code == 422 else 1)
    for report in response.json()["reports"]:
        about = f"{report['contract']}: {report['message']}" if report["contract"] else "no message of ours"
        print(f"{report['action']} {report['status'] or ''} {report['recipient'] or ''}: {about}")


def _leave(why: str, code: int) -> None:
    print(why, file=sys.stderr)
    raise typer.Exit(code)
