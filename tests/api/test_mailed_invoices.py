"""Invoices that are mailed, through the real workflow: the mail's paper is the one that the API gives."""

from __future__ import annotations

import email
import email.policy
import io

import pypdf
import pytest

from storage import outbox
from tests.api.house import House
from tests.api.test_collective import billed_otherwise, maintained


@pytest.fixture(scope="session")
async def mailing(house: House) -> str:
    """The maintenance programme with invoices by mail."""
    return await billed_otherwise(house, "mailed: true")


@pytest.mark.rule("HPJ-8")
async def test_the_paper_in_the_mail_is_the_paper_of_the_books(house: House, mailing: str) -> None:
    """It goes out in the customer's language, byte for byte what the API answers, and its message names it."""
    customer = house.customer() | {"country": "CA", "region": "QC", "language": "fr"}
    clock = await house.clock("2027-08-02T14:00:00Z")
    number = await maintained(house, mailing, customer, clock)
    contract = f"/v1/contracts/{number}"
    notices = await house.notices(number, lambda all_: any(item["name"] == "invoice" for item in all_))
    notice = next(item for item in notices if item["name"] == "invoice")
    (invoice,) = await house.caller.get(f"{contract}/invoices")
    pdf = await house.caller.send("GET", f"{contract}/invoices/{invoice['number']}/pdf")
    async with house.database.read() as connection:
        mails = await outbox.mailbox(connection, recipient=customer["email"], limit=50)
    raw = next(mail["raw"] for mail in mails if mail["subject"] == notice["subject"])
    mail = email.message_from_string(raw, policy=email.policy.default)
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == pdf.content
    assert attached.get_filename() == f"{invoice['number']}.pdf"
    read = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.content)).pages)
    assert (invoice["number"] in read, "facture" in notice["subject"]) == (True, True)
    assert list(notice["documents"]) == [f"{invoice['key']}/paper"]
