"""Bank statements through the API: matched once, in whatever file they come; what does not fit is said to a person."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.house import House
from tests.api.test_rights import maintained
from tests.api.test_supplies import beside

ENTRY = """<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{kind}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>
<BookgDt><Dt>2027-08-20</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>
<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""
HEAD = (
    '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
    "<BkToCstmrStmt><Stmt><Id>S1</Id>"
)


def entry(text: str, amount: str, **changes: str) -> str:
    """An entry of a statement."""
    fields = {"currency": "CAD", "kind": "CRDT", "status": "BOOK", "reference": f"B-{uuid4().hex[:10]}"}
    return ENTRY.format_map(fields | {"text": text, "amount": amount} | changes)


def statement(*parts: str) -> bytes:
    """A file of these entries."""
    return f"{HEAD}{''.join(parts)}</Stmt></BkToCstmrStmt></Document>".encode()


async def sent(house: House, content: bytes, status: int = 200) -> Any:
    """What the API says to a statement."""
    headers = {"Content-Type": "application/xml"}
    response = await house.caller.send("POST", "/v1/bank-statements", content=content, headers=headers)
    assert response.status_code == status, response.text
    return response.json()


@pytest.fixture(scope="session")
async def maintenance(house: House) -> str:
    """The maintenance programme, whose invoices are on account."""
    return await beside(house, "icm")


@pytest.mark.rule("ICM-11")
async def test_a_payment_finds_its_invoice_once(house: House, maintenance: str) -> None:
    """By the number in what the payer wrote, for the whole amount; the same entry in another file changes nothing."""
    number, _ = await maintained(house, maintenance)
    path = f"/v1/contracts/{number}"
    (invoice,) = await house.sees(f"{path}/invoices", lambda all_: len(all_) == 1)
    assert invoice["payment"] == "pending"
    paid = entry(f"Facture {invoice['number'].lower()} merci", invoice["gross"])
    (found,) = (await sent(house, statement(paid)))["entries"]
    assert (found["state"], found["invoice"], found["again"]) == ("matched", invoice["number"], False)
    (again,) = (await sent(house, statement(paid)))["entries"]
    assert (again["state"], again["again"]) == ("matched", True)
    assert (await house.caller.get(f"{path}/invoices"))[0]["payment"] == "paid"
    (said,) = await house.caller.get(f"{path}/statement")
    assert [move["what"] for move in said["moves"]] == ["invoice", "payment"]
    assert float(said["closing"]) == 0
    (late,) = (await sent(house, statement(entry(invoice["number"], invoice["gross"]))))["entries"]
    assert late["state"] == "paid"


async def test_what_does_not_fit_is_left_to_a_person(house: House, maintenance: str) -> None:
    """No number, a wrong amount, another currency; debits and what is not booked are not looked at."""
    number, _ = await maintained(house, maintenance)
    (invoice,) = await house.sees(f"/v1/contracts/{number}/invoices", lambda all_: len(all_) == 1)
    wrong = statement(
        entry("thank you", invoice["gross"]),
        entry(invoice["number"], "1.00"),
        entry(invoice["number"], invoice["gross"], currency="EUR"),
        entry(invoice["number"], invoice["gross"], kind="DBIT"),
        entry(invoice["number"], invoice["gross"], status="PDNG"),
    )
    states = [item["state"] for item in (await sent(house, wrong))["entries"]]
    assert states == ["unknown", "differs", "differs"]
    assert (await house.caller.get(f"/v1/contracts/{number}/invoices"))[0]["payment"] == "pending"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<a", "this is not XML"),
        (b"<a/>", "no CAMT.053"),
        (statement(entry("x", "many")), "lacks its amount"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "no CAMT.053"),
    ],
)
async def test_a_file_that_is_no_statement_says_so(house: House, content: bytes, says: str) -> None:
    """With what is wrong; nothing of it is taken."""
    problem = await sent(house, content, status=422)
    assert says in str(problem["detail"])
