"""What something that is done to a case at the desk asks of the contract: a command that it knows anyway.

A case that nothing of the contract waits for (any more) asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from domain.casework.commands import ReportCase
from domain.commands import AdvanceCase, ReopenCase, ReportInspection
from domain.delivery.commands import SettleUndelivered
from domain.delivery.stage import rule_of
from domain.entitlements.commands import Fulfil, ReturnEntitlement
from domain.envelope import Command
from domain.fleet.commands import SettleAdjustment
from domain.onboarding.commands import CompleteOnboarding
from domain.onboarding.stage import onboarding_case
from domain.order.needed import inspection_case
from domain.refusal import Refusal
from domain.repairs.commands import DecideDispute
from domain.repairs.stage import dispute_case
from domain.requests.commands import AdvanceRequest, RefuseRequest
from domain.state import Contract, Status
from domain.supplies.commands import ReportShipment
from domain.supplies.stage import late_case

NOT_DONE = frozenset({"declined", "cancelled", "refused"})
"""Results that say that something was not done, where it need not have been."""

LIFE_RULE = "COM-1"

Asks = Callable[[ReportCase], Command | None]


def meaning(contract: Contract, report: ReportCase) -> Command | None:
    """The command that a report asks for; none where nothing waits for it.

    Raises:
        Refusal: the case waits for something, and the report does not say it.
    """
    if report.what in {"answered", "noted", "worked"}:
        return None
    asks = dict(_waiting(contract)).get(report.case)
    return asks(report) if asks else None


def waits_for(contract: Contract, case: str) -> bool:
    """Whether something of the contract waits for what the desk does with a case."""
    return case in dict(_waiting(contract))


def _waiting(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """Every case that something of the contract waits for, with what a report of it asks."""
    for kind in _KINDS:
        yield from kind(contract)


def _command(kind: type[Command], report: ReportCase, **fields: Any) -> Command:
    """The command that a report asks for. Raises a Refusal where people wrote what no such command can say."""
    try:
        return kind.model_validate({"id": report.id, "by": report.by} | fields)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        field = ".".join(map(str, wrong["loc"]))
        given = wrong["input"] if isinstance(wrong["input"], str) and wrong["input"] else "nothing"
        raise Refusal(LIFE_RULE, f"case {report.case}: `{given}` cannot be its {field}", field=field) from error


def _calls(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """A call for help goes from stage to stage, is closed, and taken up again."""

    def going(report: ReportCase) -> Command | None:
        if report.what == "closed":
            return _command(AdvanceCase, report, case=report.case, close=True, note=report.note)
        stages = {case.id: case.stage for case in contract.cases}
        if report.what == "moved" and report.stage_name() != stages[report.case]:
            return _command(AdvanceCase, report, case=report.case, stage=report.stage_name(), note=report.note)
        return None

    def closed(report: ReportCase) -> Command | None:
        return _command(ReopenCase, report, case=report.case, note=report.note) if report.what == "reopened" else None

    yield from ((case.id, closed) for case in contract.closed_cases)
    yield from ((case.id, going) for case in contract.cases)


def _inspections(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """An inspection is closed with what the engineer found."""
    order, lapsed = contract.order, contract.terms.lapsed_cover
    rule = lapsed.rule if lapsed else contract.terms.order.rule
    lines = {
        inspection_case(contract, item.line): item.line
        for item in (order.inspections if order and contract.status is Status.DRAFT else ())
        if item.passed is None
    }

    def found(report: ReportCase) -> Command | None:
        if report.what != "closed":
            return None
        passed = report.result_of(rule, "passed", "failed") == "passed"
        return _command(ReportInspection, report, line=lines[report.case], passed=passed, reason=report.note)

    yield from ((case, found) for case in lines)


def _disputes(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """A dispute is closed with who is right."""
    terms = contract.terms.repairs
    rule = (terms.dispute_rule or terms.rule) if terms else contract.terms.quote.rule
    repairs = {dispute_case(item.case): item.case for item in contract.repairs if item.dispute == "open"}

    def decided(report: ReportCase) -> Command | None:
        if report.what != "closed":
            return None
        upheld = report.result_of(rule, "upheld", "declined") == "upheld"
        return _command(DecideDispute, report, case=repairs[report.case], upheld=upheld, reason=report.note)

    yield from ((case, decided) for case in repairs)


def _requests(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """A request goes from step to step; closed, it is refused or, where one step is left, carried out."""
    requests = {item.id: item for item in contract.requests if item.what in contract.terms.requests}

    def stepped(report: ReportCase) -> Command | None:
        request = requests[report.case]
        steps = contract.terms.requests[request.what].names()
        if report.what == "closed" and report.result_name() in NOT_DONE:
            reason = report.note or "declined at the desk"
            return _command(RefuseRequest, report, request=request.id, reason=reason)
        if report.what == "closed":
            return _command(AdvanceRequest, report, request=request.id, step=steps[-1], note=report.note)
        if report.what == "moved" and report.stage_name() not in {request.step, "requested"}:
            return _command(AdvanceRequest, report, request=request.id, step=report.stage_name(), note=report.note)
        return None

    yield from ((case, stepped) for case in requests)


def _onboardings(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """Onboarding is done when its case is closed."""

    def done(report: ReportCase) -> Command | None:
        return _command(CompleteOnboarding, report, note=report.note) if report.what == "closed" else None

    going = contract.onboarding
    if going and going.done_on is None and contract.status is Status.SCHEDULED:
        yield onboarding_case(contract), done


def _obligations(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """What fell due is done when its case is closed."""

    def done(report: ReportCase) -> Command | None:
        return _command(Fulfil, report, obligation=report.case, note=report.note) if report.what == "closed" else None

    yield from ((item.id, done) for item in contract.entitled.open)


def _uses(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """A planned use that does not take place is given back; one that does asks for nothing more."""

    def ended(report: ReportCase) -> Command | None:
        if report.what == "closed" and report.result_name() in NOT_DONE:
            return _command(ReturnEntitlement, report, use=report.case, reason=report.note)
        return None

    yield from ((item.id, ended) for item in contract.entitled.used)


def _adjustments(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """A difference in the fleet is closed with how it is settled."""
    terms, going = contract.terms.fleet, contract.fleet.adjustment if contract.fleet else None
    if terms is None or going is None:
        return

    def settled(report: ReportCase) -> Command | None:
        if report.what != "closed":
            return None
        how = report.result_of(terms.audit_rule, "true_up", "level_change", "dismissed")
        reason = report.note or "settled at the desk"
        return _command(SettleAdjustment, report, adjustment=going.id, how=how, reason=reason)

    yield going.id, settled


def _late_orders(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """A late order is closed with what became of it."""
    terms = contract.terms.supplies
    if terms is None:
        return
    orders = {late_case(contract, item.id): item.id for item in contract.supplies.orders if item.status == "late"}

    def moved(report: ReportCase) -> Command | None:
        if report.what != "closed":
            return None
        status = report.result_of(terms.shipping.rule, "shipped", "cancelled")
        return _command(ReportShipment, report, order=orders[report.case], status=status, reference=report.note)

    yield from ((case, moved) for case in orders)


def _undelivered(contract: Contract) -> Iterator[tuple[str, Asks]]:
    """What did not reach the customer is closed with what is to happen about it."""

    def settled(report: ReportCase) -> Command | None:
        if report.what != "closed":
            return None
        how = report.result_of(rule_of(contract), "go_on", "send_again", "not_renewed")
        return _command(SettleUndelivered, report, question=report.case, how=how, note=report.note)

    yield from ((item.id, settled) for item in contract.delivery.open)


_KINDS: tuple[Callable[[Contract], Iterator[tuple[str, Asks]]], ...] = (
    _calls,
    _inspections,
    _disputes,
    _requests,
    _onboardings,
    _obligations,
    _uses,
    _adjustments,
    _late_orders,
    _undelivered,
)
