"""What could not be delivered: no silent renewal, a person is asked, and each answer does what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.commands import Cancel, DeclineRenewal, Renew
from domain.decider import is_closed
from domain.delivery.commands import ReportBounce, SettleUndelivered
from domain.effects import CloseCase, Effect, OpenCaseEffect, Outcome, SendAgain, SendMessage
from domain.events import PeriodBilled
from domain.simulator import Life, PriceListWorld
from domain.state import Contract, Status
from domain.tasks import tasks
from domain.view import attention
from tests.domain.samples import offer, on, utc
from tests.domain.test_agreements import LISTED, begin, order, plain, refusal
from tests.domain.test_notice import END_OF_TERM, TACIT, at_noon

DESK = {
    "rule": "SMP-2",
    "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}],
    "holidays": "FR",
    "answer_hours": 8,
}


class Refusing(PriceListWorld):
    """A world in which some messages are refused by the mail server."""

    def __init__(self, *names: str) -> None:
        super().__init__(prices=LISTED.prices)
        object.__setattr__(self, "names", set(names))

    def __call__(self, contract: Contract, effect: Effect) -> Outcome:
        """Refuse a message to the first address by its name; everything else works."""
        names: set[str] = object.__getattribute__(self, "names")
        first = contract.customer.email == "desk@atelier.example"
        if isinstance(effect, SendMessage) and effect.message in names and first:
            return Outcome(kind="bounced", reason="550 no such user", reference=contract.customer.email)
        return super().__call__(contract, effect)


def living(*names: str, period: int = 12, **changes: Any) -> Life:
    """A contract of 2026 that renews by itself, in a world that refuses these messages."""
    base: dict[str, Any] = {"renewal": TACIT, "desk": DESK, **END_OF_TERM}
    under = plain(**(base | changes))
    start = at_noon(date(2026, 1, 1))
    return order(begin(under, offer(), at=start, period=period, world=Refusing(*names)), start)


def settle(life: Life, how: str, at: datetime, **said: Any) -> None:
    """Answer the open question."""
    life.live_until(at)
    (question,) = life.contract.delivery.open
    life.give(
        SettleUndelivered.model_validate({"id": f"settle-{at:%Y%m%d}", "question": question.id, "how": how} | said), at
    )


@pytest.mark.rule("COM-2")
@pytest.mark.parametrize("message", ["renewal_quote", "reminder"])
def test_no_term_begins_in_silence_on_a_notice_that_bounced(message: str) -> None:
    """The next term is not certain, does not begin and is not billed, however long nobody decides."""
    life = living(message)
    life.live_until(at_noon(date(2027, 6, 1)))
    assert on(life, "renewal_committed") == on(life, "renewed") == []
    assert len(on(life, "period_billed")) == 1
    assert life.contract.status is Status.ACTIVE
    assert any(item.kind == "undelivered" for item in tasks(life.contract))
    assert any("not delivered to desk@atelier.example" in item for item in attention(life.contract))


def test_a_contract_that_ends_unless_it_is_renewed_ends_all_the_same() -> None:
    """There nothing renews by itself; a person is asked in time to reach the customer."""
    life = living("renewal_quote", renewal={"mode": "on_acceptance"})
    life.live_until(at_noon(date(2027, 1, 3)))
    assert on(life, "notice_bounced") == [date(2026, 10, 2)]
    assert life.contract.status is Status.EXPIRED


@pytest.mark.rule("HPJ-9")
def test_a_person_has_desk_hours_to_decide_and_is_reminded() -> None:
    """Friday 2 October, 9:00: eight desk hours are that day's; at its close the question is overdue, and stays open."""
    life = living("renewal_quote")
    life.live_until(utc(2026, 10, 2, 8))
    (question,) = life.contract.delivery.open
    assert question.answer_by == utc(2026, 10, 2, 15)
    opened = next(e for e in life.told if isinstance(e, OpenCaseEffect) and e.stage == "undelivered")
    assert (opened.case, opened.answer_by) == (question.id, question.answer_by)
    life.live_until(at_noon(date(2026, 10, 5)))
    assert on(life, "notice_overdue") == [date(2026, 10, 2)]
    (task,) = [item for item in tasks(life.contract) if item.kind == "undelivered"]
    assert (task.answers, task.given) == (("settle_undelivered",), {"question": question.id})


def test_the_notice_terms_may_give_other_hours_and_their_own_rule() -> None:
    """Two desk hours, by the rule of the terms."""
    life = living("renewal_quote", notice={"rule": "SMP-1", "undelivered_rule": "SMP-3", "undelivered_hours": 2})
    life.live_until(utc(2026, 10, 2, 8))
    (question,) = life.contract.delivery.open
    assert question.answer_by == utc(2026, 10, 2, 9)
    assert next(entry for entry in life.entries if entry.kind == "notice_bounced").rule == "SMP-3"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("go_on", {"note": "they know, by telephone"}),
        ("notified", {"means": "registered letter RR 1", "on": date(2026, 10, 6), "who": "M. Petit"}),
    ],
)
def test_a_decision_in_time_lets_the_next_term_come_as_it_would_have(how: str, said: dict[str, Any]) -> None:
    """The term is certain on its day and begins on its day; the trail keeps how the customer was told."""
    life = living("renewal_quote")
    settle(life, how, at_noon(date(2026, 10, 7)), **said)
    life.live_until(at_noon(date(2027, 2, 1)))
    assert on(life, "renewal_committed") == [date(2026, 11, 2)]
    assert on(life, "renewed") == [date(2027, 1, 1)]
    settled = next(entry for entry in life.entries if entry.kind == "notice_settled")
    assert all(str(value) in str(settled.data) for value in said.values())
    assert [e.case for e in life.told if isinstance(e, CloseCase)] == ["SMP-1-N1"]


def test_a_decision_after_the_terms_end_renews_without_a_gap() -> None:
    """Decided in March, the term runs from 1 January, and what waited is billed once, whole."""
    life = living("renewal_quote", period=1, billing={"periods": [1], "covered": "on_activation"})
    life.live_until(at_noon(date(2027, 3, 10)))
    assert len(on(life, "period_billed")) == 12
    settle(life, "go_on", at_noon(date(2027, 3, 10)), note="agreed by telephone")
    assert life.contract.term is not None
    assert (life.contract.term.first, life.contract.term.last) == (date(2027, 1, 1), date(2027, 12, 31))
    bills = [event for event in life.events if isinstance(event, PeriodBilled)]
    assert [event.on for event in bills][-3:] == [date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]
    assert {event.bill.net for event in bills} == {49}


def test_a_decision_not_to_renew_ends_the_contract_with_its_term() -> None:
    """Also when it comes late: the last day is the term's, and nothing after it is charged."""
    for day in (date(2026, 12, 1), date(2027, 3, 1)):
        life = living("renewal_quote")
        settle(life, "not_renewed", at_noon(day), note="the customer has moved away")
        life.live_until(at_noon(date(2027, 4, 1)))
        assert (life.contract.status, life.contract.ended_on) == (Status.EXPIRED, date(2026, 12, 31))
        assert len(on(life, "period_billed")) == 1


def test_sent_again_to_another_address_it_is_the_customers_from_then_on() -> None:
    """Every message that the old address did not take goes out once more, and what follows goes to the new one."""
    life = living("renewal_quote", "reminder")
    life.live_until(at_noon(date(2026, 11, 2)))
    (question,) = life.contract.delivery.open
    assert [missed.message for missed in question.missed] == ["renewal_quote", "reminder"]
    settle(life, "send_again", at_noon(date(2026, 11, 3)), email="new@atelier.example")
    again = [effect for effect in life.told if isinstance(effect, SendAgain)]
    assert [(effect.of, effect.to) for effect in again] == [
        (missed.key, "new@atelier.example") for missed in question.missed
    ]
    assert len({effect.key for effect in again}) == 2
    assert life.contract.customer.email == "new@atelier.example"
    life.live_until(at_noon(date(2027, 2, 1)))
    assert on(life, "renewed") == [date(2027, 1, 1)]
    assert on(life, "renewal_committed") == [date(2026, 11, 3)]


def test_a_bounce_that_comes_after_the_next_term_was_certain_makes_it_uncertain() -> None:
    """A report may take days: as long as the term has not begun, it is held."""
    life = living()
    life.live_until(at_noon(date(2026, 11, 5)))
    assert life.contract.renewal.committed
    key = next(e.key for e in life.told if isinstance(e, SendMessage) and e.message == "renewal_quote")
    bounce = ReportBounce(id="b", key=key, message="renewal_quote", recipient="desk@atelier.example", reason="5.1.1")
    life.give(bounce, at_noon(date(2026, 11, 5)))
    life.live_until(at_noon(date(2027, 2, 1)))
    assert on(life, "renewed") == []
    settle(life, "go_on", at_noon(date(2027, 2, 1)), note="they answered")
    assert on(life, "renewed") == [date(2027, 2, 1)]
    assert life.contract.term is not None
    assert life.contract.term.first == date(2027, 1, 1)
    assert life.give(bounce.model_copy(update={"id": "again"}), at_noon(date(2027, 2, 2))) == ()


@pytest.mark.parametrize("answer", [Renew(id="a"), DeclineRenewal(id="a"), Cancel(id="a", reason="leaving")])
def test_an_answer_of_the_customer_needs_no_notice(answer: Any) -> None:
    """Who answers has heard: nothing is held any more."""
    life = living("renewal_quote")
    life.give(answer, at_noon(date(2026, 10, 20)))
    life.live_until(at_noon(date(2027, 2, 1)))
    renewed = answer.kind == "renew"
    assert bool(on(life, "renewed")) is renewed
    assert (life.contract.ended_on is None) is renewed


def test_other_messages_hold_nothing_up_and_are_asked_about_in_one_question() -> None:
    """One question for one dead address; the contract goes on, and its end closes the question's case."""
    life = living("order_received", "activated")
    (question,) = life.contract.delivery.open
    assert [missed.message for missed in question.missed] == ["order_received", "activated"]
    assert len([e for e in life.told if isinstance(e, OpenCaseEffect)]) == 1
    life.live_until(at_noon(date(2027, 1, 2)))
    assert on(life, "renewed") == [date(2027, 1, 1)]
    life.give(Cancel(id="c", reason="leaving"), at_noon(date(2027, 1, 3)))
    life.live_until(at_noon(date(2028, 1, 5)))
    assert is_closed(life.contract)
    assert [e.case for e in life.told if isinstance(e, CloseCase)] == [question.id]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"question": "SMP-1-N9", "how": "go_on", "note": "x"}, "question"),
        ({"how": "go_on"}, "note"),
        ({"how": "notified", "means": "letter", "who": "M. Petit"}, "on"),
        ({"how": "notified", "means": "letter", "who": "M. Petit", "on": date(2026, 10, 9)}, "on"),
        ({"how": "not_renewed"}, "note"),
    ],
)
def test_a_decision_lacks_nothing(said: dict[str, Any], field: str) -> None:
    """How, when and by whom the customer was told, or why it goes on without: what is missing is named."""
    life = living("renewal_quote")
    life.live_until(at_noon(date(2026, 10, 8)))
    given = {"id": "s", "question": "SMP-1-N1"} | said
    no = refusal(life, SettleUndelivered.model_validate(given), at_noon(date(2026, 10, 8)))
    assert no.field == field


def test_only_a_renewal_that_is_held_can_be_ended_by_the_answer() -> None:
    """Where nothing is held, the contract is ended as any other."""
    life = living("activated")
    given = SettleUndelivered(id="s", question="SMP-1-N1", how="not_renewed", note="x")
    assert refusal(life, given, at_noon(date(2026, 2, 1))).field == "how"


HOLIDAYS: list[tuple[datetime, Callable[[], datetime]]] = [
    (utc(2026, 12, 24, 16), lambda: utc(2026, 12, 28, 16)),
    (utc(2026, 12, 31, 10), lambda: utc(2027, 1, 4, 10)),
    (utc(2027, 3, 26, 16), lambda: utc(2027, 3, 30, 15)),
    (utc(2026, 10, 23, 15), lambda: utc(2026, 10, 26, 16)),
]


@pytest.mark.rule("HPJ-9")
@pytest.mark.parametrize(("bounced", "due"), HOLIDAYS, ids=["christmas", "new year", "easter and DST", "end of DST"])
def test_desk_hours_run_over_holidays_the_years_end_and_dst(bounced: datetime, due: Callable[[], datetime]) -> None:
    """Eight desk hours after a bounce, in Paris: nights, week-ends and public holidays count for nothing."""
    life = living(renewal=TACIT | {"commits": "at_end", "notice_days": 0}, term={"months": 24})
    life.live_until(bounced)
    life.give(ReportBounce(id="b", key="k", message="reminder"), bounced)
    (question,) = life.contract.delivery.open
    assert question.answer_by is not None
    assert question.answer_by - due() == timedelta(0)
