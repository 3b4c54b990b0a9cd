"""Writing to the customer: the one way in which an event becomes a message."""

from __future__ import annotations

from domain.effects import SendMessage
from domain.envelope import Event
from domain.state import Contract


def message(contract: Contract, event: Event, name: str, occurrence: object = "", /, **data: object) -> SendMessage:
    """The message that an event causes; its key holds its name and, where it may come again, the occurrence."""
    what = f"{name}-{occurrence}" if occurrence != "" else name
    return SendMessage(key=contract.key("message", what), at=event.at, rule=event.rule, message=name, data=data)
