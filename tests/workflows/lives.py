"""The lives that a contract is seen through: what is offered, who says what when, and until when it is watched."""

from __future__ import annotations

from datetime import date, datetime

from domain.commands import (
    Accept,
    Cancel,
    Change,
    Checkout,
    DeclineRenewal,
    MoveCover,
    OpenCase,
    Quote,
    Renew,
    ReportInspection,
    Resume,
    Suspend,
    Undo,
)
from domain.envelope import Command
from domain.state import Cover
from tests.domain.samples import offer, quote, utc

ACCEPT = Accept(id="accept", revision=1)
CHECKOUT = Checkout(id="checkout", method="pm_ok", registered=True)
Script = list[tuple[datetime, Command]]

LIVES: dict[str, tuple[Quote, datetime, Script, datetime]] = {
    "deferred until the warranty ends, renewed, cancelled at the period's end": (
        quote(offer(warranty=date(2027, 5, 17))),
        utc(2027, 1, 10),
        [
            (utc(2027, 1, 12), ACCEPT),
            (utc(2027, 1, 12, 11), CHECKOUT),
            (utc(2028, 3, 12), Renew(id="renew")),
            (utc(2028, 8, 12), Cancel(id="cancel", reason="moving out")),
        ],
        utc(2028, 12, 1),
    ),
    "anchored on the 31st, paused twice, left early with a fee": (
        quote(offer()),
        utc(2027, 1, 31),
        [
            (utc(2027, 1, 31), ACCEPT),
            (utc(2027, 1, 31, 11), CHECKOUT),
            (utc(2027, 3, 10), Suspend(id="s1", reason="holiday")),
            (utc(2027, 3, 20), Resume(id="r1")),
            (utc(2027, 3, 22), Suspend(id="s2", reason="holiday")),
            (utc(2027, 5, 2), Resume(id="r2")),
            (utc(2027, 6, 15), Cancel(id="cancel", reason="closing")),
        ],
        utc(2027, 9, 1),
    ),
    "long without cover: inspected, then moved to quarters, not renewed": (
        quote(offer(warranty=date(2026, 7, 31)), offer("2")),
        utc(2027, 1, 31),
        [
            (utc(2027, 1, 31), ACCEPT),
            (utc(2027, 1, 31, 11), CHECKOUT),
            (utc(2027, 2, 4), ReportInspection(id="i", line="1", passed=True)),
            (utc(2027, 5, 5), Change(id="ch", line="2", period=3)),
            (utc(2027, 12, 1), DeclineRenewal(id="no", reason="budget")),
        ],
        utc(2028, 3, 1),
    ),
    "void: the inspection fails": (
        quote(offer(warranty=date(2026, 7, 31))),
        utc(2027, 1, 31),
        [
            (utc(2027, 1, 31), ACCEPT),
            (utc(2027, 1, 31, 11), CHECKOUT),
            (utc(2027, 2, 4), ReportInspection(id="i", line="1", passed=False, reason="burnt out")),
        ],
        utc(2027, 3, 1),
    ),
    "void: not paid in time": (
        quote(),
        utc(2027, 1, 31),
        [
            (utc(2027, 1, 31), ACCEPT),
            (utc(2027, 1, 31, 11), CHECKOUT.model_copy(update={"method": "pm_slow"})),
        ],
        utc(2027, 3, 1),
    ),
    "lapsed: nobody answers the quote": (quote(), utc(2027, 1, 31), [], utc(2027, 4, 1)),
    "cover moved, a change and a cancellation withdrawn, help asked for": (
        quote(offer(warranty=date(2027, 3, 31))),
        utc(2027, 2, 1),
        [
            (utc(2027, 2, 1), ACCEPT),
            (utc(2027, 2, 1, 11), CHECKOUT),
            (
                utc(2027, 3, 1),
                MoveCover(id="m", serial="SN1", cover=(Cover(kind="warranty", last_day=date(2027, 4, 10)),)),
            ),
            (utc(2027, 5, 3), Change(id="ch", line="1", period=12)),
            (utc(2027, 5, 4), Undo(id="u1", what="change")),
            (utc(2027, 5, 5), OpenCase(id="oc", serial="SN1", subject="paper jam")),
            (utc(2027, 12, 1), Cancel(id="ca", reason="mistake")),
            (utc(2028, 4, 5), Undo(id="u2", what="cancellation")),
        ],
        utc(2028, 7, 1),
    ),
}
