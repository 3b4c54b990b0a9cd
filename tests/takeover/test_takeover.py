"""Contracts that have lived elsewhere: nothing of the past is done again, everything to come happens; or a clear no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calendar import instant
from domain.commands import Cancel, Change, Renew, Resume
from domain.decider import next_due
from domain.effects import BringForward, IssueCredit, OpenCaseEffect, SendMessage
from domain.refusal import Refusal
from domain.retrace import retrace
from domain.scenario import timeline
from domain.simulator import Life
from domain.state import Status
from tests.domain.samples import ordered, terms, utc
from tests.takeover.samples import AS_OF, NUMBER, line, take_over, taken

GOES_ON = [
    "2027-03-15 taken_over",
    "2027-04-01 period_billed 58.80",
    "2027-04-01 reminder_sent",
    "2027-05-01 period_billed 58.80",
    "2027-05-01 reminder_sent",
    "2027-05-24 reminder_sent",
    "2027-06-01 renewed",
    "2027-06-01 period_billed 58.80",
]


def lived(life: Life, until: datetime) -> list[str]:
    """The timeline up to an instant."""
    life.live_until(until)
    return [str(item) for item in timeline(life.entries)]


@pytest.mark.rule("COM-1")
def test_a_contract_in_mid_life_goes_on() -> None:
    """Ten months are billed elsewhere, the quote was given: the next bill, the reminders and the next term are ours."""
    life = taken()
    assert [type(effect) for effect in life.told] == [BringForward]
    assert lived(life, utc(2027, 6, 2)) == GOES_ON
    assert life.contract.term is not None
    assert (life.contract.term.number, life.contract.term.last) == (2, date(2028, 5, 31))


@pytest.mark.rule("COM-3")
def test_a_quote_of_which_nothing_is_known_is_not_given_twice() -> None:
    """Its day was past: it waits for somebody who asks; the reminders to come are sent, and the term goes over."""
    life = taken(renewal={})
    assert life.contract.renewal.opened
    assert "renewal_quoted" not in " ".join(lived(life, utc(2027, 6, 2)))


@pytest.mark.rule("COM-3")
def test_a_quote_that_is_open_is_given_at_once() -> None:
    """The file says that it was not given: it is, on the first day, once."""
    life = taken(renewal={"open": True})
    told = lived(life, utc(2027, 6, 2))
    assert told[:3] == ["2027-03-15 taken_over", "2027-03-15 renewal_opened", "2027-03-15 renewal_quoted"]
    assert sum("renewal_quoted" in line for line in told) == 1


@pytest.mark.rule("COM-3")
def test_a_quote_whose_day_is_to_come_is_given_on_it() -> None:
    """A year's contract that is taken over in its fifth month."""
    life = taken(line(billed_until="2026-11-30"), as_of="2026-11-15", renewal={})
    assert "2027-03-02 renewal_quoted" in lived(life, utc(2027, 3, 3))


def test_a_quote_given_elsewhere_may_be_accepted_here() -> None:
    """At the prices that it named."""
    life = taken(renewal={"quoted_on": "2027-03-02", "prices": {"1": {"1": "55.00"}}})
    life.give(Renew(id="yes"), utc(2027, 4, 10))
    assert lived(life, utc(2027, 6, 2))[-1] == "2027-06-01 period_billed 66.00"


def test_notice_given_elsewhere_holds() -> None:
    """The contract ends on the day that was agreed; paid days after it are credited, as the terms say."""
    life = taken(ending={"last_day": "2027-03-20", "reason": "moved"})
    assert lived(life, utc(2027, 12, 1)) == [
        "2027-03-15 taken_over",
        "2027-03-21 recredited -20.87",
        "2027-03-21 ended",
    ]
    assert life.contract.status is Status.CANCELLED


def test_a_line_may_end_by_itself() -> None:
    """One of two lines was given notice: the other goes on."""
    life = taken(line(ends_on="2027-03-31"), line(id="2", serial="SN2"))
    told = lived(life, utc(2027, 4, 2))
    assert told == ["2027-03-15 taken_over", "2027-04-01 lines_ended", *GOES_ON[1:3]]


def test_what_was_billed_elsewhere_is_credited_when_it_is_not_served() -> None:
    """A contract that is left at once gets its paid days back, from what the other system charged."""
    bands = [{"effect": "at_once"}]
    life = taken(under=terms(cancellation={"bands": bands}))
    life.give(Cancel(id="bye", reason="closing"), utc(2027, 3, 21))
    (credit,) = [effect for effect in life.told if isinstance(effect, IssueCredit)]
    assert credit.bill.net == Decimal("15.81")
    assert credit.bill.charges[0].credits == f"{NUMBER}/1/period/1.2027-03-01"


def test_the_books_learn_what_is_paid_for() -> None:
    """Of March's 49 euros, charged elsewhere, 17 of 31 days are for service to come."""
    (effect,) = taken().told
    assert isinstance(effect, BringForward)
    (charge,) = effect.charges
    assert (charge.net, charge.deferred) == (Decimal("49.00"), Decimal("26.87"))
    assert (charge.first, charge.last) == (AS_OF, date(2027, 3, 31))


def test_service_that_is_suspended_waits() -> None:
    """No bill until it is resumed; then the days without service are credited."""
    life = taken(suspended_since="2027-03-11")
    assert life.contract.status is Status.SUSPENDED
    life.give(Resume(id="r"), utc(2027, 4, 11))
    told = lived(life, utc(2027, 4, 12))
    assert "2027-04-11 recredited -39.83" in told
    assert "2027-04-11 period_billed 39.20" in told


def test_a_contract_that_waits_for_its_warranty_starts_after_it() -> None:
    """Ordered elsewhere and not started: service, first bill and term begin here."""
    waiting = line(active_since=None, billed_until=None, cover=[{"kind": "warranty", "last_day": "2027-05-17"}])
    life = taken(waiting, term=None, renewal=None, order={"placed_on": "2027-01-10"})
    assert life.contract.status is Status.SCHEDULED
    assert lived(life, utc(2027, 6, 2)) == [
        "2027-03-15 taken_over",
        "2027-05-18 activated",
        "2027-06-01 period_billed 58.80",
    ]


def test_a_planned_change_takes_effect() -> None:
    """From months to quarters, as it was agreed elsewhere."""
    planned = {"on": "2027-04-01", "months": 10, "service": "care", "text": "Care", "period": 3}
    prices = {"1": "49", "3": "140", "12": "520"}
    life = taken(line(planned=planned | {"prices": prices}))
    assert lived(life, utc(2027, 4, 2))[1:3] == ["2027-04-01 change_applied", "2027-04-01 period_billed 168.00"]


def test_what_is_late_is_dated_as_due() -> None:
    """Taken over three weeks after the day as of which it is described: what fell due since then happens now."""
    life = taken()
    assert lived(life, utc(2027, 4, 5)) == GOES_ON[:3]
    assert life.entries[1].at == datetime(2027, 3, 31, 22, tzinfo=UTC)


def test_the_trail_is_retraced() -> None:
    """The reconciliation reads a trail that begins elsewhere, and finds nothing; a bill that is lost, it finds."""
    life = taken()
    life.live_until(utc(2027, 7, 2))
    known = {1: terms()}
    assert list(retrace(life.entries, known, utc(2027, 7, 2))) == []
    damaged = [item for item in life.entries if item.seq != 2]
    assert "period_billed" in " ".join(retrace(damaged, known, utc(2027, 7, 2)))


def test_open_work_is_put_on_the_desk() -> None:
    """A call that is being worked on is a case here; nobody is written to."""
    life = taken(cases=[{"id": f"{NUMBER}-C3", "serial": "SN1", "stage": "dispatch"}], case_count=3)
    (opened,) = [effect for effect in life.told if isinstance(effect, OpenCaseEffect)]
    assert not [effect for effect in life.told if isinstance(effect, SendMessage)]
    assert (opened.case, opened.stage) == (f"{NUMBER}-C3", "dispatch")


def test_the_first_entry_says_where_it_comes_from() -> None:
    """System, number there, day, term, and until when it is billed."""
    assert taken().entries[0].summary == (
        "Taken over from SAP (40-4711) as of 2027-03-15: Active; term 1 runs to 2027-05-31; billed until 2027-03-31"
    )


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str, str, str]] = {
    "a term of odd days": (
        {},
        {"term": {"last": "2027-05-20"}},
        "term.last",
        "SMP-12",
        "the term ends on 2027-04-30 or 2027-05-31",
    ),
    "a term that ended before": (
        {"active_since": "2026-03-01", "billed_until": "2027-03-31"},
        {"term": {"last": "2027-02-28"}},
        "as_of",
        "COM-1",
        "2027-03-01",
    ),
    "no term": ({}, {"term": None}, "term.last", "SMP-12", "it is given"),
    "a last billed day within a period": (
        {"billed_until": "2027-03-20"},
        {},
        "lines.1.billed_until",
        "SMP-4",
        "2027-02-28 or 2027-03-31",
    ),
    "a period that is not billed": ({"billed_until": "2027-02-28"}, {}, "as_of", "SMP-4", "as of 2027-03-01"),
    "nothing is billed": ({"billed_until": None}, {}, "as_of", "SMP-4", "as of 2026-06-01"),
    "billed before it began": (
        {"anchor": "2027-06-01"},
        {},
        "lines.1.anchor",
        "SMP-4",
        "`anchor` is the first day",
    ),
    "billed and not in service": (
        {"active_since": None, "starts_on": "2027-04-01"},
        {"term": None, "renewal": None},
        "lines.1.billed_until",
        "SMP-3",
        "since when it is in service",
    ),
    "in service, and covered": (
        {"cover": [{"kind": "warranty", "last_day": "2026-08-31"}]},
        {},
        "lines.1.active_since",
        "SMP-3",
        "service starts on 2026-09-01",
    ),
    "in service from today": (
        {"active_since": "2027-03-15"},
        {"term": {"last": "2028-03-14"}},
        "lines.1.active_since",
        "SMP-3",
        "`starts_on`",
    ),
    "starts before its cover ends": (
        {
            "active_since": None,
            "billed_until": None,
            "starts_on": "2027-04-01",
            "cover": [{"kind": "warranty", "last_day": "2027-05-17"}],
        },
        {"term": None, "renewal": None, "order": {"placed_on": "2027-01-10"}},
        "lines.1.starts_on",
        "SMP-3",
        "2027-05-18",
    ),
    "no start at all": (
        {"active_since": None, "billed_until": None},
        {"term": None, "renewal": None},
        "lines.1.active_since",
        "SMP-3",
        "`starts_on`",
    ),
    "a term before service": (
        {"active_since": None, "billed_until": None, "starts_on": "2027-04-01"},
        {"renewal": None},
        "term.last",
        "SMP-3",
        "",
    ),
    "a period that is not offered": ({"period": 2}, {}, "lines.1.period", "SMP-4", "1, 3, 12"),
    "a period without a price": (
        {"prices": {"12": "520"}},
        {},
        "lines.1.prices",
        "SMP-4",
        "its price for that period",
    ),
    "an answer without a quote": (
        {},
        {"renewal": {"answer": "accepted"}},
        "renewal.quoted_on",
        "COM-1",
        "says when it was",
    ),
    "a quote of tomorrow": (
        {},
        {"renewal": {"quoted_on": "2027-03-16"}},
        "renewal.quoted_on",
        "COM-1",
        "before 2027-03-15",
    ),
    "prices for a line that is not there": (
        {},
        {"renewal": {"quoted_on": "2027-03-02", "prices": {"7": {"1": "5"}}}},
        "renewal.prices",
        "SMP-9",
        "",
    ),
    "suspended in the future": ({}, {"suspended_since": "2027-04-01"}, "suspended_since", "SMP-11", ""),
    "ended already": ({}, {"ending": {"last_day": "2027-03-10"}}, "as_of", "SMP-12", "as of"),
    "as of next week": ({}, {"as_of": "2027-03-22"}, "as_of", "COM-1", "at the latest"),
    "no tax there": (
        {},
        {"customer": {"id": "c", "name": "C", "language": "en", "country": "US"}},
        "customer.country",
        "COM-4",
        "",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused(case: str) -> None:
    """With the field, the rule, and the remedy."""
    of_line, of_contract, field, rule, remedy = WRONG[case]
    with pytest.raises(Refusal) as caught:
        _begin(of_line, of_contract)
    refusal = caught.value
    assert (refusal.field, refusal.rule) == (field, rule)
    assert remedy in (refusal.allowed_when or "")


def _begin(of_line: dict[str, Any], of_contract: dict[str, Any]) -> Life:
    return Life.begin(take_over(line(**of_line), **of_contract), instant(AS_OF, "Europe/Paris") + timedelta(hours=10))


def test_a_serial_number_comes_once() -> None:
    """The same device twice on one contract, for the same service, is a slip."""
    with pytest.raises(Refusal, match="serial SN1 comes twice"):
        taken(line(), line(id="2"))


def test_a_line_that_ended_is_not_changed() -> None:
    """Another service in its place would begin it anew, beside the line that took its place before."""
    under = terms(change={"effect": "at_once", "what": ["service", "quantity"]})
    life = ordered(at=utc(2027, 1, 1), under=under)
    life.give(Change(id="a", line="1", quantity=2), utc(2027, 1, 10))
    with pytest.raises(Refusal, match="service of line 1 ended on 2027-01-09") as caught:
        life.give(Change(id="b", line="1", quantity=3), utc(2027, 1, 20))
    assert caught.value.field == "line"
    assert next_due(life.contract) is not None
