"""A warranty that moves: what waits for it moves along, and what was billed is credited or left, never billed twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.commands import Change, MoveCover, OpenCase, Renew, Resume, Suspend, Undo
from domain.events import CoverMoved, PeriodBilled, Recredited
from domain.refusal import Refusal
from domain.simulator import Life
from domain.state import Cover, Status
from domain.terms import Terms
from tests.domain.samples import kinds, offer, on, ordered, terms, utc


def until(day: date) -> tuple[Cover, ...]:
    """A warranty until a day."""
    return (Cover(kind="warranty", last_day=day),)


def moved(day: date, serial: str = "SN1") -> MoveCover:
    """A correction of a warranty, and why."""
    return MoveCover(id=f"to-{day}", serial=serial, cover=until(day), cause="claim", reason="repaired under it")


def credited() -> Terms:
    """Terms that give back what is billed of the running period."""
    return terms(start={"corrected": "credited"})


def waiting(*, under: Terms | None = None, period: int = 1) -> Life:
    """A life that waits for a warranty until 17 May, and is billed from 1 June."""
    return ordered(offer(warranty=date(2027, 5, 17)), at=utc(2027, 1, 12), under=under, period=period)


def net(life: Life) -> Decimal:
    """What was charged for periods so far, less what was given back."""
    total = Decimal(0)
    for event in life.events:
        if isinstance(event, PeriodBilled):
            total += event.bill.net
        if isinstance(event, Recredited):
            total += (event.bill.net if event.bill else 0) - (event.credit.net if event.credit else 0)
    return total


@pytest.mark.rule("HPG-3", "HPG-4")
def test_everything_that_waits_moves_along() -> None:
    """Start, first bill, term, and with it the renewal and its reminders; the trail says from what to what, and why."""
    life = waiting()
    life.give(moved(date(2027, 7, 20)), utc(2027, 3, 1))
    assert "warranty until 2027-07-20 (was 2027-05-17)" in life.entries[-1].summary
    assert life.entries[-1].summary.endswith("(claim: repaired under it)")
    life.live_until(utc(2028, 7, 31))
    assert on(life, "activated") == [date(2027, 7, 21)]
    assert on(life, "period_billed")[0] == date(2027, 8, 1)
    assert on(life, "renewal_quoted") == [date(2028, 4, 21)]
    assert on(life, "reminder_sent")[0] == date(2028, 5, 21)


@pytest.mark.rule("HPG-3")
def test_a_correction_can_be_withdrawn() -> None:
    """What moved moves back to where it stood; there is no second one to withdraw."""
    life = waiting()
    before = life.contract.lines
    life.give(moved(date(2027, 7, 20)), utc(2027, 3, 1))
    life.give(Undo(id="u", what="cover"), utc(2027, 3, 2))
    assert life.contract.lines == before
    assert "is as before: warranty until 2027-05-17" in life.entries[-1].summary
    with pytest.raises(Refusal, match="no correction"):
        life.give(Undo(id="again", what="cover"), utc(2027, 3, 3))


@pytest.mark.rule("HPG-3", "HPG-4")
def test_a_start_that_was_not_billed_waits_again() -> None:
    """Service has begun and its first bill has not come: both move, the contract is scheduled, and starts once more."""
    life = waiting()
    life.live_until(utc(2027, 5, 20))
    assert life.contract.status is Status.ACTIVE
    life.give(moved(date(2027, 7, 20)), utc(2027, 5, 20))
    assert (life.contract.status, life.contract.term, life.contract.active_since) == (Status.SCHEDULED, None, None)
    with pytest.raises(Refusal) as refused:
        life.give(OpenCase(id="c", serial="SN1", subject="stripes"), utc(2027, 6, 1))
    assert refused.value.allowed_from == date(2027, 7, 21)
    life.live_until(utc(2028, 1, 2))
    assert on(life, "activated") == [date(2027, 5, 18), date(2027, 7, 21)]
    assert on(life, "period_billed")[0] == date(2027, 8, 1)
    told = [effect.key for effect in life.told if getattr(effect, "message", "") == "activated"]
    assert len(told) == len(set(told)) == 2


def test_a_start_that_was_not_billed_is_billed_later_where_the_day_is_past() -> None:
    """The cover ended between start and today: service goes on, and its first bill follows the cover."""
    life = ordered(offer(warranty=date(2027, 5, 1)), at=utc(2027, 1, 12))
    life.live_until(utc(2027, 5, 30))
    life.give(moved(date(2027, 5, 20)), utc(2027, 5, 30))
    assert life.contract.status is Status.ACTIVE
    life.live_until(utc(2027, 6, 2))
    assert on(life, "period_billed") == [date(2027, 6, 1)]


def test_a_paused_start_does_not_move() -> None:
    """Service that is suspended and would wait again is resumed first."""
    life = waiting()
    life.live_until(utc(2027, 5, 20))
    life.give(Suspend(id="s", reason="holiday"), utc(2027, 5, 20))
    with pytest.raises(Refusal, match="is suspended and would start on 2027-07-21"):
        life.give(moved(date(2027, 7, 20)), utc(2027, 5, 21))
    life.give(Resume(id="r"), utc(2027, 5, 22))
    life.give(moved(date(2027, 7, 20)), utc(2027, 5, 23))
    assert life.contract.status is Status.SCHEDULED


@pytest.mark.rule("HPG-3", "COM-4")
def test_what_was_billed_is_not_moved_unless_the_terms_credit_it() -> None:
    """The refusal says until when it is billed, and which correction would be taken."""
    life = waiting(period=12)
    life.live_until(utc(2027, 6, 15))
    with pytest.raises(Refusal, match="is billed until 2028-05-31; nothing waits for its cover") as refused:
        life.give(moved(date(2027, 7, 31)), utc(2027, 6, 15))
    assert "before 2027-05-18" in str(refused.value.allowed_when)
    life.give(moved(date(2027, 5, 10)), utc(2027, 6, 16))
    assert net(life) == Decimal(520)


@pytest.mark.rule("HPG-3", "COM-4")
def test_the_running_period_is_credited_to_the_day() -> None:
    """61 of its 366 days are the warranty's; withdrawn, they are charged again, and nothing is charged twice."""
    life = waiting(under=credited(), period=12)
    life.live_until(utc(2027, 6, 15))
    life.give(moved(date(2027, 7, 31)), utc(2027, 6, 15))
    assert net(life) == Decimal(520) - (Decimal(520) * 61 / 366).quantize(Decimal("0.01"))
    assert life.contract.lines[0].served_from == date(2027, 8, 1)
    with pytest.raises(Refusal) as refused:
        life.give(OpenCase(id="c", serial="SN1", subject="stripes"), utc(2027, 7, 31))
    assert refused.value.allowed_from == date(2027, 8, 1)
    life.give(Undo(id="u", what="cover"), utc(2027, 7, 31, 12))
    assert net(life) == Decimal(520)
    life.give(OpenCase(id="c2", serial="SN1", subject="stripes"), utc(2027, 7, 31, 13))


@pytest.mark.rule("COM-4")
def test_periods_within_the_cover_cost_nothing() -> None:
    """Billed by the month: the last bill is given back whole, those within the cover are not sent, the next in part."""
    life = waiting(under=credited())
    life.live_until(utc(2027, 6, 15))
    life.give(moved(date(2027, 9, 15)), utc(2027, 6, 15))
    assert net(life) == 0
    life.live_until(utc(2027, 10, 2))
    bills = [event.bill for event in life.events if isinstance(event, PeriodBilled)]
    assert [bill.net for bill in bills] == [Decimal(49), 0, 0, Decimal("24.50"), Decimal(49)]
    assert [len(bill.charges) for bill in bills] == [1, 0, 0, 1, 1]
    assert bills[3].charges[0].first == date(2027, 9, 16)


@pytest.mark.rule("COM-4")
def test_closed_periods_are_neither_credited_nor_charged() -> None:
    """Days before the period that was billed last are over, in both directions."""
    life = waiting(under=credited())
    life.live_until(utc(2027, 8, 15))
    with pytest.raises(Refusal, match="the period from 2027-08-01 is billed"):
        life.give(moved(date(2027, 7, 20)), utc(2027, 8, 15))
    life.give(moved(date(2027, 8, 20)), utc(2027, 8, 15))
    life.live_until(utc(2027, 9, 2))
    with pytest.raises(Refusal, match="the period from 2027-09-01 is billed"):
        life.give(moved(date(2027, 5, 17)), utc(2027, 9, 2))


@pytest.mark.rule("COM-4")
def test_days_that_no_bill_can_be_made_for_any_more_are_not_served_after_all() -> None:
    """A change began new periods while the device was covered: a correction reaches back to them, and no further."""
    life = ordered(offer(), at=utc(2027, 1, 12), under=credited())
    life.give(moved(date(2027, 8, 31)), utc(2027, 1, 20))
    life.give(Change(id="c", line="1", period=3), utc(2027, 2, 20))
    life.live_until(utc(2027, 3, 20))
    with pytest.raises(Refusal, match="no bill is made any more for the days of SN1 before 2027-03-12") as refused:
        life.give(Undo(id="u", what="cover"), utc(2027, 3, 20))
    assert refused.value.allowed_when == "the cover ends on 2027-03-11 or later"
    life.give(moved(date(2027, 3, 11)), utc(2027, 3, 20))
    life.live_until(utc(2027, 3, 21))
    billed = life.contract.lines[0].billed
    assert billed is not None
    assert (billed.first, billed.last, billed.served) == (date(2027, 3, 12), date(2027, 6, 11), 92)


@pytest.mark.rule("COM-4")
def test_no_bill_is_asked_for_by_a_correction_while_bills_wait() -> None:
    """Suspended in a period that was covered and has no bill; resumed, the correction is taken and billed."""
    life = ordered(offer(), at=utc(2027, 1, 12), under=credited())
    life.give(moved(date(2027, 3, 1)), utc(2027, 1, 20))
    life.give(Suspend(id="s", reason="moving house"), utc(2027, 2, 20))
    with pytest.raises(Refusal, match="none is made while service is suspended") as refused:
        life.give(Undo(id="u", what="cover"), utc(2027, 2, 22))
    assert refused.value.allowed_when == "it is resumed"
    life.give(Resume(id="r"), utc(2027, 2, 23))
    life.give(Undo(id="u2", what="cover"), utc(2027, 2, 24))
    life.live_until(utc(2027, 3, 1))
    billed = life.contract.lines[0].billed
    assert billed is not None
    assert (billed.first, billed.served) == (date(2027, 2, 12), 26)  # 28 days, two of them without service


@pytest.mark.rule("COM-4")
def test_what_the_cover_held_is_not_charged_after_a_renewal() -> None:
    """Service is suspended, renewed and ends: of the one period that has a bill, the covered day stays free."""
    agreed = terms(start={"corrected": "credited"}, renewal={"mode": "on_acceptance"}, suspension={"credit": True})
    life = ordered(offer(), at=utc(2027, 1, 12), under=agreed)
    life.give(Suspend(id="s", reason="moving house"), utc(2027, 1, 12, 12))
    life.give(moved(date(2027, 1, 12)), utc(2027, 5, 1))
    life.live_until(utc(2027, 11, 1))
    life.give(Renew(id="r"), utc(2027, 11, 1))
    life.live_until(utc(2029, 3, 1))
    assert life.contract.term is not None
    assert (life.contract.status, life.contract.term.number) == (Status.EXPIRED, 2)
    assert net(life) == 0


def test_a_correction_that_changes_nothing_is_noted() -> None:
    """It is known, in the trail and on the line, and nobody is written to."""
    life = ordered(offer(), at=utc(2027, 1, 12))
    sent = len(life.told)
    life.give(moved(date(2026, 12, 1)), utc(2027, 1, 20))
    assert kinds(life)[-1] == "cover_moved"
    assert life.contract.lines[0].cover == until(date(2026, 12, 1))
    assert len(life.told) == sent
    event = life.events[-1]
    assert isinstance(event, CoverMoved)
    assert (event.starts, event.served_from) == ((), {})
    with pytest.raises(Refusal, match="SN9 is not on this contract"):
        life.give(moved(date(2026, 12, 1), serial="SN9"), utc(2027, 1, 20))


def test_one_line_waits_again_while_another_runs() -> None:
    """The contract stays active, and its term is that of the line that started."""
    life = ordered(offer("1"), offer("2", warranty=date(2027, 1, 20)), at=utc(2027, 1, 12))
    life.live_until(utc(2027, 1, 25))
    life.give(moved(date(2027, 3, 5), serial="SN2"), utc(2027, 1, 25))
    assert life.contract.status is Status.ACTIVE
    assert life.contract.term is not None
    life.live_until(utc(2027, 4, 2))
    assert on(life, "activated") == [date(2027, 1, 12), date(2027, 1, 21), date(2027, 3, 6)]
    assert life.contract.lines[1].billed is not None
    assert life.contract.lines[1].billed.first == date(2027, 4, 1)
