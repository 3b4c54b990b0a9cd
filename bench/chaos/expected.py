"""What the simulator says a life leaves behind: in the trail, the documents, the post, and at the vendors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from activities.messages import message_id
from domain import decider
from domain.decider import is_closed
from domain.dunning.unpaid import ON_ACCOUNT
from domain.effects import (
    CloseCase,
    Collect,
    CommentCase,
    Effect,
    EscalateCase,
    IssueCredit,
    IssueInvoice,
    MakeDocument,
    MoveCase,
    OpenCaseEffect,
    ReopenCase,
    SendAgain,
    SendMessage,
)
from domain.simulator import Life
from domain.tasks import tasks
from domain.view import Entry

Line = tuple[Any, ...]


@dataclass(slots=True)
class Leavings:
    """What a life leaves behind, as bags of lines: the same thing twice is not the same as once."""

    trail: list[Line] = field(default_factory=list)
    stands: list[Line] = field(default_factory=list)
    parts: dict[str, Counter[Line]] = field(default_factory=dict)

    def put(self, part: str, *line: Any) -> None:
        """One more line of a part."""
        self.parts.setdefault(part, Counter())[line] += 1


def trail_line(entry: Entry) -> Line:
    """An entry as it is compared: when, what, by which rule, how much."""
    return (entry.at, entry.on, entry.kind, entry.rule, entry.amount, entry.currency)


def standing(life: Life) -> list[Line]:
    """How the contract stands, and what it does next."""
    contract = life.contract
    due = decider.next_due(contract)
    return [
        ("status", contract.status.value),
        ("closed", is_closed(contract)),
        ("ended on", contract.ended_on),
        ("term", contract.term.number if contract.term else None),
        ("lines", tuple((line.id, line.service, line.quantity, line.ends_on) for line in contract.lines)),
        ("next", due.at if due else None),
    ]


def expected(life: Life) -> Leavings:
    """What the life should have left behind."""
    left = Leavings(trail=[trail_line(entry) for entry in life.entries], stands=standing(life))
    for effect in life.told:
        _leave(left, life, effect)
    for task in tasks(life.contract):
        left.put("tasks", task.id)
    return left


def _leave(left: Leavings, life: Life, effect: Effect) -> None:
    match effect:
        case IssueInvoice():
            _invoice(left, effect)
        case Collect():
            left.put("attempts to collect", effect.key, effect.bill_key)
        case IssueCredit(key=key, bill=bill):
            left.put("credit notes", key, bill.net, bill.gross, bill.currency)
        case OpenCaseEffect(case=case):
            left.put("cases", case)
        case MoveCase() | CommentCase() | EscalateCase() | ReopenCase() | CloseCase():
            left.put("changes of cases", effect.key)
        case MakeDocument(key=key, document=name):
            left.put("documents", key, name)
        case SendMessage(key=key, message=name) | SendAgain(key=key, message=name):
            outcome = "refused" if life.world(life.contract, effect).kind == "bounced" else "sent"
            left.put("messages", key, name, outcome)
            if outcome == "sent":
                left.put("mails", message_id(key))


def _invoice(left: Leavings, effect: IssueInvoice) -> None:
    bill, method = effect.bill, effect.method or ON_ACCOUNT
    if not bill.charges:
        return
    left.put("invoices", effect.bill.key, bill.net, bill.gross, bill.currency)
    if method != ON_ACCOUNT and bill.gross - effect.set_off != Decimal(0):
        left.put("attempts to collect", effect.key, bill.key)
