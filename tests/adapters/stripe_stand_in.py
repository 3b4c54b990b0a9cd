"""A small Stripe that keeps state: replays by key, declines, delays, disputes, breaks, and signs what it sends.

Every request that it gets goes to stripe-mock first, which knows what a well-formed one is; a malformed one is kept for
the test to fail on. Its tokens are those of the embedded provider, and `pm_auth` wants its customer back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from time import time
from typing import Any
from urllib.parse import parse_qsl

import httpx
import stripe
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from cli.http import serving
from domain.simulator import answered
from runtime.ports import free_port
from runtime.settings import read_settings

SECRET = "whsec_of_the_tests"
PAGE = 3
"""So few to a page, whatever is asked for, that every reader has to turn it."""
Thing = dict[str, Any]


@dataclass
class StandIn:
    """What it has, by reference, and what is to go wrong next: `500`, `429`, `409`, `401`, `break` or `hang`."""

    url: str
    mock: httpx.AsyncClient
    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    answers: dict[str, tuple[dict[str, Any], int, Thing]] = field(default_factory=dict)
    malformed: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def all(self, kind: str) -> list[Thing]:
        """Everything of a kind, the newest first, as Stripe lists it."""
        return list(reversed(self.things.get(kind, {}).values()))

    def made(self, kind: str, prefix: str, **said: Any) -> Thing:
        """A new thing."""
        thing = {"id": f"{prefix}_{next(self.ids)}", "object": kind, "created": int(time()), "metadata": {}} | said
        self.things.setdefault(kind, {})[str(thing["id"])] = thing
        return thing

    def intent(self, key: str) -> Thing:
        """The payment intent of a domain key."""
        return next(item for item in self.all("payment_intent") if item["metadata"].get("tenure_key") == key)

    def settle(self, key: str, status: str, code: str | None = None) -> Thing:
        """A payment that was under way comes to its end: the event that says so."""
        intent = self.intent(key)
        if status == "succeeded":
            self.pay(intent)
            return self.event("payment_intent.succeeded", intent)
        intent |= {
            "status": "requires_payment_method",
            "last_payment_error": {"code": "card_declined", "decline_code": code},
        }
        return self.event("payment_intent.payment_failed", intent)

    def pay(self, intent: Thing) -> None:
        """The money comes in: a charge."""
        said = {"amount": intent["amount"], "currency": intent["currency"], "metadata": dict(intent["metadata"])}
        charge = self.made(
            "charge", "ch", payment_intent=intent["id"], amount_refunded=0, refunded=False, disputed=False, **said
        )
        intent |= {"status": "succeeded", "latest_charge": charge["id"], "last_payment_error": None}

    def charge_of(self, key: str) -> Thing:
        """The charge of a payment."""
        return self.things["charge"][self.intent(key)["latest_charge"]]

    def refund_by_hand(self, key: str, amount: int) -> Thing:
        """Somebody gives money back at the provider itself: the event that says so."""
        charge = self.charge_of(key)
        self.made("refund", "re", amount=amount, payment_intent=charge["payment_intent"], status="succeeded")
        charge["amount_refunded"] += amount
        return self.event("charge.refunded", charge)

    def dispute(self, key: str, status: str = "needs_response") -> Thing:
        """The customer has a payment charged back: the event that says so."""
        charge = self.charge_of(key)
        charge["disputed"] = True
        said = {"amount": charge["amount"], "currency": charge["currency"], "reason": "fraudulent", "status": status}
        made = self.made("dispute", "du", charge=charge["id"], payment_intent=charge["payment_intent"], **said)
        return self.event("charge.dispute.created", made)

    def close_dispute(self, key: str, status: str) -> Thing:
        """A dispute is decided: the event that says so."""
        intent = self.intent(key)["id"]
        found = next(item for item in self.all("dispute") if item["payment_intent"] == intent)
        found["status"] = status
        return self.event("charge.dispute.closed", found)

    def event(self, kind: str, thing: Thing) -> Thing:
        """What it would send of a thing as it stands now."""
        stands = json.loads(json.dumps(thing))
        said = {"type": kind, "data": {"object": stands}, "created": int(time())}
        return {"id": f"evt_{next(self.ids)}", "object": "event"} | said


def signed(event: Thing, secret: str = SECRET, at: int | None = None) -> tuple[bytes, dict[str, str]]:
    """An event as it is sent: its bytes, and the header that proves them."""
    payload = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(payload, secret, at)
    return payload.encode(), {"Stripe-Signature": signature, "Content-Type": "application/json"}


def unfolded(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """A form's `metadata[key]=value` as nested names."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        outer, _, inner = name.partition("[")
        if inner and inner != "]":
            found.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            found[outer] = value
    return found


@asynccontextmanager
async def standing_in(mock: str) -> AsyncIterator[StandIn]:
    """A stand-in that runs for as long as the block lasts, before the stripe-mock at that address."""
    port = free_port()
    async with httpx.AsyncClient(base_url=mock, timeout=30) as judge:
        stand_in = StandIn(f"http://127.0.0.1:{port}", judge)
        app = FastAPI()

        @app.api_route("/v1/{path:path}", methods=["GET", "POST"])
        async def take(path: str, request: Request) -> Response:
            return await _take(stand_in, path, request)

        async with serving(app, read_settings(api_port=port)):
            yield stand_in


async def _take(stand_in: StandIn, path: str, request: Request) -> Response:
    body = await request.body()
    stand_in.asked.append((request.method, path))
    if problem := await _judged(stand_in, path, request, body):
        return problem
    fault = stand_in.faults.pop(0) if stand_in.faults else None
    if fault and fault.isdigit():
        return _failed(int(fault))
    pairs = parse_qsl(body.decode()) if request.method == "POST" else list(request.query_params.multi_items())
    status, thing = _answered(stand_in, request, path, unfolded(pairs))
    if fault == "hang":
        await asyncio.sleep(5)
    if fault == "break":
        return StreamingResponse(_half(), headers={"Content-Length": "100"}, media_type="application/json")
    return JSONResponse(thing, status_code=status)


async def _judged(stand_in: StandIn, path: str, request: Request, body: bytes) -> Response | None:
    """stripe-mock's no, where it says one: the request is not what Stripe takes."""
    headers = {name: value for name, value in request.headers.items() if name not in {"host", "content-length"}}
    url = f"/v1/{path}" + (f"?{request.url.query}" if request.url.query else "")
    verdict = await stand_in.mock.request(request.method, url, content=body, headers=headers)
    if verdict.status_code < 400:
        return None
    stand_in.malformed.append(f"{request.method} {url}: {verdict.json()['error']['message']}")
    return JSONResponse(verdict.json(), status_code=verdict.status_code)


async def _half() -> AsyncIterator[bytes]:
    yield b'{"id": '
    raise ConnectionResetError("the wire breaks here")


_TYPES = {429: "rate_limit_error", 401: "invalid_request_error", 409: "idempotency_error"}


def _failed(status: int) -> Response:
    return JSONResponse({"error": {"type": _TYPES.get(status, "api_error"), "message": f"told to {status}"}}, status)


def _wrong(status: int, message: str, **more: Any) -> tuple[int, Thing]:
    return status, {"error": {"type": "invalid_request_error", "message": message} | more}


def _answered(stand_in: StandIn, request: Request, path: str, said: dict[str, Any]) -> tuple[int, Thing]:
    """The answer; a key that was used before gets the first one, with other words an error."""
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    known = stand_in.answers.get(key) if key else None
    if known and known[0] != {"path": path} | said:
        clash = {"type": "idempotency_error", "message": "this key was used with other parameters"}
        return 400, {"error": clash}
    if known:
        return known[1], known[2]
    status, thing = _acted(stand_in, request.method, path.split("/"), said)
    if key:
        stand_in.answers[key] = ({"path": path} | said, status, json.loads(json.dumps(thing)))
    return status, thing


def _acted(stand_in: StandIn, method: str, path: list[str], said: dict[str, Any]) -> tuple[int, Thing]:
    match method, path:
        case "POST", ["customers"]:
            who = {"name": said.get("name"), "email": said.get("email"), "metadata": said.get("metadata", {})}
            return 200, stand_in.made("customer", "cus", **who)
        case "GET", ["customers" | "payment_intents" as kind, "search"]:
            return 200, _searched(stand_in, kind.removesuffix("s"), said)
        case "GET", ["payment_methods", method_id]:
            return 200, _method(stand_in, method_id)
        case "POST", ["payment_methods", method_id, "attach"]:
            return 200, _method(stand_in, method_id) | {"customer": said["customer"]}
        case "POST", ["setup_intents"]:
            return _intended(stand_in, "setup_intent", "seti", said)
        case "POST", ["payment_intents"]:
            return _intended(stand_in, "payment_intent", "pi", said)
        case "POST", ["refunds"]:
            return _given_back(stand_in, said)
        case "GET", ["payment_intents" | "refunds" | "disputes" as kind]:
            return 200, _listed(stand_in, kind.removesuffix("s"), said)
        case _:
            return _wrong(404, f"the stand-in does not know {method} {'/'.join(path)}")


def _method(stand_in: StandIn, method_id: str) -> Thing:
    known = stand_in.things.setdefault("payment_method", {})
    return known.setdefault(method_id, {"id": method_id, "object": "payment_method", "type": "card", "customer": None})


def _intended(stand_in: StandIn, kind: str, prefix: str, said: dict[str, Any]) -> tuple[int, Thing]:
    """An intent that is confirmed at once."""
    token = said["payment_method"]
    if token.startswith("pm_missing"):
        return _wrong(400, f"No such PaymentMethod: '{token}'", param="payment_method", code="resource_missing")
    if _method(stand_in, token)["customer"] not in {None, said["customer"]}:
        return _wrong(400, "the method belongs to another customer", param="payment_method")
    _method(stand_in, token)["customer"] = said["customer"]
    money = {"amount": int(said["amount"]), "currency": said["currency"]} if "amount" in said else {}
    intent = stand_in.made(
        kind,
        prefix,
        customer=said["customer"],
        metadata=said["metadata"],
        status="processing",
        latest_charge=None,
        **money,
    )
    key, invoice = said["metadata"]["tenure_key"], said["metadata"]["tenure_invoice"]
    outcome, reason = answered(token, again=key != invoice)
    if token.startswith("pm_auth"):
        outcome, reason = "declined", "authentication_required"
    if outcome == "paid" and kind == "payment_intent":
        stand_in.pay(intent)
    elif outcome == "paid":
        intent["status"] = "succeeded"
    elif outcome == "declined":
        error = {"code": "card_declined", "decline_code": reason, "message": "Your card was declined."}
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        return 402, {"error": error | {"type": "card_error", kind: intent}}
    return 200, intent


def _given_back(stand_in: StandIn, said: dict[str, Any]) -> tuple[int, Thing]:
    intent = stand_in.things["payment_intent"].get(said["payment_intent"])
    if intent is None or not intent["latest_charge"]:
        return _wrong(400, "This PaymentIntent does not have a successful charge to refund.")
    charge, amount = stand_in.things["charge"][intent["latest_charge"]], int(said["amount"])
    if amount > charge["amount"] - charge["amount_refunded"]:
        return _wrong(400, "Refund amount is greater than unrefunded amount on charge", param="amount")
    charge["amount_refunded"] += amount
    about = {"amount": amount, "payment_intent": intent["id"], "metadata": said.get("metadata", {})}
    return 200, stand_in.made("refund", "re", status="succeeded", **about)


def _listed(stand_in: StandIn, kind: str, said: dict[str, Any]) -> Thing:
    found = stand_in.all(kind)
    if "payment_intent" in said:
        found = [item for item in found if item["payment_intent"] == said["payment_intent"]]
    if since := said.get("created", {}).get("gte"):
        found = [item for item in found if item["created"] >= int(since)]
    after = said.get("starting_after")
    start = next((place + 1 for place, item in enumerate(found) if item["id"] == after), 0)
    page = [_expanded(stand_in, item) for item in found[start : start + PAGE]]
    return {"object": "list", "data": page, "has_more": len(found) > start + PAGE, "url": f"/v1/{kind}s"}


def _searched(stand_in: StandIn, kind: str, said: dict[str, Any]) -> Thing:
    """By one field of the metadata, as `metadata['name']:'value'`."""
    name, _, value = said["query"].removeprefix("metadata['").partition("']:'")
    wanted = value[:-1].replace("\\'", "'").replace("\\\\", "\\")
    found = [item for item in stand_in.all(kind) if item["metadata"].get(name) == wanted]
    start, size = int(said.get("page", 0)), min(PAGE, int(said.get("limit", PAGE)))
    page = [_expanded(stand_in, item) for item in found[start : start + size]]
    more = len(found) > start + size
    url = f"/v1/{kind}s/search"
    return {"object": "search_result", "data": page, "has_more": more, "url": url} | (
        {"next_page": str(start + size)} if more else {"next_page": None}
    )


def _expanded(stand_in: StandIn, thing: Thing) -> Thing:
    charge = thing.get("latest_charge")
    return thing | ({"latest_charge": stand_in.things["charge"][charge]} if charge else {})
