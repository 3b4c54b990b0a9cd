"""The tax port's two sides: a file that an operator maintains, and an outside service over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from activities.errors import Refused, Unreachable
from activities.taxes import TaxActivities, TaxPort
from adapters.taxes_embedded import FileTaxes
from adapters.taxes_http import HttpTaxes
from domain.effects import AskRates
from domain.terms import Place
from runtime.settings import CHECKOUT
from storage.database import Database
from tests.activities.samples import job, run
from tests.storage.samples import AT

SHIPPED = CHECKOUT / "programmes" / "common" / "tax_rates.yaml"
QUEBEC = Place(country="CA", region="QC")
ANSWER = {
    "rates": [
        {
            "country": "CA",
            "region": "QC",
            "since": "2013-01-01",
            "name": "TPS+TVQ",
            "percent": "14.975",
            "parts": [{"name": "TPS/GST", "percent": "5"}, {"name": "TVQ/QST", "percent": "9.975"}],
        }
    ]
}


class Desk(ThreadingHTTPServer):
    """A tax service of our own: it answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: tuple[int, str] = (200, json.dumps(ANSWER))
        self.asked: list[tuple[str | None, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/rates"


class _Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        """Keep the question, give the answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers.get("Authorization"), json.loads(body)))
        status, text = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    """The service, for as long as a test runs."""
    with Desk() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.rule("COM-4")
@pytest.mark.parametrize("where", ["file", "service"])
async def test_both_sides_tell_the_rates_of_a_place(desk: Desk, where: str) -> None:
    """Quebec's two taxes, by name."""
    port: TaxPort = FileTaxes(SHIPPED) if where == "file" else HttpTaxes(desk.url)
    rates = await port.rates((QUEBEC,), date(2027, 3, 1))
    (own,) = [rate for rate in rates if rate.region == "QC"]
    assert (own.percent, [part.name for part in own.parts]) == (Decimal("14.975"), ["TPS/GST", "TVQ/QST"])


async def test_the_service_is_asked_as_its_contract_says(desk: Desk) -> None:
    """The day, the places, the token."""
    await HttpTaxes(desk.url, "secret").rates((QUEBEC, Place(country="FR")), date(2027, 3, 1))
    places = [{"country": "CA", "region": "QC"}, {"country": "FR", "region": None}]
    assert desk.asked == [("Bearer secret", {"on": "2027-03-01", "places": places})]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, ""), Unreachable),
        ((429, ""), Unreachable),
        ((200, "{}"), Unreachable),
        ((200, "no json"), Unreachable),
        ((200, '{"rates": [{"country": "CA", "since": "2013-01-01", "name": "X", "percent": "101"}]}'), Unreachable),
        ((401, "who are you"), Refused),
        ((422, "no such place"), Refused),
    ],
)
async def test_what_is_no_answer_is_never_a_rate(desk: Desk, answer: tuple[int, str], error: type[Exception]) -> None:
    """What may pass is tried again, a final no is said."""
    desk.answer = answer
    with pytest.raises(error):
        await HttpTaxes(desk.url).rates((QUEBEC,), date(2027, 3, 1))


async def test_a_service_that_is_down_is_unreachable(desk: Desk) -> None:
    """It is asked again later."""
    url = desk.url.replace(str(desk.server_address[1]), "1")
    with pytest.raises(Unreachable, match="does not answer"):
        await HttpTaxes(url).rates((QUEBEC,), date(2027, 3, 1))


async def test_the_file_tells_the_rate_of_the_day_and_later_ones(tmp_path: Path) -> None:
    """Not those that were replaced, nor other places'; a line that is added counts at once."""
    path = tmp_path / "rates.yaml"
    path.write_text(
        "- {country: FR, since: 2000-01-01, name: TVA, percent: '19.6'}\n"
        "- {country: FR, since: 2014-01-01, name: TVA, percent: 20}\n"
        "- {country: ES, since: 2012-09-01, name: IVA, percent: 21}\n"
    )
    port, place = FileTaxes(path), (Place(country="FR"),)
    assert [rate.percent for rate in await port.rates(place, date(2027, 3, 1))] == [20]
    path.write_text(path.read_text() + "- {country: FR, since: 2028-01-01, name: TVA, percent: 21}\n")
    assert [rate.percent for rate in await port.rates(place, date(2027, 3, 1))] == [20, 21]


async def test_a_broken_file_is_no_answer(tmp_path: Path) -> None:
    """It may be mended."""
    path = tmp_path / "rates.yaml"
    path.write_text("- {country: FR")
    with pytest.raises(Unreachable, match=r"rates\.yaml cannot be read"):
        await FileTaxes(path).rates((QUEBEC,), date(2027, 3, 1))


async def test_the_activity_answers_with_the_rates(database: Database, desk: Desk) -> None:
    """What the port says is what the contract hears."""
    effect = AskRates(key="k/rates", at=AT, rule="COM-4", places=(QUEBEC,))
    outcome = await run(TaxActivities(database, HttpTaxes(desk.url)).ask_rates, job(effect))
    assert outcome.rates is not None
    assert [rate.name for rate in outcome.rates] == ["TPS+TVQ"]
