"""Delivery status notifications in the shapes that mail servers send them."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.messages import message_id
from adapters.dsn import Dsn, NotADsnError, parse, token

SAMPLES = Path(__file__).parent / "dsn"
TOKEN = token(message_id("SMP-1/1/message/renewal_quote-2"))


def sample(name: str) -> bytes:
    """A notification about our mail."""
    return (SAMPLES / f"{name}.eml").read_text().replace("{token}", TOKEN).encode()


@pytest.mark.parametrize(
    ("name", "action", "status", "says"),
    [
        ("postfix_failed", "failed", "5.1.1", "unknown in virtual mailbox table"),
        ("postfix_delivered", "delivered", "2.0.0", "queued as 77"),
        ("postfix_delayed", "delayed", "4.4.1", "Connection timed out"),
        ("exchange_failed", "failed", "5.1.10", "RecipientNotFound"),
        ("gmail_failed", "failed", "5.1.1", "does not exist"),
        ("global_failed", "failed", "5.2.2", "Postfach voll"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_each_servers_shape_is_read(name: str, action: str, status: str, says: str, line_end: str) -> None:
    """Whatever it is wrapped in: what happened to whom, why, and which mail of ours it was."""
    found: Dsn = parse(sample(name).replace(b"\n", line_end.encode()))
    (said,) = found.notifications
    assert (said.recipient, said.action, said.status) == ("achats@atelier.example", action, status)
    assert says in str(said.diagnostic)
    assert "\n" not in str(said.diagnostic)
    assert found.tokens == (TOKEN,)
    assert found.reporter


def test_several_recipients_are_each_told_of() -> None:
    """One notification may speak of some that failed and some that did not."""
    more = b"Final-Recipient: rfc822; paie@atelier.example\nAction: Delivered (to a list)\nStatus: 2.1.5\n\n--4XyZ"
    raw = sample("postfix_failed").replace(
        b"--4XyZ1234.1790924403/mx.tenure.example\nContent-Description: Undel",
        more + b"1234.1790924403/mx.tenure.example\nContent-Description: Undel",
        1,
    )
    found = parse(raw)
    assert [(said.recipient, said.action) for said in found.notifications] == [
        ("achats@atelier.example", "failed"),
        ("paie@atelier.example", "delivered"),
    ]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"Subject: On holiday\n\nBack on Monday.\n", "no part of type message/delivery-status"),
        (b"", "no part of type message/delivery-status"),
        (b"\x00\xff\xfe", "no part of type message/delivery-status"),
        (sample("postfix_failed").replace(b"Action: failed\n", b""), "names no action"),
        (sample("postfix_failed").replace(b"Action: failed", b"Action: exploded"), "`exploded` is no action"),
    ],
)
def test_any_other_mail_is_refused_with_its_reason(raw: bytes, why: str) -> None:
    """A holiday note is no bounce."""
    with pytest.raises(NotADsnError, match=why):
        parse(raw)


def test_a_notification_of_somebody_elses_mail_names_none_of_ours() -> None:
    """Without one of our ids in it, it is about nothing of ours."""
    assert parse((SAMPLES / "postfix_failed.eml").read_bytes()).tokens == ()
