"""What the workflows ask of the world: the names, models, timeouts and retries of every activity."""

from __future__ import annotations

from datetime import timedelta

from pydantic import AwareDatetime
from temporalio.common import RetryPolicy

from domain.effects import (
    AnyEffect,
    AskRates,
    BringForward,
    CloseCase,
    Collect,
    CommentCase,
    CountFleet,
    Effect,
    EscalateCase,
    IssueCollective,
    IssueCredit,
    IssueInvoice,
    MakeDocument,
    MoveCase,
    OpenCaseEffect,
    Outcome,
    OutcomeKind,
    Refund,
    ReleaseCoupon,
    ReopenCase,
    Requote,
    SendAgain,
    SendMessage,
    WriteOff,
)
from domain.state import Customer, Line
from domain.values import Carried
from domain.view import Record

SHOWN_ONLY = frozenset({"summary", "view", "tasks", "fingerprint", "published", "batch", "rules"})
"""Fields of what a contract says that another build may say otherwise.

They are for readers, or for speed; and a run that ends hands over to the rules of the build that it ends on.
"""

RECORD = "records.record"
CARRY_OUT = "batch.carry_out"
HEAR_DESK = "ticketing.hear"
ADVANCE_CONTRACTS = "clocks.advance_contracts"
DISCARD_CONTRACTS = "clocks.discard_contracts"
FORECAST = "forecasts.make"
FORECAST_TRIES = 5
"""How often a forecast is begun before it is given up; it is read from the start each time."""
DELIVER_EVENTS = "hooks.deliver"
OPEN_CAMPAIGN = "campaigns.open"
PICK_CONTRACTS = "campaigns.pick"
ASK_CONTRACTS = "campaigns.ask"
STAND_CAMPAIGN = "campaigns.stand"
CLOSE_BOOKS = "books.close"

ACTIVITY: dict[type[Effect], str] = {
    IssueInvoice: "billing.issue_invoice",
    IssueCollective: "billing.issue_collective",
    Collect: "billing.collect",
    IssueCredit: "billing.issue_credit",
    Refund: "billing.refund",
    WriteOff: "billing.write_off",
    BringForward: "billing.bring_forward",
    ReleaseCoupon: "billing.release_coupon",
    OpenCaseEffect: "ticketing.open_case",
    MoveCase: "ticketing.move_case",
    CloseCase: "ticketing.close_case",
    CommentCase: "ticketing.comment_case",
    ReopenCase: "ticketing.reopen_case",
    EscalateCase: "ticketing.escalate_case",
    MakeDocument: "documents.make",
    SendMessage: "messages.send",
    SendAgain: "messages.send_again",
    Requote: "records.requote",
    CountFleet: "fleet.count",
    AskRates: "tax.ask_rates",
}

SPEAKS_OF_LINES = (SendMessage, Requote)
"""Effects that need to know the contract's lines; the others are spared them, of which there may be hundreds."""

START_TO_CLOSE = timedelta(seconds=30)
HEARTBEAT = timedelta(seconds=15)
"""Without a sign of life for so long, whoever was asked is taken for dead, and another is asked."""

PATIENCE = timedelta(seconds=60)
"""How long an effect may hold a contract up before it is set aside, flagged, and delivered in the background."""

PROMPT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=20))
"""While the contract waits for the answer."""

ENDLESS = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(hours=1))
"""In the background: without end, so that a vendor that is down for days costs little and loses nothing."""


class Header(Carried):
    """What every activity may need to know of the contract that asks."""

    number: str
    programme: str
    issuer: str = ""
    terms_version: int
    customer: Customer
    lines: tuple[Line, ...] = ()
    currency: str
    zone: str
    clock: str | None = None
    now: AwareDatetime


class Job(Carried):
    """One effect to carry out, with what the audit must learn on the same occasion."""

    contract: Header
    effect: AnyEffect
    record: Record | None = None


BATCH = 24
"""How many effects are asked for at once, at most, where much is to be caught up with."""

LINES_AT_ONCE = 10
"""With each so many lines of a contract, fewer effects are asked for at once, so that they stay far below 2 MB."""

BATCH_WITHIN = timedelta(seconds=60)


class Part(Carried):
    """One effect of a batch, the answers after which the next may follow, and what the audit must learn with it."""

    effect: AnyEffect
    expects: tuple[OutcomeKind, ...]
    lines: tuple[Line, ...] = ()
    record: Record | None = None

    def goes_on(self, outcome: Outcome) -> bool:
        """Whether the next effect may follow this answer."""
        return outcome.plain and outcome.kind in self.expects


class Batch(Carried):
    """Effects to carry out one after the other, up to the first whose answer is not as expected."""

    contract: Header
    parts: tuple[Part, ...]


class CarriedOut(Carried):
    """The answers to the first effects of a batch; the others were not asked for."""

    outcomes: tuple[Outcome, ...]


class ClockMove(Carried):
    """Move every contract of a test clock to an instant, and wait until each has done what falls due until then."""

    clock: str
    to: AwareDatetime


def lane(effect: Effect) -> str:
    """The outside concern that an effect belongs to: what breaks together and is delivered in order."""
    return ACTIVITY[type(effect)].partition(".")[0]
