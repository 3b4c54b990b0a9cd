"""Messages that bounce: a question to a person, with desk hours for it, and what follows from the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from domain.casework import expected
from domain.casework.opening import open_case
from domain.delivery.commands import ReportBounce, SettleUndelivered
from domain.delivery.events import NoticeBounced, NoticeOverdue, NoticeSettled
from domain.delivery.hold import held, rests_on
from domain.delivery.state import KEPT_KEYS, Delivery, Missed, Undelivered
from domain.deskwork import answer_by
from domain.due import Due, Rank
from domain.effects import CloseCase, Effect, MoveCase, SendAgain
from domain.envelope import Command, Event
from domain.events import RenewalDeclined
from domain.refusal import Refusal
from domain.state import ENDED, Contract


def rule_of(contract: Contract) -> str:
    """The rule by which a person is asked."""
    notice, renewal = contract.terms.notice, contract.terms.renewal
    if notice:
        return notice.undelivered_rule or notice.rule
    return (renewal.notice_rule or renewal.rule) if renewal else contract.terms.quote.rule


def check_bounce(contract: Contract, command: ReportBounce, now: datetime) -> tuple[Event, ...]:
    """The question that a bounce opens, or that it adds to: one for each address; nothing for one that is known."""
    if contract.status in ENDED or command.key in contract.delivery.known:
        return ()
    asked = next((item for item in contract.delivery.open if item.recipient == command.recipient), None)
    holds = rests_on(contract, command.message)
    term = contract.term.number if contract.term and holds else None
    return (
        NoticeBounced(
            at=now,
            rule=rule_of(contract),
            by=command.by,
            question=asked.id if asked else f"{contract.number}-N{contract.delivery.count + 1}",
            missed=Missed(key=command.key, message=command.message, term=term),
            recipient=command.recipient,
            reason=command.reason,
            holds=holds,
            answer_by=asked.answer_by if asked else _answer_by(contract, now),
        ),
    )


def _answer_by(contract: Contract, now: datetime) -> datetime | None:
    notice = contract.terms.notice
    return answer_by(contract, now, notice.undelivered_hours if notice else None)


def check_settle(contract: Contract, command: SettleUndelivered, now: datetime) -> tuple[Event, ...]:
    """A person's word, with the proof that it needs."""
    rule = rule_of(contract)
    question = next((item for item in contract.delivery.open if item.id == command.question), None)
    if question is None:
        known = ", ".join(item.id for item in contract.delivery.open) or "none"
        raise Refusal(
            rule,
            f"no question {command.question} about what could not be delivered is open",
            allowed_when=f"it is one of: {known}",
            field="question",
        )
    _check_proof(contract, command, now, rule)
    settled = NoticeSettled(
        at=now,
        rule=rule,
        by=command.by,
        question=question.id,
        how=command.how,
        missed=question.missed,
        means=command.means,
        on=command.on,
        who=command.who,
        email=_address(contract, command),
        note=command.note,
    )
    return (settled, *_not_renewed(contract, command, now, rule))


def _address(contract: Contract, command: SettleUndelivered) -> str | None:
    """Where it is sent again. Refuses where there is no address at all."""
    if command.how != "send_again":
        return None
    address = command.email or contract.customer.email
    if address is None:
        raise Refusal(
            rule_of(contract), "there is no address to send it to", allowed_when="one is given", field="email"
        )
    return address


_NEEDS = {"notified": ("means", "on", "who"), "go_on": ("note",), "not_renewed": ("note",), "send_again": ()}


def _check_proof(contract: Contract, command: SettleUndelivered, now: datetime, rule: str) -> None:
    missing = [name for name in _NEEDS[command.how] if getattr(command, name) is None]
    if missing:
        raise Refusal(
            rule,
            f"`{command.how}` needs: {', '.join(missing)}",
            allowed_when="it is said",
            field=missing[0],
        )
    if command.on and command.on > contract.date_of(now):
        raise Refusal(rule, f"{command.on} is still to come", allowed_from=command.on, field="on")


def _not_renewed(contract: Contract, command: SettleUndelivered, now: datetime, rule: str) -> Iterator[Event]:
    """The end of the term without another, where a person says so."""
    if command.how != "not_renewed":
        return
    term = contract.term
    if term is None or not held(contract, term) or contract.ending:
        raise Refusal(
            rule,
            "no renewal is held that could be ended",
            allowed_when="the next term would come by itself, and its notice did not arrive",
            field="how",
        )
    yield RenewalDeclined(at=now, rule=rule, by=command.by, last_day=term.last, reason=command.note)


def due(contract: Contract) -> Iterator[Due]:
    """A question that nobody has answered in time is overdue; it stays open."""
    if contract.status in ENDED:
        return
    for question in contract.delivery.open:
        if question.answer_by and not question.overdue:
            at = max(question.answer_by, contract.at)
            event = NoticeOverdue(at=at, rule=rule_of(contract), question=question.id)
            what = f"question {question.id} is overdue unless a person decides"
            yield Due(at, Rank.NOTICE, contract.date_of(question.answer_by), what, event.rule, (event,))


def _bounced(contract: Contract, event: NoticeBounced) -> dict[str, Any]:
    delivery = contract.delivery
    known = (*delivery.known, event.missed.key)[-KEPT_KEYS:]
    asked = next((item for item in delivery.open if item.id == event.question), None)
    if asked:
        more = asked.model_copy(update={"missed": (*asked.missed, event.missed)})
        opened = tuple(more if item.id == asked.id else item for item in delivery.open)
        return _kept(contract, delivery.model_copy(update={"open": opened, "known": known}), event)
    question = Undelivered(
        id=event.question,
        recipient=event.recipient,
        missed=(event.missed,),
        reason=event.reason,
        since=contract.date_of(event.at),
        answer_by=event.answer_by,
    )
    return _kept(contract, Delivery(open=(*delivery.open, question), count=delivery.count + 1, known=known), event)


def _kept(contract: Contract, delivery: Delivery, event: NoticeBounced) -> dict[str, Any]:
    """The contract with its questions; a next term that was certain already is so no longer."""
    if not event.holds:
        return {"delivery": delivery}
    return {"delivery": delivery, "renewal": contract.renewal.model_copy(update={"committed": False})}


def _with_question(contract: Contract, question: str, **changes: object) -> dict[str, Any]:
    opened = tuple(item.model_copy(update=changes) if item.id == question else item for item in contract.delivery.open)
    return {"delivery": contract.delivery.model_copy(update={"open": opened})}


def _settled(contract: Contract, event: NoticeSettled) -> dict[str, Any]:
    opened = tuple(item for item in contract.delivery.open if item.id != event.question)
    changes: dict[str, Any] = {"delivery": contract.delivery.model_copy(update={"open": opened})}
    if event.email:
        changes["customer"] = contract.customer.model_copy(update={"email": event.email})
    return changes


def _tell_bounced(contract: Contract, event: NoticeBounced) -> Iterator[Effect]:
    """A case at the desk for a new question."""
    question = next((item for item in contract.delivery.open if item.id == event.question), None)
    if question is None or len(question.missed) > 1:
        return
    held_up = "; the renewal waits for a decision" if event.holds else ""
    subject = f"Not delivered to {event.recipient or 'the customer'}: {event.missed.message.replace('_', ' ')}{held_up}"
    yield open_case(
        contract,
        event,
        question.id,
        subject,
        stage="undelivered",
        expects=expected.UNDELIVERED,
        answer_by=question.answer_by,
    )


def _tell_overdue(contract: Contract, event: NoticeOverdue) -> Iterator[Effect]:
    key = contract.key("case-stage", f"{event.question}.overdue")
    yield MoveCase(key=key, at=event.at, rule=event.rule, case=event.question, stage="overdue")


def _tell_settled(contract: Contract, event: NoticeSettled) -> Iterator[Effect]:
    note = event.note or f"{event.how.replace('_', ' ')}{f' by {event.means}' if event.means else ''}"
    key = contract.key("case-closed", event.question)
    yield CloseCase(key=key, at=event.at, rule=event.rule, case=event.question, note=note)
    if event.email:
        for position, missed in enumerate(event.missed, start=1):
            again = f"{missed.message}-again-{event.question.removeprefix(f'{contract.number}-')}.{position}"
            yield SendAgain(
                key=contract.key("message", again),
                at=event.at,
                rule=event.rule,
                of=missed.key,
                message=missed.message,
                to=event.email,
            )


def closed(contract: Contract, event: Event) -> Iterator[Effect]:
    """The cases of open questions, closed with the contract."""
    for question in contract.delivery.open:
        key = contract.key("case-closed", question.id)
        note = "the contract has ended"
        yield CloseCase(key=key, at=event.at, rule=event.rule, case=question.id, note=note)


CHECKS: dict[type[Command], Callable[..., Any]] = {ReportBounce: check_bounce, SettleUndelivered: check_settle}
EVOLVE: dict[type[Event], Callable[..., Any]] = {
    NoticeBounced: _bounced,
    NoticeOverdue: lambda contract, event: _with_question(contract, event.question, overdue=True),
    NoticeSettled: _settled,
}
EFFECTS: dict[type[Event], Callable[..., Any]] = {
    NoticeBounced: _tell_bounced,
    NoticeOverdue: _tell_overdue,
    NoticeSettled: _tell_settled,
}
