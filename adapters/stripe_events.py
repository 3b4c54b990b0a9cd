"""What Stripe sends by itself: signed, and in no certain order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import stripe

from adapters.payments_stripe import KEY, is_taken
from adapters.stripe_money import major

TOLERANCE = 300
"""Seconds that a signature is good for."""
Kind = Literal["paid", "declined", "processing", "refunded", "disputed", "dispute_closed"]

_KINDS: dict[str, Kind] = {
    "payment_intent.succeeded": "paid",
    "payment_intent.payment_failed": "declined",
    "payment_intent.processing": "processing",
    "charge.refunded": "refunded",
    "charge.dispute.created": "disputed",
    "charge.dispute.closed": "dispute_closed",
}


class Forged(Exception):
    """It is not signed with our secret, or was signed too long ago."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event: ``about`` is what it tells of, ``intent`` the payment, ``key`` our domain key where it is known.

    ``amount`` is the payment's, the dispute's, or the sum of all refunds; ``taken`` whether a dispute keeps the money.
    """

    id: str
    kind: Kind
    at: datetime
    about: str
    intent: str
    key: str | None
    amount: Decimal
    currency: str
    reason: str | None = None
    taken: bool = False


def heard(payload: bytes, signature: str | None, secret: str) -> Heard | None:
    """The event, once its signature holds; none where it is of a kind that is not listened to. Raises Forged."""
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret, TOLERANCE)
        event = json.loads(payload)
        kind = _KINDS.get(event["type"])
        return _heard(event, kind) if kind else None
    except stripe.SignatureVerificationError as error:
        raise Forged(str(error)) from error
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Forged(f"this is no event of Stripe's: {error}") from error


def _heard(event: dict[str, Any], kind: Kind) -> Heard:
    thing = event["data"]["object"]
    intent = thing["id"] if thing["object"] == "payment_intent" else thing.get("payment_intent")
    currency = str(thing["currency"]).upper()
    units = thing["amount_refunded"] if kind == "refunded" else thing["amount"]
    return Heard(
        id=str(event["id"]),
        kind=kind,
        at=datetime.fromtimestamp(int(event["created"]), UTC),
        about=str(thing["id"]),
        intent=str(intent),
        key=(thing.get("metadata") or {}).get(KEY),
        amount=major(int(units), currency),
        currency=currency,
        reason=_reason(thing, kind),
        taken=kind in {"disputed", "dispute_closed"} and is_taken(str(thing.get("status"))),
    )


def _reason(thing: dict[str, Any], kind: Kind) -> str | None:
    if kind == "declined":
        last = thing.get("last_payment_error") or {}
        return last.get("decline_code") or last.get("code")
    return thing.get("reason") if kind in {"disputed", "dispute_closed"} else None
