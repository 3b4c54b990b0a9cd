"""Who may ask for help, and in which language: the named contacts of a contract, and the languages of its desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.commands import NameContacts, OpenCase
from domain.desk import DeskTerms, desk_time_after, is_open
from domain.envelope import Event
from domain.events import ContactsNamed
from domain.refusal import Refusal
from domain.state import Contract
from domain.terms import SupportTerms


def check_caller(contract: Contract, terms: SupportTerms, caller: str | None) -> None:
    """Refuse a call from somebody whom the contract does not name, where the terms ask for that."""
    if terms.callers_rule is None:
        return
    named = {contact.email.casefold() for contact in contract.contacts}
    if caller is None or caller.casefold() not in named:
        raise Refusal(
            terms.callers_rule,
            f"{caller or 'a caller without an address'} is not one of the contract's named contacts",
            allowed_when="one of them calls, or the contract names the caller"
            if named
            else "the contract names its contacts",
            field="caller",
        )


def check_language(contract: Contract, terms: SupportTerms, language: str | None, now: datetime) -> None:
    """Refuse a language in which there is no help, or none at this hour."""
    spoken = terms.spoken
    if spoken is None:
        return
    asked = language or contract.customer.language
    if asked not in spoken.languages:
        raise Refusal(
            spoken.rule,
            f"there is no help in `{asked}`",
            allowed_when=f"the language is one of {', '.join(spoken.languages)}",
            field="language",
        )
    desk = contract.terms.desk
    if desk and asked not in spoken.at_any_hour and not is_open(desk, now, contract.zone):
        raise Refusal(
            spoken.rule,
            f"help in `{asked}` waits for desk hours",
            allowed_from=_opens(desk, now, contract.zone),
            allowed_when=f"the language is one of {', '.join(spoken.at_any_hour)}" if spoken.at_any_hour else None,
            field="language",
        )


def _opens(desk: DeskTerms, now: datetime, zone: str) -> datetime:
    return desk_time_after(desk, now, timedelta(0), zone)


def check_open(contract: Contract, terms: SupportTerms, command: OpenCase, now: datetime) -> None:
    """Refuse a call from the wrong person, or in the wrong language."""
    check_caller(contract, terms, command.caller)
    check_language(contract, terms, command.language, now)


def check_names(contract: Contract, command: NameContacts, now: datetime) -> tuple[Event, ...]:
    """The contract's contacts anew, each once."""
    support = contract.terms.support
    rule = (support.callers_rule if support else None) or contract.terms.quote.rule
    if support is None or support.callers_rule is None:
        raise Refusal(rule, "the programme's terms know no named contacts")
    addresses = [contact.email.casefold() for contact in command.contacts]
    twice = sorted({address for address in addresses if addresses.count(address) > 1})
    if twice:
        raise Refusal(rule, f"{twice[0]} is named twice", allowed_when="each is named once", field="contacts")
    return (ContactsNamed(at=now, rule=rule, by=command.by, contacts=command.contacts),)


def _named(contract: Contract, event: ContactsNamed) -> dict[str, Any]:
    return {"contacts": event.contacts}


CHECKS = {NameContacts: check_names}
EVOLVE = {ContactsNamed: _named}
