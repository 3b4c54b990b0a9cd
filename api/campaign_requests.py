"""What is asked of campaigns, and what is shown of them: selections, paces, rows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Path
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from api.fields import Body, Code, Day, Line, Word
from domain.campaign import Pace, Selection, Standing
from domain.money import rounded
from storage.campaigns import Amount

CampaignId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,110}$", description="The campaign's id.")]
Days = Annotated[int, Field(ge=-3650, le=3650)]


def _known(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not the name of a time zone, such as Europe/Paris")
    ZoneInfo(name)
    return name


Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known)]


class SelectionIn(Body):
    """Which running contracts are meant: those whose term ends in a window, narrowed by what is given.

    The window is given in dates, or in days after the campaign's own day.
    """

    ends_from: Day | None = Field(default=None, description="The first last day of a term, as a date.")
    ends_until: Day | None = Field(default=None, description="The last one.", examples=["2028-12-31"])
    ends_in_from: Days | None = Field(default=None, description="The same, in days after the campaign's day.")
    ends_in_until: Days | None = None
    programme: Code | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="The customer's country."
    )
    level: Word | None = Field(default=None, description="The level of service of one of its lines.")
    reseller: Line | None = None
    customer: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] | None = None
    test_clock: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")] | None = Field(
        default=None, description="The test clock whose contracts are meant; without it, those on real time."
    )

    @model_validator(mode="after")
    def _one_window(self) -> SelectionIn:
        self.selection()
        return self

    def selection(self) -> Selection:
        """The selection as the campaign carries it."""
        return Selection.model_validate(self.model_dump(exclude={"test_clock"}) | {"clock": self.test_clock})


class PaceIn(Body):
    """How fast a campaign goes."""

    batch: Annotated[int, Field(ge=1, le=500, description="Contracts that one batch asks.")] = 50
    at_once: Annotated[int, Field(ge=1, le=100, description="Contracts that are asked at the same time.")] = 10
    per_second: Annotated[int, Field(ge=1, le=500, description="Contracts that are asked in a second, at most.")] = 20

    def pace(self) -> Pace:
        """The pace as the campaign carries it."""
        return Pace.model_validate(self.model_dump())


class CampaignRequest(Body):
    """A campaign: who is asked, how fast, and why."""

    name: Line = Field(examples=["Renewals of the spring"])
    selection: SelectionIn
    pace: PaceIn = PaceIn()
    zone: Zone = Field(default="UTC", description="Where the campaign's own day is counted.", examples=["Europe/Paris"])
    reason: Line | None = None


class PreviewRequest(Body):
    """Whom a campaign would reach."""

    selection: SelectionIn
    zone: Zone = "UTC"


class SteerRequest(Body):
    """Why."""

    reason: Line | None = None


class AmountOut(BaseModel):
    """What the quotes of one currency come to, net: for one period of each contract, and for its whole next term."""

    currency: str
    quotes: int
    net: Decimal
    term_net: Decimal


class CampaignOut(BaseModel):
    """A campaign, and how far it is: ``selected`` is the sum of ``outcomes``; `waiting` are still to be asked."""

    id: str
    name: str
    status: Standing
    selection: Selection
    pace: Pace
    by: str
    reason: str | None
    schedule: str | None
    round: int = Field(description="1, and one more with every retry.")
    selected: int
    outcomes: dict[str, int]
    created_at: datetime
    finished_at: datetime | None


class CampaignDetail(CampaignOut):
    """A campaign with the sums of the quotes that it brought."""

    amounts: list[AmountOut]


class CampaignContractOut(BaseModel):
    """What one contract answered; amounts are net, where the campaign brought its quote or found one."""

    contract: str
    customer: str
    outcome: str
    reason: str | None
    term: int | None = None
    net: Decimal | None = None
    term_net: Decimal | None = None
    currency: str | None = None
    quoted_on: date | None = None
    deadline: date | None = None
    asked_at: datetime | None = None


def shown(row: dict[str, Any], outcomes: dict[str, int]) -> dict[str, Any]:
    """A campaign's row with how far it is."""
    return row | {"outcomes": outcomes, "selected": sum(outcomes.values())}


def shown_contract(row: dict[str, Any]) -> CampaignContractOut:
    """A contract's row, its amounts in its currency's own places; one that has not been asked is waiting."""
    money = {name: rounded(row[name], row["currency"]) for name in ("net", "term_net") if row[name] is not None}
    return CampaignContractOut.model_validate(row | money | {"outcome": row["outcome"] or "waiting"})


def shown_amount(item: Amount) -> AmountOut:
    """A sum in its currency's own places."""
    net, term_net = rounded(item.net, item.currency), rounded(item.term_net, item.currency)
    return AmountOut(currency=item.currency, quotes=item.quotes, net=net, term_net=term_net)
