"""A contract's commands as the requests by which the API is asked for them."""

from __future__ import annotations

from typing import Any, NamedTuple

from bench.chaos.lives import ChaosLife
from domain.catalogue import Device
from domain.commands import (
    Accept,
    AddLine,
    AdvanceCase,
    Change,
    Checkout,
    OpenCase,
    Pay,
    ReportInspection,
    ReportPayment,
    Revise,
)
from domain.envelope import Command
from domain.state import Offer
from domain.supplies.commands import OrderSupply

ADDRESS = {"name": "Atelier", "street": "1 rue", "postal_code": "75011", "city": "Paris", "country": "FR"}
_ENVELOPE = {"id", "by", "kind"}


class Request(NamedTuple):
    """One request; the path comes after `/v1`."""

    method: str
    path: str
    body: dict[str, Any] | None = None


def requests(life: ChaosLife, command: Command) -> list[Request]:
    """The requests for one command, in their order; the last one is the command, the others make it possible."""
    quote = f"/quotes/{life.number}"
    match command:
        case Accept():
            return [Request("POST", f"{quote}/accept", {"revision": command.revision})]
        case Revise():
            return [Request("PUT", quote, _revision(command))]
        case Checkout():
            return _checkout(f"/contracts/{life.number}", command, f"password-{life.salt}")
        case AddLine():
            added = Request("POST", f"/contracts/{life.number}/add-line", _offered(command.offer))
            return [register(life.added(command)), added]
        case _:
            path, body = _asked(command)
            return [Request("POST", f"/contracts/{life.number}/{path}", body)]


def _asked(command: Command) -> tuple[str, dict[str, Any]]:
    """What is asked of a contract: the path after its number, and the body."""
    match command:
        case Change():
            return "change", _said(command, "line", "service", "period", "quantity")
        case OpenCase():
            return "cases", _said(command, "serial", "subject")
        case AdvanceCase():
            return f"cases/{command.case}/advance", {}
        case Pay():
            return "payments", _said(command, "method", "invoice")
        case ReportPayment():
            return "payment-reports", _said(command, "outcome", "reference")
        case ReportInspection():
            return f"inspections/{command.line}", _said(command, "passed")
        case OrderSupply():
            items = [{"sku": item.sku, "quantity": item.quantity} for item in command.items]
            return "order-supply", _said(command, "order", "serial", "method") | {"items": items}
        case _:
            name = str(getattr(command, "kind", "")).replace("_", "-")
            return name, command.model_dump(mode="json", exclude=_ENVELOPE, exclude_defaults=True)


def register(device: Device) -> Request:
    """The request that makes a device known."""
    return Request(
        "PUT", f"/devices/{device.serial}", device.model_dump(mode="json", exclude={"serial"}, exclude_none=True)
    )


def quote(life: ChaosLife, clock: str) -> Request:
    """The request that begins the life on a test clock."""
    given = life.story.given
    body = given.model_dump(mode="json", exclude={"offers", "fleet"}, exclude_none=True)
    offers = [item.model_dump(mode="json", include=_OF_OFFER, exclude_defaults=True) for item in given.offers]
    named = {"programme": life.programme.terms.code, "offers": offers, "test_clock": clock}
    return Request("POST", "/quotes", body | named | ({"fleet": life.fleet} if life.fleet else {}))


_OF_OFFER = {"id", "serial", "service", "quantity", "facts"}


def _offered(offer: Offer) -> dict[str, Any]:
    return offer.model_dump(mode="json", include=_OF_OFFER)


def _revision(command: Revise) -> dict[str, Any]:
    body = _said(command, "period", "start_on", "order_by", "term_months")
    return body | {"offers": [_offered(offer) for offer in command.offers]}


def _checkout(contract: str, command: Checkout, password: str) -> list[Request]:
    return [
        Request("PUT", f"{contract}/checkout/billing-address", ADDRESS),
        Request("PUT", f"{contract}/checkout/payment-details", _said(command, "method", "form", "invoice_on")),
        Request("POST", f"{contract}/checkout/confirmation", {"password": password}),
    ]


def _said(command: Command, *names: str) -> dict[str, Any]:
    return command.model_dump(mode="json", include=set(names), exclude_none=True)
