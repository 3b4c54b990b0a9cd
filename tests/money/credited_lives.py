"""Random contracts whose terms give credits back, and whose payments are taken back and reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bench.random_lives import PROGRAMMES, RandomLife
from bench.variants import variants
from domain.commands import ReportCollection, ReportPayment
from domain.credits.terms import CreditTerms
from domain.dunning.commands import ReportReversal
from domain.dunning.events import Dunned
from domain.effects import IssueCredit, IssueInvoice
from domain.envelope import Command
from domain.simulator import Life
from domain.terms import Terms
from storage import programmes
from storage.database import Database
from tests.money.booked import Report

WAYS: tuple[Literal["refund", "set_off"], ...] = ("refund", "set_off")


def settling(terms: Terms, way: Literal["refund", "set_off"]) -> Terms:
    """The terms as a version of their own that gives credits back in a way."""
    given_back = CreditTerms(rule=terms.order.payment_rule, settled_by=way)
    version = terms.version * 1000 + WAYS.index(way)
    return terms.model_copy(update={"version": version, "credits": given_back})


async def publish(database: Database) -> None:
    """These versions of every programme."""
    async with database.write() as connection:
        for programme in PROGRAMMES:
            for terms in (settling(item.terms, way) for item in variants(programme) for way in WAYS):
                await programmes.store(
                    connection,
                    code=terms.code,
                    version=terms.version,
                    terms=terms.model_dump(mode="json"),
                    catalogue={},
                    sha256=str(terms.version),
                )


class CreditedLife(RandomLife):
    """A life under such terms; now and then a payment is reported, or taken back."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        terms = settling(self.programme.terms, self.dice.choice(WAYS))
        self.programme = replace(self.programme, terms=terms)
        self.reports: list[Report] = []

    def _give(self, life: Life, command: Command, at: datetime) -> bool:
        life.live_until(max(at, life.contract.at))
        after = len(life.told)
        given = super()._give(life, command, at)
        on = life.contract.date_of(max(at, life.contract.at))
        order = life.contract.order
        if isinstance(command, ReportPayment) and given and order:
            self.reports.append(Report(after, command.id, order.bill.key, "paid", Decimal(0), on))
        if isinstance(command, ReportCollection) and given:
            self.reports.append(Report(after, command.id, command.invoice, "paid", Decimal(0), on))
        if isinstance(command, ReportReversal) and given:
            self.reports.append(Report(after, command.id, command.invoice, "reversed", command.amount, on))
        return given

    def wish(self, life: Life) -> Command:
        """Sometimes a word of the payment provider, else whatever people ask."""
        life_wish = super().wish(life)
        chance = self.dice.random()
        if chance < 0.15 and (waiting := list(life.contract.account.open)):
            key = self.dice.choice(waiting)
            return ReportCollection(id=f"paid-{self.count}", invoice=key, outcome="paid")
        paid = self._paid(life)
        if 0.15 <= chance < 0.25 and paid:
            effect = self.dice.choice(paid)
            amount = effect.bill.gross - effect.set_off - _applied(life, effect.key)
            cause = self.dice.choice(["dispute", "returned"])
            words = {"id": f"back-{self.count}", "invoice": effect.key, "amount": amount, "cause": cause}
            return ReportReversal.model_validate(words)
        return life_wish

    def _paid(self, life: Life) -> list[IssueInvoice]:
        """The invoices that were paid with a means of payment and still are."""
        contract = life.contract
        lost = {event.invoice for event in life.events if isinstance(event, Dunned) and event.do == "write_off"}
        gone = lost | set(contract.account.open)
        return [
            effect
            for effect in life.told
            if isinstance(effect, IssueInvoice)
            and effect.bill.gross > effect.set_off + _applied(life, effect.key)
            and effect.key not in gone
        ]


def _applied(life: Life, invoice: str) -> Decimal:
    """What credits have paid of an invoice, gross."""
    credits_ = (effect for effect in life.told if isinstance(effect, IssueCredit))
    return sum((effect.applied.get(invoice, Decimal(0)) for effect in credits_), Decimal(0))
