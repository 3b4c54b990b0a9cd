"""Billing: invoices and credit notes in the ledger, and payment through whoever collects it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.batches import GoesOn
from activities.errors import Refused, Unreachable, mapped
from activities.payments import Attempt, Charged
from activities.refunds import Refunds
from domain.calendar import local_date
from domain.dunning.unpaid import ON_ACCOUNT
from domain.effects import BringForward, Collect, IssueCredit, IssueInvoice, Outcome, ReleaseCoupon, WriteOff
from storage import brought, coupons, ledger, payments, records
from storage.books import Book
from workflows.catalogue import Job


@dataclass(frozen=True, slots=True)
class _Asked:
    """An invoice that was asked for, and what became of its payment: now, or before, where it is known already."""

    job: Job
    effect: IssueInvoice
    outcome: Outcome
    charged: Charged | None = None


class BillingActivities(Refunds):
    """Issues, credits, collects and gives back, each once by its effect's key."""

    @activity.defn(name="billing.issue_invoice")
    async def issue_invoice(self, job: Job) -> Outcome:
        """Issue the invoice and collect it. Answers with its number and what became of the payment."""
        (outcome,) = await self.issue_together((job,), lambda _position, _outcome: False)
        return outcome

    async def issue_together(self, jobs: Sequence[Job], goes_on: GoesOn) -> list[Outcome]:
        """Issue invoices of one contract in one transaction, each collected before the next is asked for.

        Answers for those up to the first after which it does not go on, or before the first that cannot be collected
        now; where that is the very first, it says why.
        """
        with mapped("billing"):
            asked = await self._asked(jobs, goes_on)
            async with self._database.write() as connection:
                # Last the numbers: whoever has taken one holds up all invoices of the issuer until it commits.
                await records.write_all(connection, [one.job.record for one in asked if one.job.record])
                outcomes = await self._issued(connection, asked)
        return outcomes

    async def _asked(self, jobs: Sequence[Job], goes_on: GoesOn) -> list[_Asked]:
        """What became of each payment. The provider knows the keys: asked again, it gives the same answers."""
        async with self._database.read() as connection:
            known = await ledger.find_invoices(connection, (job.effect.key for job in jobs))
        asked: list[_Asked] = []
        for position, job in enumerate(jobs):
            try:
                asked.append(await self._ask(job, known.get(job.effect.key)))
            except (Refused, Unreachable):
                if not asked:
                    raise
                break
            if not goes_on(position, asked[-1].outcome):
                break
        return asked

    async def _ask(self, job: Job, known: dict[str, Any] | None) -> _Asked:
        effect = job.effect
        assert isinstance(effect, IssueInvoice)  # noqa: S101 - the catalogue pairs names and effects
        if known is not None:
            return _Asked(job, effect, Outcome(kind=_told(known["payment"]), reference=known["number"]))
        bill, method = effect.bill, effect.method or ON_ACCOUNT
        if not bill.charges:
            # An order without fees: there is nothing to invoice, and the method must still be good.
            charged = await self._charge(job, effect, effect.key, method, Decimal(0))
            return _Asked(job, effect, _outcome(charged, charged.reference))
        charged = await self._charge(job, effect, bill.key, method, bill.gross - effect.set_off)
        return _Asked(job, effect, _outcome(charged, charged.reference), charged)

    async def _issued(self, connection: AsyncConnection, asked: Sequence[_Asked]) -> list[Outcome]:
        """Write down what was asked for; the outcomes name the invoices' numbers."""
        new = [(one, one.charged) for one in asked if one.charged]
        if not new:
            return [one.outcome for one in asked]
        contract = new[0][0].job.contract
        book = Book(contract.number, contract.customer.id, contract.issuer, contract.clock is not None)
        numbers = await ledger.issue_invoices(connection, book, [_issue(one, charged) for one, charged in new])
        if attempts := [row for one, charged in new for row in self._attempts(one, charged)]:
            await payments.add(connection, attempts)
        named = {one.effect.key: {"reference": number} for (one, _), number in zip(new, numbers, strict=True)}
        return [one.outcome.model_copy(update=named.get(one.effect.key)) for one in asked]

    def _attempts(self, one: _Asked, charged: Charged) -> Iterator[dict[str, object]]:
        """What was asked of a provider; there is none to ask for what is on account, or was set off whole."""
        bill, method = one.effect.bill, one.effect.method or ON_ACCOUNT
        amount = bill.gross - one.effect.set_off
        if amount and method != ON_ACCOUNT:
            yield self._attempt(one.job, bill.key, method, amount, charged)

    async def _charge(
        self, job: Job, effect: IssueInvoice | Collect, invoice: str, method: str, amount: Decimal
    ) -> Charged:
        """Ask the provider; what is on account is only waited for, and what was set off whole is paid."""
        if isinstance(effect, IssueInvoice) and effect.set_off and not amount:
            return Charged("paid", "set off")
        if method == ON_ACCOUNT:
            return Charged("pending", ON_ACCOUNT)
        contract = job.contract
        attempt = Attempt(
            key=effect.key,
            contract=contract.number,
            invoice=invoice,
            customer=contract.customer,
            method=method,
            amount=amount,
            currency=contract.currency,
            at=effect.at,
        )
        return await self._providers.of(contract.clock).charge(attempt)

    @activity.defn(name="billing.collect")
    async def collect(self, job: Job) -> Outcome:
        """Try again to collect an invoice with another method."""
        effect = job.effect
        assert isinstance(effect, Collect)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            return await self._collect(job, effect)

    async def _collect(self, job: Job, effect: Collect) -> Outcome:
        async with self._database.read() as connection:
            known = await payments.find(connection, effect.key)
            bill = await ledger.find_invoice(connection, effect.bill_key)
            amount = await ledger.still_open(connection, bill) if bill else Decimal(0)
        if known:
            await self._record(job)
            return Outcome(kind=_told(known["outcome"]), reference=known["reference"])
        charged = await self._charge(job, effect, effect.bill_key, effect.method, amount)
        async with self._database.write() as connection:
            if bill is not None:
                await payments.add(connection, self._attempt(job, effect.bill_key, effect.method, amount, charged))
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
                if job.record:
                    await records.write(connection, job.record)
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
                    await ledger.apply_credit(connection, effect.applied)
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

    @activity.defn(name="billing.bring_forward")
    async def bring_forward(self, job: Job) -> Outcome:
        """Enter what was charged elsewhere and is still served, once."""
        effect = job.effect
        assert isinstance(effect, BringForward)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("billing"):
            async with self._database.write() as connection:
                book = Book(
                    contract=job.contract.number,
                    customer=job.contract.customer.id,
                    issuer=job.contract.issuer,
                    trial=job.contract.clock is not None,
                )
                await brought.enter(connection, book, effect.charges, on=_today(job), currency=job.contract.currency)
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

    def _attempt(self, job: Job, invoice: str, method: str, amount: Decimal, charged: Charged) -> dict[str, object]:
        return {
            "key": job.effect.key,
            "invoice": invoice,
            "method": method,
            "amount": amount,
            "outcome": charged.outcome,
            "reference": charged.reference,
            "reason": charged.reason,
            "at": datetime.now(UTC),
            "provider": self._providers.of(job.contract.clock).name,
        }

    async def _record(self, job: Job) -> None:
        if job.record:
            async with self._database.write() as connection:
                await records.write(connection, job.record)


def _issue(one: _Asked, charged: Charged) -> ledger.Issue:
    effect = one.effect
    return ledger.Issue(
        bill=effect.bill,
        rule=effect.rule,
        at=effect.at,
        method=effect.method or ON_ACCOUNT,
        payment=charged.outcome,
        cut_off=effect.cut_off,
        paid_on=_today(one.job) if charged.outcome == "paid" else None,
        reference=charged.reference,
        set_off=effect.set_off,
    )


def _today(job: Job) -> date:
    """The contract's own day."""
    return local_date(job.effect.at, job.contract.zone)


def _told(state: str) -> Literal["paid", "pending", "declined"]:
    """What was answered first of a payment that stands so now."""
    match state:
        case "paid" | "reversed":
            return "paid"
        case "pending":
            return "pending"
        case _:
            return "declined"


def _outcome(charged: Charged, reference: str) -> Outcome:
    return Outcome(kind=charged.outcome, reference=reference, reason=charged.reason)
