"""What the outside says of a payment: its contract is told where it still lives, and the books take it, once.

Banks, payment providers and people all report in this one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from api.commands import give, state_of, view_of
from api.problems import ProblemError
from api.services import Services
from domain.calendar import local_date
from domain.commands import ReportCollection, ReportPayment
from domain.dunning.commands import ReportReversal, Reversal
from domain.envelope import Command
from domain.state import Status
from domain.view import View
from storage import ledger, payments


@dataclass(frozen=True, slots=True)
class Said:
    """Who says it, under which command's id, of which reference of theirs, and the day of the money."""

    command: str
    by: str
    reference: str | None
    on: date | datetime

    @property
    def id(self) -> str:
        """The command's id, of the characters that ids are made of."""
        return "".join(letter if letter.isalnum() or letter in ":._/-" else "-" for letter in self.command)[:200]


async def report(
    services: Services,
    row: dict[str, Any],
    outcome: Literal["paid", "declined"],
    said: Said,
    *,
    reason: str | None = None,
    attempt: str | None = None,
) -> None:
    """An invoice was paid, or could not be collected; ``attempt`` names by its key the attempt that is meant.

    What was paid stays paid: a decline that comes late changes nothing.
    """
    shown = await view_of(services, row["contract"])
    if row["payment"] == "paid":
        if outcome == "paid" and attempt is not None:
            await _paid_twice(services, row, attempt, said, _day(shown, said))
        return
    if not shown.closed:
        await _tell(
            services, row["contract"], await _command(services, shown, row, said, outcome=outcome, reason=reason)
        )
    async with services.database.write() as connection:
        if attempt is not None:
            await payments.settle(connection, attempt, outcome, reason)
        await ledger.mark(connection, row["key"], outcome, on=_day(shown, said), reference=said.reference)


async def _paid_twice(services: Services, row: dict[str, Any], attempt: str, said: Said, on: date) -> None:
    """Money for an invoice that was paid already: it is booked, once, and stands in the customer's favour."""
    async with services.database.write() as connection:
        if await payments.settle(connection, attempt, "paid"):
            came = await payments.find(connection, attempt) or {}
            await ledger.receive_more(connection, row, attempt, came["amount"], on=on, reference=said.reference)


async def _command(
    services: Services, shown: View, row: dict[str, Any], said: Said, *, outcome: str, reason: str | None
) -> Command:
    """The report as the contract takes it: of its open order, or of a later invoice."""
    told = {"id": said.id, "by": said.by, "outcome": outcome, "reference": said.reference, "reason": reason}
    order = (await state_of(services, shown.number)).order if shown.status is Status.DRAFT else None
    if order and order.bill.key == row["key"]:
        return ReportPayment.model_validate(told)
    async with services.database.read() as connection:
        amount = await ledger.still_open(connection, row)
    return ReportCollection.model_validate(told | {"invoice": row["key"], "amount": amount})


async def take_back(
    services: Services,
    row: dict[str, Any],
    said: Said,
    *,
    amount: Decimal | None,
    cause: Reversal,
    reason: str | None = None,
    attempt: str | None = None,
) -> None:
    """The payment of an invoice was taken back, all of it where no amount is said; one that is not paid has none."""
    came = row["gross"] - row["set_off"]
    if row["payment"] != "paid" or not came:
        return
    shown = await view_of(services, row["contract"])
    back = min(amount, came) if amount is not None else came
    if not shown.closed:
        words = {"id": said.id, "by": said.by, "invoice": row["key"], "amount": back, "cause": cause}
        words |= {"reference": said.reference, "reason": reason}
        await _tell(services, row["contract"], ReportReversal.model_validate(words))
    async with services.database.write() as connection:
        reference = said.reference or said.id
        await ledger.take_back(connection, row["key"], back, on=_day(shown, said), reference=reference)
        if attempt is not None:
            await payments.settle(connection, attempt, "reversed")
        else:
            await payments.reported(connection, row["key"], "reversed")


async def _tell(services: Services, number: str, command: Command) -> None:
    try:
        await give(services, number, command)
    except ProblemError as problem:
        if problem.status != 409:  # a contract that ended meanwhile says no; the money moved all the same
            raise


def _day(shown: View, said: Said) -> date:
    """The day of the money; on a test clock, the clock's."""
    if shown.clock:
        return local_date(shown.now, shown.zone)
    return local_date(said.on, shown.zone) if isinstance(said.on, datetime) else said.on
