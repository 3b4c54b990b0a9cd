"""The checkout in three steps: billing address, payment details, confirmation."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.commands import give, state_of, view_of
from api.fields import Body, Day, FormIn, Line, LineId, Number
from api.once import OnceOrder
from api.problems import RESPONSES, ProblemError, refused
from api.security import MayRead, scoped
from api.services import Needs, Services
from domain.bill import Bill
from domain.calendar import DAY, instant, local_date
from domain.commands import Accept, Checkout
from domain.events import ActivationScheduled, OrderPlaced
from domain.refusal import Refusal
from domain.simulator import Life, PriceListWorld
from domain.state import OFFERED, Contract, Discount, OrderedBy, Status
from domain.view import Entry, View
from storage import checkouts, coupons, people

router = APIRouter(prefix="/contracts/{number}", tags=["checkout"], responses=RESPONSES)
_CARD_DIGITS = range(12, 20)


def no_card(token: str) -> str:
    """A payment token that cannot be a card number. Raises ValueError for what looks like one."""
    digits = [int(character) for character in token if character.isdigit()]
    plain = all(character.isdigit() or character in " -" for character in token)
    if plain and len(digits) in _CARD_DIGITS:
        raise ValueError("this looks like a card number: send the payment provider's token, never the card itself")
    return token


Method = Annotated[Line, StringConstraints(max_length=200), AfterValidator(no_card)]


class Address(Body):
    """Where invoices are addressed to."""

    name: Line
    street: Line
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{2,12}$")]
    city: Line
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
    tax_number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 .-]{4,30}$")] | None = None


class PaymentDetails(Body):
    """How the order is paid: the provider's token, or `on_account`; a coupon for one line; and the order's form."""

    method: Method = Field(examples=["pm_ok_visa"])
    coupon: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{3,30}$")] | None = Field(
        default=None, examples=["BOX-2027"]
    )
    coupon_line: LineId | None = Field(default=None, description="The line that it is for; the first by default.")
    form: FormIn | None = Field(default=None, description="The form in which the order comes in, where terms want one.")
    invoice_on: Day | None = Field(default=None, description="The day asked for for the first invoice.")


class Confirmation(Body):
    """The third step; a customer's first order chooses the password of the account that it opens."""

    password: Annotated[str, StringConstraints(min_length=10, max_length=200)] | None = None


class CheckoutOut(BaseModel):
    """How far the checkout is, and what a confirmation would cost now and later. Amounts include tax."""

    contract: str
    billing_address: dict[str, Any] | None
    method: str | None
    coupon: str | None
    missing: list[str] = Field(description="What the confirmation still needs.")
    due_now: Bill | None = None
    starts: list[dict[str, Any]] = Field(default_factory=list)
    first_bills: list[Entry] = Field(default_factory=list)
    currency: str
    total_now: Decimal | None = None


@router.get("/checkout", operation_id="read_checkout")
async def read_checkout(services: Needs, number: Number, _: MayRead) -> CheckoutOut:
    """How far the checkout is, what it costs now, when service starts and what is billed first."""
    return await _summary(services, await state_of(services, number))


@router.put("/checkout/billing-address", operation_id="put_billing_address")
async def put_billing_address(
    services: Needs, number: Number, address: Address, _: Annotated[Any, Depends(scoped("order"))]
) -> CheckoutOut:
    """The first step."""
    contract = await _open(services, number)
    async with services.database.write() as connection:
        await checkouts.put(connection, number, {"billing_address": address.model_dump(mode="json")})
    return await _summary(services, contract)


@router.put("/checkout/payment-details", operation_id="put_payment_details")
async def put_payment_details(
    services: Needs, number: Number, details: PaymentDetails, _: Annotated[Any, Depends(scoped("order"))]
) -> CheckoutOut:
    """The second step."""
    contract = await _open(services, number)
    async with services.database.write() as connection:
        values = details.model_dump(mode="json") | {"invoice_on": details.invoice_on}
        await checkouts.put(connection, number, values)
    return await _summary(services, contract)


async def _open(services: Services, number: str) -> Contract:
    contract = await state_of(services, number)
    if contract.status not in OFFERED:
        raise refused(
            Refusal(contract.terms.order.rule, f"the contract is {contract.status}; its order is placed"), contract
        )
    return contract


async def _summary(services: Services, contract: Contract) -> CheckoutOut:
    async with services.database.read() as connection:
        kept = await checkouts.read(connection, contract.number)
        registered = await people.is_registered(connection, contract.customer.id)
    missing = [name for name in ("billing_address", "method") if not kept.get(name)]
    if contract.terms.order.registration and not registered:
        missing.append("password")
    out = CheckoutOut(
        contract=contract.number,
        billing_address=kept.get("billing_address"),
        method=kept.get("method"),
        coupon=kept.get("coupon"),
        missing=missing,
        currency=contract.terms.currency,
    )
    if contract.status not in OFFERED:
        return out
    form = OrderedBy.model_validate(kept["form"]) if kept.get("form") else None
    try:
        return out.model_copy(update=_preview(contract, await _now(services, contract), form))
    except Refusal as refusal:
        return out.model_copy(update={"missing": [*missing, refusal.field or refusal.reason]})


def _preview(contract: Contract, now: Any, form: OrderedBy | None) -> dict[str, Any]:
    """What a confirmation would do, on a copy: what is due now, when service starts, what is billed first."""
    life = Life(contract, PriceListWorld())
    now = max(now, contract.at)
    if local_date(now, contract.zone) > contract.valid_until:
        now = contract.at
    if contract.status is Status.QUOTED:
        life.give(Accept(id="preview-accept", revision=contract.revision), now)
    life.give(Checkout(id="preview", method="pm_preview", registered=True, form=form), now)
    placed = next(event for event in life.events if isinstance(event, OrderPlaced))
    if not placed.inspections:
        last = max(line.anchor or now.date() for line in life.contract.lines)
        life.live_until(instant(last + DAY, contract.zone))
    starts = [
        start.model_dump(mode="json") for e in life.events if isinstance(e, ActivationScheduled) for start in e.starts
    ]
    bills = [entry for entry in life.entries if entry.kind == "period_billed"]
    return {"due_now": placed.bill, "total_now": placed.bill.gross, "starts": starts, "first_bills": bills}


@router.post("/checkout/confirmation", operation_id="confirm_checkout")
async def confirm_checkout(services: Needs, number: Number, wanted: Confirmation, once: OnceOrder) -> View:
    """The third step: the order is placed, its fees are invoiced, and payment has the terms' hours to clear."""

    async def confirm(command: str) -> View:
        contract = await state_of(services, number)
        kept = await _complete(services, contract, wanted)
        discount = await _reserve(services, contract, kept)
        order = Checkout(
            id=command,
            by=once.by,
            method=kept["method"],
            registered=True,
            discount=discount,
            form=OrderedBy.model_validate(kept["form"]) if kept.get("form") else None,
            invoice_on=kept.get("invoice_on"),
        )
        try:
            taken = await give(services, number, order)
        except ProblemError as problem:
            if problem.status == 409:
                await _release(services, number, kept)
            raise
        if wanted.password:
            password = await asyncio.to_thread(people.hashed, wanted.password)
            async with services.database.write() as connection:
                await people.register(connection, contract.customer.id, password)
        return taken.view

    return await once.do(confirm)  # type: ignore[return-value]


async def _complete(services: Services, contract: Contract, wanted: Confirmation) -> dict[str, Any]:
    """The steps that were taken. Refuses while one is missing, naming it."""
    async with services.database.read() as connection:
        kept = await checkouts.read(connection, contract.number)
        registered = await people.is_registered(connection, contract.customer.id)
    if contract.status not in OFFERED:
        return {"method": "none"} | kept  # the contract itself says no, or knows the command already
    rule = contract.terms.order.rule
    for field, step in (("billing_address", "billing-address"), ("method", "payment-details")):
        if not kept.get(field):
            raise refused(
                Refusal(rule, f"the checkout lacks its {step}", allowed_when=f"the step `{step}` is done", field=field),
                contract,
            )
    if contract.terms.order.registration and not registered and wanted.password is None:
        raise refused(
            Refusal(
                rule,
                "the customer has no account yet",
                allowed_when="this first order gives the password of the account that it opens",
                field="password",
            ),
            contract,
        )
    return kept


async def _reserve(services: Services, contract: Contract, kept: dict[str, Any]) -> Discount | None:
    code = kept.get("coupon")
    if code is None or contract.status is not Status.ACCEPTED:
        return None
    terms = contract.terms
    rule = terms.coupons.rule if terms.coupons else terms.order.rule
    line = kept.get("coupon_line") or contract.lines[0].id
    now = await _now(services, contract)
    async with services.database.write() as connection:
        row = await coupons.use(
            connection,
            code,
            customer=contract.customer.id,
            contract=contract.number,
            programme=terms.code,
            services={item.id: item.service for item in contract.lines},
            line=line,
            rule=rule,
            on=local_date(now, contract.zone),
            at=services.now(),
        )
    return Discount(code=code, line=line, kind=row["kind"], value=row["value"], periods=row["periods"], rule=rule)


async def _now(services: Services, contract: Contract) -> datetime:
    """The contract's own present: its test clock's, or everybody's."""
    shown = await view_of(services, contract.number)
    return max(contract.at, shown.now if shown.clock else services.now())


async def _release(services: Services, number: str, kept: dict[str, Any]) -> None:
    """Give the coupon back where no order stands behind it."""
    if kept.get("coupon") and (await state_of(services, number)).status in OFFERED:
        async with services.database.write() as connection:
            await coupons.release(connection, kept["coupon"], number)
