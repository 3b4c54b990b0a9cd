"""What the desk is asked to do with each kind of case, and how it says what came of it (see `meaning`)."""

from __future__ import annotations

from collections.abc import Iterable

INSPECTION = "inspect the device, and close the case with the result `passed` or `failed`"
ONBOARDING = "take the customer on, and close the case: service starts"
USE = "do it on that day and close the case; with the result `cancelled` it does not count"
OBLIGATION = "do it, and close the case with a comment that says where it can be read"
ADJUSTMENT = "agree with the customer, and close the case with the result `true_up`, `level_change` or `dismissed`"
LATE_ORDER = "ship it, and close the case with the result `shipped` or `cancelled`"
UNDELIVERED = (
    "find out how the customer can be told, and close the case with a comment and the result `go_on` (as if it had "
    "arrived), `send_again` (to the same address) or `not_renewed`; another address is given through Tenure"
)
RENEWAL = "see to it that the customer gets an offer, and close the case; the contract does not wait for it"


def call(stages: Iterable[str], *, covered: bool) -> str:
    """A call for help."""
    charged = "" if covered else " The device is not covered: a repair is charged."
    return f"help the customer, stage by stage ({', '.join(stages)}), and close the case when it works.{charged}"


def dispute(case: str) -> str:
    """The charge for a repair that the customer does not accept."""
    return (
        f"check the charge for case {case}, and close the case with the result `upheld` (the customer is right, the "
        "charge is credited) or `declined`"
    )


def request(steps: Iterable[str]) -> str:
    """A request that people decide step by step."""
    return (
        f"take it through its stages ({', '.join(steps)}), none left out; it ends with the last one. Close the case "
        "with the result `declined` to refuse it"
    )
