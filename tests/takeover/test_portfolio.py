"""The portfolio that benches and forecasts are made of: every contract of it may be taken over, by seed and day."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from api.bringing.filling import Defaults, Sold, fill
from api.bringing.records import entries
from api.line_files import Findings
from bench.portfolio import portfolio
from bench.random_lives import PROGRAMMES
from domain.commands import OfferRenewal
from domain.renewal_request import Asked, answer
from domain.simulator import Life, PriceListWorld

MANY = 600
AS_OF = date(2027, 2, 28)


def file(seed: int) -> bytes:
    """A portfolio, as a file."""
    lines = (json.dumps(record) for record in portfolio(AS_OF, seed=seed).records(MANY))
    return "\n".join(lines).encode()


def lives(seed: int) -> list[Life]:
    """Each contract of a portfolio, on the first day of its life here."""
    sold = {item.terms.code: Sold({item.terms.version: item.terms}, item.catalogue) for item in PROGRAMMES}
    defaults = Defaults(now=datetime(2027, 2, 28, 18, tzinfo=UTC))
    findings = Findings()
    found = [fill(entry, sold, {}, defaults) for entry in entries(io.BytesIO(file(seed)), "json", findings)]
    assert findings.errors == []
    worlds = {code: PriceListWorld(prices=item.catalogue.price_list()) for code, item in sold.items()}
    return [Life.begin(item.command, defaults.now, worlds[item.command.terms.code]) for item in found]


def test_the_same_seed_gives_the_same_contracts() -> None:
    """And another one others."""
    assert file(1) == file(1)
    assert file(1) != file(2)


def test_it_is_a_portfolio_of_all_programmes_in_mid_life() -> None:
    """A fifth ends within ninety days, and every one of those may be asked for its quote, unless it is to end."""
    begun = lives(1)
    codes = Counter(life.contract.terms.code for life in begun)
    assert set(codes) == {"HPG", "HPJ", "HPP", "ICM", "XEC"}
    statuses = {life.contract.status.value for life in begun}
    assert statuses == {"Active", "Scheduled", "Suspended"}
    window = AS_OF + timedelta(days=90)
    ending = [life for life in begun if life.contract.term and AS_OF <= life.contract.term.last <= window]
    assert 0.16 < len(ending) / MANY < 0.24
    asked = Counter(_asked(life) for life in ending)
    assert set(asked) == {Asked.QUOTED, Asked.ENDING}
    assert asked[Asked.QUOTED] > 0.9 * len(ending)


def _asked(life: Life) -> Asked:
    command = OfferRenewal(id="wave")
    life.give(command, life.contract.at + timedelta(days=1))
    return answer(life.contract, command, life.contract.at).outcome
