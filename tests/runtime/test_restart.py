"""Stopped in the middle of a life and started again: the contract goes on, and nothing is missed or doubled."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.runtime.launched import PATIENCE_SECONDS, Environment, everything, tenure

BEGIN, END = "2027-01-31T09:00:00Z", "2027-12-15T12:00:00Z"
PERIODS = 11
CONTRACTS = 3
ADDRESS = {"name": "Atelier", "street": "1 rue", "postal_code": "75011", "city": "Paris", "country": "FR"}
SERVICE = {"serial": "SN-NOCOVER", "service": "care-pagewide-xl"}


class Caller:
    """Someone with an API key who asks over HTTP."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, path: str) -> Any:
        """What a read answers."""
        return self._answer("GET", path, None)

    def put(self, path: str, body: Any) -> Any:
        """What a command answers."""
        return self._answer("PUT", path, body)

    def post(self, path: str, body: Any = None) -> Any:
        """What a command answers."""
        return self._answer("POST", path, body)

    def _answer(self, method: str, path: str, body: Any) -> Any:
        response = self._http.request(method, path, json=body, headers={"Idempotency-Key": uuid4().hex})
        assert response.is_success, f"{method} {path}: {response.text}"
        return response.json()

    def order(self, clock: str) -> str:
        """The number of a contract on the clock that runs from the clock's start."""
        customer = {"id": f"c-{uuid4().hex[:10]}", "name": "Atelier", "email": "achats@atelier.example"}
        customer |= {"language": "fr", "country": "FR"}
        asked = {"programme": "HPG", "customer": customer, "period": 1, "offers": [SERVICE], "test_clock": clock}
        number = self.post("/quotes", asked)["number"]
        self.post(f"/quotes/{number}/accept", {"revision": 1})
        self.put(f"/contracts/{number}/checkout/billing-address", ADDRESS)
        self.put(f"/contracts/{number}/checkout/payment-details", {"method": "pm_ok"})
        self.post(f"/contracts/{number}/checkout/confirmation", {"password": "correct horse battery"})
        return str(number)

    def lived(self, number: str) -> tuple[Any, ...]:
        """What the contract did, billed and told, without what differs from contract to contract."""
        events = self.get(f"/contracts/{number}/events?limit=200")["items"]
        invoices = self.get(f"/contracts/{number}/invoices")
        notices = self.get(f"/contracts/{number}/notices")
        return (
            [(event["seq"], event["kind"], event["on"]) for event in events],
            [(invoice["on"], invoice["gross"]) for invoice in invoices],
            sorted((notice["name"], notice["outcome"]) for notice in notices),
        )


@contextmanager
def calling(environment: Environment, secret: str) -> Iterator[Caller]:
    """Someone who asks the running house."""
    url = f"http://127.0.0.1:{environment['TENURE_API_PORT']}/v1"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {secret}"}, timeout=60) as http:
        yield Caller(http)


def wait_for(what: str, condition: Any) -> None:
    """Returns when the condition holds."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.05)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_life_goes_on_after_a_stop_in_its_middle(environment: Environment, tmp_path: Path, end: signal.Signals) -> None:
    """Contracts stopped between two bills live exactly the life of one that was never disturbed."""
    secret = tenure(environment, "keys", "create", "test").stdout.strip()
    with everything(environment, tmp_path / "log") as process, calling(environment, secret) as caller:
        clock = caller.post("/test-clocks", {"name": "disturbed", "now": BEGIN})["id"]
        numbers = [caller.order(clock) for _ in range(CONTRACTS)]
        wait_for("active", lambda: all(caller.get(f"/contracts/{n}")["status"] == "Active" for n in numbers))
        caller.post(f"/test-clocks/{clock}/advance", {"to": END})
        wait_for("a bill on the way", lambda: billed(caller, numbers) >= CONTRACTS + 2)
        process.send_signal(end)
        process.wait(PATIENCE_SECONDS)
    with everything(environment, tmp_path / "log2"), calling(environment, secret) as caller:
        assert billed(caller, numbers) >= CONTRACTS + 2
        wait_for("arrival", lambda: caller.get(f"/test-clocks/{clock}")["status"] == "ready")
        undisturbed = caller.post("/test-clocks", {"name": "undisturbed", "now": BEGIN})["id"]
        model = caller.order(undisturbed)
        wait_for("active", lambda: caller.get(f"/contracts/{model}")["status"] == "Active")
        caller.post(f"/test-clocks/{undisturbed}/advance?wait=60", {"to": END})
        lives = [caller.lived(number) for number in (model, *numbers)]
        assert billed(caller, [model]) == PERIODS
        assert lives[1:] == lives[:1] * CONTRACTS


def billed(caller: Caller, numbers: list[str]) -> int:
    """How many periods were billed so far, of all the contracts."""
    events = [event for n in numbers for event in caller.get(f"/contracts/{n}/events?limit=200")["items"]]
    return sum(event["kind"] == "period_billed" for event in events)
