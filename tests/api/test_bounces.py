"""Mail that does not arrive, on real servers: the proof of it, the question to a person, and no silent renewal."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import Client

from adapters.dsn import token
from cli.http import serving
from runtime.ports import free_port
from runtime.settings import CHECKOUT
from tests.api.conftest import house_on
from tests.api.house import House, secret

SAMPLES = Path(__file__).parents[1] / "adapters" / "dsn"
OLD, NEW = "achats@atelier.example", "compta@atelier.example"


@dataclass
class Post:
    """A mail server that refuses an address while it is told to, and keeps what it takes."""

    dead: set[str] = field(default_factory=set)
    taken: list[tuple[str, str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server's own name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        if address in self.dead:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the mail."""
        content: Any = envelope.content
        mail = BytesParser(EmailMessage, policy=default).parsebytes(content)
        self.taken.append((str(envelope.mail_from), envelope.rcpt_tos[0], mail))
        return "250 OK"


@dataclass
class Posted:
    """A house whose mail goes through a real mail server."""

    house: House
    post: Post

    async def renewing(self) -> str:
        """A contract that is a day before its renewal quote."""
        number = await self.house.ordered(clock=await self.house.clock("2027-01-31T09:00:00Z"))
        await self.house.becomes(number, "Active")
        await self.house.advance(number, to="2027-10-31T12:00:00Z")
        return number

    async def notice(self, number: str, name: str, **is_: Any) -> dict[str, Any]:
        """The proof of a message, once it is so."""

        def found(notices: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [item for item in notices if item["name"] == name and is_.items() <= item.items()]

        notices: list[dict[str, Any]] = await self.house.sees(
            f"/v1/contracts/{number}/notices", lambda notices: bool(found(notices))
        )
        return found(notices)[-1]

    async def report(self, sample: str, notice: dict[str, Any], **more: Any) -> Any:
        """Hand a notification about a message in, as a mail server would."""
        raw = (SAMPLES / f"{sample}.eml").read_text().replace("{token}", token(notice["message_id"]))
        headers = {"Content-Type": "message/rfc822"}
        answer = await self.house.caller.send("POST", "/v1/mail/bounces", content=raw, headers=headers, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["reports"]


@pytest.fixture
async def posted(temporal_client: Client, tmp_path: Path, port: int) -> AsyncIterator[Posted]:
    """A house of its own, with its mail server."""
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        async with house_on(
            f"sqlite+aiosqlite:///{tmp_path / 'tenure.db'}",
            temporal_client,
            tmp_path,
            smtp_host="127.0.0.1",
            smtp_port=port,
            bounce_address="bounces@tenure.example",
        ) as house:
            yield Posted(house, post)
    finally:
        controller.stop()


@pytest.mark.rule("COM-2")
async def test_a_quote_that_the_mail_server_refuses_holds_the_renewal_until_a_person_decides(posted: Posted) -> None:
    """Refused, asked about, held past the term's end, sent again to another address, and then renewed without a gap."""
    number, house = await posted.renewing(), posted.house
    posted.post.dead.add(OLD)
    await house.advance(number, to="2028-02-20T12:00:00Z")
    notice = await posted.notice(number, "renewal_quote", outcome="refused")
    assert "550" in notice["reason"]
    assert len(notice["sha256"]) == 64
    assert notice["documents"]
    shown = await house.caller.get(f"/v1/contracts/{number}")
    assert (shown["status"], shown["term"]["number"], shown["term"]["last"]) == ("Active", 1, "2028-01-30")
    assert any(f"not delivered to {OLD}" in item for item in shown["attention"])
    (task,) = (await house.sees(f"/v1/tasks?contract={number}&kind=undelivered", lambda page: page["items"]))["items"]
    said = {"command": "settle_undelivered", "says": {"how": "send_again", "email": NEW}}
    answer = await house.caller.post(f"/v1/tasks/{task['id']}/resolve", said)
    assert answer["customer"]["email"] == NEW
    again = await posted.notice(number, "renewal_quote", outcome="sent")
    assert (again["recipient"], again["sha256"], again["documents"]) == (NEW, notice["sha256"], notice["documents"])
    shown = await house.sees(f"/v1/contracts/{number}", lambda shown: shown["term"]["number"] == 2)
    assert shown["term"]["first"] == "2028-01-31"
    assert not any("not delivered" in item for item in shown["attention"])
    sent_to = {to for _, to, mail in posted.post.taken if number in str(mail["Subject"])}
    assert sent_to == {OLD, NEW}


async def test_a_bounce_that_comes_by_mail_is_proof_and_asks_a_person(posted: Posted) -> None:
    """The report is matched by the mail's id, kept once with its reason, and the contract holds its renewal."""
    number, house = await posted.renewing(), posted.house
    await house.advance(number, to="2027-11-05T12:00:00Z")
    notice = await posted.notice(number, "renewal_quote", outcome="sent")
    (delayed,) = await posted.report("postfix_delayed", notice)
    assert (delayed["action"], delayed["contract"]) == ("delayed", number)
    assert (await posted.notice(number, "renewal_quote"))["outcome"] == "sent"
    (first,) = await posted.report("gmail_failed", notice)
    assert (first["message"], first["again"]) == (notice["key"], False)
    (second,) = await posted.report("gmail_failed", notice)
    assert second["again"] is True
    await posted.report("postfix_delivered", notice)
    proof = await posted.notice(number, "renewal_quote", outcome="bounced")
    assert [report["action"] for report in proof["reports"]] == ["delayed", "failed", "delivered"]
    assert "does not exist" in proof["reason"]
    assert proof["bounced_at"] is not None
    shown = await house.sees(f"/v1/contracts/{number}", lambda shown: shown["attention"])
    assert len([item for item in shown["attention"] if "not delivered" in item]) == 1
    trail = (await house.caller.get(f"/v1/contracts/{number}/events"))["items"]
    assert [entry["kind"] for entry in trail].count("notice_bounced") == 1
    await house.advance(number, to="2028-02-05T12:00:00Z")
    assert (await house.caller.get(f"/v1/contracts/{number}"))["term"]["number"] == 1
    question = next(entry["data"]["question"] for entry in trail if entry["kind"] == "notice_bounced")
    told = {"question": question, "how": "notified", "means": "letter", "on": "2028-02-01", "who": "M. Petit"}
    await house.caller.post(f"/v1/contracts/{number}/settle-undelivered", told)
    await house.sees(f"/v1/contracts/{number}", lambda shown: shown["term"]["number"] == 2)


async def test_a_delivered_message_is_proven_so(posted: Posted) -> None:
    """The report that a server gives of its success completes the proof."""
    number = await posted.house.quote()
    notice = await posted.notice(number, "quote", outcome="sent")
    (said,) = await posted.report("postfix_delivered", notice)
    assert (said["action"], said["again"]) == ("delivered", False)
    proof = await posted.notice(number, "quote", outcome="delivered")
    assert proof["delivered_at"] is not None
    assert proof["composed_at"] <= proof["sent_at"] <= proof["delivered_at"]
    return_path, to, mail = posted.post.taken[-1]
    assert return_path == f"bounces+{token(str(mail['Message-ID']))}@tenure.example"
    assert (to, str(mail["Message-ID"])) == (OLD, notice["message_id"])


async def test_mail_that_is_no_notification_or_not_ours_changes_nothing(posted: Posted) -> None:
    """A holiday note is refused with its reason; somebody else's bounce is said to be none of ours."""
    house, headers = posted.house, {"Content-Type": "message/rfc822"}
    problem = await house.caller.send("POST", "/v1/mail/bounces", content=b"Subject: away\n\nbye\n", headers=headers)
    assert problem.status_code == 422
    assert "no delivery status notification" in problem.json()["detail"]
    wrong = await house.caller.send("POST", "/v1/mail/bounces", content=b"x", headers={"Content-Type": "text/plain"})
    assert wrong.status_code == 415
    raw = (SAMPLES / "postfix_failed.eml").read_bytes()
    answer = await house.caller.send("POST", "/v1/mail/bounces", content=raw, headers=headers)
    (said,) = answer.json()["reports"]
    assert (said["contract"], said["message"], said["action"]) == (None, None, "failed")


async def test_a_mail_servers_pipe_hands_a_bounce_over(posted: Posted) -> None:
    """`./tenure mail bounce` takes it from the standard input; where no API answers the server is told to try later."""
    number, house = await posted.house.quote(), posted.house
    notice = await posted.notice(number, "quote", outcome="sent")
    raw = (SAMPLES / "exchange_failed.eml").read_text().replace("{token}", token(notice["message_id"]))
    key = await secret(house.database, "operate")
    port = free_port()
    running = house.settings.model_copy(update={"api_port": port})
    async with serving(house.app, running):
        done = await _pipe(raw, port, key)
    assert done.returncode == 0, done.stderr
    assert number in done.stdout
    assert (await posted.notice(number, "quote", outcome="bounced"))["reason"].startswith("550 5.1.10")
    later = await _pipe(raw, port, key)
    assert (later.returncode, "No API answers" in later.stderr) == (75, True)


async def _pipe(raw: str, port: int, key: str) -> subprocess.CompletedProcess[str]:
    """The command, as a mail server runs it."""

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", "mail", "bounce"],
            input=raw,
            capture_output=True,
            text=True,
            check=False,
            cwd=CHECKOUT,
            env={"TENURE_PUBLIC_URL": f"http://127.0.0.1:{port}", "TENURE_API_KEY": key, "PATH": ""},
        )

    return await asyncio.to_thread(run)
