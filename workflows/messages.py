"""What goes into the workflows and comes out of them: starts, answers, carried state."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.campaign import Pace, Selection, Standing
from domain.commands import Quote
from domain.effects import AnyEffect
from domain.envelope import Command, Id
from domain.state import Contract
from domain.takeover.commands import TakeOver
from domain.tasks import Task
from domain.values import Carried, Text
from domain.view import Entry, Record, View


class Answer(Carried):
    """That a command was taken, and what it caused: kept so that a repeat gets the first answer."""

    id: str
    fingerprint: str
    version: int
    events: tuple[str, ...]


class Taken(Carried):
    """A command's answer: the version of the trail after it, the kinds of event it caused, and the contract.

    ``told`` is what is to be written down of it, where nothing else is to be done that it would wait for: whoever asked
    may write it down, so that it can be read at once. The contract leaves it to them where they have said that they do
    (`Command.writes_down`), and writes it with whatever comes next; otherwise it does so itself too. Each entry is
    there once.
    """

    version: int
    events: tuple[str, ...]
    view: View
    told: Record | None = None


class Trouble(Carried):
    """What went wrong for good: the effect that the world refused, or whose answer was not expected, and why."""

    effect: AnyEffect
    what: str
    reason: str
    retryable: bool = True


class RetryEffect(Command):
    """Try again what the world refused, because what stood against it is mended; the effect is named by its key."""

    kind: Literal["retry_effect"] = "retry_effect"
    effect: Text


class DismissEffect(Command):
    """Leave what the world refused as it is: a person has seen to it otherwise, and says how."""

    kind: Literal["dismiss_effect"] = "dismiss_effect"
    effect: Text
    reason: Text


class Baton(Carried):
    """Everything that one run of a contract hands over to the next.

    ``tasks_told`` are the tasks that are listed for people; none where the contract does not know.
    """

    contract: Contract
    seq: int
    clock_now: AwareDatetime | None = None
    outbox: tuple[AnyEffect, ...] = ()
    delayed: dict[str, tuple[AnyEffect, ...]] = Field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    unrecorded: tuple[Entry, ...] = ()
    answered: tuple[Answer, ...] = ()
    published: dict[str, str] = Field(default_factory=dict)
    tasks_told: tuple[Task, ...] | None = ()


class ContractStart(Carried):
    """What begins a contract's first run: its quote, or that it is taken over; ``baton`` begins every later one.

    ``patience_seconds`` is how long an effect may hold the contract up before it is set aside and flagged; ``batch`` is
    how many effects it may ask for at once, where much is to be caught up with; ``spread_seconds`` over how long the
    bills of one instant are spread, each contract at a place of its own. ``rules`` is the decider's version by which
    the contract begins: those that began before it was said began by the first. ``staged`` is whether it publishes its
    stage, which runs that were begun before there was one do not; ``callers_write`` whether it leaves writing down to
    callers who say that they do it, which older runs do not.
    """

    quote: Quote | None = None
    takeover: TakeOver | None = None
    now: AwareDatetime
    clock: str | None = None
    patience_seconds: float = 60
    batch: int = 1
    rules: int = 1
    spread_seconds: float = 0
    staged: bool = False
    callers_write: bool = False
    baton: Baton | None = None

    @property
    def opening(self) -> Quote | TakeOver | None:
        """The command that begins the contract; none in a later run."""
        return self.quote or self.takeover


class Advance(Carried):
    """Move a contract's own clock forward to an instant.

    ``settles`` asks for the answer when all that falls due until then is done. Runs that were asked before there was
    the word have answered at once, and do so when they are replayed.
    """

    id: Id
    to: AwareDatetime
    settles: bool = False


class ClockStart(Carried):
    """What begins a test clock's run: the instant at which it stands."""

    id: str
    now: AwareDatetime


class ClockState(Carried):
    """Where a test clock stands, and where it is going, if it is."""

    id: str
    now: AwareDatetime
    target: AwareDatetime | None = None
    deleted: bool = False


class CampaignBaton(Carried):
    """Everything that one run of a campaign hands over to the next: where it is, and what it has been told."""

    picked: bool = False
    cursor: str | None = None
    asked_until: str | None = None
    outcomes: dict[str, int] = Field(default_factory=dict)
    paused: bool = False
    cancelled: bool = False
    told: tuple[str, ...] = ()


class CampaignStart(Carried):
    """What begins a campaign's run. Without ``id`` it is the workflow's own, which a schedule makes for each time.

    ``zone`` is where the campaign's own day is counted; ``round`` counts the retries of those who could not answer.
    ``batches`` are asked before the workflow goes over into a new run.
    """

    id: str | None = None
    name: str
    selection: Selection
    pace: Pace = Pace()
    by: str
    reason: str | None = None
    schedule: str | None = None
    zone: str = "UTC"
    round: int = 1
    batches: int = 200
    baton: CampaignBaton = CampaignBaton()


class CampaignOpen(Carried):
    """Write a campaign down, once: its window is counted from the local day of ``at``, or of its test clock."""

    campaign: str
    at: AwareDatetime
    start: CampaignStart


class CampaignOpened(Carried):
    """The campaign as it is written down: its window in dates, how far it is, and whether its round is over."""

    selection: Selection
    outcomes: dict[str, int] = Field(default_factory=dict)
    over: bool = False


class CampaignPick(Carried):
    """Write down the next contracts that a selection means."""

    campaign: str
    selection: Selection
    after: str | None = None
    limit: int


class CampaignPicked(Carried):
    """The last contract that was written down; none where there are no more."""

    last: str | None = None
    picked: int = 0


class CampaignBatch(Carried):
    """Ask the next contracts of a campaign that have not answered yet."""

    campaign: str
    by: str
    after: str | None = None
    pace: Pace


class CampaignAsked(Carried):
    """The last contract of the batch, none where nobody is left; and how many came to what, in the whole campaign."""

    last: str | None = None
    outcomes: dict[str, int] = Field(default_factory=dict)


class CampaignStand(Carried):
    """Where a campaign stands from now on."""

    campaign: str
    standing: Standing


class Steer(Carried):
    """An operator's word to a campaign: who says it, and why."""

    by: str = "operator"
    reason: str | None = None


class CampaignProgress(Carried):
    """How far a campaign has come: contracts picked, and how many came to what; ``waiting`` are still to ask."""

    campaign: str
    standing: Standing
    round: int
    picked: int
    outcomes: dict[str, int] = Field(default_factory=dict)
    told: tuple[str, ...] = ()


class BooksClosing(Carried):
    """Earn revenue to the end of a day for the next contracts: the day before the run's, where no other is named."""

    on: date | None = None
    after: str | None = None
    limit: int = 100
    moved: int = 0


class BooksClosed(Carried):
    """The last contract whose books were closed, none where there are no more; and how many postings were made."""

    last: str | None = None
    moved: int = 0
