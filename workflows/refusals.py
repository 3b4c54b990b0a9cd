"""A refusal on the wire: how a rule's no crosses from the contract to whoever asked."""

from __future__ import annotations

from datetime import datetime

from temporalio.exceptions import ApplicationError

from domain.permissions import permissions
from domain.refusal import Refusal
from domain.state import Contract

REFUSED = "refused"
MOVED_ON = "moved_on"


def as_error(refusal: Refusal, contract: Contract | None = None) -> ApplicationError:
    """The refusal as an error that fails the command alone: the rule, and what may be done instead."""
    allowed_from = refusal.allowed_from
    return ApplicationError(
        refusal.reason,
        {
            "rule": refusal.rule,
            "reason": refusal.reason,
            "allowed_from": allowed_from.isoformat() if allowed_from else None,
            "allowed_when": refusal.allowed_when,
            "field": refusal.field,
            "allowed": [item.model_dump(mode="json") for item in permissions(contract)] if contract else [],
            "moment": isinstance(allowed_from, datetime),
        },
        type=REFUSED,
        non_retryable=True,
    )


def moved_on() -> ApplicationError:
    """The contract is going over into its next run: the same command, sent again, reaches that one."""
    return ApplicationError("the contract is going over into its next run; send the command again", type=MOVED_ON)
