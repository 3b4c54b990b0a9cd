"""What is done to a case at the desk: what it asks of the contract, and what the desk hears where it may not be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.casework.commands import ReportCase
from domain.commands import OpenCase
from domain.effects import CloseCase, CommentCase, EscalateCase, MoveCase, OpenCaseEffect, ReopenCase
from domain.repairs.commands import DisputeRepair, ReportRepair
from domain.requests.commands import MakeRequest
from domain.simulator import Life
from domain.state import Status
from domain.tasks import tasks
from domain.terms import Terms
from domain.view import attention
from tests.domain.samples import kinds, offer, ordered, terms, utc

NUMBER = "SMP-2027-000001"
CASE = f"{NUMBER}-C1"
BEGIN = utc(2027, 2, 1)
HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}]
DESK = {"rule": "SMP-14", "hours": HOURS, "answer_hours": 8}
ESCALATING = {"support": {"escalation": {"rule": "SMP-14", "before_hours": 2}}, "desk": DESK}
REPAIRS = {"rule": "SMP-2", "labour_per_hour": "100", "dispute_rule": "SMP-2"}
MOVE = {
    "rule": "SMP-1",
    "text": {"en": "Move"},
    "needs": ["to"],
    "steps": [{"step": name, "text": {"en": name}} for name in ("assigned", "approved", "executed")],
}


def report(case: str, what: str, name: str = "r", **more: Any) -> ReportCase:
    """Something that Ann did at the desk."""
    return ReportCase.model_validate(
        {"id": f"{case}-{what}-{name}", "by": "ann (desk)", "case": case, "what": what} | more
    )


def calling(under: Terms | None = None, at: datetime = BEGIN) -> Life:
    """A contract with an open call for help."""
    life = ordered(at=utc(2027, 1, 10), under=under)
    life.give(OpenCase(id="call", serial="SN1", subject="Paper jam", caller=None), at)
    return life


def told(life: Life, kind: type[Any]) -> list[Any]:
    """What the desk was told, of one kind."""
    return [effect for effect in life.told if isinstance(effect, kind)]


@pytest.mark.rule("HPG-14")
def test_a_case_says_what_is_expected_and_why() -> None:
    """Whoever opens it at the desk needs to look nowhere else."""
    opened = told(calling(), OpenCaseEffect)[-1]
    lines = opened.description.splitlines()
    assert lines[0].startswith("What is expected: help the customer, stage by stage (remote, dispatch)")
    assert lines[1] == "Why: SMP-14: Sentence 14."
    assert lines[2] == f"Contract: {NUMBER}, Sample programme (Active)"
    assert lines[3:] == ["Customer: Atelier Brun", "Device: SN1, M1: Care (line 1)"]


@pytest.mark.rule("HPG-14")
def test_a_call_follows_the_desk_and_is_taken_up_again() -> None:
    """Moved there, it is at that stage; closed there, it is closed; opened there again, it is open at its stage."""
    life = calling()
    life.give(report(CASE, "moved", stage="Dispatch"), BEGIN)
    assert life.contract.cases[0].stage == "dispatch"
    life.give(report(CASE, "moved", "again", stage="dispatch"), BEGIN)
    life.give(report(CASE, "closed", note="new roller"), BEGIN)
    assert (life.contract.cases, life.contract.closed_cases[0].id) == ((), CASE)
    life.give(report(CASE, "closed", "again"), BEGIN)
    life.give(report(CASE, "reopened"), BEGIN)
    assert (life.contract.cases[0].stage, life.contract.closed_cases) == ("dispatch", ())
    trail = [entry.by for entry in life.entries if entry.kind in {"case_advanced", "case_closed", "case_reopened"}]
    assert trail == ["ann (desk)"] * 3


def test_what_is_said_answered_and_worked_is_kept() -> None:
    """Comments, answers and minutes stand in the trail; the first answer counts, and minutes add up."""
    life = calling(terms(**ESCALATING))
    life.give(report(CASE, "noted", note="called back"), BEGIN)
    assert life.contract.cases[0].answered_at is None
    life.give(report(CASE, "answered", note="we come tomorrow", minutes=10), BEGIN)
    life.give(report(CASE, "answered", "again", note="we are late"), BEGIN + timedelta(hours=1))
    life.give(report(CASE, "worked", minutes=25), BEGIN + timedelta(hours=2))
    case = life.contract.cases[0]
    assert (case.answered_at, case.minutes) == (BEGIN, 35)
    assert [entry.summary for entry in life.entries if entry.kind == "case_noted"] == [
        f"Case {CASE}: said at the desk: called back",
        f"Case {CASE}: the customer was answered and 10 minutes of work: we come tomorrow",
        f"Case {CASE}: the customer was answered: we are late",
        f"Case {CASE}: 25 minutes of work",
    ]


def test_a_stage_that_may_not_be_is_put_back_with_the_reason() -> None:
    """What the contract does not take is written back to the desk, and needs attention until they agree."""
    life = calling()
    life.give(report(CASE, "moved", stage="on site"), BEGIN)
    (back,) = told(life, MoveCase)
    assert (back.stage, back.note) == (
        "remote",
        f"Not taken: SMP-14: case {CASE} is at `remote`; possible when `dispatch` is next",
    )
    assert attention(life.contract) == (
        f"case {CASE}: SMP-14: case {CASE} is at `remote`; possible when `dispatch` is next",
    )
    life.give(report(CASE, "moved", "right", stage="dispatch"), BEGIN)
    assert attention(life.contract) == ()
    assert kinds(life)[-2:] == ["case_advanced", "case_agreed"]


@pytest.mark.parametrize("stage", [None, "---", "承認済み", "x" * 200])
@pytest.mark.parametrize("request_open", [False, True])
def test_whatever_people_write_as_a_stage_is_answered(stage: str | None, *, request_open: bool) -> None:
    """A stage that none can be is contested like any other, for a call as for a request."""
    life = calling(terms(requests={"move": MOVE}))
    case = CASE
    if request_open:
        life.give(MakeRequest(id="m", what="move", line="1", details={"to": "Lyon"}), BEGIN)
        case = life.contract.requests[0].id
    life.give(report(case, "moved", stage=stage), BEGIN)
    assert told(life, MoveCase)[-1].note.startswith("Not taken: ")
    assert [item.given for item in tasks(life.contract) if item.kind == "contested"] == [{"case": case}]


@pytest.mark.rule("HPG-8")
@pytest.mark.parametrize(("result", "status"), [("Passed", Status.ACTIVE), ("failed", Status.VOID)])
def test_an_inspection_is_closed_with_its_result(result: str, status: Status) -> None:
    """Without a result the case is opened again and says what it needs; with one the order goes on, or is void."""
    life = ordered(offer(warranty=date(2026, 1, 31)), at=utc(2027, 1, 10))
    case = f"{NUMBER}-I1"
    life.give(report(case, "closed"), BEGIN - timedelta(days=21))
    (reopened,) = told(life, ReopenCase)
    assert reopened.note == (
        f"Not taken: SMP-8: case {case}: it is closed without a result; "
        "possible when its result is one of `passed`, `failed`"
    )
    assert attention(life.contract) == (f"case {case}: {reopened.note.removeprefix('Not taken: ')}",)
    life.give(report(case, "closed", "found", result=result, note="as found"), BEGIN - timedelta(days=21))
    assert life.contract.status is status
    assert attention(life.contract) == ()
    assert told(life, CloseCase)[-1].case == case


def test_what_is_contested_is_settled_however_the_case_ends() -> None:
    """A case that somebody settles by another way needs no attention any more."""
    life = calling()
    life.give(report(CASE, "moved", stage="nowhere"), BEGIN)
    assert attention(life.contract)
    life.give(report(CASE, "closed"), BEGIN)
    assert attention(life.contract) == ()


@pytest.mark.rule("ICM-3")
@pytest.mark.parametrize(("result", "decided"), [("upheld", "upheld"), ("declined", "refused")])
def test_a_dispute_is_closed_with_who_is_right(result: str, decided: str) -> None:
    """The desk's result decides the charge."""
    life = ordered(offer(warranty=date(2027, 12, 31)), at=utc(2027, 1, 10), under=terms(repairs=REPAIRS))
    life.give(OpenCase(id="call", serial="SN1", subject="Jam"), BEGIN)
    life.give(ReportRepair(id="done", case=CASE, hours="1"), BEGIN)
    dispute = DisputeRepair(id="d", case=CASE, serial="SN1", machine_type="M1", reason="it was covered")
    life.give(dispute, BEGIN)
    life.give(report(f"{CASE}-D", "closed"), BEGIN)
    assert life.contract.repairs[0].dispute == "open"
    life.give(report(f"{CASE}-D", "closed", "decided", result=result), BEGIN)
    assert life.contract.repairs[0].dispute == decided


@pytest.mark.rule("ICM-10")
def test_a_request_goes_as_far_as_the_desk_takes_it() -> None:
    """Stage by stage it is executed; one left out is put back; closed as declined it is refused."""
    life = ordered(at=utc(2027, 1, 10), under=terms(requests={"move": MOVE}))
    for name in ("one", "two"):
        life.give(MakeRequest(id=name, what="move", line="1", details={"to": "Lyon"}), BEGIN)
        request = life.contract.requests[-1].id
        life.give(report(request, "moved", name, stage="executed"), BEGIN)
        assert told(life, MoveCase)[-1].stage == "requested"
        if name == "two":
            life.give(report(request, "closed", name, result="declined", note="no room there"), BEGIN)
            continue
        life.give(report(request, "closed", "early"), BEGIN)
        assert told(life, ReopenCase)[-1].stage == "requested"
        for step in ("assigned", "approved", "executed"):
            life.give(report(request, "moved", f"{name}-{step}", stage=step), BEGIN)
    assert life.contract.requests == ()
    ends = [(entry.kind, entry.data.get("reason")) for entry in life.entries if entry.kind.startswith("request_")]
    assert ends[-1] == ("request_refused", "no room there")
    assert [kind for kind, _ in ends].count("request_advanced") == 3


def test_news_of_a_case_that_nothing_waits_for_changes_nothing() -> None:
    """It is not refused either: the desk may do with its own cases what it likes."""
    life = calling()
    before = life.contract
    for what in ("closed", "reopened", "moved"):
        assert life.give(report(f"{NUMBER}-R2-1", what, stage="done"), BEGIN) == ()
    assert life.contract == before


def test_a_comment_that_cannot_be_taken_is_answered_with_a_comment() -> None:
    """Taking a call up again is refused while the contract does not run, and the desk is told why."""
    life = calling(terms())
    life.give(report(CASE, "closed"), BEGIN)
    contract = life.contract.model_copy(update={"status": Status.EXPIRED, "ended_on": date(2027, 2, 1)})
    life.contract = contract
    life.give(report(CASE, "reopened"), BEGIN)
    assert "nothing more happens" in told(life, CommentCase)[-1].note


# Escalation


MONDAY = datetime(2027, 2, 1, 9, tzinfo=UTC)  # 10:00 in Paris


@pytest.mark.rule("HPJ-9")
def test_a_call_presses_before_its_time_is_over_in_desk_hours() -> None:
    """Eight desk hours from Monday 10:00 end on Tuesday 10:00; two before, on Monday 16:00, the desk is told."""
    life = calling(terms(**ESCALATING), MONDAY)
    life.live_until(datetime(2027, 2, 1, 14, 59, tzinfo=UTC))
    assert told(life, EscalateCase) == []
    life.live_until(datetime(2027, 2, 1, 15, tzinfo=UTC))
    (pressing,) = told(life, EscalateCase)
    assert (pressing.urgency, pressing.note) == ("high", "To be answered by 2027-02-02 09:00 UTC")
    assert attention(life.contract) == (f"case {CASE} must be answered by 2027-02-02 09:00 UTC",)
    life.live_until(datetime(2027, 2, 2, 9, tzinfo=UTC))
    late = told(life, EscalateCase)[-1]
    assert (late.urgency, late.note) == ("urgent", "Not answered by 2027-02-02 09:00 UTC")
    assert attention(life.contract) == (f"case {CASE} was not answered by 2027-02-02 09:00 UTC",)
    life.live_until(datetime(2027, 2, 20, tzinfo=UTC))
    assert len(told(life, EscalateCase)) == 2
    life.give(report(CASE, "answered", note="sorry"), datetime(2027, 2, 20, tzinfo=UTC))
    assert attention(life.contract) == ()


@pytest.mark.rule("HPJ-9")
@pytest.mark.parametrize("what", ["answered", "moved", "closed"])
def test_a_call_that_was_answered_does_not_press(what: str) -> None:
    """An answer, a next stage or its end stops the clock."""
    life = calling(terms(**ESCALATING), MONDAY)
    life.give(report(CASE, what, stage="dispatch"), MONDAY + timedelta(hours=1))
    life.live_until(datetime(2027, 2, 20, tzinfo=UTC))
    assert told(life, EscalateCase) == []
    if what == "closed":
        life.give(report(CASE, "reopened"), datetime(2027, 2, 20, tzinfo=UTC))
        life.live_until(datetime(2027, 2, 25, tzinfo=UTC))
        assert told(life, EscalateCase) == []


def test_escalation_needs_hours_to_count_from() -> None:
    """It comes before the time is over, so it takes less than all of it."""
    with pytest.raises(ValidationError, match=r"support\.escalation\.before_hours"):
        terms(**(ESCALATING | {"desk": DESK | {"answer_hours": 2}}))
    with pytest.raises(ValidationError, match=r"support\.escalation\.before_hours"):
        terms(support=ESCALATING["support"])
