"""Stripe behind the payment port: customers, off-session payment intents, refunds, and what it holds of ours.

Everything carries our domain key, as Idempotency-Key and in its metadata. Nothing is retried here: the engine does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from activities.errors import Refused, Unreachable
from activities.payments import Attempt, Charged, GiveBack
from adapters.stripe_money import major, minor
from domain.state import Customer
from storage.provider import Held

API_VERSION = "2026-08-26.dahlia"
"""The version that this adapter is written for; the account's own default does not matter."""
TIMEOUT = 20.0
FORGETS = timedelta(hours=12)
"""Stripe keeps idempotency keys for a day: what fell due longer ago is looked for before it is asked for."""
KEY, CONTRACT, INVOICE, CUSTOMER = "tenure_key", "tenure_contract", "tenure_invoice", "tenure_customer"

_OURS_TO_PAY = frozenset({"amount_too_small", "amount_too_large", "payment_method_customer_decline"})
_NO_REDIRECT: Any = {"enabled": True, "allow_redirects": "never"}


class StripePayments:
    """Collects through Stripe. ``url`` is another address of its API, for tests."""

    name = "stripe"

    def __init__(self, key: str, *, url: str | None = None, timeout: float = TIMEOUT) -> None:
        self._http = stripe.HTTPXClient(timeout=timeout)
        client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            max_network_retries=0,
            http_client=self._http,
            base_addresses={"api": url} if url else None,
        )
        self._api = client.v1
        self._customers: dict[str, str] = {}
        self._attached: set[tuple[str, str]] = set()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def charge(self, attempt: Attempt) -> Charged:
        """Collect with the customer away, once; a check of a method stores it. Raises Refused or Unreachable."""
        with _spoken():
            try:
                return await self._charge(attempt)
            except stripe.CardError as no:
                return _declined(no, attempt)
            except stripe.InvalidRequestError as wrong:
                if wrong.param != "payment_method" and wrong.code not in _OURS_TO_PAY:
                    raise
                return Charged("declined", attempt.key, wrong.code or "invalid_payment_method")

    async def _charge(self, attempt: Attempt) -> Charged:
        if datetime.now(UTC) - attempt.at > FORGETS and (found := await self._made_before(attempt.key)):
            return _charged(found)
        customer = await self._customer(attempt.customer)
        if not await self._attach(attempt.method, customer):
            return Charged("declined", attempt.key, "payment_method_of_another_customer")
        said = _said(attempt, customer)
        if not attempt.amount:
            check: Any = said | {"usage": "off_session"}
            return _charged(await self._api.setup_intents.create_async(check, {"idempotency_key": attempt.key}))
        wanted: Any = said | {
            "amount": minor(attempt.amount, attempt.currency),
            "currency": attempt.currency.lower(),
            "off_session": True,
            "error_on_requires_action": True,
        }
        return _charged(await self._api.payment_intents.create_async(wanted, {"idempotency_key": attempt.key}))

    async def _made_before(self, key: str) -> stripe.PaymentIntent | None:
        query = f"metadata['{KEY}']:'{_quoted(key)}'"
        found = await self._api.payment_intents.search_async({"query": query, "limit": 1})
        return next(iter(found.data), None)

    async def _customer(self, customer: Customer) -> str:
        """Stripe's customer for ours, found by its metadata, else made; one for each."""
        known = self._customers.get(customer.id)
        if known is None:
            query = f"metadata['{CUSTOMER}']:'{_quoted(customer.id)}'"
            found = await self._api.customers.search_async({"query": query, "limit": 1})
            known = found.data[0].id if found.data else await self._new_customer(customer)
            self._customers[customer.id] = known
        return known

    async def _new_customer(self, customer: Customer) -> str:
        who: Any = {"name": customer.name, "metadata": {CUSTOMER: customer.id}}
        if customer.email:
            who["email"] = customer.email
        # The search lags behind by a minute at most: until then the key finds what was made.
        made = await self._api.customers.create_async(who, {"idempotency_key": f"customer/{customer.id}"})
        return made.id

    async def _attach(self, method: str, customer: str) -> bool:
        """Let a method be used again for its customer; whether it may, which it may not if it is another's."""
        if (method, customer) in self._attached:
            return True
        owner = (await self._api.payment_methods.retrieve_async(method)).customer
        if owner is not None and _id(owner) != customer:
            return False
        if owner is None:
            await self._api.payment_methods.attach_async(method, {"customer": customer})
        self._attached.add((method, customer))
        return True

    async def refund(self, wanted: GiveBack) -> str:
        """Give money back, once by its key, however long ago it was asked first. Raises Refused or Unreachable."""
        with _spoken():
            given = await self._api.refunds.list_async({"payment_intent": wanted.charge, "limit": 100})
            async for known in given.auto_paging_iter():
                if _noted(known).get(KEY) == wanted.key:
                    return _gone(known)
            asked: Any = {
                "payment_intent": wanted.charge,
                "amount": minor(wanted.amount, wanted.currency),
                "metadata": {KEY: wanted.key},
            }
            return _gone(await self._api.refunds.create_async(asked, {"idempotency_key": wanted.key}))

    async def held(self, *, contract: str | None = None, since: datetime | None = None) -> AsyncIterator[Held]:
        """Every payment intent that carries a key of ours."""
        with _spoken():
            async for intent in self._intents(contract, since):
                key = _noted(intent).get(KEY)
                if key is not None:
                    yield await self._held(intent, key)

    async def _intents(self, contract: str | None, since: datetime | None) -> AsyncIterator[stripe.PaymentIntent]:
        more: Any = {"limit": 100, "expand": ["data.latest_charge"]}
        if contract is not None:
            query = f"metadata['{CONTRACT}']:'{_quoted(contract)}'"
            found: Any = await self._api.payment_intents.search_async(more | {"query": query})
        else:
            window = {"created": {"gte": int(since.timestamp())}} if since else {}
            found = await self._api.payment_intents.list_async(more | window)
        async for intent in found.auto_paging_iter():
            yield intent

    async def _held(self, intent: stripe.PaymentIntent, key: str) -> Held:
        charge = intent.latest_charge if isinstance(intent.latest_charge, stripe.Charge) else None
        currency = intent.currency.upper()
        outcome: str = _charged(intent).outcome
        if charge and charge.disputed and await self._taken_back(intent.id):
            outcome = "reversed"
        return Held(
            key=key,
            amount=major(intent.amount, currency),
            currency=currency,
            outcome=outcome,
            refunded=major(charge.amount_refunded if charge else 0, currency),
            reference=intent.id,
        )

    async def _taken_back(self, intent: str) -> bool:
        found = await self._api.disputes.list_async({"payment_intent": intent, "limit": 100})
        return any(is_taken(dispute.status) for dispute in found.data)


def is_taken(status: str) -> bool:
    """Whether a dispute that stands so has taken the money: not a mere inquiry, and not one that was won."""
    return status in {"needs_response", "under_review", "lost"}


def _noted(thing: stripe.PaymentIntent | stripe.Refund) -> dict[str, str]:
    """The metadata of something at Stripe."""
    metadata: Any = thing.metadata
    return dict(metadata.to_dict()) if metadata is not None else {}


def _said(attempt: Attempt, customer: str) -> dict[str, Any]:
    """What every intent says of an attempt."""
    return {
        "customer": customer,
        "payment_method": attempt.method,
        "confirm": True,
        "automatic_payment_methods": _NO_REDIRECT,
        "metadata": {KEY: attempt.key, CONTRACT: attempt.contract, INVOICE: attempt.invoice},
    }


def _charged(intent: stripe.PaymentIntent | stripe.SetupIntent) -> Charged:
    """What has become of an intent; one that wants its customer back is declined, and says so."""
    match intent.status:
        case "succeeded":
            return Charged("paid", intent.id)
        case "processing":
            return Charged("pending", intent.id)
        case "requires_action":
            return Charged("declined", intent.id, "authentication_required")
        case _:
            last: Any = getattr(intent, "last_payment_error", None) or getattr(intent, "last_setup_error", None)
            reason = getattr(last, "decline_code", None) or getattr(last, "code", None)
            return Charged("declined", intent.id, reason or intent.status)


def _declined(no: stripe.CardError, attempt: Attempt) -> Charged:
    """A card's no: its decline code, and the intent that it stopped."""
    body: Any = no.json_body or {}
    error = body.get("error", {})
    intent = error.get("payment_intent") or error.get("setup_intent") or {}
    return Charged("declined", intent.get("id") or attempt.key, error.get("decline_code") or no.code or "card_declined")


def _gone(refund: stripe.Refund) -> str:
    """A refund's reference. Raises Refused for one that came to nothing."""
    if refund.status in {"failed", "canceled"}:
        raise Refused(
            f"refund {refund.id} has {refund.status}: {getattr(refund, 'failure_reason', None) or 'no reason given'}"
        )
    return refund.id


def _id(thing: Any) -> str:
    return thing if isinstance(thing, str) else str(thing.id)


def _quoted(text: str) -> str:
    """A text inside the quotes of a search query."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


@contextmanager
def _spoken() -> Iterator[None]:
    """Stripe's errors as the port's: a wrong request is refused; whatever may pass, or be mended, is tried again."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as no:
        raise Refused(f"Stripe refuses: {no.user_message or no}") from no
    except stripe.IdempotencyError as clash:
        raise Refused(f"Stripe knows this key with another request: {clash}") from clash
    except (stripe.AuthenticationError, stripe.PermissionError) as key:
        # A key that is wrong today is mended tomorrow; refused for good, every invoice of the day would be lost.
        raise Unreachable(f"Stripe does not take TENURE_STRIPE_KEY: {key}") from key
    except stripe.StripeError as broken:
        raise Unreachable(f"Stripe does not answer: {broken}") from broken
