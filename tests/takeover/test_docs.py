"""What the documentation says of the file is what the code takes."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime

import pytest

from api.bringing.filling import Defaults, Sold, fill
from api.bringing.records import Form, entries
from api.line_files import Findings
from bench.random_lives import PROGRAMMES
from domain.decider import open_contract
from domain.takeover.standing import (
    BilledPeriod,
    Standing,
    StandingEnding,
    StandingLine,
    StandingOrder,
    StandingRenewal,
    StandingTerm,
)
from runtime.settings import CHECKOUT

TEXT = (CHECKOUT / "docs" / "importing.md").read_text(encoding="utf-8")
MODELS = (Standing, StandingLine, StandingTerm, StandingRenewal, StandingEnding, StandingOrder, BilledPeriod)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_told(model: type[Standing]) -> None:
    """Nobody has to read code to write a file."""
    assert [name for name in model.model_fields if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_examples_may_be_taken_over(form: Form) -> None:
    """As they stand, as of the day of the page."""
    found = re.search(rf"```{form}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    text = found[1] if form == "csv" else json.dumps(json.loads(found[1]))
    programme = next(item for item in PROGRAMMES if item.terms.code == "HPG")
    sold = {"HPG": Sold({programme.terms.version: programme.terms}, programme.catalogue)}
    defaults = Defaults(now=datetime(2027, 3, 15, 12, tzinfo=UTC), as_of=date(2027, 3, 15))
    findings = Findings()
    (entry,) = entries(io.BytesIO(text.encode()), form, findings)
    assert findings.errors == []
    contract, _ = open_contract(fill(entry, sold, {}, defaults).command, defaults.now)
    assert [line.billed_months for line in contract.lines] == [10] * len(entry.data["lines"])
