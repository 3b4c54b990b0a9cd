"""Contracts that sleep: one in every stage, as it stands at an instant with something still ahead of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.commands import Cancel, Change, DeclineRenewal, OpenCase, Quote, Renew, ReportPayment, Suspend
from domain.envelope import Command
from domain.simulator import Life
from tests.domain.samples import offer, quote, terms
from tests.workflows.lives import ACCEPT, CHECKOUT, Script

Stage = tuple[Quote, datetime, Script]

_DUNNING = {"rule": "SMP-9", "steps": [{"after_days": 3, "do": "retry"}, {"after_days": 60, "do": "suspend"}]}
_NOTICE = {"mode": "tacit", "notice_days": 60, "notice_rule": "SMP-9", "grace_days": 14, "grace_rule": "SMP-9"}


def stages(at: datetime) -> dict[str, Stage]:
    """Every stage in which a contract sleeps: its quote, when that was made, and what was said to it before ``at``."""

    def ago(days: int, hours: int = 0) -> datetime:
        return at - timedelta(days=days, hours=hours)

    def since(days: int, first: Quote, *later: tuple[int, Command], method: str = "pm_ok") -> Stage:
        """A contract that was quoted and ordered so many days ago, and later heard this, so many days ago."""
        order = CHECKOUT.model_copy(update={"method": method})
        ordered: Script = [(ago(days), ACCEPT), (ago(days), order)]
        return first, ago(days, 1), [*ordered, *((ago(when), command) for when, command in later)]

    def warranty(days: int) -> Quote:
        return quote(offer(warranty=(at + timedelta(days=days)).date()))

    paid = ReportPayment(id="paid", outcome="paid", reference="bank")
    help_wanted = OpenCase(id="case", serial="SN1", subject="paper jam")
    return {
        "quoted": (quote(), ago(2), []),
        "waiting for an order": (quote(), ago(2), [(ago(1), ACCEPT)]),
        "waiting for its payment": since(1, quote(), method="pm_slow"),
        "waiting for an inspection": since(1, warranty(-220)),
        "deferred until the warranty's end": since(20, warranty(90)),
        "active": since(40, quote()),
        "a change planned": since(40, quote(), (5, Change(id="change", line="1", period=3))),
        "help asked for": since(40, quote(), (1, help_wanted)),
        "suspended": since(60, quote(), (5, Suspend(id="pause", reason="holiday"))),
        "unpaid": since(40, quote(under=terms(dunning=_DUNNING)), (40, paid), method="pm_declined"),
        "in notice": since(250, quote(), (1, Cancel(id="cancel", reason="moving out"))),
        "renewal quoted": since(300, quote()),
        "renewed ahead": since(300, quote(), (1, Renew(id="renew"))),
        "not renewed": since(300, quote(), (1, DeclineRenewal(id="no", reason="budget"))),
        "days of grace": since(312, quote(under=terms(renewal=_NOTICE))),
        "in its second term": since(400, quote()),
        "ended with an open case": since(
            40, quote(), (6, help_wanted), (5, Cancel(id="cancel", reason="closing the office"))
        ),
    }


def lived(stage: Stage, at: datetime, number: str) -> Life:
    """The stage as the simulator comes to it."""
    first, begins, script = stage
    life = Life.begin(first.model_copy(update={"number": number}), begins)
    for when, command in script:
        life.give(command, when)
    life.live_until(at)
    return life
