"""What a contract tells first follows from its start, so that whoever starts it can write it down."""

from __future__ import annotations

from api.starts import first_record
from domain.state import RULES_VERSION
from tests.domain.samples import offer, quote, utc
from workflows.messages import ContractStart
from workflows.standing import Standing


def test_the_first_record_is_the_contracts_own() -> None:
    """Entry, view and tasks are, to the letter, those that the contract comes to by itself."""
    asked = quote(offer(), offer("2"))
    start = ContractStart(quote=asked, now=utc(2027, 1, 31), clock="own", rules=RULES_VERSION, staged=True)
    written = ContractStart.model_validate(start.model_dump(mode="json", exclude_defaults=True))
    assert first_record(written) == Standing(start)._take_record()
