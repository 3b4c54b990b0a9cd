"""Billing: invoices and credit notes in the ledger, and payment through whoever collects it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol

from temporalio import activity

from activities.errors import mapped
from domain.calendar import local_date
from domain.effects import Collect, IssueCredit, IssueInvoice, Outcome, ReleaseCoupon, WriteOff
from storage import coupons, ledger, records
from storage.database import Database
from workflows.catalogue import Job


class Charged(Protocol):
    """What became of an attempt to collect: `paid`, `pending` or `declined`, the provider's reference, and why."""

    @property
    def outcome(self) -> str:
        """`paid`, `pending` or `declined`."""

    @property
    def reference(self) -> str:
        """The provider's own name for it."""

    @property
    def reason(self) -> str | None:
        """Why it was declined."""


class PaymentPort(Protocol):
    """Who collects money."""

    async def charge(self, *, key: str, method: str, amount: Decimal, currency: str) -> Charged:
        """Collect an amount once per key; zero only checks the method. Raises Refused or Unreachable."""


class BillingActivities:
    """Issues, credits and collects, each once by its effect's key."""

    def __init__(self, database: Database, payments: PaymentPort) -> None:
        self._database = database
        self._payments = payments

    @activity.defn(name="billing.issue_invoice")
    async def issue_invoice(self, job: Job) -> Outcome:
        """Issue the invoice and collect it. Answers with its number and what became of the payment."""
        effect = job.effect
        assert isinstance(effect, IssueInvoice)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            if not effect.bill.charges:
                return await self._authorise(job, effect)
            return await self._issue(job, effect)

    async def _issue(self, job: Job, effect: IssueInvoice) -> Outcome:
        bill, contract = effect.bill, job.contract
        async with self._database.read() as connection:
            known = await ledger.find_invoice(connection, effect.key)
        if known is not None:
            await self._record(job)
            return Outcome.model_validate({"kind": known["payment"], "reference": known["number"]})
        method = effect.method or "on_account"
        # The provider knows the key: asked again because the lines below failed, it gives the same answer.
        charged = await self._payments.charge(key=effect.key, method=method, amount=bill.gross, currency=bill.currency)
        async with self._database.write() as connection:
            number = await ledger.issue_invoice(
                connection,
                bill,
                contract=contract.number,
                issuer=contract.issuer,
                customer=contract.customer.id,
                rule=effect.rule,
                at=effect.at,
                method=method,
                payment_state=charged.outcome,
                trial=contract.clock is not None,
                paid_on=_today(job) if charged.outcome == "paid" else None,
                reference=charged.reference,
            )
            await ledger.add_payment(connection, _payment(effect.key, bill.key, method, bill.gross, charged))
            if job.record:
                await records.write(connection, job.record)
        return _outcome(charged, number)

    async def _authorise(self, job: Job, effect: IssueInvoice) -> Outcome:
        """An order without fees: there is nothing to invoice, and the method must still be good."""
        currency = job.contract.currency
        method = effect.method or "on_account"
        charged = await self._payments.charge(key=effect.key, method=method, amount=Decimal(0), currency=currency)
        await self._record(job)
        return _outcome(charged, charged.reference)

    @activity.defn(name="billing.collect")
    async def collect(self, job: Job) -> Outcome:
        """Try again to collect an invoice with another method."""
        effect = job.effect
        assert isinstance(effect, Collect)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            return await self._collect(job, effect)

    async def _collect(self, job: Job, effect: Collect) -> Outcome:
        async with self._database.read() as connection:
            known = await ledger.find_payment(connection, effect.key)
            bill = await ledger.find_invoice(connection, effect.bill_key)
        if known:
            await self._record(job)
            return Outcome.model_validate({"kind": known["outcome"], "reference": known["reference"]})
        amount = bill["gross"] if bill else Decimal(0)
        charged = await self._payments.charge(
            key=effect.key, method=effect.method, amount=amount, currency=job.contract.currency
        )
        async with self._database.write() as connection:
            if bill is not None:
                paid = _payment(effect.key, effect.bill_key, effect.method, amount, charged)
                await ledger.add_payment(connection, paid)
                await ledger.mark(connection, effect.bill_key, charged.outcome, on=_today(job), method=effect.method)
            if job.record:
                await records.write(connection, job.record)
        return _outcome(charged, bill["number"] if bill else charged.reference)

    @activity.defn(name="billing.issue_credit")
    async def issue_credit(self, job: Job) -> Outcome:
        """Issue the credit note; each of its lines names the invoice line that it gives back."""
        effect = job.effect
        assert isinstance(effect, IssueCredit)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            async with self._database.write() as connection:
                number = await ledger.find_credit(connection, effect.key)
                if number is None:
                    number = await ledger.issue_credit(
                        connection,
                        effect.bill,
                        contract=job.contract.number,
                        issuer=job.contract.issuer,
                        customer=job.contract.customer.id,
                        rule=effect.rule,
                        reason=effect.reason,
                        at=effect.at,
                        trial=job.contract.clock is not None,
                    )
                if job.record:
                    await records.write(connection, job.record)
            return Outcome(reference=number)

    @activity.defn(name="billing.write_off")
    async def write_off(self, job: Job) -> Outcome:
        """Give up what is still owed of an invoice."""
        effect = job.effect
        assert isinstance(effect, WriteOff)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            async with self._database.write() as connection:
                await ledger.write_off(connection, effect.bill_key, on=_today(job), rule=effect.rule)
                if job.record:
                    await records.write(connection, job.record)
        return Outcome()

    @activity.defn(name="billing.release_coupon")
    async def release_coupon(self, job: Job) -> Outcome:
        """Give back the use of a coupon by an order that came to nothing."""
        effect = job.effect
        assert isinstance(effect, ReleaseCoupon)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            async with self._database.write() as connection:
                await coupons.release(connection, effect.code, job.contract.number)
                if job.record:
                    await records.write(connection, job.record)
            return Outcome()

    async def _record(self, job: Job) -> None:
        if job.record:
            async with self._database.write() as connection:
                await records.write(connection, job.record)


def _today(job: Job) -> date:
    """The contract's own day."""
    return local_date(job.effect.at, job.contract.zone)


def _payment(key: str, invoice: str, method: str, amount: Decimal, charged: Charged) -> dict[str, object]:
    return {
        "key": key,
        "invoice": invoice,
        "method": method,
        "amount": amount,
        "outcome": charged.outcome,
        "reference": charged.reference,
        "reason": charged.reason,
        "at": datetime.now(UTC),
    }


def _outcome(charged: Charged, reference: str) -> Outcome:
    return Outcome.model_validate({"kind": charged.outcome, "reference": reference, "reason": charged.reason})
